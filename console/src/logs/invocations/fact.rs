//! What one log line says of an invocation, read from that line alone, so that it does not matter in which order lines
//! come.

use serde_json::{Map, Value};

use super::answer::{Answer, kept};
use crate::domain::Level;
use crate::logs::reading::{self, Report, json};

/// The longest line that is read as JSON, in bytes: the line of a request and Lambda's own are short.
const LONGEST_JSON: usize = 64 << 10;
/// The longest request id, in characters; Lambda's have 36.
const LONGEST_ID: usize = 64;
/// Names of API Gateway's request id.
const GATEWAY_ID: [&str; 3] = ["gateway_request_id", "gatewayRequestId", "apigw_request_id"];

/// How an invocation failed, the gravest last: what counts when lines say different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// The function reported an error.
    Error,
    /// Its process ended, or could not be started.
    Crash,
    /// It was ended because it took too long.
    Timeout,
}

/// The figures of a report. Of several the greatest counts: REPORT before `platform.runtimeDone`, then the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Figures {
    /// Whether Lambda says what is paid, which it does at the very end.
    is_whole: bool,
    /// Epoch milliseconds of the line.
    at_ms: i64,
    /// Microseconds.
    pub(super) duration: Option<u32>,
    /// Microseconds.
    pub(super) billed: Option<u32>,
    /// Microseconds; of a cold start.
    pub(super) init: Option<u32>,
    /// Megabytes.
    pub(super) size: Option<u32>,
    /// Megabytes.
    pub(super) used: Option<u32>,
}

/// What a line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fact {
    /// Lambda's request id.
    pub(super) id: Option<String>,
    /// Whether Lambda itself names the request, so that there is such an invocation.
    pub(super) platform: bool,
    /// The invocation began.
    pub(super) starts: bool,
    /// It ended.
    pub(super) ends: bool,
    pub(super) figures: Option<Figures>,
    /// How it failed, and in which words.
    pub(super) failure: Option<(Failure, Box<str>)>,
    pub(super) answer: Option<Answer>,
    /// API Gateway's request id.
    pub(super) gateway: Option<Box<str>>,
    /// What an error of the service says.
    pub(super) error: Option<Box<str>>,
    /// Microseconds that a start took which failed; of a line without a request id.
    pub(super) failed_start: Option<u32>,
}

impl Fact {
    /// Reads an event, as [`reading::keep`] keeps it, of this time (epoch milliseconds).
    pub(super) fn read(raw: &str, at_ms: i64) -> Fact {
        let fact = if !raw.starts_with('{') {
            Fact::of_text(raw, at_ms)
        } else if raw.len() > LONGEST_JSON {
            Fact::default()
        } else if let Some(fields) = reading::object(raw) {
            match json::platform_kind(&fields) {
                Some(kind) => Fact::of_platform(kind, &fields, at_ms),
                None => Fact::of_service(&fields, at_ms),
            }
        } else {
            Fact::of_text(raw, at_ms)
        };
        let plausible = |id: &String| {
            (1..=LONGEST_ID).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        Fact { id: fact.id.filter(plausible), ..fact }
    }

    fn of_text(raw: &str, at_ms: i64) -> Fact {
        let mut fact = Fact { id: reading::request_id(raw), ..Fact::default() };
        if raw.starts_with("INIT_REPORT ") {
            fact.failed_start = reading::report(raw).and_then(|report| micros(report.init_ms));
        } else if raw.starts_with("START RequestId: ") {
            (fact.platform, fact.starts) = (true, true);
        } else if raw.starts_with("END RequestId: ") {
            (fact.platform, fact.ends) = (true, true);
        } else if let Some(report) = reading::report(raw) {
            (fact.platform, fact.ends) = (true, true);
            fact.tell(&report, at_ms);
        } else if let Some((_, sentence)) =
            raw.strip_prefix("RequestId: ").and_then(|rest| rest.split_once(" Error: "))
        {
            // FACTS §7: `RequestId: <id> Error: Runtime exited with error: exit status 3`.
            let how = if sentence.starts_with("Task timed out") { Failure::Timeout } else { Failure::Crash };
            (fact.platform, fact.failure) = (true, Some((how, kept(sentence))));
        } else if raw.contains(" Task timed out after ") && reading::read(raw).platform {
            let sentence = raw.splitn(3, ' ').nth(2).unwrap_or_default();
            (fact.platform, fact.failure) = (true, Some((Failure::Timeout, kept(sentence))));
        } else {
            fact.answer = fact.id.as_ref().and_then(|_| Answer::of_text(raw, at_ms));
            fact.error = (reading::read(raw).level == Some(Level::Error)).then(|| kept(raw));
        }
        fact
    }

    /// FACTS §5, "JSON"; the telemetry schema that it names has `runtimeDone` and `end` too.
    fn of_platform(kind: &str, fields: &Map<String, Value>, at_ms: i64) -> Fact {
        let mut fact = Fact { id: json::request_id(fields).map(str::to_owned), ..Fact::default() };
        let report = json::report(fields).unwrap_or_default();
        match kind {
            "initReport" => fact.failed_start = failed(&report, fields).and(micros(report.duration_ms)),
            "start" => (fact.platform, fact.starts) = (true, true),
            "end" => (fact.platform, fact.ends) = (true, true),
            "report" | "runtimeDone" => {
                (fact.platform, fact.ends) = (true, true);
                fact.tell(&report, at_ms);
                fact.failure = failed(&report, fields);
            }
            _ => {}
        }
        fact
    }

    fn of_service(fields: &Map<String, Value>, at_ms: i64) -> Fact {
        let gateway = GATEWAY_ID.iter().find_map(|name| fields.get(*name)?.as_str());
        let gateway = gateway.or_else(|| json::of_span(fields, &GATEWAY_ID));
        let answer = Answer::of_json(fields, at_ms);
        let is_error = json::level(fields) == Some(Level::Error) && answer.is_none();
        Fact {
            id: json::request_id(fields).map(str::to_owned),
            gateway: gateway.map(kept),
            error: is_error.then(|| kept(json::message(fields).unwrap_or_default())),
            answer,
            ..Fact::default()
        }
    }

    fn tell(&mut self, report: &Report, at_ms: i64) {
        self.figures = Some(Figures {
            is_whole: report.billed_ms.is_some(),
            at_ms,
            duration: micros(report.duration_ms),
            billed: micros(report.billed_ms),
            init: micros(report.init_ms),
            size: whole(report.size_mb),
            used: whole(report.used_mb),
        });
        self.failure = how(report.status.as_deref(), report.error_type.as_deref());
    }
}

/// FACTS §5: `record.status` lies beside the metrics, which a line may lack.
fn failed(report: &Report, fields: &Map<String, Value>) -> Option<(Failure, Box<str>)> {
    let of_record = |name: &str| fields.get("record")?.get(name)?.as_str();
    let status = report.status.as_deref().or_else(|| of_record("status"));
    how(status, report.error_type.as_deref().or_else(|| of_record("errorType")))
}

/// FACTS §5 and §7: `timeout`; `error` with `Runtime.ExitError` and its like, and `failure`, are the process; any other error
/// is the function's own.
fn how(status: Option<&str>, error_type: Option<&str>) -> Option<(Failure, Box<str>)> {
    let of_runtime = error_type.is_some_and(|name| name.starts_with("Runtime."));
    let failure = match status? {
        "success" => return None,
        "timeout" => Failure::Timeout,
        "failure" => Failure::Crash,
        _ if of_runtime => Failure::Crash,
        _ => Failure::Error,
    };
    Some((failure, kept(error_type.unwrap_or_default())))
}

/// Whole microseconds. Lambda says two or three places of milliseconds, of at most 15 minutes: what is more than 71
/// minutes is no figure of Lambda's.
fn micros(milliseconds: Option<f64>) -> Option<u32> {
    whole(milliseconds.map(|number| number * 1000.0))
}

fn whole(number: Option<f64>) -> Option<u32> {
    let rounded = number?.round();
    (0.0..=f64::from(u32::MAX)).contains(&rounded).then_some(rounded as u32)
}
