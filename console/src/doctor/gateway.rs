//! Whether a stage is deployed, whether what the gateway has leads to its function, and whether it answers.

use std::time::Duration;

use crate::checks;
use crate::cloud::Cloud;
use crate::domain::{Area, CheckKind, Finding, Problem, StageName, Verdict, one_line};
use crate::http::chain;
use crate::settings::Settings;

/// How long a stage may take, a cold start included.
const ANSWER: Duration = Duration::from_secs(6);

pub(super) async fn look(cloud: &Cloud, settings: &Settings, stage: StageName) -> Vec<Finding> {
    let deploy = format!("callboard deploy {stage}");
    let url = match cloud.stage_url(stage).await {
        Ok(Some(url)) => url,
        Ok(None) => {
            let what =
                format!("{stage} is not deployed: the API {} has no stage of that name", settings.name);
            return vec![Finding::warn(Area::Gateway, what, deploy)];
        }
        Err(problem) => return vec![Finding::of(Area::Gateway, &problem)],
    };
    let (found, answered) = tokio::join!(set_up(cloud, settings, stage, &url), answer(cloud, stage, &url));
    let mut findings = found.unwrap_or_else(|problem| vec![Finding::of(Area::Gateway, &problem)]);
    // What is wrong with the set-up is why it does not answer.
    if findings.is_empty() || answered.fix.is_empty() {
        findings.push(answered);
    }
    findings
}

/// What the checks find in the gateway's set-up.
async fn set_up(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
    url: &str,
) -> Result<Vec<Finding>, Problem> {
    let run = checks::run(cloud, settings, stage, Some(url), &[CheckKind::Gateway]);
    let reports = Box::pin(run).await?;
    let all = reports.into_iter().flat_map(|report| report.checks);
    let told = all.filter_map(|check| match check.verdict {
        Verdict::Passed => None,
        Verdict::Warned(fault) => {
            Some(Finding::warn(Area::Gateway, format!("{stage}: {}", fault.cause), fault.fix))
        }
        Verdict::Failed(fault) => {
            Some(Finding::fail(Area::Gateway, format!("{stage}: {}", fault.cause), fault.fix))
        }
    });
    Ok(told.collect())
}

/// Whatever it answers, it was reached; only what the gateway or the function failed at is told.
async fn answer(cloud: &Cloud, stage: StageName, url: &str) -> Finding {
    match cloud.http().get(format!("{url}/")).timeout(ANSWER).send().await {
        Ok(answer) if answer.status().is_server_error() => Finding::fail(
            Area::Gateway,
            format!("{stage} answers {} at {url}", answer.status()),
            format!(
                "callboard check {stage} finds out why; callboard logs {stage} shows what the function said"
            ),
        ),
        Ok(_) => Finding::ok(Area::Gateway, format!("{stage} answers at {url}")),
        Err(error) => Finding::fail(
            Area::Gateway,
            format!("{stage} cannot be reached at {url}: {}", one_line(&chain(&error.without_url()), 200)),
            "look at the network, a proxy (HTTPS_PROXY, NO_PROXY) or a VPN: the control plane answers, the API does not",
        ),
    }
}
