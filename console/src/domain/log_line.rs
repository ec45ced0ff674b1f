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

/// The longest name of a level, in bytes: `informational`.
const LONGEST_NAME: usize = 13;

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
        let mut lower = [0; LONGEST_NAME];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"trace" | b"trce" | b"verbose" | b"vrb" | b"finest" => Some(Level::Trace),
            b"debug" | b"dbg" | b"dbug" | b"fine" | b"finer" => Some(Level::Debug),
            b"info" | b"notice" | b"information" | b"informational" | b"inf" => Some(Level::Info),
            b"warn" | b"warning" | b"wrn" => Some(Level::Warn),
            b"error" | b"err" | b"fatal" | b"critical" | b"panic" | b"fail" | b"ftl" | b"crit"
            | b"severe" | b"alert" | b"emergency" | b"emerg" | b"dpanic" => Some(Level::Error),
            _ => None,
        }
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
