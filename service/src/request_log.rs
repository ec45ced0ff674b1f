//! The log: JSON, one object a line, to standard output, where Lambda takes it to CloudWatch Logs.
//!
//! Each request gets exactly one line, when its answer is ready:
//!
//! | Field | Value |
//! |---|---|
//! | `timestamp` | RFC 3339, UTC, µs |
//! | `level` | `ERROR` from status 500, `WARN` from 400, else `INFO` |
//! | `message` | `GET /api/v0 200 3.1 ms` |
//! | `request_id` | Lambda's id of the invocation (as in `START RequestId: …`); on Lambda only |
//! | `gateway_request_id` | API Gateway's id of the request (`x-amzn-RequestId` of its answer); behind it only |
//! | `method`, `path` | what was asked; the path without prefix, never with its query |
//! | `route` | the route that matched (`/api/v0/items`); none for an unknown path |
//! | `status` | of the answer, a number |
//! | `duration_us` | time in the service, whole µs |
//! | `cold` | whether it is the first request of this process |
//!
//! The answer of a process's first request carries `Server-Timing: cold` as well.
//!
//! Lines that a handler writes, and the line of a panic, carry both ids in `span`. No header, query, body or
//! environment value is logged.

use std::{
    io,
    panic::{self, PanicHookInfo},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Extensions, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use lambda_http::{RequestExt, request::RequestContext};
use tracing::{Instrument, Span, Subscriber, error, error_span, info, level_filters::LevelFilter, warn};
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Remembers whether the process has served a request before.
#[derive(Debug, Clone, Default)]
pub struct Warmth(Arc<AtomicBool>);

impl Warmth {
    fn is_first_request(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// Sends log lines from `level` up, and one line for each panic, to standard output.
pub fn install(level: LevelFilter) {
    // A second call in one process would keep the first log; there is none.
    let _ = tracing::subscriber::set_global_default(subscriber(level, io::stdout));
    panic::set_hook(Box::new(log_panic));
}

/// The log as [`install`] sets it up, into any `writer`. The libraries speak up from `WARN` only.
pub fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_target(false)
        .with_writer(writer);
    let levels = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("service", level);
    tracing_subscriber::registry().with(lines).with(levels)
}

/// Writes one line for a panic, in place of the several lines of text of Rust's own.
pub fn log_panic(panic: &PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("without a message");
    match panic.location() {
        Some(at) => error!(at = %at, "panicked: {said}"),
        None => error!("panicked: {said}"),
    }
}

/// The middleware that writes a request's line.
pub async fn log(State(warmth): State<Warmth>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let cold = warmth.is_first_request();
    let ids = Ids::of(request.extensions());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();

    let mut response = next.run(request).instrument(ids.span()).await;
    if cold && ids.gateway.is_some() {
        // The gateway does not tell its clients that they waited for a start: this does (W3C Server-Timing).
        response.headers_mut().append(SERVER_TIMING, HeaderValue::from_static("cold"));
    }

    let took = started.elapsed();
    let status = response.status().as_u16();
    macro_rules! line {
        ($level:ident) => {
            $level!(
                request_id = ids.lambda,
                gateway_request_id = ids.gateway,
                method = method.as_str(),
                route = route.as_ref().map(MatchedPath::as_str),
                path,
                status,
                duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                cold,
                "{method} {path} {status} {}",
                milliseconds(took),
            )
        };
    }
    match status {
        500.. => line!(error),
        400.. => line!(warn),
        _ => line!(info),
    }
    response
}

struct Ids {
    lambda: Option<String>,
    gateway: Option<String>,
}

impl Ids {
    fn of(extensions: &Extensions) -> Self {
        let gateway = match extensions.request_context_ref() {
            Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
            _ => None,
        };
        Self { lambda: extensions.lambda_context_ref().map(|context| context.request_id.clone()), gateway }
    }

    /// The span of what happens for this request; a local request has no ids, and no need of one.
    fn span(&self) -> Span {
        if self.lambda.is_none() && self.gateway.is_none() {
            return Span::none();
        }
        error_span!("request", request_id = self.lambda, gateway_request_id = self.gateway)
    }
}

/// For people: `0.02 ms`, `3.5 ms`, `1250 ms`. The exact figure is in `duration_us`.
fn milliseconds(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        ..10.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_short() {
        let said = |us| milliseconds(Duration::from_micros(us));
        assert_eq!(said(4), "0.00 ms");
        assert_eq!(said(20), "0.02 ms");
        assert_eq!(said(180), "0.18 ms");
        assert_eq!(said(3_010), "3.0 ms");
        assert_eq!(said(3_460), "3.5 ms");
        assert_eq!(said(12_600), "13 ms");
        assert_eq!(said(1_250_000), "1250 ms");
    }
}
