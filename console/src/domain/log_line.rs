use super::stage_name::StageName;

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
