//! Lambda's own lines in plain text.

use crate::domain::Level;

/// What Lambda says of an invocation (REPORT) or an initialisation (INIT_REPORT). What it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Milliseconds that the handler took.
    pub duration_ms: Option<f64>,
    /// Milliseconds that are paid for.
    pub billed_ms: Option<f64>,
    /// Milliseconds that the start took; of a cold start only.
    pub init_ms: Option<f64>,
    /// Megabytes that the function may use.
    pub size_mb: Option<f64>,
    /// Megabytes that it has used at most.
    pub used_mb: Option<f64>,
    /// `success`, `error`, `timeout`, `failure`; plain text says nothing of a success.
    pub status: Option<String>,
}

/// The level of a line of Lambda's; `None` if it is none of those.
pub(super) fn level(text: &str) -> Option<Level> {
    if is_failure(text) {
        return Some(Level::Error);
    }
    let known = [
        "START RequestId: ",
        "END RequestId: ",
        "REPORT RequestId: ",
        "INIT_START ",
        "INIT_REPORT ",
        "XRAY TraceId: ",
    ];
    if !known.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    let failed =
        text.contains("REPORT ") && pairs(text).any(|(key, value)| key == "Status" && value != "success");
    Some(if failed { Level::Error } else { Level::Info })
}

/// A time-out, an exit or a failed start, as Lambda words them.
fn is_failure(text: &str) -> bool {
    // `2026-11-22T12:00:00.000Z 1a2b Task timed out after 1.00 seconds`: behind the time and the request only.
    let timed_out =
        || text.splitn(3, ' ').nth(2).is_some_and(|rest| rest.starts_with("Task timed out after "));
    text.starts_with("Runtime.")
        || (text.starts_with("RequestId: ") && text.contains(" Error: "))
        || timed_out()
}

/// `RequestId: ID`, `requestId=ID` of a span, or an id among the first words as Node and Python write it.
pub(super) fn request_id(text: &str) -> Option<&str> {
    if let Some((_, after)) = text.split_once("RequestId: ") {
        return after.split_whitespace().next();
    }
    for name in ["requestId=", "request_id="] {
        if let Some((_, after)) = text.split_once(name) {
            let after = after.trim_start_matches('"');
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(after.len());
            return Some(&after[..end]).filter(|id| !id.is_empty());
        }
    }
    if let Some((_, after)) = text.split_once(' ')
        && let Some((id, rest)) = after.split_once(' ')
        && rest.starts_with("Task timed out after ")
    {
        return Some(id);
    }
    text.split_whitespace().take(4).find(|word| is_uuid(word))
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// REPORT and INIT_REPORT: `key: value` between tabs. What is not known is passed over.
pub(super) fn report(text: &str) -> Option<Report> {
    if !text.starts_with("REPORT RequestId: ") && !text.starts_with("INIT_REPORT ") {
        return None;
    }
    let mut report = Report::default();
    for (key, value) in pairs(text) {
        let number = || value.split_whitespace().next().and_then(|number| number.parse().ok());
        match key {
            "Duration" => report.duration_ms = number(),
            "Billed Duration" => report.billed_ms = number(),
            "Init Duration" => report.init_ms = number(),
            "Memory Size" => report.size_mb = number(),
            "Max Memory Used" => report.used_mb = number(),
            "Status" => report.status = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(report)
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let text = text.trim_start_matches("INIT_REPORT ").trim_start_matches("REPORT ");
    text.split('\t').filter_map(|part| part.trim().split_once(": "))
}
