use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::stage_name::StageName;

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Does the stage answer as it should?
    Smoke,
    /// Would a browser on another origin be let in?
    Cors,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed {
        /// What is wrong, as a sentence.
        cause: String,
        /// What to do about it.
        fix: String,
    },
}

/// One check of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Smoke or CORS.
    pub kind: CheckKind,
    /// What was asked, such as `GET /api/v0/items`.
    pub name: String,
    /// What came, such as `200 {"message":"Get all items"}`, harmless to show and cut to one line.
    pub got: String,
    /// From the first byte sent to the last byte read.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
    /// Passed or failed.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The gateway's request id (`x-amzn-RequestId`), by which the log lines of this request are found.
    pub request_id: Option<String>,
}

fn milliseconds<S: Serializer>(took: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_f64(took.as_secs_f64() * 1000.0)
}

/// All checks of one kind on one stage, run together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The stage that was asked.
    pub stage: StageName,
    /// Smoke or CORS.
    pub kind: CheckKind,
    /// When the run began.
    pub at: Timestamp,
    /// In the order in which they stand on the screen.
    pub checks: Vec<Check>,
}

impl Report {
    /// How many passed.
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| check.verdict == Verdict::Passed).count()
    }

    /// Whether there were checks and all of them passed.
    pub fn green(&self) -> bool {
        !self.checks.is_empty() && self.passed() == self.checks.len()
    }
}
