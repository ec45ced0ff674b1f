//! The Live Tail sessions that are open: how many, how long, and how they end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// How many sessions an account may have at a time [FACTS §5].
const MOST: usize = 15;
/// How long a session lasts at most [FACTS §5].
const LENGTH: Duration = Duration::from_secs(3 * 60 * 60);

/// All Live Tail sessions of the account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveTails {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    state: Mutex<State>,
    stopping: CancellationToken,
}

#[derive(Debug)]
struct State {
    length: Duration,
    /// Cancelled when all sessions are to be cut; then there is another.
    cut: CancellationToken,
}

/// One session's place among the others, and what may end it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) length: Duration,
    pub(crate) cut: CancellationToken,
    pub(crate) stopping: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl LiveTails {
    pub(crate) fn new(stopping: CancellationToken) -> LiveTails {
        let state = Mutex::new(State { length: LENGTH, cut: CancellationToken::new() });
        LiveTails { inner: Arc::new(Inner { places: Arc::new(Semaphore::new(MOST)), state, stopping }) }
    }

    /// How many sessions are open. A client that went away is noticed when it is told the next update.
    pub fn open(&self) -> usize {
        MOST - self.inner.places.available_permits()
    }

    /// Ends all sessions as a broken network does: in the middle of the answer.
    pub fn cut(&self) {
        std::mem::take(&mut self.lock().cut).cancel();
    }

    /// How long the sessions that start from now on last until they end with SessionTimeoutException: 3 hours unless set.
    pub fn set_length(&self, length: Duration) {
        self.lock().length = length;
    }

    /// A place for one more; `None` when all are taken.
    pub(crate) fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.inner.places).try_acquire_owned().ok()?;
        let state = self.lock();
        Some(Place {
            length: state.length,
            cut: state.cut.clone(),
            stopping: self.inner.stopping.clone(),
            _permit: permit,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
