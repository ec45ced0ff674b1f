//! The updates of a session on their way to a reader who may be slow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{Stream, stream};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::wire::stream::{Broken, Frame};

/// How many updates wait; with one more the oldest is lost [FACTS §5]. Each holds 500 events at most.
const MOST_WAITING: usize = 10;

/// How a session ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// The last chunk is sent.
    Clean,
    /// With this exception, and then cleanly.
    Exception { code: &'static str, message: String },
    /// The connection ends in the middle of the answer.
    Cut,
}

/// The updates that wait. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Updates {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Frame>,
    end: Option<End>,
}

impl Updates {
    pub(super) fn push(&self, update: Frame) {
        let mut state = self.lock();
        if state.waiting.len() == MOST_WAITING {
            state.waiting.pop_front();
        }
        state.waiting.push_back(update);
        self.inner.changed.notify_one();
    }

    pub(super) fn end(&self, end: End) {
        self.lock().end = Some(end);
        self.inner.changed.notify_one();
    }

    /// `first`, then what waits as the reader takes it. Once the reader is gone `gone` is cancelled.
    pub(super) fn frames(
        &self,
        first: Frame,
        gone: CancellationToken,
    ) -> impl Stream<Item = Result<Frame, Broken>> + Send + use<> {
        let reader = Reader { updates: self.clone(), first: Some(first), _gone: gone.drop_guard() };
        stream::unfold(reader, |mut reader| async {
            let frame = reader.next().await?;
            Some((frame, reader))
        })
    }

    fn next_now(&self) -> Option<Result<Frame, End>> {
        let mut state = self.lock();
        if state.end == Some(End::Cut) {
            return Some(Err(End::Cut));
        }
        match state.waiting.pop_front() {
            Some(update) => Some(Ok(update)),
            None => state.end.clone().map(Err),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Reader {
    updates: Updates,
    first: Option<Frame>,
    _gone: DropGuard,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Frame, Broken>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        loop {
            match self.updates.next_now() {
                Some(Ok(update)) => return Some(Ok(update)),
                Some(Err(End::Clean)) => return None,
                Some(Err(End::Cut)) => return Some(Err(Broken("cut on purpose".to_owned()))),
                Some(Err(End::Exception { code, message })) => {
                    self.updates.end(End::Clean);
                    return Some(Ok(Frame::Exception { code, message }));
                }
                // A push in between leaves its permit there.
                None => self.updates.inner.changed.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use serde_json::json;

    use super::*;

    fn update(number: usize) -> Frame {
        Frame::Event { name: "sessionUpdate", members: json!(number) }
    }

    #[tokio::test]
    async fn a_slow_reader_loses_the_oldest_and_hears_how_it_ended() {
        let (updates, gone) = (Updates::default(), CancellationToken::new());
        let frames = updates.frames(update(100), gone.clone());
        (0..13).for_each(|number| updates.push(update(number)));
        updates.end(End::Exception { code: "SessionTimeoutException", message: "over".to_owned() });
        let told: Vec<Frame> = frames.map(Result::unwrap).collect().await;
        let last = Frame::Exception { code: "SessionTimeoutException", message: "over".to_owned() };
        let expected: Vec<Frame> =
            [update(100)].into_iter().chain((3..13).map(update)).chain([last]).collect();
        assert_eq!(told, expected);
        assert!(gone.is_cancelled());
    }

    #[tokio::test]
    async fn a_cut_waits_for_nobody() {
        let updates = Updates::default();
        let mut frames = Box::pin(updates.frames(update(0), CancellationToken::new()));
        updates.push(update(1));
        updates.end(End::Cut);
        assert_eq!(frames.next().await.unwrap().unwrap(), update(0));
        assert!(frames.next().await.unwrap().is_err());
    }
}
