//! Calls of a function whose answer comes as it is made.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::invoke::{Wanted, refused, wanted};
use super::target::version_name;
use crate::cloud::Cloud;
use crate::functions::{Outcome, Streamed};
use crate::wire::fault::Fault;
use crate::wire::stream::{Broken, Frame, Frames};
use crate::wire::{Answer, Body, Call};

/// How far a stream has come.
enum State {
    Pieces(Streamed),
    Ended(Outcome),
    Over,
}

/// A frame for each piece that the function sends (`PayloadChunk`) and one at its end (`InvokeComplete`). A function that does
/// not stream answers in one piece.
pub(crate) fn invoke(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Wanted { target, callee, invocation, kind } = wanted(cloud, call, &["RequestResponse", "DryRun"])?;
    if kind == "DryRun" {
        return Ok(Answer::empty(204));
    }
    let streamed =
        cloud.functions.stream(&callee, invocation).map_err(|refusal| refused(refusal, &target))?;
    let frames = stream::unfold(State::Pieces(streamed), |state| async { next(state).await });
    let version = HeaderValue::from_str(&version_name(callee.version));
    let version = version.map_err(|_| Fault::internal("the version's name is no header"))?;
    Ok(Answer {
        status: 200,
        headers: vec![(HeaderName::from_static("x-amz-executed-version"), version)],
        body: Body::Frames(Frames::rest(frames)),
    })
}

async fn next(state: State) -> Option<(Result<Frame, Broken>, State)> {
    let mut streamed = match state {
        State::Pieces(streamed) => streamed,
        State::Ended(outcome) => return Some((Ok(complete(&outcome)), State::Over)),
        State::Over => return None,
    };
    if let Some(piece) = streamed.piece().await {
        return Some((Ok(chunk(piece)), State::Pieces(streamed)));
    }
    match streamed.end().await {
        Ok(outcome) if outcome.function_error.is_none() && !outcome.payload.is_empty() => {
            Some((Ok(chunk(outcome.payload.clone())), State::Ended(outcome)))
        }
        Ok(outcome) => Some((Ok(complete(&outcome)), State::Over)),
        Err(refusal) => Some((Err(Broken(format!("{refusal:?}"))), State::Over)),
    }
}

fn chunk(bytes: Bytes) -> Frame {
    Frame::Octets { name: "PayloadChunk", bytes }
}

/// What went wrong stands here: the status was told when nobody knew yet.
fn complete(outcome: &Outcome) -> Frame {
    let mut members = json!({});
    if let Some(error) = &outcome.function_error {
        members["ErrorCode"] = Value::from(error.as_str());
        members["ErrorDetails"] = Value::from(String::from_utf8_lossy(&outcome.payload));
    }
    if let Some(tail) = &outcome.log_tail {
        members["LogResult"] = Value::from(STANDARD.encode(tail));
    }
    Frame::Event { name: "InvokeComplete", members }
}
