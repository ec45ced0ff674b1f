//! Where methods lead: to functions, or to answers that the gateway makes up itself (MOCK).

mod responses;
mod update;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Nothing, bad_request, mapping, method, method_mut, not_found};
use crate::account;
use crate::cloud::Cloud;
use crate::gateway::{around, template};
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};
use crate::world::apis::Integration;

pub(super) use responses::{delete_response, get_response, put_response, update_response};
pub(super) use update::update;

const KINDS: [&str; 5] = ["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    r#type: String,
    /// The wire's name for `integrationHttpMethod`.
    http_method: Option<String>,
    uri: Option<String>,
    connection_type: Option<String>,
    passthrough_behavior: Option<String>,
    cache_namespace: Option<String>,
    #[serde(default)]
    cache_key_parameters: Vec<String>,
    content_handling: Option<String>,
    timeout_in_millis: Option<i64>,
    response_transfer_mode: Option<String>,
    request_parameters: Option<BTreeMap<String, String>>,
    /// Read by [`templates`].
    #[serde(rename = "requestTemplates")]
    _request_templates: Option<Templates>,
}

type Templates = BTreeMap<String, Option<String>>;

/// A member that holds templates; an empty one is none (recorded).
fn templates(call: &Call, member: &str) -> Result<Option<Templates>, Fault> {
    let Some(given) = call.member(member) else { return Ok(None) };
    let given: Templates = serde_json::from_value(given.clone())
        .map_err(|_| Fault::new(400, "SerializationException", format!("{member} is no map of texts")))?;
    Ok(Some(given.into_iter().map(|(kind, one)| (kind, one.filter(|text| !text.is_empty()))).collect()))
}

/// Templates are filled in for MOCK alone, so there they must be of the kind that can be.
fn check_templates(call: &Call, kind: &str, templates: Option<&Templates>) -> Result<(), Fault> {
    let mut texts = templates.into_iter().flatten().filter_map(|(_, text)| text.as_deref());
    match texts.find_map(template::not_offered).filter(|_| kind == "MOCK") {
        Some(named) => Err(call.parameter_not_offered(&format!("mapping templates with {named}"))),
        None => Ok(()),
    }
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    check_enumerated(&input)?;
    let request_templates = templates(call, "requestTemplates")?;
    let told = cloud.world.change(|state| {
        let method = method_mut(state, call)?;
        let integration = made(call, input, request_templates)?;
        check(call, &integration)?;
        mapping::check_integration(&integration, method)?;
        let told = described(&integration);
        method.integration = Some(integration);
        Ok::<_, Fault>(told)
    })?;
    Ok(Answer::with_status(201, told))
}

/// What the model says of the members.
fn check_enumerated(input: &Put) -> Result<(), Fault> {
    let mut errors = Vec::new();
    let mut check = |member: &str, value: Option<&str>, all: &[&str]| {
        if let Some(value) = value.filter(|value| !all.contains(value)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", all.join(", "));
            errors.push(broken(&format!("putIntegrationInput.{member}"), value, &constraint));
        }
    };
    check("type", Some(&input.r#type), &KINDS);
    check("connectionType", input.connection_type.as_deref(), &["INTERNET", "VPC_LINK"]);
    check("contentHandling", input.content_handling.as_deref(), &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"]);
    check("responseTransferMode", input.response_transfer_mode.as_deref(), &["BUFFERED", "STREAM"]);
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Fault::validations(Service::ApiGateway, &errors)),
    }
}

fn made(call: &Call, input: Put, request_templates: Option<Templates>) -> Result<Integration, Fault> {
    if input.connection_type.is_some_and(|kind| kind != "INTERNET") {
        return Err(call.parameter_not_offered("a connectionType other than INTERNET"));
    }
    let resource_id = call.path("resource_id")?.to_owned();
    let timeout = input.timeout_in_millis.unwrap_or(29_000);
    Ok(Integration {
        kind: input.r#type,
        http_method: input.http_method.filter(|method| !method.is_empty()),
        uri: input.uri.filter(|uri| !uri.is_empty()),
        // What does not fit is refused with the rest.
        timeout_ms: u32::try_from(timeout).unwrap_or_default(),
        passthrough_behavior: input.passthrough_behavior.unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
        cache_namespace: input.cache_namespace.unwrap_or(resource_id),
        response_transfer_mode: input.response_transfer_mode.unwrap_or_else(|| "BUFFERED".to_owned()),
        request_parameters: input.request_parameters,
        request_templates,
        content_handling: input.content_handling,
        cache_key_parameters: input.cache_key_parameters,
        responses: BTreeMap::new(),
    })
}

/// Refuses an integration that cannot be, and those that are not offered.
fn check(call: &Call, integration: &Integration) -> Result<(), Fault> {
    let kind = integration.kind.as_str();
    let streams = integration.response_transfer_mode == "STREAM";
    if kind != "MOCK" {
        if integration.http_method.is_none() {
            return Err(bad_request("Enumeration value for HttpMethod must be non-empty"));
        }
        let uri = integration.uri.as_deref().unwrap_or_default();
        match kind {
            "HTTP" | "HTTP_PROXY" if !(uri.starts_with("http://") || uri.starts_with("https://")) => {
                return Err(bad_request("Invalid HTTP endpoint specified for URI"));
            }
            "HTTP" | "HTTP_PROXY" => {}
            _ => check_uri(uri, kind)?,
        }
        if kind != "AWS_PROXY" {
            return Err(call.parameter_not_offered(&format!("integrations of type {kind}")));
        }
        let (before, behind) = around(true);
        let (dated, called) = (uri.contains(&format!(":path/{before}")), uri.ends_with(behind));
        if dated != called || dated != streams {
            return Err(bad_request(format!(
                "The response transfer mode STREAM and a URI of the form …:lambda:path/{before}FUNCTION-ARN{behind} go together"
            )));
        }
    } else if streams {
        return Err(bad_request("The response transfer mode STREAM is for AWS_PROXY and HTTP_PROXY"));
    }
    // Streams may take as long as a function may.
    let longest = if streams { 900_000 } else { 29_000 };
    if !(50..=longest).contains(&integration.timeout_ms) {
        return Err(bad_request(format!("Timeout should be between 50 ms and {longest} ms")));
    }
    let behavior = integration.passthrough_behavior.as_str();
    if !["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"].contains(&behavior) {
        return Err(bad_request(format!("Invalid passthrough behavior {behavior} specified")));
    }
    check_handling(call, integration.content_handling.as_deref())?;
    check_templates(call, kind, integration.request_templates.as_ref())
}

/// A proxy passes on what there is and MOCK makes text: to bytes, nothing is converted here.
fn check_handling(call: &Call, handling: Option<&str>) -> Result<(), Fault> {
    match handling {
        None | Some("CONVERT_TO_TEXT") => Ok(()),
        Some(other) => Err(call.parameter_not_offered(&format!("the contentHandling {other}"))),
    }
}

/// Stage variables may stand anywhere in the function's ARN, so what they lead to is not looked at.
fn check_uri(uri: &str, kind: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", _, service, region, target, path] = parts.as_slice() else {
        return Err(bad_request("Invalid ARN specified in the request"));
    };
    let action = path.strip_prefix("path/").or_else(|| path.strip_prefix("action/"));
    let Some(action) = action.filter(|_| *service == "apigateway") else {
        return Err(bad_request("AWS ARN for integration must contain path or action"));
    };
    let dates = ["2015-03-31/functions/", "2021-11-15/functions/"];
    if kind == "AWS_PROXY" && !(*target == "lambda" && dates.iter().any(|date| action.starts_with(date))) {
        return Err(bad_request(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ));
    }
    if *region != account::REGION {
        return Err(bad_request(format!("Invalid region '{region}' in the integration's URI")));
    }
    Ok(())
}

pub(super) fn described(integration: &Integration) -> Value {
    let mut members = json!({
        "cacheKeyParameters": integration.cache_key_parameters,
        "cacheNamespace": integration.cache_namespace,
        "passthroughBehavior": integration.passthrough_behavior,
        "timeoutInMillis": integration.timeout_ms,
        "type": integration.kind,
    });
    let texts = [
        ("contentHandling", &integration.content_handling),
        ("httpMethod", &integration.http_method),
        ("uri", &integration.uri),
    ];
    for (member, text) in texts {
        if let Some(text) = text {
            members[member] = text.as_str().into();
        }
    }
    if integration.kind != "MOCK" {
        members["responseTransferMode"] = integration.response_transfer_mode.as_str().into();
    }
    if let Some(parameters) = &integration.request_parameters {
        members["requestParameters"] = json!(parameters);
    }
    if let Some(templates) = &integration.request_templates {
        members["requestTemplates"] = json!(templates);
    }
    if !integration.responses.is_empty() {
        let told = integration.responses.iter();
        let told: Map<String, Value> =
            told.map(|(status, one)| (status.clone(), responses::described(status, one))).collect();
        members["integrationResponses"] = told.into();
    }
    members
}

fn no_such_integration() -> Fault {
    not_found("Invalid Integration identifier specified")
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let state = cloud.world.snapshot();
    let integration = method(&state, call)?.integration.as_ref().ok_or_else(no_such_integration)?;
    Ok(Answer::ok(described(integration)))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    cloud.world.change(|state| {
        method_mut(state, call)?.integration.take().map(drop).ok_or_else(no_such_integration)
    })?;
    Ok(Answer::empty(204))
}
