//! Answers that go on: frames of `application/vnd.amazon.eventstream`, over HTTP/1.1 in chunks.

use std::fmt;
use std::pin::Pin;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use http::header;
use serde_json::{Value, json};

/// What a frame tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    /// An event of the operation's stream, with its members.
    Event {
        /// As the service's model names it.
        name: &'static str,
        members: Value,
    },
    /// The last frame of a stream that ends with an error.
    Exception { code: &'static str, message: String },
}

/// Why a stream ends in the middle: its connection is to end without the last chunk.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Broken(pub(crate) String);

/// The frames of an answer, as they come.
pub(crate) struct Frames(Pin<Box<dyn Stream<Item = Result<Frame, Broken>> + Send>>);

impl Frames {
    pub(crate) fn new(frames: impl Stream<Item = Result<Frame, Broken>> + Send + 'static) -> Frames {
        Frames(Box::pin(frames))
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Frames")
    }
}

/// The SDKs wait for the first frame before they hand the stream out, so one comes at once [FACTS §8].
pub(super) fn answer(frames: Frames) -> Response {
    let first = Frame::Event { name: "initial-response", members: json!({}) };
    let bytes = stream::iter([Ok(first)]).chain(frames.0).map(|frame| encode(&frame?));
    let mut response = Response::new(Body::from_stream(bytes));
    let media_type = http::HeaderValue::from_static("application/vnd.amazon.eventstream");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

fn encode(frame: &Frame) -> Result<Bytes, Broken> {
    let text = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let (headers, payload) = match frame {
        Frame::Event { name, members } => {
            ([text(":message-type", "event"), text(":event-type", name)], members.to_string())
        }
        Frame::Exception { code, message } => (
            [text(":message-type", "exception"), text(":exception-type", code)],
            json!({ "message": message }).to_string(),
        ),
    };
    let mut message = Message::new(payload).add_header(text(":content-type", "application/json"));
    for header in headers {
        message = message.add_header(header);
    }
    let mut bytes = BytesMut::new();
    write_message_to(&message, &mut bytes).map_err(|error| Broken(error.to_string()))?;
    Ok(bytes.freeze())
}
