//! The one loopback port: `/v2/` is the registry, everything else the control planes.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};

use crate::cloud::Cloud;
use crate::faults::{Cut, Instead};
use crate::wire::fault::Fault;
use crate::{disk, endpoint, faults, linger, registry, services, wire};

/// The largest body of a control plane call. Lambda takes 6 MB for Invoke, almost all others are smaller.
const BODY_LIMIT: usize = 6 * 1024 * 1024 + 512 * 1024;
/// The largest one of a call that may bring code (as recorded of Lambda): a client that sends more hears so.
const CODE_LIMIT: usize = 70_167_211;

fn body_limit(request: &Request) -> usize {
    match request.uri().path() {
        "/2015-03-31/functions" | "/2015-03-31/functions/" => CODE_LIMIT,
        _ => BODY_LIMIT,
    }
}

/// How long a client may take for the body of a control plane call.
const BODY_PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn router(cloud: Cloud, instance: String) -> Router {
    let registry = registry::with_faults(
        cloud.world.clone(),
        cloud.blobs.clone(),
        cloud.tokens.clone(),
        cloud.faults.clone(),
        cloud.access.clone(),
    );
    let faults = faults::routes(cloud.faults.clone());
    let disk = disk::routes(cloud.collector.clone());
    let control = Router::new()
        .route(endpoint::PATH, get(|| async move { instance }))
        .fallback(answer)
        .with_state(cloud);
    let all = registry.merge(faults).merge(disk).merge(control);
    all.layer(middleware::from_fn(only_from_here)).layer(middleware::from_fn(linger::hear_out))
}

async fn answer(State(cloud): State<Cloud>, request: Request) -> Response {
    let cut = Cut::of(&request);
    let limit = body_limit(&request);
    let (head, body) = request.into_parts();
    let Ok(read) = tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, limit)).await else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    let Ok(payload) = read else {
        return wire::oversized(&head.method, &head.uri, &head.headers, limit);
    };
    let whose = |access_key: &str| cloud.access.identity(access_key);
    let (reply, call) = wire::detect(&head.method, &head.uri, &head.headers, payload, whose);
    let call = match call {
        Ok(call) => call,
        Err(fault) => return reply.encode(Err(fault)),
    };
    let (service, operation, faults) = (call.service, call.operation.clone(), cloud.faults.clone());
    // What a denial names is in the call, which the work takes with it; rules are seldom set.
    let denial = faults.are_set().then(|| services::denied(&cloud, &call));
    let work = async { reply.encode(services::answer(cloud, call).await) };
    let instead = |instead| {
        reply.encode(Err(match instead {
            Instead::Error { status, code, message } => Fault::new(status, code, message),
            Instead::Throttle => Fault::throttled(service),
            // A rule that was set a moment ago.
            Instead::Deny => {
                denial.unwrap_or_else(|| Fault::denied(service, "not authorized to perform this"))
            }
            Instead::Expired => Fault::expired(service),
        }))
    };
    faults.meet(service.rule_name(), &operation, &cut, work, instead).await
}

/// Refuses what a web page elsewhere could send: a host name that only happens to lead here (DNS rebinding), and a
/// foreign origin.
async fn only_from_here(request: Request<Body>, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        let text = "Callboard's local cloud answers to 127.0.0.1, localhost and [::1] only.\n";
        return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
    }
    if !origin_is_loopback(headers) {
        return (StatusCode::FORBIDDEN, "Callboard's local cloud is not for other web pages.\n")
            .into_response();
    }
    next.run(request).await
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost") || name == "[::1]"
}

fn origin_is_loopback(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    origin.split_once("://").is_some_and(|(_, host)| is_loopback(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts() {
        for host in ["127.0.0.1", "127.0.0.1:4566", "localhost", "LOCALHOST:1", "[::1]", "[::1]:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "127.0.0.1.example.org:80",
            "127.0.0.1:80.example.org",
            "localhost.evil",
            "::1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
