//! Stages: where a deployment answers, and with which variables.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::patch::{Operation, Patch};
use super::{Nothing, api, api_mut, bad_request, conflict, method_settings, not_found, seconds};
use crate::cloud::{Cloud, now_ms};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{RestApi, Stage, Throttle};

/// The paths that UpdateStage knows, in AWS's own (not quite regular) words.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

/// First words of the paths that AWS knows and this local cloud does not offer.
const NOT_OFFERED: [&str; 6] = [
    "cacheClusterEnabled",
    "cacheClusterSize",
    "clientCertificateId",
    "accessLogSettings",
    "canarySettings",
    "tracingEnabled",
];
/// Third words of method settings, of which it offers the throttling of all methods alone.
const METHOD_SETTINGS: [&str; 4] = ["metrics", "logging", "throttling", "caching"];

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
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    check_name(&input.stage_name)?;
    check_variables(&input.variables)?;
    let now = now_ms();
    let stage = Stage {
        name: input.stage_name,
        deployment_id: input.deployment_id,
        description: input.description,
        variables: input.variables,
        created_ms: now,
        updated_ms: now,
        tags: input.tags,
        throttle: Throttle::default(),
    };
    cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        if api.stages.contains_key(&stage.name) {
            return Err(conflict("Stage already exists"));
        }
        check_deployment(api, &stage.deployment_id)?;
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
        "methodSettings": method_settings::described(&stage.throttle),
        "stageName": stage.name,
        "tracingEnabled": false,
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

pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateStageInput")?;
    let name = call.path("stage_name")?;
    let updated = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        let mut stage = api.stages.get(name).cloned().ok_or_else(no_such_stage)?;
        for operation in &patch.operations {
            apply(call, api, &mut stage, operation)?;
        }
        check_variables(&stage.variables)?;
        stage.updated_ms = now_ms();
        api.stages.insert(name.to_owned(), stage.clone());
        Ok::<_, Fault>(stage)
    })?;
    Ok(Answer::ok(described(&updated)))
}

fn apply(call: &Call, api: &RestApi, stage: &mut Stage, operation: &Operation) -> Result<(), Fault> {
    if let Some(from) = &operation.from {
        return Err(call.parameter_not_offered(&format!("{} from {from}", operation.op)));
    }
    let path = operation.path_text();
    let unknown = || bad_request(format!("Invalid method setting path: {path}. Must be one of: [{PATHS}]"));
    let segments = operation.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (operation.op.as_str(), words.as_slice()) {
        ("replace" | "add", ["variables", name]) => {
            stage.variables.insert((*name).to_owned(), operation.value()?.to_owned());
        }
        ("remove", ["variables", name]) => {
            stage.variables.remove(*name);
        }
        ("replace", ["description"]) => stage.description = Some(operation.value()?.to_owned()),
        ("replace", ["deploymentId"]) => {
            let id = operation.value()?;
            check_deployment(api, id)?;
            stage.deployment_id = id.to_owned();
        }
        ("replace", ["*", "*", "throttling", setting])
            if method_settings::set(&mut stage.throttle, setting, operation.value()?)? => {}
        ("remove", ["*", "*"]) if stage.throttle != Throttle::default() => {
            stage.throttle = Throttle::default()
        }
        (_, [first, ..]) if NOT_OFFERED.contains(first) => {
            return Err(call.parameter_not_offered(&format!("the patch path {path}")));
        }
        (_, [_, _, setting, _]) if METHOD_SETTINGS.contains(setting) => {
            return Err(call.parameter_not_offered(&format!("the patch path {path}")));
        }
        ("remove", _) => {
            return Err(bad_request(format!(
                "Cannot remove method setting {} because there is no method setting for this method ",
                path.trim_start_matches('/')
            )));
        }
        ("add", ["description" | "deploymentId"]) => {
            return Err(bad_request(format!("Invalid add operation with path: {path}")));
        }
        ("replace" | "add", _) => return Err(unknown()),
        (op, _) => return Err(call.parameter_not_offered(&format!("{op} of {path}"))),
    }
    Ok(())
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let name = call.path("stage_name")?;
    cloud
        .world
        .change(|state| api_mut(state, call)?.stages.remove(name).map(drop).ok_or_else(no_such_stage))?;
    Ok(Answer::empty(202))
}
