//! Lines as they are written where no screen is: to standard output and into files, as text or as JSON.

use std::borrow::Cow;
use std::io::Write;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Level, LogLine, StageName, harmless_json, plain};
use crate::markers::Marker;

use super::mask::{mask, mask_json};
use super::reading::{self, Parsed, Reading};
use super::store::{Entry, Kind};

/// Characters of a request id that are written in text, by which two are told apart.
const SHOWN_ID: usize = 8;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// As one JSON object a line (docs/headless.md), rather than as text.
    pub json: bool,
    /// Text with colours, for a terminal.
    pub colour: bool,
    /// Whether what looks like a secret is masked.
    pub masked: bool,
}

/// A line of `--json`. What is `null` is not said.
#[derive(Serialize)]
struct Document<'a> {
    stage: StageName,
    timestamp: String,
    ingested: Option<String>,
    request_id: Option<&'a str>,
    level: Option<Level>,
    kind: &'static str,
    message: &'a str,
    fields: Value,
}

/// What is written of a line.
struct Said<'a> {
    stage: StageName,
    timestamp_ms: i64,
    ingested_ms: Option<i64>,
    kind: Kind,
    level: Option<Level>,
    event: &'a Parsed<'a>,
}

impl Style {
    /// Appends `line`, whose kept text is `event`, and a line break.
    pub fn write(self, out: &mut Vec<u8>, line: &LogLine, event: &Parsed<'_>, read: Reading) {
        self.said(
            out,
            &Said {
                stage: line.stage,
                timestamp_ms: line.timestamp_ms,
                ingested_ms: Some(line.ingested_ms),
                kind: if read.platform { Kind::Platform } else { Kind::Service },
                level: read.level,
                event,
            },
        );
    }

    /// Appends a line of the store and a line break. When it was ingested is not kept; markers and notes are lines too.
    pub fn write_entry(self, out: &mut Vec<u8>, entry: &Entry<'_>) {
        self.said(
            out,
            &Said {
                stage: entry.stage,
                timestamp_ms: entry.timestamp_ms,
                ingested_ms: None,
                kind: entry.kind,
                level: entry.level,
                event: &Parsed::of(entry.raw),
            },
        );
    }

    /// Appends a marker and a line break. As JSON it has the members of a line; what a line does not have is in `fields`.
    pub fn write_marker(self, out: &mut Vec<u8>, marker: &Marker) {
        let at = time(marker.at_ms);
        if !self.json {
            let text = format!("── {at} {} ──", marker.text);
            self.paint(out, "1", |out| out.extend_from_slice(text.as_bytes()));
            return out.push(b'\n');
        }
        let document = serde_json::json!({
            "stage": marker.stage,
            "timestamp": at,
            "ingested": null,
            "request_id": null,
            "level": null,
            "kind": "marker",
            "message": marker.text,
            "fields": {
                "what": marker.what,
                "who": marker.who,
                "tag": marker.tag,
                "digest": marker.digest,
                "version": marker.version,
                "git": marker.git,
                "deployment": marker.deployment,
            },
        });
        out.extend_from_slice(harmless_json(&document.to_string()).as_bytes());
        out.push(b'\n');
    }

    fn said(self, out: &mut Vec<u8>, said: &Said<'_>) {
        let is_line = matches!(said.kind, Kind::Service | Kind::Platform);
        let request_id = is_line.then(|| said.event.request_id()).flatten();
        if self.json {
            let document = Document {
                stage: said.stage,
                timestamp: time(said.timestamp_ms),
                ingested: said.ingested_ms.map(time),
                request_id,
                level: said.level,
                kind: match said.kind {
                    Kind::Service => "service",
                    Kind::Platform => "platform",
                    Kind::Marker => "marker",
                    Kind::Gap => "gap",
                },
                message: &self.masked(said.event.raw()),
                fields: if is_line { self.fields(said) } else { Value::Null },
            };
            // Strings and numbers alone cannot fail to be written.
            let json = serde_json::to_string(&document).unwrap_or_default();
            out.extend_from_slice(harmless_json(&json).as_bytes());
            return out.push(b'\n');
        }
        let text = match said.kind {
            Kind::Service | Kind::Platform => said.event.text(),
            Kind::Marker | Kind::Gap => format!("────── {} ──────", plain(said.event.raw())),
        };
        let text = self.masked(&text);
        let request = request_id.unwrap_or_default();
        let end = request.char_indices().nth(SHOWN_ID).map_or(request.len(), |(at, _)| at);
        let request = plain(&request[..end]);
        let stage = match said.stage {
            StageName::Stage => ("36", "stage"),
            StageName::Prod => ("1;31", "prod "),
        };
        let level = match said.level {
            Some(Level::Error) => ("1;31", "ERROR"),
            Some(Level::Warn) => ("33", "WARN "),
            Some(Level::Info) => ("2", "INFO "),
            Some(Level::Debug) => ("2", "DEBUG"),
            Some(Level::Trace) => ("2", "TRACE"),
            None => ("2", "     "),
        };
        // Thousands of lines a second are written: they are put together without the formatter.
        self.paint(out, "2", |out| push_time(out, said.timestamp_ms));
        out.push(b' ');
        self.paint(out, stage.0, |out| out.extend_from_slice(stage.1.as_bytes()));
        out.push(b' ');
        out.extend_from_slice(request.as_bytes());
        out.extend(std::iter::repeat_n(b' ', SHOWN_ID.saturating_sub(request.chars().count())));
        out.push(b' ');
        self.paint(out, level.0, |out| out.extend_from_slice(level.1.as_bytes()));
        out.push(b' ');
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }

    fn masked(self, text: &str) -> Cow<'_, str> {
        if self.masked { mask(text) } else { Cow::Borrowed(text) }
    }

    /// What `write` appends, in a colour where there are some.
    fn paint(self, out: &mut Vec<u8>, code: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.colour {
            return write(out);
        }
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(code.as_bytes());
        out.push(b'm');
        write(out);
        out.extend_from_slice(b"\x1b[0m");
    }

    /// The members of a JSON line, or the figures of Lambda's report.
    fn fields(self, said: &Said<'_>) -> Value {
        if let Some(report) = said.event.report().filter(|_| said.kind == Kind::Platform) {
            return serde_json::json!({
                "duration": report.duration_ms,
                "billed": report.billed_ms,
                "init": report.init_ms,
                "memory": report.used_mb,
                "size": report.size_mb,
                "status": report.status,
            });
        }
        let mut fields = reading::object(said.event.raw()).map_or(Value::Null, Value::Object);
        if self.masked {
            mask_json(&mut fields);
        }
        fields
    }
}

/// RFC 3339 in UTC, with milliseconds; of a time that no calendar has, the number.
fn push_time(out: &mut Vec<u8>, milliseconds: i64) {
    // Writing to memory does not fail.
    let _ = match Timestamp::from_millisecond(milliseconds) {
        Ok(at) => TIME.print_timestamp(&at, out).map_err(std::io::Error::other),
        Err(_) => write!(out, "{milliseconds}"),
    };
}

static TIME: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// The same as a text.
pub(crate) fn time(milliseconds: i64) -> String {
    let mut out = Vec::new();
    push_time(&mut out, milliseconds);
    String::from_utf8_lossy(&out).into_owned()
}
