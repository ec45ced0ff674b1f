//! The methods of a resource.

mod responses;
mod update;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Nothing, bad_request, conflict, integrations, mapping, method, models, no_such_method};
use super::{no_such_resource, resource_of_method_mut};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{Method, RestApi};

pub(super) use responses::{delete_response, get_response, put_response, update_response};
pub(super) use update::update;

/// As AWS lists them when it refuses another.
const METHODS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    authorization_type: String,
    #[serde(default)]
    api_key_required: bool,
    operation_name: Option<String>,
    #[serde(default)]
    request_parameters: BTreeMap<String, bool>,
    #[serde(default)]
    request_models: BTreeMap<String, String>,
    request_validator_id: Option<String>,
    /// Of no use without an authorizer, of which there is none.
    #[serde(rename = "authorizerId")]
    _authorizer_id: Option<String>,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let name = call.path("http_method")?;
    let created = Method {
        authorization_type: input.authorization_type,
        api_key_required: input.api_key_required,
        operation_name: input.operation_name.filter(|name| !name.is_empty()),
        request_parameters: input.request_parameters,
        request_models: input.request_models,
        request_validator_id: input.request_validator_id.filter(|id| !id.is_empty()),
        ..Method::default()
    };
    let told = cloud.world.change(|state| {
        let id = call.path("resource_id")?;
        let api = state.apis.get_mut(call.path("restapi_id")?).ok_or_else(no_such_resource)?;
        let resource = api.resources.get(id).ok_or_else(no_such_resource)?;
        if !METHODS.contains(&name) {
            let valid = METHODS.join(",");
            return Err(bad_request(format!("Invalid HttpMethod specified. Valid options are {valid}")));
        }
        if resource.methods.contains_key(name) {
            return Err(conflict("Method already exists for this resource"));
        }
        let authorization_type = authorization(&created.authorization_type)?;
        check(api, &created)?;
        let created = Method { authorization_type, ..created };
        let told = described(name, &created);
        let resource = api.resources.get_mut(id).ok_or_else(no_such_resource)?;
        resource.methods.insert(name.to_owned(), created);
        Ok(told)
    })?;
    Ok(Answer::with_status(201, told))
}

/// `NONE` or `AWS_IAM`: the others need an authorizer, and there are none here.
fn authorization(kind: &str) -> Result<String, Fault> {
    match kind.to_ascii_uppercase().as_str() {
        kind @ ("NONE" | "AWS_IAM") => Ok(kind.to_owned()),
        "CUSTOM" | "COGNITO_USER_POOLS" => Err(bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
        )),
        _ => Err(bad_request(
            "Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS",
        )),
    }
}

/// What a method names has to be there.
fn check(api: &RestApi, method: &Method) -> Result<(), Fault> {
    if method.request_validator_id.as_ref().is_some_and(|id| !api.validators.contains_key(id)) {
        return Err(bad_request("Invalid Request Validator identifier specified"));
    }
    models::check_named(api, method.request_models.values())?;
    mapping::check_request_parameters(&method.request_parameters)
}

pub(super) fn described(name: &str, method: &Method) -> Value {
    let mut members = json!({
        "apiKeyRequired": method.api_key_required,
        "authorizationType": method.authorization_type,
        "httpMethod": name,
    });
    if let Some(name) = &method.operation_name {
        members["operationName"] = name.as_str().into();
    }
    if let Some(id) = &method.request_validator_id {
        members["requestValidatorId"] = id.as_str().into();
    }
    if !method.request_parameters.is_empty() {
        members["requestParameters"] = json!(method.request_parameters);
    }
    if !method.request_models.is_empty() {
        members["requestModels"] = json!(method.request_models);
    }
    if !method.responses.is_empty() {
        let told = method.responses.iter();
        let told: Map<String, Value> =
            told.map(|(status, one)| (status.clone(), responses::described(status, one))).collect();
        members["methodResponses"] = told.into();
    }
    if let Some(integration) = &method.integration {
        members["methodIntegration"] = integrations::described(integration);
    }
    members
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    Ok(Answer::ok(described(call.path("http_method")?, method(&cloud.world.snapshot(), call)?)))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let name = call.path("http_method")?;
    cloud.world.change(|state| {
        resource_of_method_mut(state, call)?.methods.remove(name).map(drop).ok_or_else(no_such_method)
    })?;
    Ok(Answer::empty(204))
}
