//! Where methods lead: functions, and nothing else here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nothing, bad_request, method, no_such_method, not_found, resource_mut};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::apis::Integration;

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
    timeout_in_millis: Option<i64>,
    response_transfer_mode: Option<String>,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let kinds = ["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"];
    if !kinds.contains(&input.r#type.as_str()) {
        let constraint = format!("Member must satisfy enum value set: [{}]", kinds.join(", "));
        return Err(Fault::validation(
            Service::ApiGateway,
            "putIntegrationInput.type",
            &input.r#type,
            &constraint,
        ));
    }
    if input.r#type != "AWS_PROXY" {
        return Err(call.parameter_not_offered(&format!("integrations of type {}", input.r#type)));
    }
    if input.response_transfer_mode.as_deref().is_some_and(|mode| mode != "BUFFERED") {
        return Err(call.parameter_not_offered("a responseTransferMode other than BUFFERED"));
    }
    if input.connection_type.is_some_and(|kind| kind != "INTERNET") {
        return Err(call.parameter_not_offered("a connectionType other than INTERNET"));
    }
    if input.http_method.is_none() {
        return Err(bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    let Some(uri) = input.uri.filter(|uri| !uri.is_empty()) else {
        return Err(bad_request("Uri must be non-empty"));
    };
    check_uri(&uri)?;
    let timeout = input.timeout_in_millis.unwrap_or(29_000);
    let timeout_ms = match u32::try_from(timeout) {
        Ok(fits @ 50..=29_000) => fits,
        _ => return Err(bad_request("Timeout should be between 50 ms and 29000 ms")),
    };
    let resource_id = call.path("resource_id")?.to_owned();
    let integration = Integration {
        kind: input.r#type,
        http_method: input.http_method,
        uri: Some(uri),
        timeout_ms,
        passthrough_behavior: input.passthrough_behavior.unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
        cache_namespace: input.cache_namespace.unwrap_or(resource_id),
        response_transfer_mode: "BUFFERED".to_owned(),
    };
    change(cloud, call, |slot| {
        *slot = Some(integration.clone());
        Ok(())
    })?;
    Ok(Answer::with_status(201, described(&integration)))
}

/// Stage variables may stand anywhere in the function's ARN, so what they lead to is not looked at.
fn check_uri(uri: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", _, service, region, target, path] = parts.as_slice() else {
        return Err(bad_request("Invalid ARN specified in the request"));
    };
    let action = path.strip_prefix("path/").or_else(|| path.strip_prefix("action/"));
    let Some(action) = action.filter(|_| *service == "apigateway") else {
        return Err(bad_request("AWS ARN for integration must contain path or action"));
    };
    if *target != "lambda" || !action.starts_with("2015-03-31/functions/") {
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
    json!({
        "cacheKeyParameters": [],
        "cacheNamespace": integration.cache_namespace,
        "httpMethod": integration.http_method,
        "passthroughBehavior": integration.passthrough_behavior,
        "responseTransferMode": integration.response_transfer_mode,
        "timeoutInMillis": integration.timeout_ms,
        "type": integration.kind,
        "uri": integration.uri,
    })
}

fn no_such_integration() -> Fault {
    not_found("Invalid Integration identifier specified")
}

fn change(
    cloud: &Cloud,
    call: &Call,
    change: impl FnOnce(&mut Option<Integration>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let name = call.path("http_method")?;
    cloud.world.change(|state| {
        let method = resource_mut(state, call)?.methods.get_mut(name).ok_or_else(no_such_method)?;
        change(&mut method.integration)
    })
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let state = cloud.world.snapshot();
    let integration = method(&state, call)?.integration.as_ref().ok_or_else(no_such_integration)?;
    Ok(Answer::ok(described(integration)))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    change(cloud, call, |slot| slot.take().map(drop).ok_or_else(no_such_integration))?;
    Ok(Answer::empty(204))
}
