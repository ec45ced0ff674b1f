//! One entry of the stream: its rows, and how many they are.

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::text::{cut, wrap};
use super::super::theme::Theme;
use super::clock::Clock;
use crate::domain::{Level, plain};
use crate::logs::mask::mask;
use crate::logs::store::{Entry, Kind};
use crate::screen::logs::Logs;

/// As much of an event as is read for one row, in bytes: more than any terminal's width, and enough to know a secret by.
const LONGEST_ROW: usize = 4 << 10;
/// Bytes of a column at most, where nothing is stacked on a character.
const WIDEST: usize = 4;

/// How entries are looked at.
pub(super) struct Look<'a> {
    pub(super) logs: &'a Logs,
    pub(super) clock: Clock,
    /// Columns of the pane.
    pub(super) width: usize,
    /// Rows of the pane: an entry never has more.
    pub(super) height: usize,
}

/// What a part of a row's head says.
enum Part {
    Time,
    Stage,
    Request,
    Level,
    Late,
    Continues,
}

impl<'a> Look<'a> {
    pub(super) fn new(logs: &'a Logs, now: Timestamp, (width, height): (u16, u16)) -> Look<'a> {
        let clock = Clock::new(logs.time, now);
        Look { logs, clock, width: usize::from(width), height: usize::from(height) }
    }

    /// How many rows the entry at `index` has.
    pub(super) fn rows_of(&self, index: usize) -> usize {
        if !self.logs.wrap {
            return 1;
        }
        let Some(entry) = self.logs.store.shown(index).filter(|entry| entry.is_line()) else { return 1 };
        let indent: usize = head(&entry, &self.clock).iter().map(|(_, text)| text.width()).sum();
        self.texts(&entry, self.width.saturating_sub(indent)).len()
    }

    /// The rows of an entry.
    pub(super) fn lines(&self, entry: &Entry<'_>, theme: &Theme) -> Vec<Line<'static>> {
        match entry.kind {
            Kind::Marker => return vec![self.note(entry, theme.stage(entry.stage))],
            Kind::Gap => return vec![self.note(entry, theme.bad())],
            Kind::Service | Kind::Platform => {}
        }
        let mut spans: Vec<Span<'static>> = head(entry, &self.clock)
            .into_iter()
            .map(|(part, text)| Span::styled(text, style(&part, entry, theme)))
            .collect();
        if entry.hit && self.logs.store.context() && self.logs.is_filtered() {
            // A sign too: colour alone says nothing.
            spans[0].content = format!("▌{}", &spans[0].content[1..]).into();
        }
        let indent = Line::from(spans.clone()).width();
        let style = if is_quiet(entry) || !entry.hit { theme.faint() } else { theme.plain() };
        let mut rows = self.texts(entry, self.width.saturating_sub(indent)).into_iter();
        spans.extend(self.marked(rows.next().unwrap_or_default(), entry, theme, style));
        let mut lines = vec![Line::from(spans)];
        lines.extend(rows.map(|row| {
            let mut spans = vec![Span::raw(" ".repeat(indent))];
            spans.extend(self.marked(row, entry, theme, style));
            Line::from(spans)
        }));
        lines
    }

    /// The text in rows of `room` columns; the last one says when there is more than the pane could show.
    fn texts(&self, entry: &Entry<'_>, room: usize) -> Vec<String> {
        let rows = if self.logs.wrap { self.height.max(1) } else { 1 };
        // What is out of sight must not cost anything: an event may have a megabyte.
        let longest = if self.logs.wrap { WIDEST * room * rows } else { 0 };
        let text = entry.text_within(LONGEST_ROW + longest);
        let text = if self.logs.masked { mask(&text).into_owned() } else { text };
        if !self.logs.wrap {
            return vec![cut(&text, room)];
        }
        let mut texts = wrap(&text, room);
        if texts.len() > rows {
            let more = texts.swap_remove(rows);
            texts.truncate(rows);
            if let Some(last) = texts.last_mut() {
                *last = cut(&format!("{last}{more}"), room);
            }
        }
        texts
    }

    /// `text` with what was looked for marked in it.
    fn marked(&self, text: String, entry: &Entry<'_>, theme: &Theme, style: Style) -> Vec<Span<'static>> {
        let found = if entry.hit { self.logs.store.filter().query.spans(&text) } else { Vec::new() };
        let mut spans = Vec::new();
        let mut at = 0;
        for range in found {
            spans.push(Span::styled(text[at..range.start].to_owned(), style));
            spans.push(Span::styled(text[range.clone()].to_owned(), theme.found()));
            at = range.end;
        }
        spans.push(Span::styled(text[at..].to_owned(), style));
        spans
    }

    /// A deploy, or what the reader must know; its time stands where those of lines do.
    fn note(&self, entry: &Entry<'_>, style: Style) -> Line<'static> {
        let time = self.clock.row(entry.timestamp_ms).map(|time| format!(" {time}")).unwrap_or_default();
        let text = cut(entry.raw, self.width.saturating_sub(time.width() + 4));
        Line::styled(format!("{time} ── {text} ──"), style)
    }
}

/// What stands before the text.
fn head(entry: &Entry<'_>, clock: &Clock) -> Vec<(Part, String)> {
    let mut parts = Vec::new();
    if let Some(time) = clock.row(entry.timestamp_ms) {
        parts.push((Part::Time, format!(" {time}")));
    }
    parts.push((Part::Stage, format!(" {:<5}", entry.stage.as_str())));
    let request: String = plain(&entry.request_id().unwrap_or_default()).chars().take(4).collect();
    parts.push((Part::Request, format!(" {request:<4} ")));
    let level = if is_quiet(entry) { "·" } else { entry.level.map_or("", level_word) };
    parts.push((Part::Level, format!("{level:<5} ")));
    if entry.late {
        parts.push((Part::Late, "late ".to_owned()));
    }
    if entry.continues {
        parts.push((Part::Continues, "│ ".to_owned()));
    }
    parts
}

fn style(part: &Part, entry: &Entry<'_>, theme: &Theme) -> Style {
    match part {
        _ if !entry.hit => theme.faint(),
        Part::Time | Part::Request | Part::Continues => theme.faint(),
        Part::Stage => theme.stage(entry.stage),
        Part::Level if is_quiet(entry) => theme.faint(),
        Part::Level => entry.level.map_or_else(|| theme.plain(), |level| theme.level(level)),
        Part::Late => theme.warn(),
    }
}

/// Whether it is one of Lambda's own lines that tells of nothing bad.
fn is_quiet(entry: &Entry<'_>) -> bool {
    entry.kind == Kind::Platform && entry.level != Some(Level::Error)
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    }
}
