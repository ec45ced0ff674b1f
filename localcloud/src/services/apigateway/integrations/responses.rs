//! What an integration's answers become, by status.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::patch::{Operation, Patch};
use super::super::{Nothing, mapping, method, method_mut, no_such_response, status};
use super::{Templates, check_handling, check_templates, no_such_integration, templates};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::State;
use crate::world::apis::IntegrationResponse;

const MAPS: &[&str] = &["/responseParameters/{name}", "/responseTemplates/{contentType}"];
const PATHS: [(&str, &[&str]); 3] = [
    ("add", MAPS),
    ("remove", MAPS),
    (
        "replace",
        &[
            "/contentHandling",
            "/responseParameters/{name}",
            "/responseTemplates/{contentType}",
            "/selectionPattern",
        ],
    ),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    selection_pattern: Option<String>,
    response_parameters: Option<BTreeMap<String, String>>,
    /// Read by [`templates`].
    #[serde(rename = "responseTemplates")]
    _response_templates: Option<Templates>,
    content_handling: Option<String>,
}

pub(super) fn described(status: &str, response: &IntegrationResponse) -> Value {
    let mut members = json!({ "statusCode": status });
    if let Some(pattern) = &response.selection_pattern {
        members["selectionPattern"] = pattern.as_str().into();
    }
    if let Some(handling) = &response.content_handling {
        members["contentHandling"] = handling.as_str().into();
    }
    if let Some(parameters) = &response.parameters {
        members["responseParameters"] = json!(parameters);
    }
    if let Some(templates) = &response.templates {
        members["responseTemplates"] = json!(templates);
    }
    members
}

/// Keeps a response, if it can be.
fn keep(state: &mut State, call: &Call, status: &str, response: &IntegrationResponse) -> Result<(), Fault> {
    let method = method_mut(state, call)?;
    let kind = method.integration.as_ref().map(|integration| integration.kind.as_str());
    check_templates(call, kind.ok_or_else(no_such_integration)?, response.templates.as_ref())?;
    check_handling(call, response.content_handling.as_deref())?;
    mapping::check_integration_response(call, method, status, response.parameters.as_ref())?;
    let integration = method.integration.as_mut().ok_or_else(no_such_integration)?;
    integration.responses.insert(status.to_owned(), response.clone());
    Ok(())
}

pub(in super::super) fn put_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let status = status(call)?;
    let handling = input.content_handling.as_deref();
    if let Some(handling) = handling.filter(|one| !["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"].contains(one)) {
        let member = "putIntegrationResponseInput.contentHandling";
        let constraint = "Member must satisfy enum value set: [CONVERT_TO_BINARY, CONVERT_TO_TEXT]";
        return Err(Fault::validation(Service::ApiGateway, member, handling, constraint));
    }
    let response = IntegrationResponse {
        selection_pattern: input.selection_pattern,
        parameters: input.response_parameters,
        templates: templates(call, "responseTemplates")?,
        content_handling: input.content_handling,
    };
    cloud.world.change(|state| keep(state, call, status, &response))?;
    Ok(Answer::with_status(201, described(status, &response)))
}

fn found<'a>(state: &'a State, call: &Call, status: &str) -> Result<&'a IntegrationResponse, Fault> {
    let integration = method(state, call)?.integration.as_ref().ok_or_else(no_such_integration)?;
    integration.responses.get(status).ok_or_else(no_such_response)
}

pub(in super::super) fn get_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let status = status(call)?;
    Ok(Answer::ok(described(status, found(&cloud.world.snapshot(), call, status)?)))
}

pub(in super::super) fn update_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateIntegrationResponseInput")?;
    let status = status(call)?;
    let updated = cloud.world.change(|state| {
        let mut response = found(state, call, status)?.clone();
        for operation in &patch.operations {
            apply(&mut response, operation)?;
        }
        keep(state, call, status, &response)?;
        Ok::<_, Fault>(response)
    })?;
    Ok(Answer::ok(described(status, &updated)))
}

fn apply(response: &mut IntegrationResponse, operation: &Operation) -> Result<(), Fault> {
    let segments = operation.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (operation.op.as_str(), words.as_slice()) {
        ("replace", ["selectionPattern"]) => response.selection_pattern = operation.value.clone(),
        ("replace", ["contentHandling"]) => response.content_handling = operation.text(),
        ("add" | "replace" | "remove", ["responseParameters", name]) => {
            let parameters = response.parameters.get_or_insert_default();
            operation.change(parameters, name, |operation| Ok(operation.value()?.to_owned()))?;
        }
        ("add" | "replace" | "remove", ["responseTemplates", kind]) => {
            let templates = response.templates.get_or_insert_default();
            operation.change(templates, kind, |operation| Ok(operation.text()))?;
        }
        _ => return Err(operation.unknown(&PATHS)),
    }
    Ok(())
}

pub(in super::super) fn delete_response(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let status = status(call)?;
    cloud.world.change(|state| {
        let integration = method_mut(state, call)?.integration.as_mut().ok_or_else(no_such_integration)?;
        integration.responses.remove(status).map(drop).ok_or_else(no_such_response)
    })?;
    Ok(Answer::empty(204))
}
