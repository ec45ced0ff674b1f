//! CloudWatch log events: an index in memory that readers see at once, and a journal in redb behind it.
//!
//! Bounded in bytes, oldest out first. What the control plane creates (streams) is on disk when the call returns.
//! Events that a function logs are written behind by a thread of their own: a `kill -9` may lose the last half second
//! of them, and never anything else.

mod index;
mod journal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Store, StoreError};
use crate::world::World;
use crate::world::log_groups::LogGroup;

use index::Index;
pub(crate) use index::{Event, Page, Position, Scan, StreamSummary};
use journal::Journal;

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
}

impl std::fmt::Debug for LogEvents {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LogEvents").finish_non_exhaustive()
    }
}

impl LogEvents {
    /// Reads what `store` holds. Groups are kept in `world`; events of groups that it does not have are forgotten.
    /// At most `budget` bytes of events are kept.
    pub fn open(store: &Store, world: Arc<World>, budget: u64) -> Result<LogEvents, StoreError> {
        let known = world.snapshot();
        let index = journal::load(store, budget, |group| known.log_groups.contains_key(group))?;
        let journal = Journal::start(store.clone())?;
        Ok(LogEvents { inner: Arc::new(Inner { world, index: Mutex::new(index), journal }) })
    }

    /// Appends events (epoch milliseconds, message) to a stream; group and stream are created when missing. Readers see
    /// them when this returns. Blocks for one fsync when the group is new, else only while the disk is far behind.
    pub fn append(&self, group: &str, stream: &str, events: Vec<(i64, String)>) {
        if !self.inner.world.snapshot().log_groups.contains_key(group) {
            let created: Result<(), StoreError> = self.inner.world.change(|state| {
                state.log_groups.entry(group.to_owned()).or_insert_with(|| LogGroup::new(group, now_ms()));
                Ok(())
            });
            if let Err(error) = created {
                tracing::error!(%error, group, "the log group could not be created: its events are lost");
                return;
            }
        }
        let mut index = self.index();
        let written = index.append(group, stream, events, now_ms());
        self.inner.journal.write(written);
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

    /// Forgets a group's streams and events. Durable when this returns.
    pub(crate) fn delete_group(&self, group: &str) -> Result<(), StoreError> {
        let synced = {
            let mut index = self.index();
            let written = index.delete_group(group);
            self.inner.journal.write(written);
            self.inner.journal.sync()
        };
        synced.wait()
    }

    /// Events of a group in the order of their time, from where the scan says.
    pub(crate) fn scan(&self, group: &str, scan: &Scan<'_>) -> Page {
        self.index().scan(group, scan)
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

    /// Waits until all that was appended is on disk, and ends the writer. Later appends are kept in memory only.
    pub(crate) fn close(&self) {
        self.inner.journal.close();
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // The index is changed by infallible steps only.
        self.inner.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
