//! Calls of a function through the control plane.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;

use super::target::{self, LATEST, Target, version_name};
use super::{invalid, not_found, user_fault};
use crate::account;
use crate::cloud::Cloud;
use crate::functions::{Callee, Invocation, Outcome, Refusal};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Body, Call, Service};

/// The largest payload of a call that is waited for, bytes.
const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;
/// The largest payload of a call that is not, bytes.
const EVENT_LIMIT: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    qualifier: Option<String>,
}

/// `Event` runs the function once; AWS would try a failed call twice more, after one minute and after two.
pub(crate) async fn invoke(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let query: Query = call.input()?;
    let mut target = target::of(call, query.qualifier.as_deref())?;
    for header in ["x-amz-durable-execution-name", "x-amz-tenant-id"] {
        if call.header(header).is_some() {
            return Err(call.parameter_not_offered(&format!("the header {header}")));
        }
    }
    let invoked_arn = target.arn();
    target.qualifier.get_or_insert_with(|| LATEST.to_owned());
    let callee = Callee { name: target.name.clone(), version: target.version()? };
    if !callee.exists(&cloud.world.snapshot()) {
        return Err(not_found(&target.arn()));
    }
    let kind = call.header("x-amz-invocation-type").unwrap_or("RequestResponse");
    if !["Event", "RequestResponse", "DryRun"].contains(&kind) {
        let constraint = "Member must satisfy enum value set: [Event, RequestResponse, DryRun]";
        return Err(Fault::validation(Service::Lambda, "invocationType", kind, constraint));
    }
    let invocation = Invocation {
        payload: payload(call, kind)?,
        invoked_arn,
        trace_id: call.header("x-amzn-trace-id").map(str::to_owned),
        client_context: client_context(call)?,
        log_tail: call.header("x-amz-log-type") == Some("Tail"),
    };
    match kind {
        "DryRun" => Ok(Answer::empty(204)),
        "Event" => {
            let functions = cloud.functions.clone();
            tokio::spawn(async move {
                if let Err(refusal) = functions.invoke(&callee, invocation).await {
                    tracing::warn!(function = callee.name, ?refusal, "an event was not delivered");
                }
            });
            Ok(Answer::empty(202))
        }
        _ => match cloud.functions.invoke(&callee, invocation).await {
            Ok(outcome) => answered(outcome, &callee),
            Err(refusal) => Err(refused(refusal, &target)),
        },
    }
}

fn payload(call: &Call, kind: &str) -> Result<Bytes, Fault> {
    let payload = call.payload.clone();
    let limit = if kind == "Event" { EVENT_LIMIT } else { PAYLOAD_LIMIT };
    if payload.len() > limit {
        return Err(user_fault(
            413,
            "RequestEntityTooLargeException",
            format!(
                "{} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
                payload.len()
            ),
        ));
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(user_fault(
            400,
            "InvalidRequestContentException",
            format!(
                "Could not parse request body into json: Could not parse payload into json: {:?} error\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]",
                error.classify(),
                error.line(),
                error.column()
            ),
        )),
    }
}

/// It comes as base64 and the runtime gets it as JSON.
fn client_context(call: &Call) -> Result<Option<String>, Fault> {
    let Some(encoded) = call.header("x-amz-client-context") else { return Ok(None) };
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()) {
        Some(text) => Ok(Some(text)),
        None => Err(user_fault(
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        )),
    }
}

fn answered(outcome: Outcome, callee: &Callee) -> Result<Answer, Fault> {
    let mut headers = Vec::new();
    let mut add = |name: &'static str, value: &str| match HeaderValue::from_str(value) {
        Ok(value) => {
            headers.push((HeaderName::from_static(name), value));
            Ok(())
        }
        Err(_) => Err(Fault::internal(format!("the function gave a {name} that is not a header"))),
    };
    add("x-amz-executed-version", &version_name(callee.version))?;
    add("x-amzn-requestid", &outcome.request_id)?;
    if let Some(error) = &outcome.function_error {
        add("x-amz-function-error", error)?;
    }
    if let Some(tail) = &outcome.log_tail {
        add("x-amz-log-result", &STANDARD.encode(tail))?;
    }
    Ok(Answer { status: 200, headers, body: Body::Octets(outcome.payload) })
}

fn refused(refusal: Refusal, target: &Target) -> Fault {
    match refusal {
        Refusal::NotFound => not_found(&target.arn()),
        Refusal::NotActive { state } if state == "Failed" => invalid(format!(
            "The function {} is in the state Failed and cannot be invoked",
            account::function_arn(&target.name)
        )),
        Refusal::NotActive { state } => user_fault(
            409,
            "ResourceConflictException",
            format!(
                "The operation cannot be performed at this time. The function is currently in the following state: {state}"
            ),
        ),
        Refusal::Throttled { reason } => {
            user_fault(429, "TooManyRequestsException", "Rate Exceeded.").with("Reason", json!(reason))
        }
        Refusal::Failed(problem) => Fault::internal(problem),
    }
}
