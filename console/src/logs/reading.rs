//! What one log event says: its level, its request, and the one line that is shown for it.

use serde_json::Value;

use crate::domain::{Level, plain};

/// What was read out of an event's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// How bad it is; `None` where the text does not say.
    pub level: Option<Level>,
    /// Whether Lambda wrote it rather than the service.
    pub platform: bool,
    /// Lambda's request id.
    pub request_id: Option<String>,
    /// One harmless line.
    pub text: String,
}

/// Reads an event: Lambda's own lines in text and JSON (FACTS: "Plain lines", "JSON"), JSON of the service, or plain
/// text with a level in front.
pub fn read(message: &str) -> Reading {
    if let Some(Value::Object(fields)) =
        message.trim_start().starts_with('{').then(|| serde_json::from_str(message).ok()).flatten()
    {
        return read_json(&fields, message);
    }
    let text = plain(message);
    let platform = is_platform(&text);
    let level = if platform { platform_level(&text) } else { text_level(&text) };
    Reading { level, platform, request_id: text_request_id(&text), text }
}

fn read_json(fields: &serde_json::Map<String, Value>, whole: &str) -> Reading {
    let text_of = |key: &str| fields.get(key).and_then(Value::as_str);
    if let Some(kind) = text_of("type").filter(|kind| kind.starts_with("platform.")) {
        let record = fields.get("record");
        let of_record = |key: &str| record.and_then(|record| record.get(key)).and_then(Value::as_str);
        let status = of_record("status");
        let failed = status.is_some_and(|status| status != "success");
        return Reading {
            level: Some(if failed { Level::Error } else { Level::Info }),
            platform: true,
            request_id: of_record("requestId").map(str::to_owned),
            text: plain(&platform_json_line(kind, status, record)),
        };
    }
    let level = fields.get("level").or_else(|| fields.get("severity")).and_then(|level| {
        level.as_str().and_then(named_level).or_else(|| level.as_i64().and_then(bunyan_level))
    });
    let message = text_of("message")
        .or_else(|| text_of("msg"))
        .or_else(|| fields.get("fields").and_then(|fields| fields.get("message")).and_then(Value::as_str));
    let request_id = ["request_id", "requestId", "AWSRequestId"]
        .iter()
        .find_map(|key| text_of(key))
        .or_else(|| fields.get("span").and_then(|span| span.get("requestId")).and_then(Value::as_str))
        .map(str::to_owned);
    Reading { level, platform: false, request_id, text: plain(message.unwrap_or(whole)) }
}

/// `platform.report` as `REPORT success 3.01 ms, billed 4 ms, 36 of 128 MB, init 110.1 ms`.
fn platform_json_line(kind: &str, status: Option<&str>, record: Option<&Value>) -> String {
    let mut line = kind.trim_start_matches("platform.").to_owned();
    if let Some(status) = status {
        line.push(' ');
        line.push_str(status);
    }
    let Some(metrics) = record.and_then(|record| record.get("metrics")) else { return line };
    let number = |key: &str| metrics.get(key).and_then(Value::as_f64);
    if let Some(duration) = number("durationMs") {
        line.push_str(&format!(" {duration} ms"));
    }
    if let Some(billed) = number("billedDurationMs") {
        line.push_str(&format!(", billed {billed} ms"));
    }
    if let (Some(used), Some(size)) = (number("maxMemoryUsedMB"), number("memorySizeMB")) {
        line.push_str(&format!(", {used} of {size} MB"));
    }
    if let Some(init) = number("initDurationMs") {
        line.push_str(&format!(", init {init} ms"));
    }
    line
}

fn is_platform(text: &str) -> bool {
    [
        "START RequestId: ",
        "END RequestId: ",
        "REPORT RequestId: ",
        "INIT_START ",
        "INIT_REPORT ",
        "XRAY TraceId: ",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || is_platform_failure(text)
}

/// A time-out, an exit or a failed start, as Lambda words them.
fn is_platform_failure(text: &str) -> bool {
    text.contains(" Task timed out after ")
        || text.starts_with("Runtime.")
        || (text.starts_with("RequestId: ") && text.contains(" Error: "))
}

fn platform_level(text: &str) -> Option<Level> {
    let failed = is_platform_failure(text)
        || (text.starts_with("INIT_REPORT") && text.contains("Status: "))
        || (text.starts_with("REPORT")
            && (text.contains("Status: timeout") || text.contains("Status: error")));
    Some(if failed { Level::Error } else { Level::Info })
}

fn text_request_id(text: &str) -> Option<String> {
    let (_, after) = text.split_once("RequestId: ")?;
    after.split_whitespace().next().map(str::to_owned)
}

/// A level among the first few words: `2026-11-22T12:00:00Z  INFO hello`, `[ERROR] …`, `WARN: …`.
fn text_level(text: &str) -> Option<Level> {
    if text.starts_with("thread '") && text.contains("panicked at") {
        return Some(Level::Error);
    }
    text.split_whitespace().take(4).find_map(|word| {
        named_level(word.trim_matches(|c: char| !c.is_ascii_alphabetic())).filter(|_| {
            // Only words that are written as levels are: "error" in a sentence is none.
            word.chars().any(|c| c.is_ascii_uppercase())
        })
    })
}

fn named_level(name: &str) -> Option<Level> {
    match name.to_ascii_lowercase().as_str() {
        "trace" => Some(Level::Trace),
        "debug" => Some(Level::Debug),
        "info" | "notice" => Some(Level::Info),
        "warn" | "warning" => Some(Level::Warn),
        "error" | "fatal" | "critical" | "panic" => Some(Level::Error),
        _ => None,
    }
}

/// bunyan's and pino's numbers: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_lines_are_told_apart() {
        let report = read("REPORT RequestId: 1a2b\tDuration: 3.01 ms\tBilled Duration: 4 ms\t\n");
        assert!(report.platform);
        assert_eq!(report.request_id.as_deref(), Some("1a2b"));
        assert_eq!(report.level, Some(Level::Info));
        let timed_out = read("2026-11-22T12:00:00.000Z 1a2b Task timed out after 1.00 seconds\n");
        assert_eq!((timed_out.platform, timed_out.level), (true, Some(Level::Error)));
        let exit = read("RequestId: 1a2b Error: Runtime exited with error: exit status 3");
        assert_eq!((exit.level, exit.request_id.as_deref()), (Some(Level::Error), Some("1a2b")));
    }

    #[test]
    fn a_json_line_becomes_its_message() {
        let line = read(r#"{"level":"WARN","message":"GET /x 404\u001b[2J","request_id":"77aa"}"#);
        assert_eq!(line.level, Some(Level::Warn));
        assert_eq!(line.text, "GET /x 404␛[2J");
        assert_eq!(line.request_id.as_deref(), Some("77aa"));
        assert_eq!(read(r#"{"level":50,"msg":"boom"}"#).level, Some(Level::Error));
        assert_eq!(read(r#"{"other":1}"#).text, r#"{"other":1}"#);
    }

    #[test]
    fn plain_text_levels_are_words_in_capitals_near_the_start() {
        assert_eq!(read("2026-11-22T12:00:00Z  INFO hello").level, Some(Level::Info));
        assert_eq!(read("[ERROR] it broke").level, Some(Level::Error));
        assert_eq!(read("no error here").level, None);
        assert_eq!(read("thread 'main' panicked at src/main.rs:1:1:").level, Some(Level::Error));
    }

    #[test]
    fn a_platform_report_in_json_is_one_readable_line() {
        let line = read(
            r#"{"time":"t","type":"platform.report","record":{"requestId":"9","status":"success","metrics":{"durationMs":3.5,"billedDurationMs":4,"memorySizeMB":128,"maxMemoryUsedMB":3}}}"#,
        );
        assert_eq!(line.text, "report success 3.5 ms, billed 4 ms, 3 of 128 MB");
    }
}
