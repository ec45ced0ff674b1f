//! EC2's kind of the query protocol: no result element around the members, list items called `item`, errors of their own shape.

use std::fmt::Write;

use axum::response::Response;
use quick_xml::escape::escape;
use serde_json::Value;

use super::fault::Fault;
use super::query::{element, respond};
use super::{Answer, Body};

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

pub(super) fn answer(operation: &str, request_id: &str, answer: Answer) -> Response {
    let mut xml = format!("<{operation}Response xmlns=\"{NAMESPACE}\"><requestId>{request_id}</requestId>");
    if let Body::Members(Value::Object(members)) = &answer.body {
        members.iter().for_each(|(name, value)| element(&mut xml, name, value, "item"));
    }
    // Writing to a String cannot fail.
    let _ = write!(xml, "</{operation}Response>");
    respond(answer.status, xml)
}

pub(super) fn fault(request_id: &str, fault: &Fault) -> Response {
    let (code, message) = (&fault.code, escape(fault.message.as_str()));
    respond(
        fault.status,
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
        ),
    )
}
