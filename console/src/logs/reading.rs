//! What one log event says: its level, its request, and the one line that is shown for it.

mod json;
mod platform;

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::domain::{Level, colourless, plain};

pub use platform::Report;

/// The longest event that is kept whole, in bytes: twice what CloudWatch takes (FACTS: 1 MB).
const LONGEST: usize = 2 << 20;
/// The longest line that is shown of an event, in bytes.
const LONGEST_SHOWN: usize = 16 << 10;
/// The longest event that is read as JSON to be shown, in bytes: drawing reads each line in sight.
const LONGEST_JSON: usize = 256 << 10;

/// What is read out of an event when it comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// How bad it is; `None` where the text does not say.
    pub level: Option<Level>,
    /// Whether Lambda wrote it rather than the service.
    pub platform: bool,
    /// Which lines around it belong to it.
    pub link: Link,
}

/// Which lines of the same log stream belong together: a panic with its message and backtrace, an exception with its
/// trace. Read from one line alone, so that it does not matter in which order lines come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Link {
    /// A line of its own.
    #[default]
    None = 0,
    /// The line behind it belongs to it, whatever it is.
    Opens = 1,
    /// It belongs to the line before it.
    Continues = 2,
    /// It belongs to the line before it if that belongs to one itself: the exception below a Python trace.
    Closes = 3,
}

impl Link {
    /// Whether a line with `self` and the one behind it with `next` belong together.
    pub fn joins(self, next: Link) -> bool {
        self == Link::Opens || next == Link::Continues || (self == Link::Continues && next == Link::Closes)
    }
}

/// An event's text as it is kept: without space at its end and without colours, which would lie between its words.
pub fn keep(message: &str) -> Cow<'_, str> {
    let text = message.trim_end();
    if text.len() > LONGEST {
        let kept = &text[..text.floor_char_boundary(LONGEST)];
        return Cow::Owned(format!("{}{}", colourless(kept), cut_mark(text.len() - kept.len())));
    }
    colourless(text)
}

/// Reads an event: Lambda's own lines in text and JSON (FACTS: "Plain lines", "JSON"), JSON of the service, or plain
/// text with a level in front.
pub fn read(raw: &str) -> Reading {
    if let Some(fields) = object(raw) {
        return match json::platform_kind(&fields) {
            Some(kind) => {
                Reading { level: Some(json::platform_level(kind, &fields)), platform: true, link: Link::None }
            }
            None => Reading { level: json::level(&fields), platform: false, link: Link::None },
        };
    }
    if let Some(level) = platform::level(raw) {
        return Reading { level: Some(level), platform: true, link: Link::None };
    }
    Reading { level: text_level(raw), platform: false, link: link(raw) }
}

/// The one harmless line that is shown for an event. A longer one is cut, and says by how much.
pub fn text(raw: &str) -> String {
    if raw.len() <= LONGEST_JSON
        && let Some(fields) = object(raw)
    {
        return match json::platform_kind(&fields) {
            Some(kind) => shortened(&json::platform_line(kind, &fields)),
            None => shortened(json::message(&fields).unwrap_or(raw)),
        };
    }
    shortened(raw)
}

/// Lambda's request id.
pub fn request_id(raw: &str) -> Option<String> {
    match object(raw) {
        Some(fields) => json::request_id(&fields).map(str::to_owned),
        None => platform::request_id(raw).map(str::to_owned),
    }
}

/// What a line of Lambda's about a whole invocation or initialisation says.
pub fn report(raw: &str) -> Option<Report> {
    match object(raw) {
        Some(fields) => {
            json::platform_kind(&fields)?;
            json::report(&fields)
        }
        None => platform::report(raw),
    }
}

/// Whether what is shown of the event may differ from how it is written: JSON with escapes.
pub fn is_escaped(raw: &str) -> bool {
    raw.starts_with('{') && memchr::memchr(b'\\', raw.as_bytes()).is_some()
}

/// The event's members, if it is a JSON object.
pub fn object(raw: &str) -> Option<Map<String, Value>> {
    if !raw.starts_with('{') {
        return None;
    }
    match raw.parse() {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= LONGEST_SHOWN {
        return plain(text);
    }
    let shown = &text[..text.floor_char_boundary(LONGEST_SHOWN)];
    format!("{}{}", plain(shown), cut_mark(text.len() - shown.len()))
}

fn cut_mark(bytes: usize) -> String {
    format!(" … cut, {bytes} bytes more")
}

fn link(raw: &str) -> Link {
    let opens = raw.starts_with("thread '") && raw.contains("panicked at ") && raw.ends_with(':')
        || raw.starts_with("Traceback (");
    if opens {
        return Link::Opens;
    }
    let starts = |words: &[&str]| words.iter().any(|word| raw.starts_with(word));
    let frame = raw.split_once(": ").is_some_and(|(number, _)| is_number(number));
    let continues =
        starts(&[" ", "\t", "at ", "note: ", "stack backtrace:", "Caused by:", "... ", "\u{3000}"]);
    if frame || continues {
        return Link::Continues;
    }
    // `ValueError: …`, `botocore.exceptions.ClientError: …`
    let name = raw.split_once(':').map_or(raw, |(name, _)| name);
    let dotted = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let exception = name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Interrupt");
    if exception && name.chars().all(dotted) { Link::Closes } else { Link::None }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A level among the first few words: `2026-11-22T12:00:00Z  INFO hello`, `[ERROR] …`, `WARN: …`, `level=error`.
fn text_level(text: &str) -> Option<Level> {
    let opens =
        text.starts_with("Traceback (") || (text.starts_with("thread '") && text.contains("panicked at "));
    if opens {
        return Some(Level::Error);
    }
    text.split_whitespace().take(4).find_map(|word| {
        if let Some(named) = word.strip_prefix("level=").or_else(|| word.strip_prefix("severity=")) {
            return Level::named(named.trim_matches('"'));
        }
        // Only words that are written as levels are: "error" in a sentence is none.
        if !word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        Level::named(word.trim_matches(|c: char| !c.is_ascii_alphabetic()))
    })
}

#[cfg(test)]
mod tests;
