use std::fmt;

use super::record::Record;
use crate::domain::StageName;

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was answered, and not with a status of 500 or more: what is 4xx is the caller's.
    Ok,
    /// The function reported an error, or a status of 500 or more was answered.
    Error,
    /// It was ended because it took too long.
    Timeout,
    /// Its process ended, or could not be started.
    Crash,
    /// Neither its end nor a failure was seen.
    Running,
}

impl Outcome {
    /// Each, in the order in which they are counted.
    pub const ALL: [Outcome; 5] =
        [Outcome::Ok, Outcome::Error, Outcome::Timeout, Outcome::Crash, Outcome::Running];

    /// `ok`, `error`, `timeout`, `crash` or `running`.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Timeout => "timeout",
            Outcome::Crash => "crash",
            Outcome::Running => "running",
        }
    }

    /// Whether it is a failure.
    pub fn is_bad(self) -> bool {
        matches!(self, Outcome::Error | Outcome::Timeout | Outcome::Crash)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// One invocation as far as its lines have come. Its texts are foreign: they are not harmless.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    pub(super) slot: u32,
    pub(super) record: &'a Record,
    /// Microseconds.
    pub(super) failed_start: Option<u32>,
}

impl<'a> Invocation<'a> {
    /// Where the table has it, as long as it is kept.
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// Whose it is.
    pub fn stage(&self) -> StageName {
        self.record.stage
    }

    /// Lambda's request id.
    pub fn request_id(&self) -> &'a str {
        &self.record.id
    }

    /// API Gateway's request id, if the service logs it.
    pub fn gateway_request_id(&self) -> Option<&'a str> {
        self.record.gateway.as_deref()
    }

    /// Its oldest line, which is START unless that was not read; epoch milliseconds.
    pub fn at_ms(&self) -> i64 {
        self.record.first_ms
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.record.outcome()
    }

    /// Whether its end was seen.
    pub fn has_ended(&self) -> bool {
        self.record.ended_ms.is_some()
    }

    /// Whether both its start and its report were read; else figures are missing, or it began earlier.
    pub fn is_complete(&self) -> bool {
        self.record.started && self.record.figures.is_some_and(|figures| figures.billed.is_some())
    }

    /// The HTTP status that the service says it answered.
    pub fn status(&self) -> Option<u16> {
        Some(self.record.answer.as_ref()?.status)
    }

    /// The HTTP method.
    pub fn method(&self) -> Option<&'a str> {
        self.record.answer.as_ref()?.method.as_deref()
    }

    /// The path that was asked for, without its query.
    pub fn path(&self) -> Option<&'a str> {
        self.record.answer.as_ref()?.path.as_deref()
    }

    /// The route that matched.
    pub fn route(&self) -> Option<&'a str> {
        self.record.answer.as_ref()?.route.as_deref()
    }

    /// How long the handler took, milliseconds.
    pub fn duration_ms(&self) -> Option<f64> {
        self.record.figures?.duration.map(milliseconds)
    }

    /// What is paid for, milliseconds.
    pub fn billed_ms(&self) -> Option<f64> {
        self.record.figures?.billed.map(milliseconds)
    }

    /// How long the start took, milliseconds, of a cold start; also of one that failed.
    pub fn init_ms(&self) -> Option<f64> {
        let reported = self.record.figures.and_then(|figures| figures.init);
        reported.or(self.failed_start).map(milliseconds)
    }

    /// Whether it had to wait for a start.
    pub fn is_cold(&self) -> bool {
        self.init_ms().is_some()
    }

    /// Megabytes that it has used at most.
    pub fn used_mb(&self) -> Option<u32> {
        self.record.figures?.used
    }

    /// Megabytes that it may use.
    pub fn size_mb(&self) -> Option<u32> {
        self.record.figures?.size
    }
}

fn milliseconds(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}
