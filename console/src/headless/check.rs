//! `callboard check`

mod junit;

use std::time::Duration;

use jiff::Timestamp;

use super::signals::Signals;
use super::{Exit, output};
use crate::checks;
use crate::cli;
use crate::cloud::Cloud;
use crate::domain::{Check, CheckKind, Problem, Report, StageName, Verdict};
use crate::settings::Settings;

pub(super) async fn run(cloud: &Cloud, settings: &Settings, arguments: &cli::Check) -> Result<Exit, Problem> {
    let Some(every) = arguments.every else {
        let reports = reports(cloud, settings, arguments).await?;
        tell(arguments, &reports, false)?;
        return Ok(exit(&reports));
    };
    watch(cloud, settings, arguments, every).await
}

/// Runs again and again until it is ended, each run so long after the one before began.
async fn watch(
    cloud: &Cloud,
    settings: &Settings,
    arguments: &cli::Check,
    every: Duration,
) -> Result<Exit, Problem> {
    let mut signals = Signals::take()?;
    let mut turn = tokio::time::interval(every);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut history = String::new();
    loop {
        tokio::select! {
            _ = turn.tick() => {}
            ended = signals.next() => return Ok(ended),
        }
        let reports = tokio::select! {
            reports = reports(cloud, settings, arguments) => reports?,
            ended = signals.next() => return Ok(ended),
        };
        tell(arguments, &reports, true)?;
        if !arguments.json {
            if history.chars().count() == 60 {
                history.remove(0);
            }
            history.push(if exit(&reports) == Exit::Done { '.' } else { 'F' });
            output::aside(format!("{} {history}", Timestamp::now().strftime("%H:%M:%SZ")));
        }
    }
}

fn exit(reports: &[Report]) -> Exit {
    // A kind that had nothing to look at, because the stage is gone, is no success of its own.
    if reports.iter().all(Report::green) { Exit::Done } else { Exit::ChecksFailed }
}

async fn reports(cloud: &Cloud, settings: &Settings, arguments: &cli::Check) -> Result<Vec<Report>, Problem> {
    let kinds = if arguments.only.is_empty() { CheckKind::ALL.to_vec() } else { arguments.only.clone() };
    let stages = arguments.stages.names().iter().map(|stage| of_stage(cloud, settings, *stage, &kinds));
    let all = futures_util::future::try_join_all(stages).await?;
    // A stage that was never deployed hides nothing of the other one.
    if all.iter().any(Option::is_some) {
        for (stage, _) in arguments.stages.names().iter().zip(&all).filter(|(_, reports)| reports.is_none()) {
            output::aside(format!("{stage} is not deployed: it was not checked"));
        }
        return Ok(all.into_iter().flatten().flatten().collect());
    }
    let names: Vec<&str> = arguments.stages.names().iter().map(|stage| stage.as_str()).collect();
    let names = names.join(" and ");
    Err(Problem::new(format!("there is nothing to check: {names} was never deployed"))
        .fix(format!("deploy first: callboard deploy {}", arguments.stages.names()[0])))
}

/// `None` where there is neither a stage of the gateway nor a function.
async fn of_stage(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
    kinds: &[CheckKind],
) -> Result<Option<Vec<Report>>, Problem> {
    let url = cloud.stage_url(stage).await?;
    if url.is_none() && cloud.function(&settings.function_name(stage)).await?.is_none() {
        return Ok(None);
    }
    Box::pin(checks::run(cloud, settings, stage, url.as_deref(), kinds)).await.map(Some)
}

fn tell(arguments: &cli::Check, reports: &[Report], again: bool) -> Result<(), Problem> {
    if let Some(path) = &arguments.junit {
        junit::write(path, reports)?;
    }
    if arguments.json && again {
        let line = serde_json::to_string(reports)
            .map_err(|error| Problem::new("the answer cannot be written as JSON").because(error))?;
        return output::line(line);
    }
    if arguments.json {
        return output::json(&reports);
    }
    for line in reports.iter().flat_map(lines) {
        output::line(line)?;
    }
    Ok(())
}

fn lines(report: &Report) -> Vec<String> {
    let warned = match report.warned() {
        0 => String::new(),
        count => format!(", {count} with a warning"),
    };
    let (kind, passed, all) = (report.kind.title(), report.passed(), report.checks.len());
    let mut lines = vec![format!("{} {kind} {passed}/{all}{warned}", report.stage)];
    for check in &report.checks {
        let (word, fault) = match &check.verdict {
            Verdict::Passed => ("ok", None),
            Verdict::Warned(fault) => ("warning", Some(fault)),
            Verdict::Failed(fault) => ("FAILED", Some(fault)),
        };
        let origin = check.origin.as_ref().map(|origin| format!(" from {origin}")).unwrap_or_default();
        let got = if fault.is_some() { format!(": {}", check.got) } else { String::new() };
        lines.push(format!("  {word:<7} {}  {}{origin}{got}{}", time(check), check.name, remarks(check)));
        for earlier in &check.earlier {
            lines.push(format!("    before: {earlier}"));
        }
        if let Some(fault) = fault {
            lines.push(format!("    why: {} ({})", fault.cause, fault.diagnosis.as_str()));
            lines.push(format!("    do: {}", fault.fix));
            lines.extend(
                check
                    .request_id
                    .as_ref()
                    .map(|id| format!("    lines: callboard logs {} --filter request:{id}", report.stage)),
            );
            lines.extend(check.request.as_ref().map(|request| format!("    {}", request.curl())));
        }
    }
    lines
}

fn time(check: &Check) -> String {
    match check.took.is_zero() {
        true => "        ".to_owned(),
        false => format!("{:>5} ms", check.took.as_millis()),
    }
}

/// Where the time went, where that says something.
fn remarks(check: &Check) -> String {
    let timing = &check.timing;
    let part = |word: &str, time: Option<Duration>| {
        time.filter(|time| time.as_millis() > 0).map(|time| format!("{word} {} ms", time.as_millis()))
    };
    let parts: Vec<String> = [
        part("DNS", timing.dns),
        part("connect", timing.connect),
        part("TLS", timing.tls),
        part("first byte", timing.first_byte),
        check.cold.then(|| "cold start".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { String::new() } else { format!("  ({})", parts.join(", ")) }
}
