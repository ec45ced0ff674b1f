//! The whole event, JSON laid out, in a pane that can be scrolled.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::super::text::wrap;
use super::super::theme::Theme;
use crate::domain::plain_lines;
use crate::logs::mask::mask;
use crate::logs::reading;
use crate::logs::store::Entry;
use crate::screen::logs::Logs;

/// The longest event that is shown whole, in bytes.
const LONGEST: usize = 64 << 10;

/// How many rows the selected event has, and how many of them are in sight.
pub(super) fn extent(logs: &Logs, area: Rect) -> (usize, usize) {
    let rows = logs.selected().map_or(0, |entry| rows(&entry, logs.masked, area.width).len());
    (rows, usize::from(area.height.saturating_sub(1)))
}

pub(super) fn draw(entry: &Entry<'_>, logs: &Logs, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let [title, place] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let at =
        Timestamp::from_millisecond(entry.timestamp_ms).map_or_else(|_| String::new(), |at| at.to_string());
    let rows = rows(entry, logs.masked, area.width);
    let height = usize::from(place.height);
    // The pane may have grown since it was scrolled.
    let first = logs.whole_row().min(rows.len().saturating_sub(height));
    let end = (first + height).min(rows.len());
    let mut text = format!(" {} {at} ", entry.stage);
    if rows.len() > height {
        let keys = match (first > 0, end < rows.len()) {
            (true, true) => "PgUp PgDn",
            (true, false) => "PgUp",
            _ => "PgDn",
        };
        text.push_str(&format!(" rows {}–{end} of {} · {keys} ", first + 1, rows.len()));
    }
    super::super::rule(Line::styled(text, theme.strong()), theme, title, buf);
    for (line, row) in rows[first..end].iter().zip(place.rows()) {
        Line::raw(format!(" {line}")).render(row, buf);
    }
}

fn rows(entry: &Entry<'_>, masked: bool, width: u16) -> Vec<String> {
    let text = &entry.raw[..entry.raw.floor_char_boundary(LONGEST)];
    let laid_out = reading::object(text)
        .and_then(|fields| serde_json::to_string_pretty(&fields).ok())
        .unwrap_or_else(|| text.to_owned());
    let laid_out = plain_lines(&laid_out).join("\n");
    let laid_out = if masked { mask(&laid_out) } else { laid_out.into() };
    let mut lines: Vec<&str> = laid_out.lines().collect();
    if text.len() < entry.raw.len() {
        lines.insert(0, "cut to its first 64 KiB:");
    }
    lines.iter().flat_map(|line| wrap(line, usize::from(width).saturating_sub(2))).collect()
}
