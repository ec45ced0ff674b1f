//! Which invocations are shown, in which order: kept sorted as they come, change and go.

use crate::domain::StageName;
use crate::logs::invocations::{Invocation, Ranked, Table};
use crate::logs::query::Query;

/// Invocations that a new query is asked of at a time.
const STEP: usize = 2000;

/// By what the table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// When they began.
    Time,
    /// How long they took.
    Duration,
    /// How much memory they used.
    Memory,
    /// What HTTP status they answered.
    Status,
}

impl Sort {
    /// The next one in turn.
    pub fn next(self) -> Sort {
        match self {
            Sort::Time => Sort::Duration,
            Sort::Duration => Sort::Memory,
            Sort::Memory => Sort::Status,
            Sort::Status => Sort::Time,
        }
    }

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Sort::Time => "time",
            Sort::Duration => "duration",
            Sort::Memory => "memory",
            Sort::Status => "status",
        }
    }
}

/// What is sorted by (what is not known comes last), when it began, and its slot.
type Key = (i64, i64, u32);

/// The rows.
#[derive(Debug)]
pub(super) struct Rows {
    sorted: Ranked<Key>,
    /// By what.
    pub(super) sort: Sort,
    /// The smallest first.
    pub(super) reversed: bool,
    /// One stage, or both.
    pub(super) stage: Option<StageName>,
    /// What they must be.
    pub(super) query: Query,
    /// When they must have begun at the earliest, epoch milliseconds.
    pub(super) since_ms: i64,
    /// First line and slot of the oldest of which the query was asked; `None` when it was asked of all.
    asked: Option<(i64, u32)>,
}

impl Default for Rows {
    fn default() -> Rows {
        Rows {
            sorted: Ranked::default(),
            sort: Sort::Time,
            reversed: false,
            stage: None,
            query: Query::default(),
            since_ms: i64::MIN,
            asked: None,
        }
    }
}

impl Rows {
    fn key(&self, one: &Invocation<'_>) -> Key {
        let value = match self.sort {
            Sort::Time => 0,
            // Whole microseconds.
            Sort::Duration => one.duration_ms().map_or(-1, |duration| (duration * 1000.0).round() as i64),
            Sort::Memory => one.used_mb().map_or(-1, i64::from),
            Sort::Status => one.status().map_or(-1, i64::from),
        };
        (value, one.at_ms(), one.slot())
    }

    fn passes(&self, one: &Invocation<'_>) -> bool {
        one.at_ms() >= self.since_ms
            && self.stage.is_none_or(|stage| stage == one.stage())
            && self.query.holds(one)
    }

    /// Shows one, if it is to be shown.
    pub(super) fn add(&mut self, one: &Invocation<'_>) {
        if self.passes(one) {
            self.sorted.insert(self.key(one));
        }
    }

    /// Shows one no longer; it must be as it was when it was added.
    pub(super) fn remove(&mut self, one: &Invocation<'_>) {
        self.sorted.remove(&self.key(one));
    }

    /// Asks all of `table` anew: the newest at once, the others as [`Rows::work`] is called.
    pub(super) fn restart(&mut self, table: &Table) {
        self.sorted = Ranked::default();
        self.asked = Some((i64::MAX, u32::MAX));
        self.work(table);
    }

    /// Asks some more. `false`: there are none left.
    pub(super) fn work(&mut self, table: &Table) -> bool {
        for _ in 0..STEP {
            let Some(asked) = self.asked else { return false };
            let older = table.older_than(asked);
            self.asked = older.map(|(place, _)| place);
            if let Some((_, Some(one))) = older {
                self.add(&one);
            }
        }
        self.asked.is_some()
    }

    /// Whether there are some that were not asked yet.
    pub(super) fn is_pending(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The slot of the invocation in a row, counted from the top.
    pub(super) fn slot(&self, row: usize) -> Option<u32> {
        let place = if self.reversed { row } else { self.len().checked_sub(row + 1)? };
        self.sorted.nth(place).map(|(.., slot)| slot)
    }

    /// The row of an invocation, if it is shown.
    pub(super) fn row(&self, one: &Invocation<'_>) -> Option<usize> {
        let key = self.key(one);
        let place = self.sorted.rank(&key);
        let row = if self.reversed { place } else { self.len().checked_sub(place + 1)? };
        (self.slot(row) == Some(one.slot())).then_some(row)
    }
}
