//! restJson1 and awsJson1.1: JSON bodies in and out.

use std::collections::BTreeMap;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::{Answer, Body, Parts, Protocol, Service, cloudwatch, routes, stream};

/// Query members that are numbers or lists; all others are text.
const NUMBERS: [&str; 2] = ["limit", "MaxItems"];
const LISTS: [&str; 2] = ["embed", "tagKeys"];

/// Operations whose body is not JSON.
const OCTETS: [&str; 3] = ["Invoke", "InvokeAsync", "InvokeWithResponseStream"];

pub(super) fn rest_parts(
    service: Service,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    payload: &Bytes,
) -> Result<Parts, Fault> {
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        query.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let Some(found) = routes::find(service, method.as_str(), uri.path(), &query) else {
        return Err(Fault::not_offered(service.name(), &format!("{method} {}", uri.path())));
    };
    let mut input = match OCTETS.contains(&found.operation) {
        true => Map::new(),
        false => object(headers.contains_key(header::CONTENT_TYPE), payload)?,
    };
    for (name, values) in query {
        let value = match name.as_str() {
            list if LISTS.contains(&list) => Value::from(values),
            number if NUMBERS.contains(&number) => match values.concat().parse::<i64>() {
                Ok(value) => Value::from(value),
                Err(_) => {
                    return Err(Fault::new(400, "SerializationException", format!("{name} is not a number")));
                }
            },
            _ => Value::from(values.into_iter().next_back()),
        };
        input.insert(name, value);
    }
    Ok(Parts { operation: found.operation.to_owned(), input, path: found.parameters })
}

pub(super) fn target_parts(service: Service, target: Option<&str>, payload: &Bytes) -> Result<Parts, Fault> {
    let operation =
        target.and_then(|target| target.strip_prefix(service.target_prefix()?)).ok_or_else(|| {
            let asked = target.unwrap_or("without an X-Amz-Target header");
            Fault::not_offered(service.name(), asked)
        })?;
    Ok(Parts { operation: operation.to_owned(), input: object(true, payload)?, path: BTreeMap::new() })
}

fn object(expected: bool, payload: &Bytes) -> Result<Map<String, Value>, Fault> {
    if payload.is_empty() || !expected {
        return Ok(Map::new());
    }
    match serde_json::from_slice(payload) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Fault::new(400, "SerializationException", "The body is not a JSON object")),
        // Only where, never what: the body may hold secrets and the text of an error gets around.
        Err(error) => Err(Fault::new(
            400,
            "SerializationException",
            format!("The body is not JSON: line {} column {}", error.line(), error.column()),
        )),
    }
}

/// Reads an operation's input, and refuses by name what its type does not know.
pub(super) fn read<T: DeserializeOwned>(
    service: Service,
    operation: &str,
    members: &Map<String, Value>,
) -> Result<T, Fault> {
    let whole = Value::Object(without_null(members));
    let mut unknown = Vec::new();
    // What may be absent has a step `?` of its own in a path.
    let read = serde_ignored::deserialize(&whole, |path| unknown.push(path.to_string().replace(".?", "")));
    let unknown = unknown.into_iter().find(|path| {
        let pointer = format!("/{}", path.replace('.', "/"));
        whole.pointer(&pointer).is_none_or(says_something)
    });
    if let Some(parameter) = unknown {
        return Err(Fault::parameter_not_offered(service, operation, &format!("the parameter {parameter}")));
    }
    read.map_err(|error: serde_json::Error| {
        let text = error.to_string();
        match text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
            Some((member, _)) => Fault::validations(service, &[null(member)]),
            // The kind of mistake without the value, which may be a secret.
            None => Fault::new(
                400,
                "SerializationException",
                match text.split_once(", expected ") {
                    Some((_, expected)) => {
                        format!("A member of the input has the wrong type: expected {expected}")
                    }
                    None => "A member of the input has the wrong type".to_owned(),
                },
            ),
        }
    })
}

/// A required member that is absent, in AWS's own words: spelled with a small letter, and `null` without quotes.
fn null(member: &str) -> String {
    let mut letters = member.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let spelled: String = first.into_iter().chain(letters).collect();
    format!("Value null at '{spelled}' failed to satisfy constraint: Member must not be null")
}

fn without_null(members: &Map<String, Value>) -> Map<String, Value> {
    members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let value = match value {
                Value::Object(inner) => Value::Object(without_null(inner)),
                other => other.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
        Value::Number(_) => true,
    }
}

fn media_type(protocol: Protocol, service: Option<Service>) -> HeaderValue {
    HeaderValue::from_static(match (protocol, service) {
        (Protocol::AwsJson, Some(Service::CloudWatch)) => "application/x-amz-json-1.0",
        (Protocol::AwsJson, _) => "application/x-amz-json-1.1",
        (Protocol::RestJson | Protocol::Query | Protocol::Cbor, _) => "application/json",
    })
}

fn response(protocol: Protocol, service: Option<Service>, status: u16, body: Body) -> Response {
    let bytes = match body {
        Body::Frames(frames) => return stream::answer(frames),
        Body::Empty => Bytes::new(),
        Body::Members(members) => Bytes::from(members.to_string()),
        Body::Octets(bytes) => bytes,
    };
    let mut response = Response::new(axum::body::Body::from(bytes));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if status != 204 {
        response.headers_mut().insert(header::CONTENT_TYPE, media_type(protocol, service));
    }
    response
}

pub(super) fn answer(protocol: Protocol, service: Option<Service>, answer: Answer) -> Response {
    let mut response = response(protocol, service, answer.status, answer.body);
    response.headers_mut().extend(answer.headers);
    response
}

pub(super) fn fault(protocol: Protocol, service: Option<Service>, fault: &Fault) -> Response {
    let mut members = fault.members.clone();
    // Lambda spells it with a capital where its model does [FACTS §8].
    let spelling = match (service, &*fault.code) {
        (Some(Service::Lambda), "ResourceNotFoundException" | "ServiceException") => "Message",
        (Some(Service::Lambda), "AccessDeniedException") if fault.message.is_empty() => "Message",
        _ => "message",
    };
    let message = match fault.message.is_empty() {
        true => Value::Null,
        false => Value::from(fault.message.as_str()),
    };
    members.insert(spelling.to_owned(), message);
    if protocol == Protocol::AwsJson {
        let of_type = match service {
            Some(Service::CloudWatch) => cloudwatch::error_type(&fault.code),
            _ => fault.code.clone().into_owned(),
        };
        members.insert("__type".to_owned(), Value::from(of_type));
    }
    let mut response = response(protocol, service, fault.status, Body::Members(Value::Object(members)));
    if service == Some(Service::CloudWatch) {
        cloudwatch::name_query_error(&mut response, fault);
        return response;
    }
    if let Ok(code) = HeaderValue::from_str(&fault.code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}
