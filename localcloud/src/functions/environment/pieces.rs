//! Where a streaming answer goes.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Environment;

/// Who takes an answer.
pub(in crate::functions) enum Taker {
    /// Each piece as it comes.
    Pieces(mpsc::Sender<Bytes>),
    /// All of it at the end.
    Whole,
}

impl Environment {
    /// Who takes the answer to an invocation; `None` when there is no such invocation (any more).
    pub(in crate::functions) fn taker(&self, request_id: &str) -> Option<Taker> {
        let exchange = self.exchange();
        let current = exchange.current.as_ref().filter(|current| current.request_id == request_id)?;
        if exchange.timed_out {
            return None;
        }
        Some(current.pieces.clone().map_or(Taker::Whole, Taker::Pieces))
    }
}
