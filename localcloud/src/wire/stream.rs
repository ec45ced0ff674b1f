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
    /// An event whose payload is octets.
    Octets {
        /// As the service's model names it.
        name: &'static str,
        bytes: Bytes,
    },
    /// The last frame of a stream that ends with an error.
    Exception { code: &'static str, message: String },
}

/// Why a stream ends in the middle: its connection is to end without the last chunk.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Broken(pub(crate) String);

/// The frames of an answer, as they come.
pub(crate) struct Frames {
    frames: Pin<Box<dyn Stream<Item = Result<Frame, Broken>> + Send>>,
    /// Whether a frame that says nothing goes before them.
    greeting: bool,
}

impl Frames {
    /// The SDKs wait for the first frame before they hand the stream out, so one comes at once [FACTS §8].
    pub(crate) fn new(frames: impl Stream<Item = Result<Frame, Broken>> + Send + 'static) -> Frames {
        Frames { frames: Box::pin(frames), greeting: true }
    }

    /// REST protocols know no such frame: what the answer says besides its frames stands in its headers.
    pub(crate) fn rest(frames: impl Stream<Item = Result<Frame, Broken>> + Send + 'static) -> Frames {
        Frames { frames: Box::pin(frames), greeting: false }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Frames")
    }
}

pub(super) fn answer(frames: Frames) -> Response {
    let greeting = Frame::Event { name: "initial-response", members: json!({}) };
    let first = frames.greeting.then_some(Ok(greeting));
    let bytes = stream::iter(first).chain(frames.frames).map(|frame| encode(&frame?));
    let mut response = Response::new(Body::from_stream(bytes));
    let media_type = http::HeaderValue::from_static("application/vnd.amazon.eventstream");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

fn encode(frame: &Frame) -> Result<Bytes, Broken> {
    let text = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let json = "application/json";
    let (headers, media_type, payload) = match frame {
        Frame::Event { name, members } => {
            ([text(":message-type", "event"), text(":event-type", name)], json, members.to_string().into())
        }
        Frame::Octets { name, bytes } => (
            [text(":message-type", "event"), text(":event-type", name)],
            "application/octet-stream",
            bytes.clone(),
        ),
        Frame::Exception { code, message } => (
            [text(":message-type", "exception"), text(":exception-type", code)],
            json,
            json!({ "message": message }).to_string().into(),
        ),
    };
    let mut message = Message::new(payload).add_header(text(":content-type", media_type));
    for header in headers {
        message = message.add_header(header);
    }
    let mut bytes = BytesMut::new();
    write_message_to(&message, &mut bytes).map_err(|error| Broken(error.to_string()))?;
    Ok(bytes.freeze())
}
