//! REST APIs as they are edited: resources, methods, integrations, deployments, stages, gateway responses.

mod account;
mod apis;
mod deployments;
mod integrations;
mod mapping;
mod method_settings;
mod methods;
mod models;
mod needs;
mod patch;
mod resources;
mod responses;
mod stages;
mod tags;
mod validators;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::ACCOUNT_ID;
use crate::cloud::Cloud;
use crate::services::paging;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::State;
use crate::world::apis::{Method, Resource, RestApi};

pub(crate) use needs::needs;

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "CreateRestApi" => apis::create(cloud, call),
        "GetRestApi" => apis::get(cloud, call),
        "GetRestApis" => apis::list(cloud, call),
        "UpdateRestApi" => apis::update(cloud, call),
        "DeleteRestApi" => apis::delete(cloud, call),
        "GetAccount" => account::get(cloud, call),
        "UpdateAccount" => account::update(cloud, call),
        "CreateResource" => resources::create(cloud, call),
        "GetResource" => resources::get(cloud, call),
        "GetResources" => resources::list(cloud, call),
        "UpdateResource" => resources::update(cloud, call),
        "DeleteResource" => resources::delete(cloud, call),
        "PutMethod" => methods::put(cloud, call),
        "GetMethod" => methods::get(cloud, call),
        "UpdateMethod" => methods::update(cloud, call),
        "DeleteMethod" => methods::delete(cloud, call),
        "PutMethodResponse" => methods::put_response(cloud, call),
        "GetMethodResponse" => methods::get_response(cloud, call),
        "UpdateMethodResponse" => methods::update_response(cloud, call),
        "DeleteMethodResponse" => methods::delete_response(cloud, call),
        "PutIntegration" => integrations::put(cloud, call),
        "GetIntegration" => integrations::get(cloud, call),
        "UpdateIntegration" => integrations::update(cloud, call),
        "DeleteIntegration" => integrations::delete(cloud, call),
        "PutIntegrationResponse" => integrations::put_response(cloud, call),
        "GetIntegrationResponse" => integrations::get_response(cloud, call),
        "UpdateIntegrationResponse" => integrations::update_response(cloud, call),
        "DeleteIntegrationResponse" => integrations::delete_response(cloud, call),
        "CreateModel" => models::create(cloud, call),
        "GetModel" => models::get(cloud, call),
        "GetModels" => models::list(cloud, call),
        "UpdateModel" => models::update(cloud, call),
        "DeleteModel" => models::delete(cloud, call),
        "CreateRequestValidator" => validators::create(cloud, call),
        "GetRequestValidator" => validators::get(cloud, call),
        "GetRequestValidators" => validators::list(cloud, call),
        "UpdateRequestValidator" => validators::update(cloud, call),
        "DeleteRequestValidator" => validators::delete(cloud, call),
        "CreateDeployment" => deployments::create(cloud, call),
        "GetDeployment" => deployments::get(cloud, call),
        "GetDeployments" => deployments::list(cloud, call),
        "UpdateDeployment" => deployments::update(cloud, call),
        "DeleteDeployment" => deployments::delete(cloud, call),
        "CreateStage" => stages::create(cloud, call),
        "GetStage" => stages::get(cloud, call),
        "GetStages" => stages::list(cloud, call),
        "UpdateStage" => stages::update(cloud, call),
        "DeleteStage" => stages::delete(cloud, call),
        "PutGatewayResponse" => responses::put(cloud, call),
        "GetGatewayResponse" => responses::get(cloud, call),
        "GetGatewayResponses" => responses::list(cloud, call),
        "UpdateGatewayResponse" => responses::update(cloud, call),
        "DeleteGatewayResponse" => responses::delete(cloud, call),
        "GetTags" => tags::get(cloud, call),
        "TagResource" => tags::tag(cloud, call),
        "UntagResource" => tags::untag(cloud, call),
        _ => Err(call.not_offered()),
    }
}

fn bad_request(message: impl Into<String>) -> Fault {
    Fault::new(400, "BadRequestException", message)
}

fn not_found(message: impl Into<String>) -> Fault {
    Fault::new(404, "NotFoundException", message)
}

fn conflict(message: impl Into<String>) -> Fault {
    Fault::new(409, "ConflictException", message)
}

/// An input that has no members of its own.
#[derive(Deserialize)]
struct Nothing {}

/// A page of a list.
#[derive(Deserialize)]
struct Paged {
    position: Option<String>,
    limit: Option<i64>,
}

impl Paged {
    /// 25 items unless asked otherwise, 500 at most. The wire calls them `item`.
    fn page<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
        tell: impl Fn(T) -> Value,
    ) -> Result<Value, Fault> {
        let limit = self.limit.map_or(25, |most| usize::try_from(most.clamp(1, 500)).unwrap_or(25));
        let page = paging::page(items, key, self.position.as_deref(), limit)
            .ok_or_else(|| bad_request("Invalid position parameter specified"))?;
        let mut members = json!({ "item": page.items.into_iter().map(tell).collect::<Vec<_>>() });
        if let Some(next) = page.next {
            members["position"] = next.into();
        }
        Ok(members)
    }
}

fn no_such_api(id: &str) -> Fault {
    not_found(format!("Invalid API identifier specified {}:{id}", ACCOUNT_ID))
}

/// The API in the path of the call.
fn api<'a>(state: &'a State, call: &Call) -> Result<&'a RestApi, Fault> {
    let id = call.path("restapi_id")?;
    state.apis.get(id).ok_or_else(|| no_such_api(id))
}

fn api_mut<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut RestApi, Fault> {
    let id = call.path("restapi_id")?;
    state.apis.get_mut(id).ok_or_else(|| no_such_api(id))
}

fn no_such_resource() -> Fault {
    not_found("Invalid Resource identifier specified")
}

/// The resource in the path of the call.
fn resource<'a>(state: &'a State, call: &Call) -> Result<&'a Resource, Fault> {
    let id = call.path("resource_id")?;
    api(state, call)?.resources.get(id).ok_or_else(no_such_resource)
}

/// The resource that a call about one of its methods names. AWS then says of an API that is not there that the resource is
/// not (recorded).
fn resource_of_method<'a>(state: &'a State, call: &Call) -> Result<&'a Resource, Fault> {
    let api = state.apis.get(call.path("restapi_id")?).ok_or_else(no_such_resource)?;
    api.resources.get(call.path("resource_id")?).ok_or_else(no_such_resource)
}

fn resource_of_method_mut<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Resource, Fault> {
    let api = state.apis.get_mut(call.path("restapi_id")?).ok_or_else(no_such_resource)?;
    api.resources.get_mut(call.path("resource_id")?).ok_or_else(no_such_resource)
}

fn no_such_method() -> Fault {
    not_found("Invalid Method identifier specified")
}

/// The method in the path of the call.
fn method<'a>(state: &'a State, call: &Call) -> Result<&'a Method, Fault> {
    let name = call.path("http_method")?;
    resource_of_method(state, call)?.methods.get(name).ok_or_else(no_such_method)
}

fn method_mut<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Method, Fault> {
    let name = call.path("http_method")?;
    resource_of_method_mut(state, call)?.methods.get_mut(name).ok_or_else(no_such_method)
}

fn no_such_response() -> Fault {
    not_found("Invalid Response status code specified")
}

/// The status in the path of the call.
fn status(call: &Call) -> Result<&str, Fault> {
    let status = call.path("status_code")?;
    check_status(call, status)?;
    Ok(status)
}

/// Refuses a status that the model does not know.
fn check_status(call: &Call, status: &str) -> Result<(), Fault> {
    let bytes = status.as_bytes();
    if let [b'1'..=b'5', second, third] = bytes
        && second.is_ascii_digit()
        && third.is_ascii_digit()
    {
        return Ok(());
    }
    let constraint = r"Member must satisfy regular expression pattern: [1-5]\d\d";
    Err(Fault::validation(Service::ApiGateway, &input_member(call, "statusCode"), status, constraint))
}

/// What the model calls a member of a call's input.
fn input_member(call: &Call, member: &str) -> String {
    format!("{}{}Input.{member}", call.operation[..1].to_lowercase(), &call.operation[1..])
}

/// Epoch seconds.
fn seconds(epoch_ms: i64) -> i64 {
    epoch_ms.div_euclid(1000)
}
