//! The Lambda Runtime API, one listener per execution environment.

mod streaming;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use tokio::net::{TcpListener, TcpStream};

use super::environment::{Environment, Work};
use super::report::End;
use crate::http1::{Body, Broken, Connection, Head};

/// Bytes of the largest payload, in and out.
pub(crate) const MAX_PAYLOAD: usize = 6_291_556;
const PREFIX: &str = "/2018-06-01/runtime/";

/// Serves an environment's process until that has ended.
pub(super) async fn serve(listener: TcpListener, environment: Arc<Environment>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = environment.ended() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = serve_connection(stream, Arc::clone(&environment));
                environment.connections.spawn(connection);
            }
            Err(error) => tracing::warn!("a function's connection to its Runtime API: {error}"),
        }
    }
}

async fn serve_connection(stream: TcpStream, environment: Arc<Environment>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut connection = Connection::new(stream);
    // The process may end the connection at any time, and mostly does by ending itself.
    while let Ok(Some(head)) = connection.head().await {
        let keep_alive = head.keep_alive;
        if !matches!(answer(&mut connection, head, &environment).await, Ok(true)) || !keep_alive {
            return;
        }
    }
}

/// Answers one request; `false` when there is nothing more to say on this connection.
async fn answer(
    connection: &mut Connection<TcpStream>,
    head: Head,
    environment: &Arc<Environment>,
) -> Result<bool, Broken> {
    let path = head.target.strip_prefix(PREFIX).unwrap_or_default();
    if let Some(id) = streaming::invocation(&head, path) {
        let (status, text) = streaming::receive(connection, &head, environment, id).await?;
        connection.answer(status, &[CONTENT_TYPE], text.as_bytes(), true, head.keep_alive).await?;
        return Ok(true);
    }
    let body = connection.body(&head, MAX_PAYLOAD).await?;
    let (status, text) = match (head.method.as_str(), path) {
        ("GET", "invocation/next") => {
            let Some(work) = environment.next().await else { return Ok(false) };
            give(connection, &work, head.keep_alive).await?;
            return Ok(true);
        }
        ("POST", "init/error") => match body {
            Body::Whole(payload) if environment.init_failed(error_type(&head, &payload), payload.clone()) => {
                (StatusCode::ACCEPTED, ACCEPTED)
            }
            _ => (StatusCode::FORBIDDEN, NOT_STARTING),
        },
        ("POST", path) => match path.strip_prefix("invocation/").and_then(|rest| rest.split_once('/')) {
            Some((id, "response")) => respond(environment, id, body),
            Some((id, "error")) => fail(environment, id, &head, body),
            _ => (StatusCode::NOT_FOUND, NOT_OFFERED),
        },
        _ => (StatusCode::NOT_FOUND, NOT_OFFERED),
    };
    connection.answer(status, &[CONTENT_TYPE], text.as_bytes(), true, head.keep_alive).await?;
    Ok(true)
}

const CONTENT_TYPE: (&str, &str) = ("Content-Type", "application/json");
const ACCEPTED: &str = r#"{"status":"OK"}"#;
const NOT_STARTING: &str =
    r#"{"errorType":"InvalidStateTransition","errorMessage":"State transition is not allowed"}"#;
const NOT_OFFERED: &str =
    r#"{"errorType":"NotFound","errorMessage":"the local Runtime API does not offer this path"}"#;
const UNKNOWN_ID: &str = r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#;
const TOO_LARGE: &str = r#"{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size (6291556 bytes)."}"#;
/// What the invoker gets when the answer was too large, as recorded.
const RESPONSE_TOO_LARGE: &str = r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#;

type Answer = (StatusCode, &'static str);

fn respond(environment: &Environment, id: &str, body: Body) -> Answer {
    let (payload, end, answer) = match body {
        Body::Whole(payload) => (payload, End::Success, (StatusCode::ACCEPTED, ACCEPTED)),
        Body::TooLarge => (
            Bytes::from_static(RESPONSE_TOO_LARGE.as_bytes()),
            End::Error("Function.ResponseSizeTooLarge".to_owned()),
            (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
        ),
    };
    if environment.answer(id, payload, end) { answer } else { (StatusCode::BAD_REQUEST, UNKNOWN_ID) }
}

fn fail(environment: &Environment, id: &str, head: &Head, body: Body) -> Answer {
    let Body::Whole(payload) = body else { return (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE) };
    let end = End::Error(error_type(head, &payload));
    if environment.answer(id, payload, end) {
        (StatusCode::ACCEPTED, ACCEPTED)
    } else {
        (StatusCode::BAD_REQUEST, UNKNOWN_ID)
    }
}

/// The error's type as the header says or else the body.
fn error_type(head: &Head, payload: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Error {
        error_type: Option<String>,
    }
    let inside = || serde_json::from_slice::<Error>(payload).ok()?.error_type;
    head.header("lambda-runtime-function-error-type")
        .map(str::to_owned)
        .or_else(inside)
        .unwrap_or_else(|| "Runtime.Unknown".to_owned())
}

async fn give(connection: &mut Connection<TcpStream>, work: &Work, keep_alive: bool) -> Result<(), Broken> {
    let deadline = work.deadline_ms.to_string();
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", work.request_id.as_str()),
        ("Lambda-Runtime-Deadline-Ms", deadline.as_str()),
        ("Lambda-Runtime-Invoked-Function-Arn", work.invoked_arn.as_str()),
        ("Lambda-Runtime-Trace-Id", work.trace_id.as_str()),
    ];
    if let Some(context) = &work.client_context {
        headers.push(("Lambda-Runtime-Client-Context", context));
    }
    Ok(connection.answer(StatusCode::OK, &headers, &work.payload, true, keep_alive).await?)
}
