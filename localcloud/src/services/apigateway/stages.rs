//! Stages: where a deployment answers, and with which variables.

mod update;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::deployments::check_percent;
use super::{Nothing, api, api_mut, bad_request, conflict, method_settings, not_found, seconds};
use crate::cloud::{Cloud, now_ms};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{Canary, RestApi, Stage};

pub(super) use update::update;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    stage_name: String,
    deployment_id: String,
    description: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    tracing_enabled: bool,
    canary_settings: Option<CanarySettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CanarySettings {
    deployment_id: Option<String>,
    percent_traffic: Option<f64>,
    #[serde(default)]
    stage_variable_overrides: BTreeMap<String, String>,
    #[serde(default)]
    use_stage_cache: bool,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    check_name(&input.stage_name)?;
    check_variables(&input.variables)?;
    let canary = input.canary_settings.map(|given| Canary {
        deployment_id: given.deployment_id.unwrap_or_else(|| input.deployment_id.clone()),
        percent: given.percent_traffic.unwrap_or_default(),
        overrides: given.stage_variable_overrides,
        use_stage_cache: given.use_stage_cache,
    });
    if let Some(canary) = &canary {
        check_variables(&canary.overrides)?;
        check_percent(canary.percent)?;
    }
    let now = now_ms();
    let stage = Stage {
        name: input.stage_name,
        deployment_id: input.deployment_id,
        description: input.description,
        variables: input.variables,
        created_ms: now,
        updated_ms: now,
        tags: input.tags,
        tracing_enabled: input.tracing_enabled,
        canary,
        ..Stage::default()
    };
    cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        if api.stages.contains_key(&stage.name) {
            return Err(conflict("Stage already exists"));
        }
        check_deployment(api, &stage.deployment_id)?;
        if let Some(canary) = &stage.canary {
            check_deployment(api, &canary.deployment_id)?;
        }
        api.stages.insert(stage.name.clone(), stage.clone());
        Ok(())
    })?;
    Ok(Answer::with_status(201, described(&stage)))
}

pub(super) fn check_name(name: &str) -> Result<(), Fault> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match !name.is_empty() && name.len() <= 128 && name.bytes().all(fits) {
        true => Ok(()),
        false => Err(bad_request("Stage name only allows a-zA-Z0-9_-")),
    }
}

/// At most 100; names of 64 characters and values of 512 [FACTS §1].
pub(super) fn check_variables<'a>(
    variables: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<(), Fault> {
    for (count, (name, value)) in variables.into_iter().enumerate() {
        let name_fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let value_fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(name_fits) {
            return Err(bad_request(format!(
                "Stage variable name '{name}' is invalid: only alphanumeric characters and underscores are allowed, 64 at most"
            )));
        }
        if value.len() > 512 || !value.bytes().all(value_fits) {
            return Err(bad_request(format!(
                "Stage variable value of '{name}' is invalid: only [A-Za-z0-9-._~:/?#&=,] are allowed, 512 at most"
            )));
        }
        if count >= 100 {
            return Err(bad_request("A stage has 100 variables at most"));
        }
    }
    Ok(())
}

fn check_deployment(api: &RestApi, id: &str) -> Result<(), Fault> {
    match api.deployments.contains_key(id) {
        true => Ok(()),
        false => Err(bad_request("Deployment id does not exist")),
    }
}

fn described(stage: &Stage) -> Value {
    let mut members = json!({
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "createdDate": seconds(stage.created_ms),
        "deploymentId": stage.deployment_id,
        "lastUpdatedDate": seconds(stage.updated_ms),
        "methodSettings": method_settings::described(&stage.method_settings),
        "stageName": stage.name,
        "tracingEnabled": stage.tracing_enabled,
    });
    if let Some(text) = &stage.description {
        members["description"] = text.as_str().into();
    }
    if !stage.variables.is_empty() {
        members["variables"] = json!(stage.variables);
    }
    if !stage.tags.is_empty() {
        members["tags"] = json!(stage.tags);
    }
    if let Some(canary) = &stage.canary {
        members["canarySettings"] = json!({
            "deploymentId": canary.deployment_id,
            "percentTraffic": canary.percent,
            "useStageCache": canary.use_stage_cache,
        });
        if !canary.overrides.is_empty() {
            members["canarySettings"]["stageVariableOverrides"] = json!(canary.overrides);
        }
    }
    if let Some(log) = &stage.access_log {
        members["accessLogSettings"] = json!({});
        let parts = [("destinationArn", &log.destination_arn), ("format", &log.format)];
        for (member, text) in parts {
            if let Some(text) = text {
                members["accessLogSettings"][member] = text.as_str().into();
            }
        }
    }
    members
}

pub(super) fn no_such_stage() -> Fault {
    not_found("Invalid stage identifier specified")
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let name = call.path("stage_name")?;
    let state = cloud.world.snapshot();
    Ok(Answer::ok(described(api(&state, call)?.stages.get(name).ok_or_else(no_such_stage)?)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    deployment_id: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: List = call.input()?;
    let state = cloud.world.snapshot();
    let stages: Vec<Value> = api(&state, call)?
        .stages
        .values()
        .filter(|stage| input.deployment_id.as_ref().is_none_or(|id| *id == stage.deployment_id))
        .map(described)
        .collect();
    Ok(Answer::ok(json!({ "item": stages })))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let name = call.path("stage_name")?;
    cloud
        .world
        .change(|state| api_mut(state, call)?.stages.remove(name).map(drop).ok_or_else(no_such_stage))?;
    Ok(Answer::empty(202))
}
