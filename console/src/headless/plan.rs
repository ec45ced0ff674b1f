//! `callboard plan`

use serde::Serialize;

use super::{Exit, output};
use crate::cli;
use crate::cloud::Cloud;
use crate::deploy::{self, Action, Change, Plan, Source};
use crate::domain::{EnvDiff, Problem};
use crate::settings::Settings;

pub(super) async fn run(cloud: &Cloud, settings: &Settings, arguments: &cli::Plan) -> Result<Exit, Problem> {
    let plan = deploy::plan(cloud, settings, arguments.stage).await?;
    if arguments.json {
        output::json(&Document::of(&plan))?;
    } else {
        for line in lines(&plan) {
            output::line(line)?;
        }
    }
    Ok(if plan.changes_anything() { Exit::Changes } else { Exit::Done })
}

/// The plan as JSON. Of the environment it holds keys and how they stand, and never a value.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    stage: &'a str,
    cloud: &'a str,
    account: &'a str,
    region: &'a str,
    identity: &'a str,
    source: &'a Source,
    architecture: &'a str,
    changes: Vec<Change>,
    env: &'a EnvDiff,
}

impl Document<'_> {
    pub(super) fn of(plan: &Plan) -> Document<'_> {
        Document {
            stage: plan.stage().as_str(),
            cloud: plan.cloud.as_str(),
            account: &plan.identity.account,
            region: &plan.region,
            identity: &plan.identity.arn,
            source: &plan.source,
            architecture: plan.architecture.as_str(),
            changes: plan.changes(),
            env: &plan.env,
        }
    }
}

/// The plan for a person, a line a resource.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let changes = plan.changes();
    let width = changes.iter().map(|change| change.resource.chars().count()).max().unwrap_or_default();
    let place = format!("{} {} account {}", plan.cloud, plan.region, plan.identity.account);
    let mut lines = vec![format!("Plan for {} on {place} as {}", plan.stage(), plan.identity.arn)];
    for Change { resource, action, detail } in &changes {
        let mark = match action {
            Action::Create => '+',
            Action::Update => '~',
            Action::Unchanged => ' ',
        };
        let line = format!("{mark} {:<9}  {resource:<width$}  {detail}", action.as_str());
        lines.push(line.trim_end().to_owned());
    }
    lines
}
