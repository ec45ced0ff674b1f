use std::time::Duration;

use tokio::sync::mpsc;

use super::{Heard, Source, gateway, journal, lambda};
use crate::app::News;
use crate::cloud::Cloud;
use crate::domain::{Problem, StageName};
use crate::settings::Settings;

/// Between reads. Each is 7 calls: no more than a drop in the quotas of Lambda (15/s) and API Gateway (10/s for the account,
/// FACTS §4), however many consoles are open.
pub(super) const EVERY: Duration = Duration::from_secs(60);

/// Asks everybody who tells of changes, all at once.
pub async fn read(cloud: &Cloud, settings: &Settings) -> Vec<Heard> {
    let [stage, prod] = StageName::ALL;
    let (written, of_stage, of_prod, of_gateway) = tokio::join!(
        from_journal(cloud, settings),
        from_function(cloud, settings, stage),
        from_function(cloud, settings, prod),
        from_gateway(cloud, settings),
    );
    vec![
        (Source::Journal, written),
        (Source::Function(stage), of_stage),
        (Source::Function(prod), of_prod),
        (Source::Gateway, of_gateway),
    ]
}

/// Reads again and again, until nobody listens any more.
pub async fn follow(cloud: &Cloud, settings: &Settings, send: &mpsc::Sender<News>) {
    while send.send(News::Traces(read(cloud, settings).await)).await.is_ok() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = send.closed() => return,
        }
    }
}

async fn from_journal(cloud: &Cloud, settings: &Settings) -> Result<Vec<super::Trace>, Problem> {
    let identity = cloud.identity().await?;
    let settings = settings.clone();
    let read = tokio::task::spawn_blocking(move || crate::journal::read(&settings, super::MOST)).await;
    let journal = read.map_err(|error| Problem::new("the journal could not be read").because(error))??;
    Ok(journal::traces(&journal.entries, &cloud.kind().to_string(), cloud.region(), &identity))
}

async fn from_function(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
) -> Result<Vec<super::Trace>, Problem> {
    let name = settings.function_name(stage);
    let (function, versions) = tokio::try_join!(cloud.function(&name), cloud.versions(&name))?;
    Ok(lambda::traces(stage, function.as_ref(), &versions))
}

async fn from_gateway(cloud: &Cloud, settings: &Settings) -> Result<Vec<super::Trace>, Problem> {
    let Some(api) = cloud.api(&settings.name).await? else { return Ok(Vec::new()) };
    let (stages, deployments) = tokio::try_join!(cloud.stages_with_times(&api), cloud.deployments(&api))?;
    Ok(gateway::traces(&deployments, &stages))
}
