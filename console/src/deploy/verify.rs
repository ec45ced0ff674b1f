//! Does the stage answer, and would a browser be let in?

use std::time::{Duration, Instant};

use super::patience::slept;
use super::steps::{Context, Ended};
use crate::checks;
use crate::domain::{Problem, Report, StepId, StepResult, Verdict};

// The gateway takes some seconds until a new deployment or a new permission is everywhere.
const SPREADS_FOR: Duration = Duration::from_secs(20);
const ONE_REQUEST: Duration = Duration::from_secs(30);

/// Runs the smoke checks; after a change of the gateway, only once the gateway itself no longer answers in the service's
/// stead.
pub(super) async fn smoke(
    context: &Context<'_>,
    url: &str,
    spreading: bool,
) -> Result<Ended<Report>, Problem> {
    if spreading {
        spread(context, url).await;
    }
    let report = checks::smoke(context.cloud.http(), context.plan.stage(), url).await;
    Ok(told(context, StepId::Smoke, report))
}

/// Runs the CORS checks.
pub(super) async fn cors(context: &Context<'_>, url: &str) -> Result<Ended<Report>, Problem> {
    let report = checks::cors(context.cloud.http(), context.plan.stage(), url).await;
    Ok(told(context, StepId::Cors, report))
}

fn told(context: &Context<'_>, step: StepId, report: Report) -> Ended<Report> {
    for check in &report.checks {
        if let Verdict::Failed { cause, fix } = &check.verdict {
            context.say(step, format!("FAILED {}: {cause}: {fix}", check.name));
        }
    }
    let detail = format!("{}/{} passed", report.passed(), report.checks.len());
    let result = if report.green() { StepResult::Done } else { StepResult::ChecksFailed };
    Ended::new(report, result, detail)
}

async fn spread(context: &Context<'_>, url: &str) {
    let clock = Instant::now();
    let mut pause = Duration::from_millis(500);
    while let Some(why) = not_yet(context, url).await {
        if clock.elapsed() + pause > SPREADS_FOR {
            context
                .say(StepId::Smoke, format!("{why} for {} s: checking all the same", SPREADS_FOR.as_secs()));
            return;
        }
        context.say(StepId::Smoke, format!("{why}: again in {:.1} s", pause.as_secs_f64()));
        if !slept(context, pause).await {
            return;
        }
        pause = (pause * 2).min(Duration::from_secs(4));
    }
}

// Why the stage does not answer yet: what the gateway says while a deployment (403) or a permission (500) has not spread,
// and a host name that is not known yet. An answer of the service carries none of these error types.
async fn not_yet(context: &Context<'_>, url: &str) -> Option<&'static str> {
    let request = context.cloud.http().get(format!("{url}/")).timeout(ONE_REQUEST);
    match request.send().await {
        Err(_) => Some("the gateway cannot be reached yet"),
        Ok(answer) => {
            let kind = answer.headers().get("x-amzn-errortype").and_then(|kind| kind.to_str().ok())?;
            match kind {
                "ForbiddenException" | "MissingAuthenticationTokenException" => {
                    Some("the deployment has not spread yet")
                }
                "InternalServerErrorException" if answer.status() == 500 => {
                    Some("the permission has not spread yet")
                }
                _ => None,
            }
        }
    }
}
