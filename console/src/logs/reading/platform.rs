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
    /// What went wrong, as `Runtime.ExitError`.
    pub error_type: Option<String>,
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
        "RESTORE_START ",
        "RESTORE_REPORT ",
        "XRAY TraceId: ",
        "EXTENSION\tName: ",
        "LOGS\tName: ",
        "TELEMETRY\tName: ",
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
    // `RequestId: 1a2b Error: …`, `RequestId: 1a2b Process exited before completing request`.
    let ended = |rest: &str| {
        rest.split_once(' ').is_some_and(|(_, what)| {
            what.starts_with("Error: ") || what.starts_with("Process exited before completing request")
        })
    };
    is_error_type(text) || text.strip_prefix("RequestId: ").is_some_and(ended) || timed_out()
}

/// `Runtime.ExitError`, `Extension.Crash`, `Function.ResponseSizeTooLarge`, `Sandbox.Timedout`: that word, and nothing else or
/// a sentence behind a colon.
fn is_error_type(text: &str) -> bool {
    let name = text.split([' ', ':']).next().unwrap_or_default();
    let names = |kind: &str| {
        let of_kind = name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
        of_kind.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    let alone = name.len() == text.len() || text[name.len()..].starts_with(':');
    alone && ["Runtime", "Extension", "Function", "Sandbox"].into_iter().any(names)
}

/// `RequestId: ID` of a line of Lambda's own, `requestId=ID` of a span, or an id among the first words as Node and Python
/// write it. What stands behind `RequestId: ` in a sentence is an id only if it looks like one.
pub(super) fn request_id(text: &str) -> Option<&str> {
    let own = ["START ", "END ", "REPORT ", "XRAY ", ""]
        .iter()
        .find_map(|word| text.strip_prefix(word)?.strip_prefix("RequestId: ")?.split_whitespace().next());
    if own.is_some() {
        return own;
    }
    for name in ["RequestId: ", "requestId=", "request_id=", "RequestId=", "requestId: ", "request_id: "] {
        let Some((_, after)) = text.split_once(name) else { continue };
        let after = after.trim_start_matches('"');
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(after.len());
        let id = &after[..end];
        if is_uuid(id) || (name.ends_with('=') && !id.is_empty()) {
            return Some(id);
        }
    }
    if let Some((_, after)) = text.split_once(' ')
        && let Some((id, rest)) = after.split_once(' ')
        && rest.starts_with("Task timed out after ")
    {
        return Some(id);
    }
    text.split_whitespace().take(4).map(|word| word.trim_matches(is_around_id)).find(|word| is_uuid(word))
}

/// `[8f507cfc-…]`, `(8f507cfc-…)`, `8f507cfc-…:`
fn is_around_id(c: char) -> bool {
    matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>' | ':' | ',' | ';' | '"' | '|')
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
    if !["REPORT RequestId: ", "INIT_REPORT ", "RESTORE_REPORT "].iter().any(|start| text.starts_with(start))
    {
        return None;
    }
    let mut report = Report::default();
    for (key, value) in pairs(text) {
        let number = || value.split_whitespace().next().and_then(|number| number.parse().ok());
        match key {
            "Duration" => report.duration_ms = number(),
            "Billed Duration" => report.billed_ms = number(),
            "Init Duration" | "Restore Duration" => report.init_ms = number(),
            "Memory Size" => report.size_mb = number(),
            "Max Memory Used" => report.used_mb = number(),
            "Status" => report.status = Some(value.to_owned()),
            "Error Type" => report.error_type = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(report)
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts = ["INIT_REPORT ", "RESTORE_REPORT ", "REPORT "];
    let text = starts.iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text);
    text.split('\t').filter_map(|part| part.trim().split_once(": "))
}
