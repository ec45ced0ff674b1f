//! What a stage answers, judged: smoke asks what the service's own OpenAPI document lists, CORS asks as a browser would.
//!
//! [`ask`] sends one request and keeps all that a verdict may need; [`openapi`] says what there is to ask; [`diagnosis`]
//! knows what the gateway's own answers and a broken connection mean; [`fetch`] holds the browser's rules.

mod ask;
mod cors;
mod diagnosis;
mod fetch;
mod openapi;
mod smoke;

use std::time::Duration;

pub use cors::{ORIGIN, cors, cors_within};
pub use smoke::{smoke, smoke_within};

use crate::domain::Verdict;

/// How hard a run of checks may push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one request may take, connection included.
    pub timeout: Duration,
    /// How many requests are on their way at once.
    pub at_once: usize,
}

impl Default for Limits {
    /// Two seconds longer than the gateway itself waits (29 s), so that its own time-out is seen as what it is.
    fn default() -> Limits {
        Limits { timeout: Duration::from_secs(31), at_once: 4 }
    }
}

/// Why a check failed, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    cause: String,
    fix: String,
}

impl Fault {
    fn new(cause: impl Into<String>, fix: impl Into<String>) -> Fault {
        Fault { cause: cause.into(), fix: fix.into() }
    }
}

/// A verdict, from what was found wrong.
fn verdict(judged: Result<(), Fault>) -> Verdict {
    match judged {
        Ok(()) => Verdict::Passed,
        Err(Fault { cause, fix }) => Verdict::Failed { cause, fix },
    }
}
