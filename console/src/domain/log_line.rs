use std::fmt;

use serde::Serialize;

use super::stage_name::StageName;

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Finer than debug.
    Trace,
    /// For the developer.
    Debug,
    /// As it should be.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }

    /// The level that a logger calls so, in any case.
    pub fn named(name: &str) -> Option<Level> {
        let names: [(Level, &[&str]); 5] = [
            (Level::Trace, &["trace", "trce", "verbose", "vrb", "finest"]),
            (Level::Debug, &["debug", "dbg", "dbug", "fine", "finer"]),
            (Level::Info, &["info", "notice", "information", "informational", "inf"]),
            (Level::Warn, &["warn", "warning", "wrn"]),
            (
                Level::Error,
                &[
                    "error",
                    "err",
                    "fatal",
                    "critical",
                    "panic",
                    "fail",
                    "ftl",
                    "crit",
                    "severe",
                    "alert",
                    "emergency",
                    "emerg",
                    "dpanic",
                ],
            ),
        ];
        let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        names.into_iter().find(|(_, names)| known(names)).map(|(level, _)| level)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// One event of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The stage whose group it came from.
    pub stage: StageName,
    /// Epoch milliseconds, as the service stamped it.
    pub timestamp_ms: i64,
    /// Epoch milliseconds of its arrival at CloudWatch.
    pub ingested_ms: i64,
    /// Unique in the group: what a line is told apart by.
    pub event_id: String,
    /// Log stream: one execution environment.
    pub stream: String,
    /// The text as it came, foreign bytes and all: it must be made harmless before it is shown.
    pub message: String,
}
