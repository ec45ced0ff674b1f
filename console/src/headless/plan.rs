//! `callboard plan`

use serde::Serialize;

use super::{Exit, output};
use crate::cli;
use crate::cloud::Cloud;
use crate::deploy::{self, Action, Change, Plan, Source};
use crate::domain::{EnvDiff, EnvKeyState, Intent, Problem};
use crate::envfile::Finding;
use crate::settings::Settings;

pub(super) async fn run(cloud: &Cloud, settings: &Settings, arguments: &cli::Plan) -> Result<Exit, Problem> {
    let plan = deploy::plan(cloud, settings, &Intent::Deploy { stage: arguments.stage }).await?;
    tell(&plan, arguments.json)
}

/// Tells a plan and changes nothing.
pub(super) fn tell(plan: &Plan, json: bool) -> Result<Exit, Problem> {
    if json {
        output::json(&Document::of(plan))?;
    } else {
        for line in lines(plan) {
            output::line(line)?;
        }
    }
    Ok(if plan.changes_anything() { Exit::Changes } else { Exit::Done })
}

/// The plan as JSON. Of the environment it holds keys and how they stand, and never a value.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    intent: &'a Intent,
    stage: &'a str,
    cloud: &'a str,
    account: &'a str,
    region: &'a str,
    identity: &'a str,
    /// What the image is built from; null when nothing is built.
    source: Option<&'a Source>,
    architecture: Option<&'a str>,
    /// Why it cannot be applied from this machine.
    blocked: Option<&'a Problem>,
    changes: Vec<Change>,
    env: &'a EnvDiff,
    /// What is worth a word in the environment files.
    warnings: &'a [Finding],
}

impl Document<'_> {
    pub(super) fn of(plan: &Plan) -> Document<'_> {
        Document {
            intent: &plan.intent,
            stage: plan.intent.scope(),
            cloud: plan.cloud.as_str(),
            account: &plan.identity.account,
            region: &plan.region,
            identity: &plan.identity.arn,
            source: plan.source.as_ref(),
            architecture: plan.architecture().map(|architecture| architecture.as_str()),
            blocked: plan.blocked.as_ref(),
            changes: plan.changes(),
            env: &plan.env,
            warnings: &plan.warnings,
        }
    }
}

/// The plan for a person: a line a resource, and below the configuration a line a key of the environment.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let changes = plan.changes();
    let width = changes.iter().map(|change| change.resource.chars().count()).max().unwrap_or_default();
    let place = format!("{} {} account {}", plan.cloud, plan.region, plan.identity.account);
    let mut lines = vec![format!("Plan: {} on {place} as {}", plan.intent.noun(), plan.identity.arn)];
    for Change { resource, action, detail } in &changes {
        // A list of what stays as it is would hide what does not.
        let mark = if *action == Action::Unchanged { ' ' } else { action.sign() };
        let line = format!("{mark} {:<9}  {resource:<width$}  {detail}", action.as_str());
        lines.push(line.trim_end().to_owned());
        if resource.starts_with("configuration of ") {
            lines.extend(env_lines(&plan.env));
        }
    }
    lines.extend(plan.warnings.iter().map(super::env::finding_line));
    if let Some(problem) = &plan.blocked {
        lines.push(format!("It cannot be done from here: {problem}"));
    }
    lines
}

/// A line for each key that a change adds, changes or deletes; no value is shown.
fn env_lines(env: &EnvDiff) -> Vec<String> {
    let line = |sign: char, key: &str, what: &str| format!("    {sign} {key} {what}");
    let told = |key: &crate::domain::EnvKey| match key.state {
        EnvKeyState::InStep => None,
        EnvKeyState::Changed => Some(line('~', &key.key, "•••• → ••••")),
        EnvKeyState::OnlyInFile => Some(line('+', &key.key, "••••")),
        EnvKeyState::OnlyDeployed => Some(line('-', &key.key, "DELETED")),
    };
    env.keys.iter().filter_map(told).collect()
}
