use std::fmt;

use serde::{Deserialize, Serialize};

/// The only error that a screen or a headless command shows: what failed, why, and what to do about it.
///
/// None of the three may hold a secret, an env value, or a control character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What failed, as one sentence without a full stop.
    pub summary: String,
    /// Why, as it was learned (an answer of AWS, an error of the system); may be empty.
    pub detail: String,
    /// What to do about it; may be empty where nothing is known.
    pub hint: String,
}

impl Problem {
    /// A problem of which only the summary is known.
    pub fn new(summary: impl Into<String>) -> Problem {
        Problem { summary: summary.into(), detail: String::new(), hint: String::new() }
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, detail: impl fmt::Display) -> Problem {
        self.detail = detail.to_string();
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn fix(mut self, hint: impl Into<String>) -> Problem {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.summary)?;
        if !self.detail.is_empty() {
            write!(out, ": {}", self.detail)?;
        }
        if !self.hint.is_empty() {
            write!(out, " ({})", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
