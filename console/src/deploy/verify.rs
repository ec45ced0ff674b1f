//! Does the stage answer, and would a browser be let in?

use std::time::{Duration, Instant};

use super::patience::slept;
use super::steps::{Context, Ended};
use crate::checks;
use crate::domain::{CheckKind, Problem, Report, StepId, StepResult, Verdict};

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
    told(context, StepId::Smoke, CheckKind::Smoke, url).await
}

/// Runs the CORS checks.
pub(super) async fn cors(context: &Context<'_>, url: &str) -> Result<Ended<Report>, Problem> {
    told(context, StepId::Cors, CheckKind::Cors, url).await
}

async fn told(
    context: &Context<'_>,
    step: StepId,
    kind: CheckKind,
    url: &str,
) -> Result<Ended<Report>, Problem> {
    let stage = context.plan.stage();
    let reports = Box::pin(checks::run(context.cloud, context.settings, stage, Some(url), &[kind])).await?;
    let report = reports.into_iter().next();
    let report = report.ok_or_else(|| Problem::new(format!("the {} checks did not run", kind.title())))?;
    for check in &report.checks {
        let (word, fault) = match &check.verdict {
            Verdict::Passed => continue,
            Verdict::Warned(fault) => ("warning", fault),
            Verdict::Failed(fault) => ("FAILED", fault),
        };
        context.say(step, format!("{word} {}: {}: {}", check.name, fault.cause, fault.fix));
    }
    let detail = format!("{}/{} passed", report.passed(), report.checks.len());
    let result = if report.green() { StepResult::Done } else { StepResult::ChecksFailed };
    Ok(Ended::new(report, result, detail))
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
