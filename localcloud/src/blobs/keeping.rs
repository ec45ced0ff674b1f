//! Which blobs must not be collected although no manifest refers to them: those that are being taken in, and those that a
//! client was told are there and will build a manifest on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// How long a client may rely on what it was told: as long as an upload may lie idle.
const PROMISED: Duration = Duration::from_secs(3600);

#[derive(Debug, Default)]
pub(super) struct Keeping {
    order: RwLock<()>,
    promised: Mutex<HashMap<String, Instant>>,
}

impl Keeping {
    /// While this is held, nothing is collected.
    pub(super) fn shared(&self) -> RwLockReadGuard<'_, ()> {
        self.order.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// While this is held, nothing is taken in.
    pub(super) fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.order.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn promise(&self, digest: &str) {
        self.promises().insert(digest.to_owned(), Instant::now());
    }

    /// A manifest refers to them now: they need no promise any more.
    pub(super) fn redeem<'a>(&self, digests: impl Iterator<Item = &'a String>) {
        let mut promises = self.promises();
        for digest in digests {
            promises.remove(digest);
        }
    }

    pub(super) fn is_promised(&self, digest: &str) -> bool {
        let mut promises = self.promises();
        promises.retain(|_, since| since.elapsed() < PROMISED);
        promises.contains_key(digest)
    }

    fn promises(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
