//! Calls of a function through the control plane.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;

use super::constraints::Constraints;
use super::target::{self, Target, version_name};
use super::{delivery, invalid, not_found, payload, recursion, user_fault};
use crate::account;
use crate::cloud::Cloud;
use crate::functions::{Callee, Invocation, Outcome, Refusal};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Body, Call};
use crate::world::State;
use crate::world::functions::{Function, LATEST};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    qualifier: Option<String>,
}

/// A call that was understood: who is to be invoked, and with what.
pub(super) struct Wanted {
    pub(super) target: Target,
    pub(super) callee: Callee,
    pub(super) invocation: Invocation,
    /// `RequestResponse`, `DryRun` or `Event`.
    pub(super) kind: String,
}

/// Reads a call of Invoke, or of its streaming sister; `kinds` are the invocation types that it knows.
pub(super) fn wanted(cloud: &Cloud, call: &Call, kinds: &[&str]) -> Result<Wanted, Fault> {
    let query: Query = call.input()?;
    for header in ["x-amz-durable-execution-name", "x-amz-tenant-id"] {
        if call.header(header).is_some() {
            return Err(call.parameter_not_offered(&format!("the header {header}")));
        }
    }
    let kind = call.header("x-amz-invocation-type").unwrap_or("RequestResponse");
    let log_type = call.header("x-amz-log-type");
    let mut constraints = Constraints::default();
    target::constrain(call, query.qualifier.as_deref(), &mut constraints)?;
    constraints.one_of("invocationType", Some(kind), kinds);
    constraints.one_of("logType", log_type, &["None", "Tail"]);
    constraints.verdict()?;
    let mut target = target::resolve(call, query.qualifier.as_deref())?;
    let invoked_arn = target.arn();
    target.qualifier.get_or_insert_with(|| LATEST.to_owned());
    let state = cloud.world.snapshot();
    let (function, callee) = callee(&state, &target)?;
    let invocation = Invocation {
        payload: payload::event(call, kind)?,
        invoked_arn,
        trace_id: Some(recursion::counted(
            &function.name,
            function.recursion_allowed,
            call.header("x-amzn-trace-id"),
        )?),
        client_context: payload::client_context(call)?,
        log_tail: log_type == Some("Tail"),
    };
    Ok(Wanted { target, callee, invocation, kind: kind.to_owned() })
}

pub(crate) async fn invoke(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Wanted { target, callee, invocation, kind } =
        wanted(cloud, call, &["Event", "RequestResponse", "DryRun"])?;
    match kind.as_str() {
        "DryRun" => Ok(Answer::empty(204)),
        "Event" => {
            // The answer tells the id under which the function will see the event.
            let request_id = uuid::Uuid::new_v4().to_string();
            let header = HeaderValue::from_str(&request_id)
                .map_err(|_| Fault::internal("a request id that is not a header"))?;
            delivery::take(cloud, target, invocation, request_id).await?;
            let headers = vec![(HeaderName::from_static("x-amzn-requestid"), header)];
            Ok(Answer { headers, ..Answer::empty(202) })
        }
        _ => match cloud.functions.invoke(&callee, invocation).await {
            Ok(outcome) => answered(outcome, &callee),
            Err(refusal) => Err(refused(refusal, &target)),
        },
    }
}

/// What runs: an alias that leads to two versions is drawn for anew each time.
fn callee<'a>(state: &'a State, target: &Target) -> Result<(&'a Function, Callee), Fault> {
    let missing = || not_found(&target.arn());
    let function = state.functions.get(&target.name).ok_or_else(missing)?;
    let qualified = function.qualified(target.qualifier.as_deref()).ok_or_else(missing)?;
    Ok((function, Callee { name: target.name.clone(), version: qualified.runs(fastrand::f64()) }))
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

pub(super) fn refused(refusal: Refusal, target: &Target) -> Fault {
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
        // The model has ResourceNotReadyException for this; what AWS sends is another one (public reports up to 2026).
        Refusal::Restoring => user_fault(
            409,
            "CodeArtifactUserPendingException",
            "Lambda is initializing your function. It will be ready to invoke shortly.",
        ),
        Refusal::Throttled { reason } => {
            user_fault(429, "TooManyRequestsException", "Rate Exceeded.").with("Reason", json!(reason))
        }
        Refusal::Failed(problem) => Fault::internal(problem),
    }
}
