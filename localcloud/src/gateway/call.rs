//! One request through the gateway: stage, resource, integration, permission, event, function, answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;

use super::event::{self, event};
use super::fault::Fault;
use super::throttle::Buckets;
use super::{answer, permission, route};
use crate::account::{ACCOUNT_ID, REGION, execute_api_arn};
use crate::functions::{Callee, Functions, Invocation, MAX_PAYLOAD, Refusal, trace};
use crate::http1::{Body, Head};
use crate::world::World;
use crate::world::apis::{Deployment, Integration, Method, Stage};

/// A response of the data plane.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    /// In the case in which they go out.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// What all requests of a connection have in common.
pub(super) struct Call {
    world: Arc<World>,
    functions: Functions,
    api_id: Arc<str>,
    buckets: Arc<Buckets>,
    port: u16,
    source_ip: String,
}

/// What a request is called.
struct Ids {
    request: String,
    extended: String,
}

/// The function that an integration leads to.
struct Target<'a> {
    name: &'a str,
    /// As the integration names it, with its qualifier if it has one.
    arn: &'a str,
}

impl Call {
    pub(super) fn new(
        world: Arc<World>,
        functions: Functions,
        api_id: Arc<str>,
        buckets: Arc<Buckets>,
        port: u16,
        peer: IpAddr,
    ) -> Call {
        Call { world, functions, api_id, buckets, port, source_ip: peer.to_string() }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, head: &Head, body: Body) -> Response {
        let request = uuid::Uuid::new_v4();
        // Fifteen characters and `=`, as those of API Gateway look.
        let extended = STANDARD.encode(&uuid::Uuid::new_v4().as_bytes()[..11]);
        let ids = Ids { request: request.to_string(), extended };
        let received = Timestamp::now();
        let mut response = self.route(head, body, &ids, received).await;
        response.headers.extend([
            ("Date".to_owned(), received.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ("x-amzn-RequestId".to_owned(), ids.request),
            ("x-amz-apigw-id".to_owned(), ids.extended),
        ]);
        response
    }

    async fn route(&self, head: &Head, body: Body, ids: &Ids, received: Timestamp) -> Response {
        let (raw_path, query) = split_target(&head.target);
        let path = route::split(raw_path);
        let state = self.world.snapshot();
        let found = state.apis.get(&*self.api_id).and_then(|api| {
            let stage = api.stages.get(path.stage)?;
            Some((stage, api.deployments.get(&stage.deployment_id)?))
        });
        let Some((stage, deployment)) = found else {
            return Fault::NoStage.response(&ids.request, head, None);
        };
        let fault = |fault: Fault| fault.response(&ids.request, head, Some(&deployment.gateway_responses));
        let Some(matched) = route::find(&deployment.resources, &path.below) else {
            return fault(Fault::NoRoute);
        };
        let Some(method) = route::method(matched.resource, &head.method) else {
            return fault(Fault::NoRoute);
        };
        if let Some(refusal) = refused(method, head) {
            return fault(refusal);
        }
        if !self.buckets.admit(stage, &matched.resource.id, Instant::now()) {
            return fault(Fault::Throttled);
        }
        let Body::Whole(body) = body else { return fault(Fault::TooLarge) };
        let Some(integration) = &method.integration else { return fault(Fault::Configuration) };
        let Some(uri) = callable(integration, stage) else { return fault(Fault::Configuration) };
        let Some(target) = target(&uri) else { return fault(Fault::Configuration) };
        let source = execute_api_arn(&self.api_id, &stage.name, &head.method, &matched.resource.path);
        let permitted = state
            .functions
            .get(target.name)
            .is_some_and(|function| permission::allows(&function.policy, &source));
        if !permitted {
            return fault(Fault::Configuration);
        }
        let (event_trace, trace_id) = trace_ids(head);
        let request = event::Request {
            api_id: &self.api_id,
            deployment_id: &deployment.id,
            resource_id: &matched.resource.id,
            resource_path: &matched.resource.path,
            path: &path,
            path_parameters: &matched.parameters,
            stage_variables: &stage.variables,
            binary_media_types: &deployment.binary_media_types,
            head,
            query,
            body: &body,
            request_id: &ids.request,
            extended_request_id: &ids.extended,
            received,
            source_ip: &self.source_ip,
            port: self.port,
            trace_id: &event_trace,
        };
        let Ok(payload) = event(&request) else { return fault(Fault::Configuration) };
        if payload.len() > MAX_PAYLOAD {
            return fault(Fault::TooLarge);
        }
        let mut response = match self.invoke(&target, integration, payload, &trace_id).await {
            Ok(payload) => respond(&payload, deployment, head).unwrap_or_else(|| fault(Fault::Integration)),
            Err(failure) => fault(failure),
        };
        response.headers.push(("X-Amzn-Trace-Id".to_owned(), trace_id));
        response
    }

    /// The function's answer. When the time is up the function goes on all the same.
    async fn invoke(
        &self,
        target: &Target<'_>,
        integration: &Integration,
        payload: Vec<u8>,
        trace_id: &str,
    ) -> Result<Bytes, Fault> {
        let invocation = Invocation {
            payload: payload.into(),
            invoked_arn: target.arn.to_owned(),
            trace_id: Some(trace_id.to_owned()),
            client_context: None,
            log_tail: false,
        };
        let timeout = Duration::from_millis(integration.timeout_ms.into());
        match tokio::time::timeout(timeout, self.functions.invoke(&Callee::latest(target.name), invocation))
            .await
        {
            Ok(Ok(outcome)) if outcome.function_error.is_none() => Ok(outcome.payload),
            Ok(Ok(_)) | Ok(Err(Refusal::Throttled { .. })) => Err(Fault::Integration),
            Ok(Err(refusal)) => {
                tracing::warn!("the function {} was not run: {refusal:?}", target.name);
                Err(Fault::Configuration)
            }
            Err(_) => Err(Fault::Timeout),
        }
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

fn respond(payload: &[u8], deployment: &Deployment, head: &Head) -> Option<Response> {
    answer::response(payload, &deployment.binary_media_types, head.header("accept"))
}

/// Path and query of a request target, which may also be a whole URL.
fn split_target(target: &str) -> (&str, &str) {
    let local = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => &rest[rest.find('/').unwrap_or(rest.len())..],
        _ => target,
    };
    local.split_once('?').unwrap_or((local, ""))
}

/// The integration's URI with the stage's variables in it; `None` if it is not a proxy integration called by POST.
fn callable(integration: &Integration, stage: &Stage) -> Option<String> {
    if integration.kind != "AWS_PROXY" || integration.http_method.as_deref() != Some("POST") {
        return None;
    }
    let mut left = integration.uri.as_deref()?;
    let mut uri = String::with_capacity(left.len());
    while let Some((before, rest)) = left.split_once("${stageVariables.") {
        let (name, after) = rest.split_once('}')?;
        uri.push_str(before);
        uri.push_str(stage.variables.get(name).map_or("", String::as_str));
        left = after;
    }
    uri.push_str(left);
    Some(uri)
}

/// The function of a URI `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION-ARN/invocations`.
fn target(uri: &str) -> Option<Target<'_>> {
    let path =
        uri.strip_prefix("arn:aws:apigateway:")?.strip_prefix(REGION)?.strip_prefix(":lambda:path/")?;
    let arn = path.strip_prefix("2015-03-31/functions/")?.strip_suffix("/invocations")?;
    let parts: Vec<&str> = arn.split(':').collect();
    match parts[..] {
        ["arn", "aws", "lambda", REGION, ACCOUNT_ID, "function", name]
        | ["arn", "aws", "lambda", REGION, ACCOUNT_ID, "function", name, "$LATEST"] => {
            Some(Target { name, arn })
        }
        _ => None,
    }
}

/// The trace header that the event shows, and the one that the function and the client get.
fn trace_ids(head: &Head) -> (String, String) {
    let given = head.header("x-amzn-trace-id").unwrap_or_default();
    let Some(root) = trace::field(given, "Root") else {
        let root = trace::new_root();
        let header = trace::header(&root);
        return (format!("Root={root}"), header);
    };
    if trace::field(given, "Parent").is_some() && trace::field(given, "Sampled").is_some() {
        return (given.to_owned(), given.to_owned());
    }
    (given.to_owned(), trace::header(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integration_leads_to_a_function_of_this_account() {
        let uri = |arn: &str| {
            format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations")
        };
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:hello-stage";
        assert_eq!(target(&uri(arn)).unwrap().name, "hello-stage");
        assert_eq!(target(&uri(&format!("{arn}:$LATEST"))).unwrap().name, "hello-stage");
        for bad in [
            uri(&format!("{arn}:alias")),
            uri("arn:aws:lambda:eu-west-1:000000000000:function:f"),
            uri("arn:aws:lambda:us-east-1:123456789012:function:f"),
            uri(""),
            arn.to_owned(),
        ] {
            assert!(target(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_target_may_be_a_whole_url() {
        assert_eq!(split_target("/stage/a?b=c?d"), ("/stage/a", "b=c?d"));
        assert_eq!(split_target("http://127.0.0.1:1/stage?x"), ("/stage", "x"));
        assert_eq!(split_target("/stage?u=http://x/y"), ("/stage", "u=http://x/y"));
        assert_eq!(split_target("http://host"), ("", ""));
    }
}
