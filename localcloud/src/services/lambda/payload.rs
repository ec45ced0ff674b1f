//! What an invocation brings: the event and the client's context.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{json_error, user_fault};
use crate::wire::Call;
use crate::wire::fault::Fault;

/// The largest payload of a call that is waited for, bytes.
const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;
/// The largest payload of a call that is not, bytes.
const EVENT_LIMIT: usize = 1024 * 1024;

/// The event as it came, which must be JSON; none is an empty object. `kind` is the invocation type.
pub(super) fn event(call: &Call, kind: &str) -> Result<Bytes, Fault> {
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
    match serde_json::from_slice::<IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(_) => Err(user_fault(
            400,
            "InvalidRequestContentException",
            format!(
                "Could not parse request body into json: Could not parse payload into json: {}",
                json_error::complaint(&payload)
            ),
        )),
    }
}

/// It comes as base64 and the runtime gets it as JSON.
pub(super) fn client_context(call: &Call) -> Result<Option<String>, Fault> {
    let Some(encoded) = call.header("x-amz-client-context") else { return Ok(None) };
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        Some(text) => Ok(Some(text)),
        None => Err(user_fault(
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        )),
    }
}
