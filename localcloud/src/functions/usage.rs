//! When functions were last called, and which of them have to be woken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Kept in memory; who lays functions to rest keeps it on disk, in steps.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    state: Mutex<State>,
    called: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// By the function's name, epoch milliseconds.
    last: BTreeMap<String, i64>,
    inactive: BTreeSet<String>,
}

impl Usage {
    /// The function is called now.
    pub(super) fn used(&self, name: &str, now_ms: i64) {
        let mut state = self.lock();
        match state.last.get_mut(name) {
            Some(last) => *last = now_ms,
            None => drop(state.last.insert(name.to_owned(), now_ms)),
        }
    }

    /// An inactive function was called.
    pub(super) fn called_inactive(&self, name: &str) {
        self.lock().inactive.insert(name.to_owned());
        self.called.notify_one();
    }

    /// When each function was last called, as far as that was since the start.
    pub(crate) fn last(&self) -> BTreeMap<String, i64> {
        self.lock().last.clone()
    }

    /// The inactive functions that were called since this was asked last; waits until there is one.
    pub(crate) async fn woken(&self) -> BTreeSet<String> {
        loop {
            let inactive = std::mem::take(&mut self.lock().inactive);
            if !inactive.is_empty() {
                return inactive;
            }
            self.called.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
