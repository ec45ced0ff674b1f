//! `callboard doctor`

use serde::Serialize;

use super::{Exit, output};
use crate::cli;
use crate::cloud::Choice;
use crate::doctor;
use crate::domain::{Finding, Problem, Standing, plain};
use crate::logs::mask::mask;
use crate::settings::Settings;

#[derive(Serialize)]
struct Document {
    ok: usize,
    warn: usize,
    fail: usize,
    findings: Vec<Finding>,
}

pub(super) async fn run(
    chosen: Result<(Settings, Choice), Problem>,
    arguments: &cli::Doctor,
) -> Result<Exit, Problem> {
    if arguments.policy {
        let (settings, choice) = chosen?;
        output::line(doctor::policy(&settings, &choice).await?)?;
        return Ok(Exit::Done);
    }
    let mut findings = doctor::examine(chosen).await;
    // Answers of AWS and of programs stand in what was found; what to do is in our own words.
    for finding in &mut findings {
        finding.what = mask(&plain(&finding.what)).into_owned();
        finding.fix = plain(&finding.fix);
    }
    let count = |standing| findings.iter().filter(|finding| finding.standing == standing).count();
    let (ok, warn, fail) = (count(Standing::Ok), count(Standing::Warn), count(Standing::Fail));
    match arguments.json {
        true => output::json(&Document { ok, warn, fail, findings })?,
        false => {
            for line in findings.iter().flat_map(lines) {
                output::line(line)?;
            }
            output::line(format!("{ok} ok, {warn} to know, {fail} to mend"))?;
        }
    }
    Ok(if fail == 0 { Exit::Done } else { Exit::ChecksFailed })
}

fn lines(finding: &Finding) -> Vec<String> {
    let word = match finding.standing {
        Standing::Ok => "ok",
        Standing::Warn => "warn",
        Standing::Fail => "FAIL",
    };
    let mut lines = vec![format!("{word:<4}  {:<11}  {}", finding.area.as_str(), finding.what)];
    if !finding.fix.is_empty() {
        lines.push(format!("      do: {}", finding.fix));
    }
    lines
}
