//! One request through the gateway: stage, resource, integration, permission, event, function, answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;

use super::context::Context;
use super::event::{self, event};
use super::fault::Fault;
use super::streaming::{self, Rest};
use super::target::{self, Target};
use super::throttle::Buckets;
use super::{MAX_BODY, access_log, answer, canary, compression, mock, route, validation};
use crate::account::execute_api_arn;
use crate::events::LogEvents;
use crate::functions::{Functions, Invocation, MAX_PAYLOAD, Refusal, trace};
use crate::http1::{Body, Head};
use crate::world::apis::{Deployment, Integration, Method};
use crate::world::{State, World};

/// Bytes of the largest request line and header values together, as API Gateway's quota.
const MAX_HEAD: usize = 10_240;

/// A response of the data plane.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    /// In the case in which they go out.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// What follows the body, when the answer comes bit by bit.
    pub(super) stream: Option<Rest>,
}

/// What all requests of an API have in common.
pub(super) struct Shared {
    pub(super) world: Arc<World>,
    pub(super) functions: Functions,
    pub(super) events: LogEvents,
    pub(super) api_id: String,
    pub(super) buckets: Buckets,
    pub(super) port: u16,
}

/// What all requests of a connection have in common.
pub(super) struct Call {
    api: Arc<Shared>,
    source_ip: String,
}

/// The method that a request is for, and where it leads.
struct Way<'a> {
    method: &'a Method,
    integration: &'a Integration,
    deployment: &'a Deployment,
    endpoint_type: &'a str,
}

impl Call {
    pub(super) fn new(api: Arc<Shared>, peer: IpAddr) -> Call {
        Call { api, source_ip: peer.to_string() }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, head: &Head, body: Body) -> Response {
        let state = self.api.world.snapshot();
        let (raw_path, query) = split_target(&head.target);
        let path = route::split(raw_path);
        let mut context = Context {
            api_id: &self.api.api_id,
            request_id: uuid::Uuid::new_v4().to_string(),
            // Fifteen characters and `=`, as those of API Gateway look.
            extended_request_id: STANDARD.encode(&uuid::Uuid::new_v4().as_bytes()[..11]),
            head,
            query,
            path: &path,
            received: Timestamp::now(),
            source_ip: &self.source_ip,
            place: None,
            matched: None,
            trace_id: None,
            integration_latency: None,
            error: None,
            validation_error: None,
        };
        let mut response = match self.route(&state, &mut context, body).await {
            Ok(response) => response,
            Err(fault) => fault.response(&mut context),
        };
        if let Some(place) = &context.place {
            let minimum = place.deployment.minimum_compression_size;
            compression::compress(&mut response, minimum, head.header("accept-encoding"));
        }
        access_log::write(&self.api.events, &state, &context, &response);
        if let Some(trace_id) = context.trace_id {
            response.headers.push(("X-Amzn-Trace-Id".to_owned(), trace_id));
        }
        response.headers.extend([
            ("Date".to_owned(), context.received.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ("x-amzn-RequestId".to_owned(), context.request_id),
            ("x-amz-apigw-id".to_owned(), context.extended_request_id),
        ]);
        response
    }

    async fn route<'a>(
        &self,
        state: &'a State,
        context: &mut Context<'a>,
        body: Body,
    ) -> Result<Response, Fault> {
        let head = context.head;
        let values: usize = head.headers.iter().map(|(_, value)| value.len()).sum();
        if head.method.len() + head.target.len() + values > MAX_HEAD {
            return Err(Fault::HeadTooLarge);
        }
        let api = state.apis.get(&self.api.api_id).ok_or(Fault::NoStage)?;
        let stage = api.stages.get(context.path.stage).ok_or(Fault::NoStage)?;
        let place = canary::place(api, stage, fastrand::f64() * 100.0).ok_or(Fault::NoStage)?;
        let deployment = place.deployment;
        if deployment.disable_execute_api_endpoint {
            return Err(Fault::NoStage);
        }
        context.place = Some(place);
        let matched =
            route::find(&deployment.resources, &context.path.below).ok_or_else(|| no_route(head))?;
        let resource = matched.resource;
        context.matched = Some(matched);
        let (name, method) = route::method(resource, &head.method).ok_or_else(|| no_route(head))?;
        if let Some(refusal) = refused(method, head) {
            return Err(refusal);
        }
        if !self.api.buckets.admit(stage, &resource.path, name, Instant::now()) {
            return Err(Fault::Throttled);
        }
        let Body::Whole(body) = body else { return Err(Fault::TooLarge) };
        validation::check(context, deployment, method, &body)?;
        let integration = method.integration.as_ref().ok_or(Fault::Configuration)?;
        let way = Way { method, integration, deployment, endpoint_type: &api.endpoint_type };
        if integration.kind == "MOCK" {
            return mock::answer(context, way.method, integration, &body);
        }
        self.proxy(state, context, &way, &body).await
    }

    /// Has a function answer.
    async fn proxy(
        &self,
        state: &State,
        context: &mut Context<'_>,
        way: &Way<'_>,
        body: &[u8],
    ) -> Result<Response, Fault> {
        let head = context.head;
        let (Some(place), Some(matched)) = (&context.place, &context.matched) else {
            return Err(Fault::Configuration);
        };
        let source = execute_api_arn(context.api_id, &place.stage.name, &head.method, &matched.resource.path);
        let target = target::resolve(way.integration, &place.variables, state, &source)?;
        let plain = match way.deployment.minimum_compression_size {
            Some(_) => compression::decompressed(head.header("content-encoding"), body, MAX_BODY)?,
            None => None,
        };
        let (event_trace, trace_id) = trace_ids(head, place.stage.tracing_enabled);
        let request = event::Request {
            api_id: context.api_id,
            deployment_id: &way.deployment.id,
            resource_id: &matched.resource.id,
            resource_path: &matched.resource.path,
            path: context.path,
            path_parameters: &matched.parameters,
            stage_variables: &place.variables,
            binary_media_types: &way.deployment.binary_media_types,
            head,
            query: context.query,
            body: plain.as_deref().unwrap_or(body),
            decompressed: plain.is_some(),
            request_id: &context.request_id,
            extended_request_id: &context.extended_request_id,
            received: context.received,
            source_ip: context.source_ip,
            port: self.api.port,
            trace_id: &event_trace,
        };
        let payload = event(&request).map_err(|_| Fault::Configuration)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(Fault::TooLarge);
        }
        let invocation = Invocation {
            payload: payload.into(),
            invoked_arn: target.arn.clone(),
            trace_id: Some(trace_id.clone()),
            client_context: None,
            log_tail: false,
        };
        context.trace_id = Some(trace_id);
        let began = Instant::now();
        let answered = match way.integration.response_transfer_mode.as_str() {
            "STREAM" => self.stream(&target, way, invocation, began).await,
            _ => self.invoke(&target, way, invocation, head).await,
        };
        context.integration_latency = Some(began.elapsed());
        answered
    }

    /// The function's answer, all at once. When the time is up the function goes on all the same.
    async fn invoke(
        &self,
        target: &Target,
        way: &Way<'_>,
        invocation: Invocation,
        head: &Head,
    ) -> Result<Response, Fault> {
        let timeout = Duration::from_millis(way.integration.timeout_ms.into());
        let outcome = tokio::time::timeout(timeout, self.api.functions.invoke(&target.callee, invocation))
            .await
            .map_err(|_| Fault::Timeout)?
            .map_err(|refusal| not_run(target, &refusal))?;
        if outcome.function_error.is_some() {
            return Err(Fault::Integration);
        }
        let types = &way.deployment.binary_media_types;
        answer::response(&outcome.payload, types, head.header("accept")).ok_or(Fault::Integration)
    }

    /// The function's answer as it comes.
    async fn stream(
        &self,
        target: &Target,
        way: &Way<'_>,
        invocation: Invocation,
        began: Instant,
    ) -> Result<Response, Fault> {
        let timeout = Duration::from_millis(way.integration.timeout_ms.into());
        let limits = streaming::Limits::new(began, timeout, way.endpoint_type);
        let streamed = self.api.functions.stream(&target.callee, invocation);
        streaming::answer(streamed.map_err(|refusal| not_run(target, &refusal))?, limits).await
    }
}

fn not_run(target: &Target, refusal: &Refusal) -> Fault {
    if matches!(refusal, Refusal::Throttled { .. }) {
        return Fault::Integration;
    }
    tracing::warn!("the function {} was not run: {refusal:?}", target.callee.name);
    Fault::Configuration
}

/// Where nothing is, API Gateway looks for a signature, and takes any `Authorization` for one: a token of the service's own too.
fn no_route(head: &Head) -> Fault {
    match head.header("authorization") {
        Some(header) if !header.starts_with("AWS4-HMAC-SHA256") => Fault::NotSigned(header.to_owned()),
        _ => Fault::NoRoute,
    }
}

/// Why a caller is kept out. There are no API keys here, so none is valid; and nobody's signature is verified, so none is
/// believed.
fn refused(method: &Method, head: &Head) -> Option<Fault> {
    if method.authorization_type == "AWS_IAM" {
        let signed = head.header("authorization").is_some();
        return Some(if signed { Fault::NotVerified } else { Fault::NoRoute });
    }
    method.api_key_required.then_some(Fault::NoKey)
}

/// Path and query of a request target, which may also be a whole URL.
fn split_target(target: &str) -> (&str, &str) {
    let local = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => &rest[rest.find('/').unwrap_or(rest.len())..],
        _ => target,
    };
    local.split_once('?').unwrap_or((local, ""))
}

/// The trace header that the event shows, and the one that the function and the client get.
fn trace_ids(head: &Head, traced: bool) -> (String, String) {
    let given = head.header("x-amzn-trace-id").unwrap_or_default();
    let header = |root: &str| match trace::header(root) {
        header if traced => header.replace("Sampled=0", "Sampled=1"),
        header => header,
    };
    let Some(root) = trace::field(given, "Root") else {
        let root = trace::new_root();
        return (format!("Root={root}"), header(&root));
    };
    if trace::field(given, "Parent").is_some() && trace::field(given, "Sampled").is_some() {
        return (given.to_owned(), given.to_owned());
    }
    (given.to_owned(), header(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_be_a_whole_url() {
        assert_eq!(split_target("/stage/a?b=c?d"), ("/stage/a", "b=c?d"));
        assert_eq!(split_target("http://127.0.0.1:1/stage?x"), ("/stage", "x"));
        assert_eq!(split_target("/stage?u=http://x/y"), ("/stage", "u=http://x/y"));
        assert_eq!(split_target("http://host"), ("", ""));
    }
}
