//! awsQuery: a form in, XML out.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::{Answer, Body, Parts, Service, cloudwatch, ec2};

pub(super) fn parts(service: Service, payload: &Bytes) -> Result<Parts, Fault> {
    let mut operation = None;
    let mut input = Map::new();
    for (name, value) in form_urlencoded::parse(payload) {
        match name.as_ref() {
            "Action" => operation = Some(value.into_owned()),
            "Version" => {}
            name => insert(&mut input, name, value.into_owned())?,
        }
    }
    let operation = operation.ok_or_else(|| {
        Fault::new(400, "MissingAction", format!("{}: no Action in the form", service.name()))
    })?;
    Ok(Parts { operation, input, path: BTreeMap::new() })
}

/// Puts `A.B.member.1.C=value` where it belongs. Lists come in order, as every SDK writes them.
fn insert(members: &mut Map<String, Value>, name: &str, value: String) -> Result<(), Fault> {
    let malformed =
        || Fault::new(400, "MalformedQueryString", format!("The parameter {name:?} is malformed"));
    let Some((list, rest)) = name.split_once('.') else {
        members.insert(name.to_owned(), Value::from(value));
        return Ok(());
    };
    let Some(rest) = rest.strip_prefix("member.") else {
        let inner = members.entry(list).or_insert_with(|| Value::Object(Map::new()));
        return insert(inner.as_object_mut().ok_or_else(malformed)?, rest, value);
    };
    let items = members
        .entry(list)
        .or_insert_with(|| Value::Array(Vec::new()))
        .as_array_mut()
        .ok_or_else(malformed)?;
    let (number, member) = match rest.split_once('.') {
        Some((number, member)) => (number, Some(member)),
        None => (rest, None),
    };
    let index =
        number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).ok_or_else(malformed)?;
    if index > items.len() {
        return Err(malformed());
    }
    match member {
        None => items.push(Value::from(value)),
        Some(member) => {
            if index == items.len() {
                items.push(Value::Object(Map::new()));
            }
            let item = items.get_mut(index).and_then(Value::as_object_mut).ok_or_else(malformed)?;
            insert(item, member, value)?;
        }
    }
    Ok(())
}

fn namespace(service: Option<Service>) -> &'static str {
    match service {
        Some(Service::Iam) => "https://iam.amazonaws.com/doc/2010-05-08/",
        Some(Service::CloudWatch) => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

pub(super) fn answer(
    service: Option<Service>,
    operation: &str,
    request_id: &str,
    answer: Answer,
) -> Response {
    if service == Some(Service::Ec2) {
        return ec2::answer(operation, request_id, answer);
    }
    let mut result = String::new();
    if let Body::Members(members) = &answer.body {
        element(&mut result, &format!("{operation}Result"), members, "member");
    }
    respond(
        answer.status,
        format!(
            "<{operation}Response xmlns=\"{}\">{result}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
            namespace(service),
        ),
    )
}

pub(super) fn fault(service: Option<Service>, request_id: &str, fault: &Fault) -> Response {
    if service == Some(Service::Ec2) {
        return ec2::fault(request_id, fault);
    }
    let kind = if fault.status < 500 { "Sender" } else { "Receiver" };
    respond(
        fault.status,
        format!(
            "<ErrorResponse xmlns=\"{}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
            namespace(service),
            fault.code,
            escape(fault.message.as_str()),
        ),
    )
}

pub(super) fn respond(status: u16, xml: String) -> Response {
    let mut response = Response::new(axum::body::Body::from(xml));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

/// Writes members as elements; `item` is what the items of a list are called.
pub(super) fn element(xml: &mut String, name: &str, value: &Value, item: &str) {
    if value.is_null() {
        return;
    }
    if let Some(time) = cloudwatch::time(name, value) {
        return element(xml, name, &Value::from(time.to_string()), item);
    }
    // Writing to a String cannot fail.
    let _ = write!(xml, "<{name}>");
    match value {
        Value::Object(entries) if name == cloudwatch::MAP => entries.iter().for_each(|(key, value)| {
            let entry = [("key".to_owned(), Value::from(key.as_str())), ("value".to_owned(), value.clone())];
            element(xml, "entry", &Value::Object(Map::from_iter(entry)), item);
        }),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| element(xml, name, value, item));
        }
        Value::Array(items) => items.iter().for_each(|one| match cloudwatch::time(name, one) {
            Some(time) => element(xml, item, &Value::from(time.to_string()), item),
            None => element(xml, item, one, item),
        }),
        Value::String(text) => xml.push_str(&escape(text.as_str())),
        other => {
            let _ = write!(xml, "{other}");
        }
    }
    let _ = write!(xml, "</{name}>");
}
