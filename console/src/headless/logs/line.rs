use std::borrow::Cow;
use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Level, LogLine, StageName, harmless_json, plain};
use crate::logs::mask::{mask, mask_json};
use crate::logs::reading::{self, Reading};

/// How lines are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) json: bool,
    pub(super) colour: bool,
    pub(super) masked: bool,
}

/// A line of `--json`. What is `null` is not said.
#[derive(Serialize)]
struct Document<'a> {
    stage: StageName,
    timestamp: String,
    ingested: String,
    request_id: Option<&'a str>,
    level: Option<Level>,
    kind: &'static str,
    message: &'a str,
    fields: Value,
}

impl Style {
    /// Appends `line`, whose kept text is `raw`, and a line break.
    pub(super) fn write(self, out: &mut Vec<u8>, line: &LogLine, raw: &str, read: Reading) {
        let request_id = reading::request_id(raw);
        if self.json {
            let message = if self.masked { mask(raw) } else { Cow::Borrowed(raw) };
            let document = Document {
                stage: line.stage,
                timestamp: time(line.timestamp_ms),
                ingested: time(line.ingested_ms),
                request_id: request_id.as_deref(),
                level: read.level,
                kind: if read.platform { "platform" } else { "service" },
                message: &message,
                fields: self.fields(raw, read),
            };
            // Strings and numbers alone cannot fail to be written.
            let json = serde_json::to_string(&document).unwrap_or_default();
            out.extend_from_slice(harmless_json(&json).as_bytes());
            return out.push(b'\n');
        }
        let text = reading::text(raw);
        let text = if self.masked { mask(&text) } else { Cow::Borrowed(&*text) };
        let request: String = plain(&request_id.unwrap_or_default()).chars().take(8).collect();
        let level = read.level.map_or("", Level::as_str).to_uppercase();
        let stage = match line.stage {
            StageName::Stage => self.paint("36", format!("{:<5}", line.stage)),
            StageName::Prod => self.paint("1;31", format!("{:<5}", line.stage)),
        };
        let level = match read.level {
            Some(Level::Error) => self.paint("1;31", format!("{level:<5}")),
            Some(Level::Warn) => self.paint("33", format!("{level:<5}")),
            _ => self.paint("2", format!("{level:<5}")),
        };
        let time = self.paint("2", time(line.timestamp_ms));
        // Writing to memory does not fail.
        let _ = writeln!(out, "{time} {stage} {request:<8} {level} {text}");
    }

    fn paint(self, code: &str, text: String) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text }
    }

    /// The members of a JSON line, or the figures of Lambda's report.
    fn fields(self, raw: &str, read: Reading) -> Value {
        if let Some(report) = reading::report(raw).filter(|_| read.platform) {
            return serde_json::json!({
                "duration": report.duration_ms,
                "billed": report.billed_ms,
                "init": report.init_ms,
                "memory": report.used_mb,
                "size": report.size_mb,
                "status": report.status,
            });
        }
        let mut fields = reading::object(raw).map_or(Value::Null, Value::Object);
        if self.masked {
            mask_json(&mut fields);
        }
        fields
    }
}

/// RFC 3339 in UTC, with milliseconds.
fn time(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => milliseconds.to_string(),
    }
}
