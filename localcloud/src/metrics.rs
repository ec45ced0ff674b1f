//! What CloudWatch knows of the functions: invocations, errors, throttles, durations and concurrency, by the minute.
//!
//! An invocation is counted in the minute in which it began, once it has ended (as Lambda does), and before its caller hears
//! of it. Kept for a day and bounded (`metrics/index.rs`). Written behind by a thread of its own: a `kill -9` may lose
//! the last second.

mod distribution;
mod index;
mod journal;

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::store::{Store, StoreError};
pub(crate) use distribution::{Distribution, Statistic};
use index::{Index, Key};

/// The metrics of `AWS/Lambda` that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    ConcurrentExecutions,
    Duration,
    Errors,
    Invocations,
    Throttles,
}

impl Metric {
    pub(crate) const ALL: [Metric; 5] = [
        Metric::ConcurrentExecutions,
        Metric::Duration,
        Metric::Errors,
        Metric::Invocations,
        Metric::Throttles,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Metric::ConcurrentExecutions => "ConcurrentExecutions",
            Metric::Duration => "Duration",
            Metric::Errors => "Errors",
            Metric::Invocations => "Invocations",
            Metric::Throttles => "Throttles",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        if self == Metric::Duration { "Milliseconds" } else { "Count" }
    }
}

/// An invocation that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    /// When it was admitted, epoch milliseconds.
    pub(crate) began_ms: i64,
    /// Without the initialisation, as REPORT tells it.
    pub(crate) duration_ms: f64,
    /// An error of the function's, a crash or a time-out.
    pub(crate) failed: bool,
    /// Invocations of the function that ran when it was admitted, itself among them.
    pub(crate) concurrent: u32,
}

/// The metrics of the account. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to write, or it is time to end.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    index: Index,
    /// What is not on disk yet, or no longer to be there.
    dirty: BTreeSet<Key>,
    closing: bool,
}

/// Ends the writer's thread when nobody can record any more.
struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Reads what `store` holds.
    pub fn open(store: &Store) -> Result<Metrics, StoreError> {
        let index = journal::load(store)?;
        let state = Mutex::new(State { index, ..State::default() });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let thread = journal::start(Arc::clone(&shared), store.clone())?;
        let writer = Writer { shared: Arc::clone(&shared), thread: Mutex::new(Some(thread)) };
        Ok(Metrics { shared, writer: Arc::new(writer) })
    }

    /// Counts an invocation that has ended.
    pub(crate) fn ran(&self, function: &str, ran: &Ran) {
        self.record(|index| index.ran(function, ran));
    }

    /// Counts an invocation that was refused because all concurrent executions are in use.
    pub(crate) fn throttled(&self, function: &str, at_ms: i64) {
        self.record(|index| index.throttled(function, at_ms));
    }

    fn record(&self, change: impl FnOnce(&mut Index) -> Key) {
        let mut state = self.shared.lock();
        let key = change(&mut state.index);
        let idle = state.dirty.is_empty();
        if state.dirty.insert(key) && idle {
            self.shared.changed.notify_all();
        }
    }

    /// The values of a metric of a function from minute `range.0` up to but without minute `range.1` since the epoch, in
    /// periods of so many minutes that are counted from the first, oldest first. A period without a value is left out.
    pub(crate) fn read(
        &self,
        function: &str,
        metric: Metric,
        range: (i64, i64),
        period: i64,
    ) -> Vec<(i64, Distribution)> {
        self.shared.lock().index.read(function, metric, range, period)
    }

    /// The functions and metrics that have values from that minute on, sorted.
    pub(crate) fn known(&self, from: i64) -> Vec<(String, Metric)> {
        self.shared.lock().index.known(from)
    }

    /// Waits until all that was counted is on disk, and ends the writer. What is counted later is kept in memory only.
    pub(crate) fn close(&self) {
        self.shared.end();
        let thread = self.writer.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of metrics panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is changed by infallible steps only.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_there_when_it_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        let now = jiff::Timestamp::now().as_millisecond();
        let minute = now.div_euclid(60_000);
        let ran = Ran { began_ms: now, duration_ms: 12.34, failed: true, concurrent: 1 };
        let written = {
            let metrics = Metrics::open(&Store::open(&path, false).unwrap()).unwrap();
            metrics.ran("f", &ran);
            metrics.throttled("g", now);
            metrics.ran("old", &Ran { began_ms: 0, ..ran });
            metrics.close();
            metrics.read("f", Metric::Duration, (minute, minute + 1), 1)
        };
        assert_eq!(written[0].1.statistic(Statistic::Sum), 12.34);
        let metrics = Metrics::open(&Store::open(&path, false).unwrap()).unwrap();
        assert_eq!(metrics.read("f", Metric::Duration, (minute, minute + 1), 1), written);
        assert_eq!(metrics.known(0).len(), 6, "five of f, one of g, nothing that is too old");
    }
}
