//! The Logs Insights queries of the account: those that run, and the newest that have ended.
//!
//! A query reads the events page by page on a thread of its own, so that it holds up nobody; two run at a time and the
//! others are scheduled. Queries are not saved: they are gone when the local cloud ends.

mod work;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::events::LogEvents;
use crate::insights::{Query, Row};

/// How many may be scheduled or running at once (FACTS §5).
pub(crate) const MOST_AT_ONCE: usize = 100;
/// How many run at once here; the machine has other things to do.
const RUNNING: usize = 2;
/// How many queries are remembered, with those that run, and how many bytes of their results: 64 MiB. Of the ended ones
/// the oldest goes first, and is unknown then.
const MOST_QUERIES: usize = 1000;
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How long a query may run (FACTS §5).
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Where a query stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Scheduled,
    Running,
    Complete,
    Failed,
    Cancelled,
    Timeout,
}

impl Status {
    pub(crate) const ALL: [Status; 6] = [
        Status::Scheduled,
        Status::Running,
        Status::Complete,
        Status::Failed,
        Status::Cancelled,
        Status::Timeout,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Status::Scheduled => "Scheduled",
            Status::Running => "Running",
            Status::Complete => "Complete",
            Status::Failed => "Failed",
            Status::Cancelled => "Cancelled",
            Status::Timeout => "Timeout",
        }
    }

    fn ended(self) -> bool {
        !matches!(self, Status::Scheduled | Status::Running)
    }
}

/// A log group, and from when on its events are told, epoch milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: Arc<str>,
    pub(crate) since: i64,
}

/// What a query is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) groups: Vec<Group>,
    /// Epoch milliseconds, both inclusive.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The query as DescribeQueries tells it.
    pub(crate) text: String,
    pub(crate) query: Query,
    pub(crate) limit: Option<usize>,
}

/// What a query has read so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) matched: u64,
    pub(crate) scanned: u64,
    pub(crate) bytes: u64,
}

/// A query that was started.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) id: String,
    /// In the order in which queries were started.
    pub(crate) number: u64,
    pub(crate) groups: Vec<Arc<str>>,
    pub(crate) text: String,
    /// Epoch milliseconds.
    pub(crate) created: i64,
    pub(crate) status: Status,
    pub(crate) figures: Figures,
}

struct Entry {
    standing: Standing,
    rows: Vec<Row>,
    bytes: usize,
    stop: CancellationToken,
}

/// Why a query cannot be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotStopped {
    Unknown,
    Ended(Status),
}

/// The queries. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Queries {
    inner: Arc<Inner>,
}

struct Inner {
    table: Mutex<BTreeMap<u64, Entry>>,
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Queries {
    /// All of them end with `stop`.
    pub(crate) fn new(stop: CancellationToken) -> Queries {
        let places = Arc::new(Semaphore::new(RUNNING));
        Queries { inner: Arc::new(Inner { table: Mutex::default(), places, stop }) }
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        // The table is changed by infallible steps only.
        self.inner.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a query at the time `now`, epoch milliseconds, and gives its id; `None` when too many run already. Must be
    /// called within the runtime.
    pub(crate) fn start(&self, events: LogEvents, wanted: Wanted, now: i64) -> Option<String> {
        let id = uuid::Uuid::new_v4().to_string();
        let stop = self.inner.stop.child_token();
        let number = {
            let mut table = self.table();
            if table.values().filter(|entry| !entry.standing.status.ended()).count() >= MOST_AT_ONCE {
                return None;
            }
            let number = table.last_key_value().map_or(1, |(last, _)| last + 1);
            let standing = Standing {
                id: id.clone(),
                number,
                groups: wanted.groups.iter().map(|group| Arc::clone(&group.name)).collect(),
                text: wanted.text.clone(),
                created: now,
                status: Status::Scheduled,
                figures: Figures::default(),
            };
            table.insert(number, Entry { standing, rows: Vec::new(), bytes: 0, stop: stop.clone() });
            forget(&mut table);
            number
        };
        tokio::spawn(work::carry_out(self.clone(), number, events, wanted, stop));
        Some(id)
    }

    /// A query, and those of its rows that `page` names; how many there are.
    pub(crate) fn results(&self, id: &str, from: usize, most: usize) -> Option<(Standing, Vec<Row>, usize)> {
        let table = self.table();
        let entry = table.values().find(|entry| entry.standing.id == id)?;
        let rows = entry.rows.iter().skip(from).take(most).cloned().collect();
        Some((entry.standing.clone(), rows, entry.rows.len()))
    }

    /// Stops a query that has not ended.
    pub(crate) fn stop(&self, id: &str) -> Result<(), NotStopped> {
        let mut table = self.table();
        let entry = table.values_mut().find(|entry| entry.standing.id == id).ok_or(NotStopped::Unknown)?;
        if entry.standing.status.ended() {
            return Err(NotStopped::Ended(entry.standing.status));
        }
        entry.stop.cancel();
        entry.standing.status = Status::Cancelled;
        Ok(())
    }

    /// All of them, the newest first.
    pub(crate) fn all(&self) -> Vec<Standing> {
        self.table().values().rev().map(|entry| entry.standing.clone()).collect()
    }

    /// Tells how far a query is, unless it was stopped.
    fn tell(&self, number: u64, tell: impl FnOnce(&mut Entry)) {
        let mut table = self.table();
        if let Some(entry) = table.get_mut(&number).filter(|entry| !entry.standing.status.ended()) {
            tell(entry);
        }
        forget(&mut table);
    }
}

/// Keeps within what is remembered.
fn forget(table: &mut BTreeMap<u64, Entry>) {
    let mut bytes: usize = table.values().map(|entry| entry.bytes).sum();
    while table.len() > MOST_QUERIES || bytes > MOST_BYTES {
        let oldest = table.iter().find(|(_, entry)| entry.standing.status.ended()).map(|(number, _)| *number);
        let Some(gone) = oldest.and_then(|number| table.remove(&number)) else { return };
        bytes -= gone.bytes;
    }
}
