//! Answers that are passed on as they come: integrations with `responseTransferMode: STREAM` [FACTS §1, §2].
//!
//! The function sends what the answer's head is as JSON, eight NUL bytes, and then the body.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::answer;
use super::call::Response;
use super::fault::Fault;
use crate::functions::Streamed;

const DELIMITER: [u8; 8] = [0; 8];
/// Within so many bytes the delimiter has to come, as AWS says.
const MAX_PRELUDE: usize = 16 * 1024;

/// How long a stream may last and how long it may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) deadline: Instant,
    pub(super) idle: Duration,
}

impl Limits {
    /// AWS ends a stream that is silent for 5 minutes, at the edge for 30 seconds.
    pub(super) fn new(began: Instant, timeout: Duration, endpoint_type: &str) -> Limits {
        let idle = Duration::from_secs(if endpoint_type == "EDGE" { 30 } else { 300 });
        Limits { deadline: began + timeout, idle }
    }

    fn next(&self) -> Instant {
        self.deadline.min(Instant::now() + self.idle)
    }
}

/// What follows the first bytes of an answer.
#[derive(Debug)]
pub(super) struct Rest {
    streamed: Streamed,
    limits: Limits,
}

/// The stream ended before its end: the client is to see that.
#[derive(Debug)]
pub(super) struct Cut;

impl Rest {
    /// The next piece; `None` at the end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Cut> {
        match tokio::time::timeout_at(self.limits.next().into(), self.streamed.piece()).await {
            Ok(Some(piece)) => Ok(Some(piece)),
            Ok(None) => match self.streamed.end().await {
                Ok(outcome) if outcome.function_error.is_none() => Ok(None),
                _ => Err(Cut),
            },
            Err(_) => Err(Cut),
        }
    }
}

/// Waits for the head of the answer.
pub(super) async fn answer(mut streamed: Streamed, limits: Limits) -> Result<Response, Fault> {
    let mut read = BytesMut::new();
    let mut ended = false;
    let end = loop {
        if let Some(end) = read.windows(DELIMITER.len()).position(|bytes| bytes == DELIMITER) {
            break end;
        }
        if ended || read.len() > MAX_PRELUDE {
            return Err(Fault::Integration);
        }
        match tokio::time::timeout_at(limits.next().into(), streamed.piece()).await {
            Ok(Some(piece)) => read.extend_from_slice(&piece),
            Ok(None) => {
                let outcome = streamed.end().await.map_err(|_| Fault::Configuration)?;
                if outcome.function_error.is_some() {
                    return Err(Fault::Integration);
                }
                // A function that does not stream has answered all at once.
                read.extend_from_slice(&outcome.payload);
                ended = true;
            }
            Err(_) => return Err(Fault::Timeout),
        }
    };
    let (status, headers) = answer::prelude(&read[..end]).ok_or(Fault::Integration)?;
    let body = read.split_off(end + DELIMITER.len()).freeze();
    let stream = (!ended).then_some(Rest { streamed, limits });
    Ok(Response { status, headers, body, stream })
}
