//! The proxy event: what a function is told of a request. A pure function of the request and its route.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::route::Path;
use crate::account::{ACCOUNT_ID, REGION};
use crate::http1::Head;

/// Headers that belong to the connection and not to the request.
const DROPPED: [&str; 7] =
    ["connection", "content-length", "expect", "proxy-authenticate", "te", "transfer-encoding", "upgrade"];

/// A request with all that was found out about it.
pub(super) struct Request<'a> {
    pub(super) api_id: &'a str,
    pub(super) deployment_id: &'a str,
    pub(super) resource_id: &'a str,
    pub(super) resource_path: &'a str,
    pub(super) path: &'a Path<'a>,
    pub(super) path_parameters: &'a BTreeMap<&'a str, &'a str>,
    pub(super) stage_variables: &'a BTreeMap<String, String>,
    pub(super) binary_media_types: &'a [String],
    pub(super) head: &'a Head,
    /// Without the question mark.
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
    /// Whether the body came compressed, and is not any more.
    pub(super) decompressed: bool,
    pub(super) request_id: &'a str,
    pub(super) extended_request_id: &'a str,
    pub(super) received: Timestamp,
    pub(super) source_ip: &'a str,
    pub(super) port: u16,
    /// The header `X-Amzn-Trace-Id`.
    pub(super) trace_id: &'a str,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: Last<'a>,
    multi_value_headers: All<'a>,
    query_string_parameters: Option<Last<'a>>,
    multi_value_query_string_parameters: Option<All<'a>>,
    path_parameters: Option<&'a BTreeMap<&'a str, &'a str>>,
    stage_variables: Option<&'a BTreeMap<String, String>>,
    request_context: Context<'a>,
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    resource_id: &'a str,
    resource_path: &'a str,
    http_method: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    path: &'a str,
    account_id: &'a str,
    protocol: &'a str,
    stage: &'a str,
    domain_prefix: &'a str,
    request_time_epoch: i64,
    request_id: &'a str,
    identity: Identity<'a>,
    domain_name: String,
    deployment_id: &'a str,
    api_id: &'a str,
}

#[derive(serde::Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    cognito_identity_pool_id: Option<&'a str>,
    account_id: Option<&'a str>,
    cognito_identity_id: Option<&'a str>,
    caller: Option<&'a str>,
    source_ip: &'a str,
    principal_org_id: Option<&'a str>,
    access_key: Option<&'a str>,
    cognito_authentication_type: Option<&'a str>,
    cognito_authentication_provider: Option<&'a str>,
    user_arn: Option<&'a str>,
    user_agent: Option<&'a str>,
    user: Option<&'a str>,
}

/// Names with all their values, sorted by name.
#[derive(Default)]
struct Multi<'a>(Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>);

/// Each name with its last value.
struct Last<'a>(&'a Multi<'a>);

/// Each name with all its values.
struct All<'a>(&'a Multi<'a>);

impl<'a> Multi<'a> {
    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>, same: impl Fn(&str, &str) -> bool) {
        match self.0.iter_mut().find(|(given, _)| same(given, &name)) {
            Some((_, values)) => values.push(value),
            None => self.0.push((name, vec![value])),
        }
    }

    fn set(&mut self, name: &'static str, value: Cow<'a, str>) {
        self.0.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
        self.0.push((Cow::Borrowed(name), vec![value]));
    }

    fn sorted(mut self) -> Multi<'a> {
        self.0.sort_by(|(one, _), (other, _)| one.cmp(other));
        self
    }
}

impl Serialize for Last<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.0.len()))?;
        for (name, values) in &self.0.0 {
            map.serialize_entry(name, values.last().map_or("", |value| value))?;
        }
        map.end()
    }
}

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.0.len()))?;
        for (name, values) in &self.0.0 {
            map.serialize_entry(name, values)?;
        }
        map.end()
    }
}

/// The event as JSON.
pub(super) fn event(request: &Request<'_>) -> serde_json::Result<Vec<u8>> {
    let headers = headers(request);
    let query = query(request.query);
    let has_query = !query.0.is_empty();
    let (body, is_base64_encoded) = body(request);
    let event = Event {
        resource: request.resource_path,
        path: &request.path.below,
        http_method: &request.head.method,
        headers: Last(&headers),
        multi_value_headers: All(&headers),
        query_string_parameters: has_query.then_some(Last(&query)),
        multi_value_query_string_parameters: has_query.then_some(All(&query)),
        path_parameters: Some(request.path_parameters).filter(|parameters| !parameters.is_empty()),
        stage_variables: Some(request.stage_variables).filter(|variables| !variables.is_empty()),
        request_context: Context {
            resource_id: request.resource_id,
            resource_path: request.resource_path,
            http_method: &request.head.method,
            extended_request_id: request.extended_request_id,
            request_time: request.received.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            path: &request.path.whole,
            account_id: ACCOUNT_ID,
            protocol: "HTTP/1.1",
            stage: request.path.stage,
            domain_prefix: request.api_id,
            request_time_epoch: request.received.as_millisecond(),
            request_id: request.request_id,
            identity: Identity {
                source_ip: request.source_ip,
                user_agent: request.head.header("user-agent"),
                ..Identity::default()
            },
            domain_name: format!("{}.execute-api.{REGION}.amazonaws.com", request.api_id),
            deployment_id: request.deployment_id,
            api_id: request.api_id,
        },
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event)
}

/// The client's headers in the client's case, without those of the connection and with the gateway's own.
fn headers<'a>(request: &Request<'a>) -> Multi<'a> {
    let mut headers = Multi::default();
    for (name, value) in &request.head.headers {
        let is_encoding = request.decompressed && name.eq_ignore_ascii_case("content-encoding");
        if is_encoding || DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped)) {
            continue;
        }
        let name = match name {
            name if name.eq_ignore_ascii_case("authorization") => "Authorization",
            name if name.eq_ignore_ascii_case("user-agent") => "User-Agent",
            name if name.eq_ignore_ascii_case("host") => "Host",
            name => name.as_str(),
        };
        headers.add(Cow::Borrowed(name), Cow::Borrowed(value), str::eq_ignore_ascii_case);
    }
    let forwarded_for = match request.head.header("x-forwarded-for") {
        Some(before) => Cow::Owned(format!("{before}, {}", request.source_ip)),
        None => Cow::Borrowed(request.source_ip),
    };
    headers.set("X-Amzn-Trace-Id", Cow::Borrowed(request.trace_id));
    headers.set("X-Forwarded-For", forwarded_for);
    headers.set("X-Forwarded-Port", Cow::Owned(request.port.to_string()));
    // The data plane speaks plain HTTP: a function that builds links from this builds ones that open.
    headers.set("X-Forwarded-Proto", Cow::Borrowed("http"));
    headers.sorted()
}

/// The query's parameters, decoded.
fn query(query: &str) -> Multi<'_> {
    let mut parameters = Multi::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters.add(name, value, |one, other| one == other);
    }
    parameters.sorted()
}

fn body<'a>(request: &Request<'a>) -> (Option<Cow<'a, str>>, bool) {
    if request.body.is_empty() {
        return (None, false);
    }
    if is_binary(request.binary_media_types, request.head.header("content-type")) {
        return (Some(Cow::Owned(STANDARD.encode(request.body))), true);
    }
    (Some(String::from_utf8_lossy(request.body)), false)
}

/// Whether a media type is one of those that pass as bytes; `*/*` among them stands for all, even for none.
pub(super) fn is_binary(binary_media_types: &[String], media_type: Option<&str>) -> bool {
    let wanted = media_type.and_then(|value| value.split(';').next()).map(str::trim).unwrap_or_default();
    binary_media_types.iter().any(|binary| {
        binary == "*/*"
            || binary.eq_ignore_ascii_case(wanted)
            || binary.strip_suffix('*').is_some_and(|prefix| {
                prefix.ends_with('/')
                    && wanted.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            })
    })
}

#[cfg(test)]
mod tests;
