//! Snapshots of an API, which is what stages answer from.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::patch::Patch;
use super::stages::{check_name, check_variables};
use super::{Nothing, Paged, api, api_mut, bad_request, not_found, seconds};
use crate::cloud::{Cloud, now_ms, short_id};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{Canary, Deployment, Method, RestApi, Stage};

const PATHS: [(&str, &[&str]); 1] = [("replace", &["/description"])];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    stage_name: Option<String>,
    stage_description: Option<String>,
    description: Option<String>,
    variables: Option<BTreeMap<String, String>>,
    canary_settings: Option<CanarySettings>,
    tracing_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CanarySettings {
    percent_traffic: Option<f64>,
    #[serde(default)]
    stage_variable_overrides: BTreeMap<String, String>,
    #[serde(default)]
    use_stage_cache: bool,
}

/// The stage that is named is made, or pointed at the new deployment; variables that are given replace its own. With
/// canary settings the stage stays where it is, and the new deployment is its canary.
pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    if input.canary_settings.is_some() && input.stage_name.as_deref().is_none_or(str::is_empty) {
        let given = input.stage_name.as_deref().unwrap_or("null");
        return Err(bad_request(format!(
            "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is {given}"
        )));
    }
    let stage_name = input.stage_name.filter(|name| !name.is_empty());
    if let Some(name) = &stage_name {
        check_name(name)?;
    }
    check_variables(input.variables.iter().flatten())?;
    if let Some(canary) = &input.canary_settings {
        check_variables(&canary.stage_variable_overrides)?;
        check_percent(canary.percent_traffic.unwrap_or_default())?;
    }
    let created = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        if let Some(name) = stage_name.as_ref().filter(|_| input.canary_settings.is_some())
            && !api.stages.contains_key(name)
        {
            return Err(bad_request(format!(
                "Invalid deployment content specified.Stage {name} must already be created before making a canary release deployment"
            )));
        }
        check_whole(api)?;
        let now = now_ms();
        let deployment = Deployment {
            id: short_id(6),
            created_ms: now,
            description: input.description,
            resources: api.resources.clone(),
            gateway_responses: api.gateway_responses.clone(),
            binary_media_types: api.binary_media_types.clone(),
            minimum_compression_size: api.minimum_compression_size,
            disable_execute_api_endpoint: api.disable_execute_api_endpoint,
            validators: api.validators.clone(),
            models: api.models.clone(),
        };
        api.deployments.insert(deployment.id.clone(), deployment.clone());
        if let Some(name) = stage_name {
            let made = Stage { name: name.clone(), created_ms: now, ..Stage::default() };
            let stage = api.stages.entry(name).or_insert(made);
            match input.canary_settings {
                Some(canary) => {
                    stage.canary = Some(Canary {
                        deployment_id: deployment.id.clone(),
                        percent: canary.percent_traffic.unwrap_or_default(),
                        overrides: canary.stage_variable_overrides,
                        use_stage_cache: canary.use_stage_cache,
                    });
                }
                None => stage.deployment_id.clone_from(&deployment.id),
            }
            stage.updated_ms = now;
            if let Some(variables) = input.variables {
                stage.variables = variables;
            }
            if input.stage_description.is_some() {
                stage.description = input.stage_description;
            }
            if let Some(enabled) = input.tracing_enabled {
                stage.tracing_enabled = enabled;
            }
        }
        Ok::<_, Fault>(deployment)
    })?;
    Ok(Answer::with_status(201, described(&created)))
}

/// The share of requests that a canary gets.
pub(super) fn check_percent(percent: f64) -> Result<(), Fault> {
    match (0.0..=100.0).contains(&percent) {
        true => Ok(()),
        false => Err(bad_request("Percent traffic must be between 0.0 and 100.0")),
    }
}

fn check_whole(api: &RestApi) -> Result<(), Fault> {
    let mut methods = api.resources.values().flat_map(|resource| resource.methods.values()).peekable();
    if methods.peek().is_none() {
        return Err(bad_request("The REST API doesn't contain any methods"));
    }
    match methods.all(|method| method.integration.is_some()) {
        true => Ok(()),
        false => Err(bad_request("No integration defined for method")),
    }
}

fn described(deployment: &Deployment) -> Value {
    let mut members = json!({ "createdDate": seconds(deployment.created_ms), "id": deployment.id });
    if let Some(text) = &deployment.description {
        members["description"] = text.as_str().into();
    }
    members
}

fn no_such_deployment() -> Fault {
    not_found("Invalid Deployment identifier specified")
}

#[derive(Deserialize)]
struct Embed {
    #[serde(default)]
    embed: Vec<String>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Embed = call.input()?;
    let id = call.path("deployment_id")?;
    let state = cloud.world.snapshot();
    let deployment = api(&state, call)?.deployments.get(id).ok_or_else(no_such_deployment)?;
    let mut members = described(deployment);
    if input.embed.iter().any(|one| one.eq_ignore_ascii_case("apisummary")) {
        members["apiSummary"] = summary(deployment);
    }
    Ok(Answer::ok(members))
}

/// Path → method → who may call it.
fn summary(deployment: &Deployment) -> Value {
    let mut paths = serde_json::Map::new();
    for resource in deployment.resources.values().filter(|resource| !resource.methods.is_empty()) {
        let told = |method: &Method| json!({ "apiKeyRequired": method.api_key_required, "authorizationType": method.authorization_type });
        let methods = resource.methods.iter().map(|(name, method)| (name.clone(), told(method)));
        paths.insert(resource.path.clone(), Value::Object(methods.collect()));
    }
    Value::Object(paths)
}

pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateDeploymentInput")?;
    let id = call.path("deployment_id")?;
    let updated = cloud.world.change(|state| {
        let deployment = api_mut(state, call)?.deployments.get_mut(id).ok_or_else(no_such_deployment)?;
        for operation in &patch.operations {
            match (operation.op.as_str(), operation.path_text()) {
                ("replace", "/description") => deployment.description = operation.text(),
                _ => return Err(operation.unknown(&PATHS)),
            }
        }
        Ok::<_, Fault>(deployment.clone())
    })?;
    Ok(Answer::ok(described(&updated)))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paged = call.input()?;
    let state = cloud.world.snapshot();
    let deployments = api(&state, call)?.deployments.values();
    Ok(Answer::ok(input.page(deployments, |one| one.id.clone(), described)?))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let id = call.path("deployment_id")?;
    cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        let uses = |stage: &Stage| {
            stage.deployment_id == id
                || stage.canary.as_ref().is_some_and(|canary| canary.deployment_id == id)
        };
        if api.stages.values().any(uses) {
            return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
        }
        api.deployments.remove(id).map(drop).ok_or_else(no_such_deployment)
    })?;
    Ok(Answer::empty(202))
}
