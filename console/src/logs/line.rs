//! Lines as they are written where no screen is: to standard output and into files, as text or as JSON.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Level, LogLine, StageName, harmless_json, plain};
use crate::markers::Marker;

use super::mask::{mask, mask_json};
use super::reading::{Parsed, Reading};
use super::store::{Entry, Kind};

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
            let text = self.painted("1", format!("── {at} {} ──", marker.text));
            // Writing to memory does not fail.
            let _ = writeln!(out, "{text}");
            return;
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
        let request = plain(request_id.unwrap_or_default());
        let request = &request[..request.char_indices().nth(8).map_or(request.len(), |(at, _)| at)];
        let stage = match said.stage {
            StageName::Stage => self.painted("36", "stage"),
            StageName::Prod => self.painted("1;31", "prod "),
        };
        let level = match said.level {
            Some(Level::Error) => self.painted("1;31", "ERROR"),
            Some(Level::Warn) => self.painted("33", "WARN "),
            Some(Level::Info) => self.painted("2", "INFO "),
            Some(Level::Debug) => self.painted("2", "DEBUG"),
            Some(Level::Trace) => self.painted("2", "TRACE"),
            None => self.painted("2", "     "),
        };
        let time = self.painted("2", Time(said.timestamp_ms));
        // Writing to memory does not fail.
        let _ = writeln!(out, "{time} {stage} {request:<8} {level} {text}");
    }

    fn masked(self, text: &str) -> Cow<'_, str> {
        if self.masked { mask(text) } else { Cow::Borrowed(text) }
    }

    /// Thousands of lines a second are written: nothing is made on the way that is not needed.
    fn painted<T: fmt::Display>(self, code: &'static str, text: T) -> Painted<T> {
        Painted { code: self.colour.then_some(code), text }
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
        let mut fields = said.event.fields().cloned().map_or(Value::Null, Value::Object);
        if self.masked {
            mask_json(&mut fields);
        }
        fields
    }
}

/// A text in a colour, or as it is.
struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(out, "\u{1b}[{code}m{}\u{1b}[0m", self.text),
            None => self.text.fmt(out),
        }
    }
}

/// RFC 3339 in UTC, with milliseconds.
struct Time(i64);

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(out, "{at:.3}"),
            Err(_) => write!(out, "{}", self.0),
        }
    }
}

/// RFC 3339 in UTC, with milliseconds.
pub(crate) fn time(milliseconds: i64) -> String {
    Time(milliseconds).to_string()
}
