use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::diagnosis::Diagnosis;
use super::stage_name::StageName;

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Does what API Gateway has lead to the function?
    Gateway,
    /// Does the stage answer as it should?
    Smoke,
    /// Would a browser on another origin be let in?
    Cors,
    /// Does the documentation work under the stage's prefix?
    Docs,
}

impl CheckKind {
    /// All, in the order in which they are shown.
    pub const ALL: [CheckKind; 4] = [CheckKind::Gateway, CheckKind::Smoke, CheckKind::Cors, CheckKind::Docs];

    /// In a word.
    pub fn title(self) -> &'static str {
        match self {
            CheckKind::Gateway => "gateway",
            CheckKind::Smoke => "smoke",
            CheckKind::Cors => "CORS",
            CheckKind::Docs => "docs",
        }
    }
}

/// Why a check is not content, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its name.
    pub diagnosis: Diagnosis,
    /// What is wrong, as a sentence.
    pub cause: String,
    /// What to do about it.
    pub fix: String,
}

impl Fault {
    /// What is wrong, and what to do about it.
    pub fn new(diagnosis: Diagnosis, cause: impl Into<String>, fix: impl Into<String>) -> Fault {
        Fault { diagnosis, cause: cause.into(), fix: fix.into() }
    }
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// It works, and something about it will hurt one day.
    Warned(Fault),
    /// Not as it should be.
    Failed(Fault),
}

impl Verdict {
    /// What is wrong, if something is.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Verdict::Passed => None,
            Verdict::Warned(fault) | Verdict::Failed(fault) => Some(fault),
        }
    }

    /// Whether it failed.
    pub fn is_failed(&self) -> bool {
        matches!(self, Verdict::Failed(_))
    }
}

/// Where the time of one request went. A part that there was not (a name that is an address, a connection without TLS) is
/// absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Timing {
    /// Until the host's addresses were known.
    #[serde(rename = "dns_ms", serialize_with = "maybe_milliseconds")]
    pub dns: Option<Duration>,
    /// Until the TCP connection stood; with a proxy, until it had made its own.
    #[serde(rename = "connect_ms", serialize_with = "maybe_milliseconds")]
    pub connect: Option<Duration>,
    /// Until TLS was agreed.
    #[serde(rename = "tls_ms", serialize_with = "maybe_milliseconds")]
    pub tls: Option<Duration>,
    /// From the request's first byte sent to the head of its answer.
    #[serde(rename = "first_byte_ms", serialize_with = "maybe_milliseconds")]
    pub first_byte: Option<Duration>,
}

/// A request as it was sent, enough to send it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Whole.
    pub url: String,
    /// Names and values; a secret stands as `$NAME`, the variable that it came from.
    pub headers: Vec<(String, String)>,
    /// What was sent with it.
    pub body: Option<String>,
}

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names and values, harmless to show.
    pub headers: Vec<(String, String)>,
    /// At most 16 KiB of it, JSON in lines, harmless to show, what looks like a secret masked.
    pub body: String,
}

/// One check of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it looks at.
    pub kind: CheckKind,
    /// What was asked, such as `GET /api/v0/items`.
    pub name: String,
    /// CORS: the origin of the page that asks.
    pub origin: Option<String>,
    /// What came, such as `200 {"message":"Get all items"}`, harmless to show and cut to one line.
    pub got: String,
    /// From before the connection was made to the last byte read.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
    /// Where that time went.
    #[serde(flatten)]
    pub timing: Timing,
    /// Whether the function had to be started for it, where the answer says so (`Server-Timing: cold`).
    pub cold: bool,
    /// What came before it was asked again, the first first; empty unless it was.
    pub earlier: Vec<String>,
    /// Passed, warned or failed.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The gateway's request id (`x-amzn-RequestId`), by which the log lines of this request are found.
    pub request_id: Option<String>,
    /// What was sent; absent where nothing was asked over HTTP.
    pub request: Option<Request>,
    /// What came, where something did.
    pub answer: Option<Answer>,
}

impl Check {
    /// A check for which nothing was asked over HTTP.
    pub fn unasked(
        kind: CheckKind,
        name: impl Into<String>,
        got: impl Into<String>,
        verdict: Verdict,
    ) -> Check {
        Check {
            kind,
            name: name.into(),
            origin: None,
            got: got.into(),
            took: Duration::ZERO,
            timing: Timing::default(),
            cold: false,
            earlier: Vec::new(),
            verdict,
            request_id: None,
            request: None,
            answer: None,
        }
    }
}

fn milliseconds<S: Serializer>(took: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_f64(took.as_secs_f64() * 1000.0)
}

fn maybe_milliseconds<S: Serializer>(took: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    match took {
        Some(took) => milliseconds(took, out),
        None => out.serialize_none(),
    }
}

/// All checks of one kind on one stage, run together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The stage that was asked.
    pub stage: StageName,
    /// What was looked at.
    pub kind: CheckKind,
    /// When the run began.
    pub at: Timestamp,
    /// In the order in which they stand on the screen.
    pub checks: Vec<Check>,
}

impl Report {
    /// How many did not fail.
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| !check.verdict.is_failed()).count()
    }

    /// How many passed with a warning.
    pub fn warned(&self) -> usize {
        self.checks.iter().filter(|check| matches!(check.verdict, Verdict::Warned(_))).count()
    }

    /// Whether there were checks and none of them failed.
    pub fn green(&self) -> bool {
        !self.checks.is_empty() && self.passed() == self.checks.len()
    }
}
