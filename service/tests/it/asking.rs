//! Asking a service and reading what it says: over HTTP, as API Gateway does, and from an environment of one's own.

use std::ffi::OsString;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use http_body_util::BodyExt;
use lambda_http::{Adapter, Context, lambda_runtime::LambdaEvent, request::LambdaRequest};
use serde_json::Value;
use service::{
    app,
    settings::{Settings, Unusable},
};
use tower::{Service, ServiceExt};

/// An environment that holds `variables` only.
pub(crate) fn environment<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    |name| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.into())
}

pub(crate) fn settings(variables: &[(&str, &str)]) -> Result<Settings, Unusable> {
    Settings::read(&environment(variables))
}

pub(crate) fn service(variables: &[(&str, &str)]) -> Router {
    app(settings(variables).expect("usable settings"))
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of visible characters"))
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.body).expect("JSON")
    }
}

pub(crate) async fn ask(service: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = service.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("a body of text"),
    }
}

pub(crate) async fn get(service: &Router, path: &str) -> Answer {
    ask(service, Method::GET, path, &[]).await
}

/// A REST API's proxy event for `GET`, as recorded; `path` is what the function is told, `whole` what the client
/// asked for.
pub(crate) fn event(stage: &str, path: &str, whole: &str) -> Value {
    let mut event: Value =
        serde_json::from_str(include_str!("events/apigateway_proxy.json")).expect("the recorded event");
    event["path"] = path.into();
    event["queryStringParameters"] = Value::Null;
    event["multiValueQueryStringParameters"] = Value::Null;
    let proxy = path.trim_matches('/');
    if proxy.is_empty() {
        event["resource"] = "/".into();
        event["requestContext"]["resourcePath"] = "/".into();
        event["pathParameters"] = Value::Null;
    } else {
        event["pathParameters"]["proxy"] = path[1..].trim_end_matches('/').into();
    }
    event["stageVariables"]["env"] = stage.into();
    event["requestContext"]["stage"] = stage.into();
    event["requestContext"]["path"] = whole.into();
    event
}

/// Calls the service with an event through `lambda_http`'s own adapter, as the Lambda runtime does.
pub(crate) async fn invoke(service: &Router, event: Value) -> Value {
    let request: LambdaRequest = serde_json::from_value(event).expect("an event that lambda_http knows");
    let mut context = Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    let mut adapter = Adapter::from(service.clone());
    let answer = adapter.call(LambdaEvent::new(request, context)).await.expect("an answer");
    serde_json::to_value(answer).expect("JSON")
}
