//! Snapshots of an API, which is what stages answer from.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::stages::{check_name, check_variables};
use super::{Nothing, Paged, api, api_mut, bad_request, not_found, seconds};
use crate::cloud::{Cloud, now_ms, short_id};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{Deployment, RestApi, Stage, Throttle};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    stage_name: Option<String>,
    stage_description: Option<String>,
    description: Option<String>,
    variables: Option<BTreeMap<String, String>>,
}

/// The stage that is named is made, or pointed at the new deployment; variables that are given replace its own.
pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    let stage_name = input.stage_name.filter(|name| !name.is_empty());
    if let Some(name) = &stage_name {
        check_name(name)?;
    }
    check_variables(input.variables.iter().flatten())?;
    let created = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        check_whole(api)?;
        let now = now_ms();
        let deployment = Deployment {
            id: short_id(6),
            created_ms: now,
            description: input.description,
            resources: api.resources.clone(),
            gateway_responses: api.gateway_responses.clone(),
            binary_media_types: api.binary_media_types.clone(),
        };
        api.deployments.insert(deployment.id.clone(), deployment.clone());
        if let Some(name) = stage_name {
            let stage = api.stages.entry(name.clone()).or_insert_with(|| Stage {
                name,
                deployment_id: String::new(),
                description: None,
                variables: BTreeMap::new(),
                created_ms: now,
                updated_ms: now,
                tags: BTreeMap::new(),
                throttle: Throttle::default(),
            });
            stage.deployment_id.clone_from(&deployment.id);
            stage.updated_ms = now;
            if let Some(variables) = input.variables {
                stage.variables = variables;
            }
            if input.stage_description.is_some() {
                stage.description = input.stage_description;
            }
        }
        Ok::<_, Fault>(deployment)
    })?;
    Ok(Answer::with_status(201, described(&created)))
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

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let id = call.path("deployment_id")?;
    let state = cloud.world.snapshot();
    let deployment = api(&state, call)?.deployments.get(id).ok_or_else(no_such_deployment)?;
    Ok(Answer::ok(described(deployment)))
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
        if api.stages.values().any(|stage| stage.deployment_id == id) {
            return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
        }
        api.deployments.remove(id).map(drop).ok_or_else(no_such_deployment)
    })?;
    Ok(Answer::empty(202))
}
