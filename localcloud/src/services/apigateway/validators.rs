//! Request validators: required parameters must be there, bodies must fit their models.

use serde::Deserialize;
use serde_json::{Value, json};

use super::patch::{Operation, Patch};
use super::{Nothing, Paged, api, api_mut, bad_request, conflict, not_found};
use crate::cloud::{Cloud, short_id};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::RequestValidator;

const PATHS: [(&str, &[&str]); 1] =
    [("replace", &["/name", "/validateRequestParameters", "/validateRequestBody"])];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: Option<String>,
    #[serde(default)]
    validate_request_parameters: bool,
    #[serde(default)]
    validate_request_body: bool,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    let validator = RequestValidator {
        id: short_id(6),
        name: input.name.filter(|name| !name.is_empty()),
        parameters: input.validate_request_parameters,
        body: input.validate_request_body,
    };
    cloud.world.change(|state| {
        api_mut(state, call)?.validators.insert(validator.id.clone(), validator.clone());
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::with_status(201, described(&validator)))
}

fn described(validator: &RequestValidator) -> Value {
    let mut members = json!({
        "id": validator.id,
        "validateRequestBody": validator.body,
        "validateRequestParameters": validator.parameters,
    });
    if let Some(name) = &validator.name {
        members["name"] = name.as_str().into();
    }
    members
}

fn no_such_validator() -> Fault {
    not_found("Invalid Request Validator identifier specified")
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let id = call.path("requestvalidator_id")?;
    let state = cloud.world.snapshot();
    Ok(Answer::ok(described(api(&state, call)?.validators.get(id).ok_or_else(no_such_validator)?)))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paged = call.input()?;
    let state = cloud.world.snapshot();
    let validators = api(&state, call)?.validators.values();
    Ok(Answer::ok(input.page(validators, |one| one.id.clone(), described)?))
}

pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateRequestValidatorInput")?;
    let id = call.path("requestvalidator_id")?;
    let updated = cloud.world.change(|state| {
        let validator = api_mut(state, call)?.validators.get_mut(id).ok_or_else(no_such_validator)?;
        for operation in &patch.operations {
            apply(validator, operation)?;
        }
        Ok::<_, Fault>(validator.clone())
    })?;
    Ok(Answer::ok(described(&updated)))
}

fn apply(validator: &mut RequestValidator, operation: &Operation) -> Result<(), Fault> {
    match (operation.op.as_str(), operation.segments().as_slice()) {
        ("replace", [word]) if word == "name" => {
            let blank = || bad_request("Request Validator name cannot be blank");
            validator.name = Some(operation.text().ok_or_else(blank)?);
        }
        ("replace", [word]) if word == "validateRequestParameters" => {
            validator.parameters = operation.is_on()
        }
        ("replace", [word]) if word == "validateRequestBody" => validator.body = operation.is_on(),
        _ => return Err(operation.unknown(&PATHS)),
    }
    Ok(())
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let id = call.path("requestvalidator_id")?;
    cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        let mut methods = api.resources.values().flat_map(|resource| {
            resource.methods.iter().map(move |(name, method)| (&resource.path, name, method))
        });
        let user = methods.find(|(_, _, method)| method.request_validator_id.as_deref() == Some(id));
        if let Some((path, name, _)) = user {
            return Err(conflict(format!(
                "Cannot delete validator '{id}', is referenced in method request: {path}/{name}"
            )));
        }
        api.validators.remove(id).map(drop).ok_or_else(no_such_validator)
    })?;
    Ok(Answer::empty(202))
}
