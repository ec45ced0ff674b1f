//! What one log event says: its level, its request, and the one line that is shown for it.

mod head;
pub(super) mod json;
mod plain;
mod platform;

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::domain::{Level, colourless, plain as harmless};

pub use platform::Report;

/// The longest event that is kept whole, in bytes: twice what CloudWatch takes (FACTS: 1 MB).
const LONGEST: usize = 2 << 20;
/// The longest line that is shown of an event, in bytes.
const LONGEST_SHOWN: usize = 16 << 10;
/// The longest event that is read as JSON to be shown, in bytes: drawing reads each line in sight, some 50 of them.
const LONGEST_JSON: usize = 32 << 10;
/// How much of a longer event is looked at for its request id, in bytes, at each end.
const END: usize = 4 << 10;

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
    match colourless(text) {
        // Space may have stood before colours at the end.
        Cow::Owned(mut kept) => {
            kept.truncate(kept.trim_end().len());
            Cow::Owned(kept)
        }
        kept => kept,
    }
}

/// An event, read as JSON once: who asks it several things does not read it several times.
#[derive(Debug)]
pub struct Parsed<'a> {
    raw: &'a str,
    /// Some members, if it is a JSON object.
    fields: Option<Map<String, Value>>,
}

impl<'a> Parsed<'a> {
    /// Reads of it what the answers below are made from: JSON where it is an object.
    pub fn of(raw: &'a str) -> Parsed<'a> {
        Parsed { raw, fields: head::shown(raw) }
    }

    /// The event as it was kept.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// What it is: Lambda's own lines in text and JSON (FACTS: "Plain lines", "JSON"), JSON of the service, or plain text with a
    /// level in front.
    pub fn reading(&self) -> Reading {
        self.fields.as_ref().map_or_else(|| read(self.raw), reading_of)
    }

    /// The one harmless line that is shown for it. A longer one is cut, and says by how much.
    pub fn text(&self) -> String {
        text_of(self.raw, self.fields.as_ref(), LONGEST_SHOWN)
    }

    /// Lambda's request id. Of an event that is longer than what is read as JSON to be shown, it is looked for at both ends.
    pub fn request_id(&self) -> Option<&str> {
        match (long_json_id(self.raw), &self.fields) {
            (Some(found), _) => found,
            (None, Some(fields)) => json::request_id(fields),
            (None, None) => plain_id(self.raw),
        }
    }

    /// What a line of Lambda's about a whole invocation or initialisation says.
    pub fn report(&self) -> Option<Report> {
        match &self.fields {
            Some(fields) => {
                json::platform_kind(fields)?;
                json::report(fields)
            }
            None => platform::report(self.raw),
        }
    }
}

/// [`Parsed::reading`] of an event of which nothing else is asked.
pub fn read(raw: &str) -> Reading {
    if let Some(fields) = head::head(raw) {
        return reading_of(&fields);
    }
    if let Some(level) = platform::level(raw) {
        return Reading { level: Some(level), platform: true, link: Link::None };
    }
    let link = plain::link(raw);
    Reading { level: plain::level(raw, link), platform: false, link }
}

/// What JSON says.
fn reading_of(fields: &Map<String, Value>) -> Reading {
    match json::platform_kind(fields) {
        Some(kind) => {
            let level = Some(json::platform_level(kind, fields));
            Reading { level, platform: true, link: Link::None }
        }
        None => Reading { level: json::level(fields), platform: false, link: Link::None },
    }
}

/// [`Parsed::text`] of an event of which nothing else is asked.
pub fn text(raw: &str) -> String {
    text_within(raw, LONGEST_SHOWN)
}

/// The same, of which no more is wanted than so many bytes: drawing costs what is in sight, whatever comes.
pub fn text_within(raw: &str, longest: usize) -> String {
    let fields = if raw.len() <= LONGEST_JSON { head::shown(raw) } else { None };
    text_of(raw, fields.as_ref(), longest)
}

fn text_of(raw: &str, fields: Option<&Map<String, Value>>, longest: usize) -> String {
    let shortened = |text: &str| shortened(text, longest.min(LONGEST_SHOWN));
    match fields.filter(|_| raw.len() <= LONGEST_JSON) {
        Some(fields) => match json::platform_kind(fields) {
            Some(kind) => shortened(&json::platform_line(kind, fields)),
            None => shortened(json::message(fields).unwrap_or(raw)),
        },
        None => shortened(raw),
    }
}

/// [`Parsed::request_id`] of an event of which nothing else is asked.
pub fn request_id(raw: &str) -> Option<String> {
    match long_json_id(raw) {
        Some(found) => found.map(str::to_owned),
        None => Parsed::of(raw).request_id().map(str::to_owned),
    }
}

/// Of a long event in JSON; `None` when it is none.
fn long_json_id(raw: &str) -> Option<Option<&str>> {
    if !(raw.starts_with('{') && raw.len() > LONGEST_JSON) {
        return None;
    }
    let head = &raw[..raw.floor_char_boundary(END)];
    let tail = &raw[raw.ceil_char_boundary(raw.len() - END)..];
    Some(json::request_id_in(head).or_else(|| json::request_id_in(tail)))
}

fn plain_id(raw: &str) -> Option<&str> {
    platform::request_id(&raw[..raw.floor_char_boundary(END)])
}

/// [`Parsed::report`] of an event of which nothing else is asked.
pub fn report(raw: &str) -> Option<Report> {
    Parsed::of(raw).report()
}

/// Whether what is shown of the event may differ from how it is written: JSON with escapes.
pub fn is_escaped(raw: &str) -> bool {
    raw.starts_with('{') && memchr::memchr(b'\\', raw.as_bytes()).is_some()
}

/// All of the event's members, if it is a JSON object.
pub fn object(raw: &str) -> Option<Map<String, Value>> {
    if !raw.starts_with('{') {
        return None;
    }
    match raw.parse() {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

fn shortened(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return harmless(text);
    }
    let shown = &text[..text.floor_char_boundary(longest)];
    format!("{}{}", harmless(shown), cut_mark(text.len() - shown.len()))
}

fn cut_mark(bytes: usize) -> String {
    format!(" … cut, {bytes} bytes more")
}

#[cfg(test)]
mod tests;
