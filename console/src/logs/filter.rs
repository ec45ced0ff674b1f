//! Which lines are shown.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::domain::StageName;

use super::query::{Query, Subject};

/// Where and when an invocation runs: an execution environment runs one at a time, so that what is logged there meanwhile
/// is its own, whether it names it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Whose it is.
    pub stage: StageName,
    /// Its log stream, by [`stream_id`].
    pub stream: u64,
    /// Epoch milliseconds, inclusive.
    pub from_ms: i64,
    /// Epoch milliseconds, inclusive. In the last one the next invocation may have begun.
    pub to_ms: i64,
}

/// What a log stream is told apart by, the same in each part of the program.
pub fn stream_id(name: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(name)
}

/// What a line must be to be shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// The one stage; `None` for both.
    pub stage: Option<StageName>,
    /// What its text must be.
    pub query: Query,
    /// What is shown too: the lines of a run that do not name their invocation.
    pub run: Option<Run>,
}

impl Filter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.stage.is_none() && self.query.is_empty()
    }

    /// Whether `stage` is shown at all.
    pub fn has(&self, stage: StageName) -> bool {
        self.stage.is_none_or(|only| only == stage)
    }

    /// Whether a line is shown for its own sake.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.has(subject.stage) && self.query.matches(subject)
    }
}
