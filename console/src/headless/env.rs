//! `callboard env`

mod compared;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Exit, output};
use crate::cli;
use crate::cloud::{Choice, Cloud};
use crate::domain::{EnvKeyState, Function, Problem, StageName, plain};
use crate::envfile::{EnvFiles, Finding, Severity};
use crate::settings::Settings;

use compared::{Compared, Key};

pub(super) async fn run(choice: &Choice, settings: &Settings, arguments: &cli::Env) -> Result<Exit, Problem> {
    let own = settings.clone();
    let files = tokio::task::spawn_blocking(move || EnvFiles::read(&own))
        .await
        .map_err(|_| Problem::new("the environment files could not be read"))?;
    let stages = arguments.stages.names();
    // What is wrong with the files is told whether or not the cloud can be reached.
    let (functions, problem) = match functions(choice, settings, stages).await {
        Ok(functions) => (functions, None),
        Err(problem) => (BTreeMap::new(), Some(problem)),
    };
    let compare = |stage: &StageName| {
        let name = settings.function_name(*stage);
        (
            *stage,
            Compared::of(files.of(*stage), name, functions.get(stage).map(Option::as_ref), arguments.reveal),
        )
    };
    let findings = match stages {
        [one] => files.findings_of(*one).collect(),
        _ => files.findings.iter().collect(),
    };
    let document = Document { stages: stages.iter().map(compare).collect(), findings, problem };
    if arguments.json {
        output::json(&document)?;
    } else {
        for line in document.lines(arguments.reveal) {
            output::line(line)?;
        }
    }
    let problems = document.stages.values().filter_map(|stage| stage.problem.as_ref());
    problems.chain(&document.problem).for_each(output::complain);
    Ok(document.exit())
}

async fn functions(
    choice: &Choice,
    settings: &Settings,
    stages: &[StageName],
) -> Result<BTreeMap<StageName, Option<Function>>, Problem> {
    let cloud = Cloud::connect(choice, settings).await?;
    let mut all = BTreeMap::new();
    for &stage in stages {
        all.insert(stage, cloud.function(&settings.function_name(stage)).await);
    }
    cloud.close().await;
    all.into_iter().map(|(stage, function)| Ok((stage, function?))).collect()
}

/// Files and functions, and what is wrong with the files.
#[derive(Serialize)]
struct Document<'a> {
    stages: BTreeMap<StageName, Compared>,
    findings: Vec<&'a Finding>,
    /// Why what is deployed is not known.
    problem: Option<Problem>,
}

impl Document<'_> {
    fn exit(&self) -> Exit {
        let stages = || self.stages.values();
        let refused = self.problem.is_some()
            || stages().any(|stage| stage.problem.is_some())
            || self.findings.iter().any(|finding| finding.severity == Severity::Error);
        if refused {
            Exit::Failed
        } else if stages().any(|stage| stage.in_step == Some(false)) {
            Exit::Changes
        } else {
            Exit::Done
        }
    }

    fn lines(&self, reveal: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, stage) in &self.stages {
            lines.push(format!("{name}: {}", plain(&stage.sentence())));
            let width =
                stage.keys.iter().map(|key| plain(&key.key).chars().count()).max().unwrap_or_default();
            lines.extend(stage.keys.iter().map(|key| key_line(key, width, reveal)));
        }
        lines.extend(self.findings.iter().map(|finding| finding_line(finding)));
        lines
    }
}

fn key_line(key: &Key, width: usize, reveal: bool) -> String {
    let value = |value: &Option<String>| match value {
        _ if !reveal => "••••".to_owned(),
        Some(value) if !value.is_empty() => plain(value),
        _ => "\"\"".to_owned(),
    };
    let name = plain(&key.key);
    let told = match key.state {
        Some(EnvKeyState::InStep) => format!("= {name:<width$}  {}", value(&key.file)),
        Some(EnvKeyState::Changed) => {
            format!("~ {name:<width$}  {} → {}", value(&key.deployed), value(&key.file))
        }
        Some(EnvKeyState::OnlyInFile) => format!("+ {name:<width$}  {}  a deploy adds it", value(&key.file)),
        Some(EnvKeyState::OnlyDeployed) => {
            format!("- {name:<width$}  {}  a deploy DELETES it", value(&key.deployed))
        }
        None => {
            let known = if key.file.is_some() { &key.file } else { &key.deployed };
            format!("  {name:<width$}  {}", value(known))
        }
    };
    format!("  {told}")
}

/// A finding for a person, as a line.
pub(super) fn finding_line(finding: &Finding) -> String {
    let Finding { severity, rule, what, fix, .. } = finding;
    let (severity, place, rule) = (severity.as_str(), finding.place(), rule.as_str());
    plain(&format!("{severity} {place} {rule}: {what} (fix: {fix})"))
}
