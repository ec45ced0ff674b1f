//! `callboard check`

use super::{Exit, output};
use crate::checks;
use crate::cli;
use crate::cloud::Cloud;
use crate::domain::{Problem, Report, Verdict};

pub(super) async fn run(cloud: &Cloud, arguments: &cli::Check) -> Result<Exit, Problem> {
    let mut reports: Vec<Report> = Vec::new();
    for &stage in arguments.stages.names() {
        let url = cloud.stage_url(stage).await?.ok_or_else(|| {
            Problem::new(format!("{stage} has nothing to check: the gateway has no stage of that name"))
                .fix(format!("deploy it first: callboard deploy {stage}"))
        })?;
        let (smoke, cors) =
            tokio::join!(checks::smoke(cloud.http(), stage, &url), checks::cors(cloud.http(), stage, &url));
        reports.extend([smoke, cors]);
    }
    if arguments.json {
        output::json(&reports)?;
    } else {
        for line in reports.iter().flat_map(lines) {
            output::line(line)?;
        }
    }
    Ok(if reports.iter().all(Report::green) { Exit::Done } else { Exit::ChecksFailed })
}

fn lines(report: &Report) -> Vec<String> {
    let kind = match report.kind {
        crate::domain::CheckKind::Smoke => "smoke",
        crate::domain::CheckKind::Cors => "CORS",
    };
    let mut lines = vec![format!("{} {kind} {}/{}", report.stage, report.passed(), report.checks.len())];
    for check in &report.checks {
        let millis = check.took.as_millis();
        match &check.verdict {
            Verdict::Passed => lines.push(format!("  ok      {:>5} ms  {}", millis, check.name)),
            Verdict::Failed { cause, fix } => {
                lines.push(format!("  FAILED  {:>5} ms  {}: {}", millis, check.name, check.got));
                lines.push(format!("    why: {cause}"));
                lines.push(format!("    do: {fix}"));
            }
        }
    }
    lines
}
