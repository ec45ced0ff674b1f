//! Answers that a function sends in pieces [FACTS §2]: `Lambda-Runtime-Function-Response-Mode: streaming`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::net::TcpStream;

use super::{ACCEPTED, Answer, MAX_PAYLOAD, RESPONSE_TOO_LARGE, TOO_LARGE, UNKNOWN_ID};
use crate::functions::environment::Environment;
use crate::functions::environment::pieces::Taker;
use crate::functions::report::End;
use crate::http1::{Broken, Connection, Head};

/// Bytes of the largest answer that is streamed, as Lambda's quota.
const MAX_STREAMED: usize = 200 * 1024 * 1024;

/// The invocation that a request answers in pieces; `None` for every other request.
pub(super) fn invocation<'a>(head: &Head, path: &'a str) -> Option<&'a str> {
    let streams = head.header("lambda-runtime-function-response-mode") == Some("streaming");
    let id = path.strip_prefix("invocation/")?.strip_suffix("/response")?;
    (streams && head.method == "POST").then_some(id)
}

/// Hands the pieces on as they come. An error that happens in the middle stands in the trailers.
pub(super) async fn receive(
    connection: &mut Connection<TcpStream>,
    head: &Head,
    environment: &Environment,
    id: &str,
) -> Result<Answer, Broken> {
    let Some(taker) = environment.taker(id) else {
        connection.body(head, 0).await?;
        return Ok((StatusCode::BAD_REQUEST, UNKNOWN_ID));
    };
    let limit = if matches!(taker, Taker::Whole) { MAX_PAYLOAD } else { MAX_STREAMED };
    let mut reading = connection.begin_body(head).await?;
    let (mut whole, mut total) = (BytesMut::new(), 0);
    while let Some(piece) = connection.piece(&mut reading).await? {
        total += piece.len();
        match &taker {
            _ if total > limit => {}
            // Nobody listens any more: the function goes on all the same.
            Taker::Pieces(pieces) => drop(pieces.send(piece).await),
            Taker::Whole => whole.extend_from_slice(&piece),
        }
    }
    let failed = reading.trailer("lambda-runtime-function-error-type").map(|error_type| {
        let body = reading.trailer("lambda-runtime-function-error-body").unwrap_or_default();
        (End::Error(error_type.to_owned()), Bytes::from(STANDARD.decode(body).unwrap_or_default()))
    });
    let (end, payload, answer) = match failed {
        _ if total > limit => {
            let end = End::Error("Function.ResponseSizeTooLarge".to_owned());
            let payload = Bytes::from_static(RESPONSE_TOO_LARGE.as_bytes());
            (end, payload, (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE))
        }
        Some((end, payload)) => (end, payload, (StatusCode::ACCEPTED, ACCEPTED)),
        None => (End::Success, whole.freeze(), (StatusCode::ACCEPTED, ACCEPTED)),
    };
    match environment.answer(id, payload, end) {
        true => Ok(answer),
        false => Ok((StatusCode::BAD_REQUEST, UNKNOWN_ID)),
    }
}
