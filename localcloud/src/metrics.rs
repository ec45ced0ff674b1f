//! What CloudWatch knows of the functions: invocations, errors, throttles, durations and concurrency, by the minute; and
//! what somebody put there ([`Metrics::put`]).
//!
//! An invocation is counted in the minute in which it began, once it has ended (as Lambda does), and before its caller hears
//! of it. Kept for a day and bounded (`metrics/index.rs`). Written behind by a thread of its own: a `kill -9` may lose
//! the last second.

mod custom;
mod distribution;
mod index;
mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::store::{Store, StoreError};
use custom::Custom;
pub(crate) use custom::{Datum, Series, Values};
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
    custom: Custom,
    /// What is not on disk yet, or no longer to be there.
    dirty: BTreeSet<Key>,
    dirty_custom: BTreeSet<custom::Key>,
    /// Somebody waits for the disk.
    urgent: bool,
    closing: bool,
    writes: Writes,
}

/// How far the writer has come: its writes are numbered from 1.
#[derive(Default)]
struct Writes {
    begun: u64,
    ended: u64,
    /// The last one that failed, and why.
    failed: Option<(u64, String)>,
    /// No other will begin.
    over: bool,
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
        let (index, custom) = journal::load(store)?;
        let state = Mutex::new(State { index, custom, ..State::default() });
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

    /// Takes in values that somebody put. They are on disk when this returns: it blocks for one fsync.
    pub(crate) fn put(&self, data: &[Datum]) -> Result<(), StoreError> {
        let mut state = self.shared.lock();
        self.take(&mut state, data);
        state.urgent = true;
        let wanted = state.writes.begun + 1;
        self.shared.changed.notify_all();
        let pending = |state: &mut State| state.writes.ended < wanted && !state.writes.over;
        let state = self.shared.changed.wait_while(state, pending).unwrap_or_else(PoisonError::into_inner);
        match &state.writes.failed {
            Some((number, why)) if *number >= wanted => Err(StoreError::Metrics(why.clone())),
            _ if state.writes.ended < wanted => Err(StoreError::Metrics("the writer has ended".to_owned())),
            _ => Ok(()),
        }
    }

    /// Takes in values that were found in logs; written behind, as those of functions.
    pub(crate) fn note(&self, data: &[Datum]) {
        if data.is_empty() {
            return;
        }
        let mut state = self.shared.lock();
        self.take(&mut state, data);
        self.shared.changed.notify_all();
    }

    fn take(&self, state: &mut State, data: &[Datum]) {
        for datum in data {
            let key = state.custom.put(datum);
            state.dirty_custom.insert(key);
        }
    }

    /// The values of a series by unit, from second `range.0` up to but without second `range.1` since the epoch, in periods
    /// of so many seconds that are counted from the first, oldest first.
    pub(crate) fn read_custom(
        &self,
        series: &Series,
        range: (i64, i64),
        period: i64,
    ) -> BTreeMap<String, Vec<(i64, Distribution)>> {
        self.shared.lock().custom.read(series, range, period)
    }

    /// The series that have values from that second on, sorted.
    pub(crate) fn known_custom(&self, from: i64) -> Vec<Series> {
        self.shared.lock().custom.known(from)
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

/// How many minutes of functions a store holds, and their bytes.
pub(crate) fn stored(store: &Store) -> Result<(u64, u64), StoreError> {
    journal::stored(store)
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
