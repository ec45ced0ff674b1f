//! CloudWatch log events: an index in memory that readers see at once, and a journal in redb behind it.
//!
//! Events may be made to come late ([`crate::faults::Delivery`]): they are kept and on disk like all others, and readers
//! see each once its delay is over. Who reads makes visible what is due, so nothing runs while nobody reads.
//!
//! Bounded in bytes, oldest out first. What the control plane is told of (streams, and events by PutLogEvents) is on disk
//! when the call returns. Events that a function logs are written behind by a thread of their own: a `kill -9` may lose
//! the last half second of them, and never anything else.

mod feed;
mod index;
mod journal;
mod metric_filters;
mod pending;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::faults::Dealer;
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use crate::world::World;
use crate::world::log_groups::LogGroup;

pub(crate) use feed::{Feed, Heard, Wanted};
use index::Index;
pub(crate) use index::{Event, Page, Position, Scan, StreamSummary};
use journal::{Journal, Written};

/// How many bytes of events are kept unless said otherwise: 64 MiB, counted as CloudWatch does.
pub const DEFAULT_BUDGET: u64 = 64 * 1024 * 1024;

/// The log events of the account. Cheap to clone.
#[derive(Clone)]
pub struct LogEvents {
    inner: Arc<Inner>,
}

struct Inner {
    world: Arc<World>,
    index: Mutex<Index>,
    journal: Journal,
    dealer: Dealer,
    /// Where the metrics go that filters of groups find.
    metrics: Metrics,
}

impl std::fmt::Debug for LogEvents {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LogEvents").finish_non_exhaustive()
    }
}

impl LogEvents {
    /// Reads what `store` holds. Groups are kept in `world`; events of groups that it does not have are forgotten.
    /// At most `budget` bytes of events are kept; `dealer` says when each becomes visible, and what metric filters find goes
    /// to `metrics`.
    pub(crate) fn open(
        store: &Store,
        world: Arc<World>,
        budget: u64,
        dealer: Dealer,
        metrics: Metrics,
    ) -> Result<LogEvents, StoreError> {
        let known = world.snapshot();
        let index = journal::load(store, budget, now_ms(), |group| known.log_groups.contains_key(group))?;
        let journal = Journal::start(store.clone())?;
        Ok(LogEvents { inner: Arc::new(Inner { world, index: Mutex::new(index), journal, dealer, metrics }) })
    }

    /// Appends events (epoch milliseconds, message) to a stream; group and stream are created when missing. Readers see
    /// them when this returns, unless they are to be late ([`crate::faults::Faults::deliver`]). Blocks for one fsync when the group is new, else only while the disk is far behind.
    pub fn append(&self, group: &str, stream: &str, events: Vec<(i64, String)>) {
        if let Err(error) = self.create_group(group) {
            tracing::error!(%error, group, "the log group could not be created: its events are lost");
            return;
        }
        self.attend(group, &events);
        self.write(&mut self.index(), group, stream, events);
    }

    /// As [`LogEvents::append`], and durable when this returns: for who is told that the events were taken in.
    pub(crate) fn append_durably(
        &self,
        group: &str,
        stream: &str,
        events: Vec<(i64, String)>,
    ) -> Result<(), StoreError> {
        self.create_group(group)?;
        self.attend(group, &events);
        let synced = {
            let mut index = self.index();
            self.write(&mut index, group, stream, events);
            self.inner.journal.sync()
        };
        synced.wait()
    }

    fn create_group(&self, group: &str) -> Result<(), StoreError> {
        if !self.inner.world.snapshot().log_groups.contains_key(group) {
            self.inner.world.change::<(), StoreError>(|state| {
                state.log_groups.entry(group.to_owned()).or_insert_with(|| LogGroup::new(group, now_ms()));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What else comes of events that are about to be written: metrics by the group's filters, and room by its retention.
    fn attend(&self, group: &str, events: &[(i64, String)]) {
        if let Some(group) = self.inner.world.snapshot().log_groups.get(group) {
            self.inner.metrics.note(&metric_filters::data(group, events));
            self.expire(group);
        }
    }

    fn write(&self, index: &mut Index, group: &str, stream: &str, events: Vec<(i64, String)>) {
        // Drawn under the lock, so that delays go to events in the order in which they are numbered.
        let delays = self.inner.dealer.delays(events.len());
        let written = index.append(group, stream, events, delays.as_deref(), now_ms());
        self.inner.journal.write(written);
    }

    /// How many events were written that nobody sees yet.
    pub fn pending(&self) -> usize {
        self.index().pending()
    }

    /// Waits until no event is pending. Whoever goes on writing late events may keep it waiting.
    pub async fn delivered(&self) {
        loop {
            let due = self.index().last_due();
            let Some(due) = due else { return };
            let left = u64::try_from(due - now_ms()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(left)).await;
        }
    }

    /// Creates a stream; `false` when it is there already. Durable when this returns. The group must exist.
    pub(crate) fn create_stream(&self, group: &str, stream: &str) -> Result<bool, StoreError> {
        let (created, synced) = {
            let mut index = self.index();
            let Some(written) = index.create_stream(group, stream, now_ms()) else { return Ok(false) };
            self.inner.journal.write(written);
            (true, self.inner.journal.sync())
        };
        synced.wait()?;
        Ok(created)
    }

    /// Deletes a group with its streams and events; `false` when there is none. Durable when this returns.
    pub(crate) fn delete_group(&self, group: &str) -> Result<bool, StoreError> {
        // The group goes first: what a kill leaves of its streams belongs to no group, and is forgotten by the next start.
        let gone = self.inner.world.change::<_, StoreError>(|state| {
            Ok(state.log_groups.remove(group).map(|_| self.index().delete_group(group)))
        })?;
        let Some(written) = gone else { return Ok(false) };
        self.inner.journal.write(written);
        self.inner.journal.sync().wait()?;
        Ok(true)
    }

    /// Forgets a stream and its events; `false` when there is none of that name. Durable when this returns.
    pub(crate) fn delete_stream(&self, group: &str, stream: &str) -> Result<bool, StoreError> {
        let synced = {
            let mut index = self.index();
            let Some(written) = index.delete_stream(group, stream) else { return Ok(false) };
            self.inner.journal.write(written);
            self.inner.journal.sync()
        };
        synced.wait()?;
        Ok(true)
    }

    /// Forgets what a group's retention does not keep any more; it goes from the disk behind.
    pub(crate) fn expire(&self, group: &LogGroup) {
        if let Some(since) = group.kept_since(now_ms()) {
            let mut index = self.index();
            if let Some(written) = index.expire(&group.name, since) {
                self.inner.journal.write(written);
            }
        }
    }

    /// Events of a group in the order of their time, from where the scan says.
    pub(crate) fn scan(&self, group: &str, scan: &Scan<'_>) -> Page {
        self.index().scan(group, scan)
    }

    /// Hears the events that become visible from now on, as far as they are wanted.
    pub(crate) fn listen(&self, wanted: Wanted) -> Feed {
        self.index().listen(wanted)
    }

    /// What the listener has heard since it last asked.
    pub(crate) fn heard(&self, feed: &Feed) -> Heard {
        // With what is due by now, and all or nothing of what one append brings.
        let _index = self.index();
        feed.take()
    }

    /// The streams of a group, by name.
    pub(crate) fn streams(&self, group: &str) -> Vec<StreamSummary> {
        self.index().streams(group)
    }

    /// Whether the group has that stream.
    pub(crate) fn has_stream(&self, group: &str, stream: &str) -> bool {
        self.index().has_stream(group, stream)
    }

    /// Bytes of events in a group, counted as CloudWatch does.
    pub(crate) fn stored_bytes(&self, group: &str) -> u64 {
        self.index().stored_bytes(group)
    }

    /// Drops the oldest events until so many bytes are left at most; how many went, and their bytes. Durable when this
    /// returns.
    pub(crate) fn shrink(&self, budget: u64) -> Result<(u64, u64), StoreError> {
        let mut written = Written::default();
        let (gone, synced) = {
            let mut index = self.index();
            let before = index.bytes();
            index.shrink(budget, &mut written);
            let gone = (written.gone_events.len() as u64, before - index.bytes());
            self.inner.journal.write(written);
            (gone, self.inner.journal.sync())
        };
        synced.wait()?;
        Ok(gone)
    }

    /// Waits until all that was appended is on disk, and ends the writer. Later appends are kept in memory only.
    pub(crate) fn close(&self) {
        self.inner.journal.close();
    }

    /// The index with all visible that is due.
    fn index(&self) -> MutexGuard<'_, Index> {
        // The index is changed by infallible steps only.
        let mut index = self.inner.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.deliver(now_ms());
        index
    }
}

/// How many events a store holds, and their bytes as CloudWatch counts them.
pub(crate) fn stored(store: &Store) -> Result<(u64, u64), StoreError> {
    journal::stored(store)
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
