//! What a method may answer, by status.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::patch::{Operation, Patch};
use super::super::{Nothing, api, conflict, mapping, method, method_mut, models, no_such_response, status};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::apis::MethodResponse;

const MAPS: &[&str] = &["/responseModels/{contentType}", "/responseParameters/{name}"];
const PATHS: [(&str, &[&str]); 3] = [("add", MAPS), ("remove", MAPS), ("replace", MAPS)];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    response_parameters: Option<BTreeMap<String, bool>>,
    response_models: Option<BTreeMap<String, String>>,
}

pub(super) fn described(status: &str, response: &MethodResponse) -> Value {
    let mut members = json!({ "statusCode": status });
    if let Some(models) = &response.models {
        members["responseModels"] = json!(models);
    }
    if let Some(parameters) = &response.parameters {
        members["responseParameters"] = json!(parameters);
    }
    members
}

fn check(state: &State, call: &Call, response: &MethodResponse) -> Result<(), Fault> {
    if let Some(parameters) = &response.parameters {
        mapping::check_response_parameters(parameters)?;
    }
    models::check_named(api(state, call)?, response.models.iter().flatten().map(|(_, name)| name))
}

pub(in super::super) fn put_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let status = status(call)?;
    let response = MethodResponse { parameters: input.response_parameters, models: input.response_models };
    cloud.world.change(|state| {
        if method(state, call)?.responses.contains_key(status) {
            return Err(conflict("Response already exists for this resource"));
        }
        check(state, call, &response)?;
        method_mut(state, call)?.responses.insert(status.to_owned(), response.clone());
        Ok(())
    })?;
    Ok(Answer::with_status(201, described(status, &response)))
}

pub(in super::super) fn get_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let status = status(call)?;
    let state = cloud.world.snapshot();
    let response = method(&state, call)?.responses.get(status).ok_or_else(no_such_response)?;
    Ok(Answer::ok(described(status, response)))
}

/// AWS answers this one with 201.
pub(in super::super) fn update_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateMethodResponseInput")?;
    let status = status(call)?;
    let updated = cloud.world.change(|state| {
        let mut response =
            method(state, call)?.responses.get(status).cloned().ok_or_else(no_such_response)?;
        for operation in &patch.operations {
            apply(&mut response, operation)?;
        }
        check(state, call, &response)?;
        method_mut(state, call)?.responses.insert(status.to_owned(), response.clone());
        Ok::<_, Fault>(response)
    })?;
    Ok(Answer::with_status(201, described(status, &updated)))
}

fn apply(response: &mut MethodResponse, operation: &Operation) -> Result<(), Fault> {
    match operation.segments().as_slice() {
        [map, name] if map == "responseParameters" => {
            let parameters = response.parameters.get_or_insert_default();
            operation.change(parameters, name, |operation| Ok(operation.is_on()))
        }
        [map, kind] if map == "responseModels" => {
            let models = response.models.get_or_insert_default();
            operation.change(models, kind, |operation| Ok(operation.value()?.to_owned()))
        }
        _ => Err(operation.unknown(&PATHS)),
    }
}

pub(in super::super) fn delete_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let status = status(call)?;
    cloud.world.change(|state| {
        method_mut(state, call)?.responses.remove(status).map(drop).ok_or_else(no_such_response)
    })?;
    Ok(Answer::empty(204))
}
