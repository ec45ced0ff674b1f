use jiff::Timestamp;

use crate::domain::Problem;

/// A value that lives elsewhere, as far as it is known here. What was read last stays, labelled, while it is read anew
/// or when that fails.
#[derive(Debug, Clone, PartialEq)]
pub enum Remote<T> {
    /// Never asked for.
    Absent,
    /// Asked for, not there yet.
    Loading {
        /// What was read before, and when.
        stale: Option<(T, Timestamp)>,
    },
    /// Read.
    Ready {
        /// What was read.
        value: T,
        /// When.
        at: Timestamp,
    },
    /// Could not be read.
    Failed {
        /// What was read before, and when.
        stale: Option<(T, Timestamp)>,
        /// Why not.
        problem: Problem,
        /// When that was.
        at: Timestamp,
    },
}

impl<T> Remote<T> {
    /// The newest value that there is, and when it was read.
    pub fn last(&self) -> Option<(&T, Timestamp)> {
        match self {
            Remote::Absent => None,
            Remote::Ready { value, at } => Some((value, *at)),
            Remote::Loading { stale } | Remote::Failed { stale, .. } => {
                stale.as_ref().map(|(value, at)| (value, *at))
            }
        }
    }

    /// The newest value that there is.
    pub fn value(&self) -> Option<&T> {
        self.last().map(|(value, _)| value)
    }

    /// Why the last read failed, if it did.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Remote::Failed { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Whether a read is under way.
    pub fn is_loading(&self) -> bool {
        matches!(self, Remote::Loading { .. })
    }

    /// Notes that a read began.
    pub fn load(&mut self) {
        let stale = self.take_last();
        *self = Remote::Loading { stale };
    }

    /// Notes how a read ended.
    pub fn settle(&mut self, result: Result<T, Problem>, at: Timestamp) {
        *self = match result {
            Ok(value) => Remote::Ready { value, at },
            Err(problem) => Remote::Failed { stale: self.take_last(), problem, at },
        };
    }

    fn take_last(&mut self) -> Option<(T, Timestamp)> {
        match std::mem::replace(self, Remote::Absent) {
            Remote::Absent => None,
            Remote::Ready { value, at } => Some((value, at)),
            Remote::Loading { stale } | Remote::Failed { stale, .. } => stale,
        }
    }
}
