//! A function's answer as it comes.

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{Outcome, Refusal};

/// Pieces of an answer that may wait to be taken; then the function waits.
pub(super) const AHEAD: usize = 16;

/// An answer that is on its way.
#[derive(Debug)]
pub struct Streamed {
    pieces: mpsc::Receiver<Bytes>,
    outcome: oneshot::Receiver<Outcome>,
}

impl Streamed {
    pub(super) fn new(pieces: mpsc::Receiver<Bytes>, outcome: oneshot::Receiver<Outcome>) -> Streamed {
        Streamed { pieces, outcome }
    }

    /// The next piece; `None` when there are no more. A function that does not stream has none.
    pub async fn piece(&mut self) -> Option<Bytes> {
        self.pieces.recv().await
    }

    /// How it ended, to be asked after the last piece. The payload is what came in no piece: the whole answer of a function
    /// that does not stream, or the description of an error.
    pub async fn end(&mut self) -> Result<Outcome, Refusal> {
        (&mut self.outcome).await.map_err(|_| Refusal::Failed("the local cloud has stopped".to_owned()))
    }
}
