//! Which lines are shown.

use crate::domain::StageName;

use super::query::{Query, Subject};

/// What a line must be to be shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// The one stage; `None` for both.
    pub stage: Option<StageName>,
    /// What its text must be.
    pub query: Query,
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
