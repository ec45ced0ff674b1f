//! Lambda's own lines in plain text.

use std::sync::LazyLock;

use memchr::memmem::Finder;

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
    // Each line that comes is asked.
    match text.bytes().next()? {
        b'0'..=b'9' => return is_time_out(text).then_some(Level::Error),
        b'A'..=b'Z' if is_failure(text) => return Some(Level::Error),
        b'A'..=b'Z' => {}
        _ => return None,
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

/// `2026-11-22T12:00:00.000Z 1a2b Task timed out after 1.00 seconds`: behind the time and the request only.
fn is_time_out(text: &str) -> bool {
    let behind = memchr::memchr_iter(b' ', text.as_bytes()).nth(1);
    behind.is_some_and(|space| text[space + 1..].starts_with("Task timed out after "))
}

/// An exit or a failed start, as Lambda words them.
fn is_failure(text: &str) -> bool {
    // `RequestId: 1a2b Error: …`, `RequestId: 1a2b Process exited before completing request`.
    let ended = |rest: &str| {
        rest.split_once(' ').is_some_and(|(_, what)| {
            what.starts_with("Error: ") || what.starts_with("Process exited before completing request")
        })
    };
    is_error_type(text) || text.strip_prefix("RequestId: ").is_some_and(ended)
}

/// `Runtime.ExitError`, `Extension.Crash`, `Function.ResponseSizeTooLarge`, `Sandbox.Timedout`: that word, and nothing else or
/// a sentence behind a colon.
fn is_error_type(text: &str) -> bool {
    let kinds = ["Runtime.", "Extension.", "Function.", "Sandbox."];
    let Some(rest) = kinds.iter().find_map(|kind| text.strip_prefix(kind)) else { return false };
    let end = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    end > 0 && (end == rest.len() || rest[end..].starts_with(':'))
}

/// `RequestId: ID` of a line of Lambda's own, `requestId=ID` of a span, or an id among the first words as Node and Python
/// write it. What stands behind `RequestId: ` in a sentence is an id only if it looks like one.
pub(super) fn request_id(text: &str) -> Option<&str> {
    if text.starts_with(|first: char| first.is_ascii_uppercase()) {
        let own = ["START ", "END ", "REPORT ", "XRAY ", ""]
            .iter()
            .find_map(|word| text.strip_prefix(word)?.strip_prefix("RequestId: ")?.split_whitespace().next());
        if own.is_some() {
            return own;
        }
    }
    if let Some(id) = named_id(text) {
        return Some(id);
    }
    if is_time_out(text) {
        return text.split(' ').nth(1);
    }
    let words = text.split_ascii_whitespace().take(4).filter(|word| word.len() >= UUID);
    words.map(|word| word.trim_matches(is_around_id)).find(|word| is_uuid(word))
}

/// The id behind the name that tells most, wherever that stands.
fn named_id(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut best: Option<(usize, &str)> = None;
    for at in EQUEST.find_iter(bytes).filter_map(|at| at.checked_sub(1)) {
        let Some(rank) = ID_NAMES.iter().position(|name| bytes[at..].starts_with(name.as_bytes())) else {
            continue;
        };
        let after = text[at + ID_NAMES[rank].len()..].trim_start_matches('"');
        let length = after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
        let id = &after[..length];
        let is_id = is_uuid(id) || (ID_NAMES[rank].ends_with('=') && !id.is_empty());
        if is_id && best.is_none_or(|(other, _)| rank < other) {
            best = Some((rank, id));
        }
    }
    best.map(|(_, id)| id)
}

/// What stands before a request id in a line, what tells most first.
const ID_NAMES: [&str; 6] =
    ["RequestId: ", "requestId=", "request_id=", "RequestId=", "requestId: ", "request_id: "];
/// What each of these names has behind its first letter. Each line is looked through for it.
static EQUEST: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("equest"));

/// Characters of a UUID.
const UUID: usize = 36;

/// `[8f507cfc-…]`, `(8f507cfc-…)`, `8f507cfc-…:`
fn is_around_id(c: char) -> bool {
    matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>' | ':' | ',' | ';' | '"' | '|')
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(word: &str) -> bool {
    word.len() == UUID
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
    text.split('\t').filter_map(|part| {
        // A character is found much faster than two, for which a search is prepared each time.
        let (key, value) = part.trim().split_once(':')?;
        Some((key, value.strip_prefix(' ')?))
    })
}
