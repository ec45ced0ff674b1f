//! `callboard status`

mod metrics;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Exit, output};
use crate::cli;
use crate::cloud::Cloud;
use crate::domain::{
    EnvDiff, EnvKeyState, Function, FunctionState, Identity, Overview, Problem, StageName, UpdateState, plain,
};
use crate::settings::Settings;

use metrics::Figures;

pub(super) async fn run(
    cloud: &Cloud,
    settings: &Settings,
    arguments: &cli::Status,
) -> Result<Exit, Problem> {
    let read = async {
        tokio::try_join!(
            cloud.identity(),
            cloud.overview(settings, StageName::Stage),
            cloud.overview(settings, StageName::Prod),
        )
    };
    // What is deployed is told even where CloudWatch's figures are not to be had.
    let (read, metrics) = tokio::join!(read, cloud.metrics(settings, Timestamp::now()));
    let (identity, stage, prod) = read?;
    let (figures, metrics_problem) = match &metrics {
        Ok([stage, prod]) => ([Some(Figures::of(stage)), Some(Figures::of(prod))], None),
        Err(problem) => ([None, None], Some(problem)),
    };
    let [of_stage, of_prod] = figures;
    let document = Document {
        service: &settings.name,
        cloud: cloud.kind().as_str(),
        region: cloud.region(),
        identity: &identity,
        stages: BTreeMap::from([
            (StageName::Stage, Status::of(StageName::Stage, &stage, of_stage)),
            (StageName::Prod, Status::of(StageName::Prod, &prod, of_prod)),
        ]),
        metrics_problem,
    };
    if arguments.json {
        output::json(&document)?;
    } else {
        for line in lines(&document) {
            output::line(line)?;
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Document<'a> {
    service: &'a str,
    cloud: &'a str,
    region: &'a str,
    identity: &'a Identity,
    stages: BTreeMap<StageName, Status>,
    /// Why there are no figures.
    metrics_problem: Option<&'a Problem>,
}

/// One stage. What is `null` is not there.
#[derive(Serialize)]
struct Status {
    deployed: bool,
    state: Option<String>,
    update: Option<String>,
    image_tag: Option<String>,
    image_digest: Option<String>,
    deployed_by: Option<String>,
    deployed_at: Option<Timestamp>,
    git: Option<String>,
    memory_mb: Option<i32>,
    timeout_s: Option<i32>,
    architecture: Option<String>,
    url: Option<String>,
    gateway_deployment: Option<String>,
    gateway_deployed_at: Option<Timestamp>,
    env: EnvDiff,
    metrics: Option<Figures>,
    #[serde(skip)]
    name: StageName,
}

impl Status {
    fn of(name: StageName, overview: &Overview, figures: Option<Figures>) -> Status {
        let function = overview.function.as_ref();
        let gateway = overview.gateway.as_ref();
        let stamp = function.map(|function| function.stamp.clone()).unwrap_or_default();
        Status {
            deployed: function.is_some() && gateway.is_some(),
            state: function.map(state),
            update: function.map(update),
            image_tag: function.and_then(|function| function.image.tag.clone()),
            image_digest: function
                .and_then(|function| function.image.digest.as_ref())
                .map(ToString::to_string),
            deployed_by: stamp.deployed_by,
            deployed_at: stamp.deployed_at,
            git: stamp.git,
            memory_mb: function.map(|function| function.memory_mb),
            timeout_s: function.map(|function| function.timeout_s),
            architecture: function.map(|function| function.architecture.clone()),
            url: gateway.map(|gateway| gateway.url.clone()),
            gateway_deployment: gateway.map(|gateway| gateway.deployment_id.clone()),
            gateway_deployed_at: gateway.and_then(|gateway| gateway.deployed_at),
            env: overview.env.clone(),
            metrics: figures.filter(|_| function.is_some()),
            name,
        }
    }
}

fn state(function: &Function) -> String {
    match &function.state {
        FunctionState::Pending => "Pending".to_owned(),
        FunctionState::Active => "Active".to_owned(),
        FunctionState::Inactive => "Inactive".to_owned(),
        FunctionState::Failed => "Failed".to_owned(),
        FunctionState::Other(other) => other.clone(),
    }
}

fn update(function: &Function) -> String {
    match &function.update {
        UpdateState::InProgress => "InProgress".to_owned(),
        UpdateState::Successful => "Successful".to_owned(),
        UpdateState::Failed => "Failed".to_owned(),
        UpdateState::Other(other) => other.clone(),
    }
}

fn lines(document: &Document<'_>) -> Vec<String> {
    let Identity { account, arn } = document.identity;
    let mut lines = vec![format!(
        "{} on {} {} account {account} as {arn}",
        document.service, document.cloud, document.region
    )];
    for status in document.stages.values() {
        let name = status.name;
        lines.push(String::new());
        let Some(state) = &status.state else {
            lines.push(format!("{name}: nothing is deployed (callboard deploy {name})"));
            continue;
        };
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let digest = status.image_digest.as_deref().and_then(|digest| digest.get(..19)).unwrap_or("-");
        lines.push(format!("{name}: {state}, update {}", or_none(&status.update)));
        lines.push(format!("  image     {} {digest}", or_none(&status.image_tag)));
        let at = status.deployed_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        lines.push(format!(
            "  deployed  {at} by {} git {}",
            or_none(&status.deployed_by),
            or_none(&status.git)
        ));
        lines.push(format!("  gateway   {} {}", or_none(&status.gateway_deployment), or_none(&status.url)));
        lines.push(format!("  env       {}", env(&status.env)));
        if let Some(figures) = &status.metrics {
            lines.push(format!("  calls     {}", figures.line()));
        }
    }
    if let Some(problem) = document.metrics_problem {
        lines.push(String::new());
        lines.push(format!("no metrics: {}", plain(&problem.to_string())));
    }
    lines
}

fn env(diff: &EnvDiff) -> String {
    if let Some(problem) = &diff.problem {
        return problem.clone();
    }
    let kinds = [
        ("in step", EnvKeyState::InStep),
        ("changed", EnvKeyState::Changed),
        ("only in the file", EnvKeyState::OnlyInFile),
        ("only deployed", EnvKeyState::OnlyDeployed),
    ];
    let parts: Vec<String> = kinds
        .into_iter()
        .filter(|(_, state)| diff.count(*state) > 0)
        .map(|(word, state)| format!("{} {word}", diff.count(state)))
        .collect();
    parts.join(", ")
}
