//! Lines that are JSON: Lambda's own (`platform.*`) and the service's.

use serde_json::{Map, Value};

use super::Report;
use crate::domain::Level;

type Fields = Map<String, Value>;

/// `report` of `platform.report`; `None` for a line of the service.
pub(super) fn platform_kind(fields: &Fields) -> Option<&str> {
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
pub(super) fn report(fields: &Fields) -> Option<Report> {
    let metrics = of_record(fields, "metrics")?;
    let number = |key: &str| metrics.get(key).and_then(Value::as_f64);
    Some(Report {
        duration_ms: number("durationMs"),
        billed_ms: number("billedDurationMs"),
        init_ms: number("initDurationMs"),
        size_mb: number("memorySizeMB"),
        used_mb: number("maxMemoryUsedMB"),
        status: text_of_record(fields, "status").map(str::to_owned),
    })
}

/// The service's level: a name or one of bunyan's and pino's numbers.
pub(super) fn level(fields: &Fields) -> Option<Level> {
    let level =
        ["level", "severity", "log.level", "levelname", "lvl"].iter().find_map(|key| fields.get(*key))?;
    match level {
        Value::String(name) => Level::named(name),
        Value::Number(number) => number.as_i64().and_then(bunyan_level),
        _ => None,
    }
}

/// 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
fn bunyan_level(number: i64) -> Option<Level> {
    match number {
        10 => Some(Level::Trace),
        20 => Some(Level::Debug),
        30 => Some(Level::Info),
        40 => Some(Level::Warn),
        50 | 60 => Some(Level::Error),
        _ => None,
    }
}

/// What the service says.
pub(super) fn message(fields: &Fields) -> Option<&str> {
    ["message", "msg"]
        .iter()
        .find_map(|key| fields.get(*key).and_then(Value::as_str))
        .or_else(|| fields.get("fields")?.get("message")?.as_str())
}

pub(super) fn request_id(fields: &Fields) -> Option<&str> {
    if platform_kind(fields).is_some() {
        return text_of_record(fields, "requestId");
    }
    ["request_id", "requestId", "AWSRequestId", "aws_request_id"]
        .iter()
        .find_map(|key| fields.get(*key).and_then(Value::as_str))
        .or_else(|| fields.get("span")?.get("requestId")?.as_str())
}
