//! What stands in an operator's way: looked at side by side, each for a bounded time, and told with what to do about it.
//! Nothing in here changes anything, and nothing knows of a screen.

mod builder;
mod credentials;
mod files;
mod gateway;
mod permissions;
mod policy;
mod reads;
mod region;

use std::time::Duration;

use crate::cloud::{Choice, Cloud, CloudKind};
use crate::domain::{Area, Finding, Identity, Problem, StageName, Standing};
use crate::settings::Settings;

/// How long each look may take. The SDK's own three tries at connecting would take longer.
const PATIENCE: Duration = Duration::from_secs(8);

/// Looks at everything that can be looked at with what there is.
pub async fn examine(chosen: Result<(Settings, Choice), Problem>) -> Vec<Finding> {
    let (settings, choice) = match chosen {
        Ok(chosen) => chosen,
        Err(problem) => return vec![Finding::of(Area::Settings, &problem)],
    };
    let mut findings = vec![Finding::ok(
        Area::Settings,
        format!("callboard.toml: the service {} on the {} cloud", settings.name, choice.kind),
    )];
    let looks = tokio::join!(
        files::look(&settings),
        within(Area::Builder, builder::look(&settings)),
        cloud(&settings, &choice)
    );
    findings.extend([looks.0, looks.1, looks.2].into_iter().flatten());
    // What hinders both stages is found on both.
    let mut told = Vec::with_capacity(findings.len());
    for finding in findings {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    told
}

/// The least policy for this service in the account and region that the choice leads to, as JSON.
pub async fn policy(settings: &Settings, choice: &Choice) -> Result<String, Problem> {
    let cloud = Cloud::connect(choice, settings).await?;
    let identity = cloud.identity().await;
    let region = cloud.region().to_owned();
    cloud.close().await;
    policy::Policy::for_service(settings, &identity?, &region)?.text()
}

async fn within(area: Area, look: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(findings) => findings,
        Err(_) => vec![late(area)],
    }
}

fn late(area: Area) -> Finding {
    let what = format!("no answer came within {} s", PATIENCE.as_secs());
    Finding::fail(area, what, "look at the network, a proxy or a VPN, and try again")
}

fn unseen(why: &str) -> Finding {
    let what = format!("neither permissions nor the gateway were looked at: {why}");
    Finding::warn(Area::Permissions, what, "mend what stands above, and look again")
}

/// All that needs a connection.
async fn cloud(settings: &Settings, choice: &Choice) -> Vec<Finding> {
    let mut findings = Vec::new();
    let profile = match choice.kind {
        CloudKind::Local => None,
        CloudKind::Aws => match credentials::profile(choice, settings).await {
            Ok(profile) => Some(profile),
            Err(finding) => return vec![finding, unseen("it is not known who calls")],
        },
    };
    let connected = match tokio::time::timeout(PATIENCE, region::connect(settings, choice)).await {
        Ok(connected) => connected,
        Err(_) => return vec![late(Area::Cloud)],
    };
    let (cloud, found) = connected;
    let whole = found.standing == Standing::Ok;
    findings.push(found);
    let Some(cloud) = cloud else { return findings };
    let asked = tokio::time::timeout(PATIENCE, credentials::look(&cloud, settings, profile.as_ref())).await;
    let (identity, found) = asked.unwrap_or_else(|_| (None, vec![late(Area::Credentials)]));
    findings.extend(found);
    match identity {
        Some(identity) if whole => findings.extend(inside(&cloud, settings, &identity).await),
        Some(_) => findings.push(unseen("it is not known in which region")),
        None => findings.push(unseen("it is not known who calls")),
    }
    cloud.close().await;
    findings
}

/// What an identity can see.
async fn inside(cloud: &Cloud, settings: &Settings, identity: &Identity) -> Vec<Finding> {
    let [stage, prod] = StageName::ALL;
    let looks = tokio::join!(
        within(Area::Permissions, permissions::look(cloud, settings, identity)),
        within(Area::Gateway, gateway::look(cloud, settings, stage)),
        within(Area::Gateway, gateway::look(cloud, settings, prod)),
    );
    [looks.0, looks.1, looks.2].into_iter().flatten().collect()
}
