//! Lines that are JSON: Lambda's own (`platform.*`) and the service's.

use serde_json::{Map, Value};

use super::Report;
use crate::domain::Level;

type Fields = Map<String, Value>;

/// `report` of `platform.report`; `None` for a line of the service.
pub(in super::super) fn platform_kind(fields: &Fields) -> Option<&str> {
    fields.get("type")?.as_str()?.strip_prefix("platform.")
}

fn of_record<'a>(fields: &'a Fields, key: &str) -> Option<&'a Value> {
    fields.get("record")?.get(key)
}

fn text_of_record<'a>(fields: &'a Fields, key: &str) -> Option<&'a str> {
    of_record(fields, key)?.as_str()
}

pub(super) fn platform_level(kind: &str, fields: &Fields) -> Level {
    let failed = text_of_record(fields, "status").is_some_and(|status| status != "success")
        || text_of_record(fields, "errorType").is_some();
    match kind {
        "fault" => Level::Error,
        _ if failed => Level::Error,
        "logsDropped" => Level::Warn,
        _ => Level::Info,
    }
}

/// `platform.report` as `report success 3.01 ms, billed 4 ms, 36 of 128 MB, init 110.1 ms`.
pub(super) fn platform_line(kind: &str, fields: &Fields) -> String {
    let mut line = kind.to_owned();
    for key in ["status", "errorType", "phase", "reason"] {
        if let Some(text) = text_of_record(fields, key) {
            line.push(' ');
            line.push_str(text);
        }
    }
    if let Some(text) = fields.get("record").and_then(Value::as_str) {
        line.push(' ');
        line.push_str(text);
    }
    if let Some(version) = text_of_record(fields, "version") {
        line.push_str(&format!(" version {version}"));
    }
    let Some(report) = report(fields) else { return line };
    let mut parts = Vec::new();
    parts.extend(report.duration_ms.map(|number| format!("{number} ms")));
    parts.extend(report.billed_ms.map(|number| format!("billed {number} ms")));
    if let (Some(used), Some(size)) = (report.used_mb, report.size_mb) {
        parts.push(format!("{used} of {size} MB"));
    }
    parts.extend(report.init_ms.map(|number| format!("init {number} ms")));
    if !parts.is_empty() {
        line.push(' ');
        line.push_str(&parts.join(", "));
    }
    line
}

/// The figures of any `platform.*` line that has some.
pub(in super::super) fn report(fields: &Fields) -> Option<Report> {
    let metrics = of_record(fields, "metrics")?;
    let number = |key: &str| metrics.get(key).and_then(Value::as_f64);
    // What an initialisation took is called as what an invocation took is.
    let init = matches!(platform_kind(fields), Some("initReport" | "restoreReport"));
    let (duration_ms, init_ms) = match number("durationMs") {
        took if init => (None, took),
        took => (took, number("initDurationMs")),
    };
    Some(Report {
        duration_ms,
        billed_ms: number("billedDurationMs"),
        init_ms,
        size_mb: number("memorySizeMB"),
        used_mb: number("maxMemoryUsedMB"),
        status: text_of_record(fields, "status").map(str::to_owned),
        error_type: text_of_record(fields, "errorType").map(str::to_owned),
    })
}

/// The service's level: a name, one of bunyan's and pino's numbers, or a severity of syslog. What Lambda's runtimes write of a
/// failed invocation has none and is an error.
pub(in super::super) fn level(fields: &Fields) -> Option<Level> {
    let found = LEVELS.iter().find_map(|key| fields.get(*key)).or_else(|| fields.get("log")?.get("level"));
    match found {
        Some(Value::String(name)) => Level::named(name).or_else(|| name.parse().ok().and_then(of_number)),
        Some(Value::Number(number)) => number.as_i64().and_then(of_number),
        _ => fields.get("errorType").filter(|name| name.is_string()).map(|_| Level::Error),
    }
}

/// What loggers call the level. ECS, CLEF (Serilog), OpenTelemetry, Google, Python, .NET and most others.
pub(super) const LEVELS: [&str; 15] = [
    "level",
    "severity",
    "log.level",
    "levelname",
    "lvl",
    "@l",
    "Level",
    "Severity",
    "LogLevel",
    "logLevel",
    "log_level",
    "loglevel",
    "severityText",
    "SeverityText",
    "severity_text",
];

/// bunyan and pino: from 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. GELF: syslog's, 0 to 7.
fn of_number(number: i64) -> Option<Level> {
    match number {
        0..=7 => Some(super::plain::of_severity(number)),
        10..=19 => Some(Level::Trace),
        20..=29 => Some(Level::Debug),
        30..=39 => Some(Level::Info),
        40..=49 => Some(Level::Warn),
        50..=69 => Some(Level::Error),
        _ => None,
    }
}

/// What loggers call what is said.
pub(super) const MESSAGES: [&str; 6] = ["message", "msg", "short_message", "@m", "@mt", "errorMessage"];

/// What the service says.
pub(in super::super) fn message(fields: &Fields) -> Option<&str> {
    MESSAGES
        .iter()
        .find_map(|key| fields.get(*key).and_then(Value::as_str))
        .or_else(|| fields.get("fields")?.get("message")?.as_str())
}

/// What Lambda's request id is called. A service that has one of its own calls that `request_id` or `requestId`, so that those
/// come last.
pub(super) const REQUEST_IDS: [&str; 9] = [
    "AWSRequestId",
    "awsRequestId",
    "aws_request_id",
    "AwsRequestId",
    "function_request_id",
    "lambda_request_id",
    "faas.invocation_id",
    "requestId",
    "request_id",
];

pub(in super::super) fn request_id(fields: &Fields) -> Option<&str> {
    if platform_kind(fields).is_some() {
        let of_fault = || super::platform::request_id(fields.get("record")?.as_str()?);
        return text_of_record(fields, "requestId").or_else(of_fault);
    }
    REQUEST_IDS
        .iter()
        .find_map(|key| fields.get(*key).and_then(Value::as_str))
        .or_else(|| id_below(fields.get("span")?))
        .or_else(|| fields.get("spans")?.as_array()?.iter().rev().find_map(id_below))
        .or_else(|| fields.get("fields").and_then(id_below))
        .or_else(|| super::platform::request_id(fields.get("errorMessage")?.as_str()?))
}

fn id_below(value: &Value) -> Option<&str> {
    REQUEST_IDS.iter().find_map(|key| value.get(*key).and_then(Value::as_str))
}

/// The same, of a part of an event that is too long to be read.
pub(super) fn request_id_in(part: &str) -> Option<&str> {
    REQUEST_IDS.iter().find_map(|key| {
        let at = part.find(&format!("\"{key}\""))?;
        let value =
            part[at + key.len() + 2..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        value.split_once('"').map(|(id, _)| id)
    })
}

/// A text that the line's span carries, or one of those around it: what is logged in the name of a request need not say so
/// itself (tracing's JSON: `span` is the innermost, `spans` are all, the outermost first).
pub(in super::super) fn of_span<'a>(fields: &'a Fields, names: &[&str]) -> Option<&'a str> {
    let around = fields.get("spans").and_then(Value::as_array).into_iter().flatten().rev();
    let spans = fields.get("span").into_iter().chain(around);
    spans.flat_map(|span| names.iter().filter_map(|name| span.get(*name)?.as_str())).next()
}
