mod history;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::text::{cut, wrap};
use super::theme::Theme;
use crate::app::{App, LiveTailState, TailState};
use crate::domain::{Level, StageName, plain, plain_lines};
use crate::logs::mask::mask;
use crate::logs::reading;
use crate::logs::store::{Entry, Kind};
use crate::screen::logs::{Logs, TimeFormat};

/// The longest event that is shown whole, in bytes.
const LONGEST_WHOLE: usize = 64 << 10;
/// As much of an event as is read for one row, in bytes: more than any terminal's width, and enough to know a secret by.
const LONGEST_ROW: usize = 4 << 10;

/// The stream's area and the detail pane's, which is empty when it is closed.
pub(super) fn areas(area: Rect, detail: bool) -> (Rect, Rect) {
    let detail = if detail { Constraint::Percentage(40) } else { Constraint::Length(0) };
    let [stream, detail] = Layout::vertical([Constraint::Fill(1), detail]).areas(area);
    (stream, detail)
}

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (stream, detail) = areas(area, app.logs.detail);
    pane(app, theme, stream, true, buf);
    if let Some(entry) = app.logs.selected().filter(|_| app.logs.detail) {
        whole(&entry, app.logs.masked, theme, detail, buf);
    }
}

/// The stream under its title. `selectable`: the selected line is marked.
pub(super) fn pane(app: &App, theme: &Theme, area: Rect, selectable: bool, buf: &mut Buffer) {
    let logs = &app.logs;
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    super::rule(title_line(app, theme), theme, title, buf);
    if logs.store.shown_len() == 0 {
        return Paragraph::new(nothing(app)).style(theme.faint()).render(rows, buf);
    }
    let width = usize::from(rows.width);
    let height = usize::from(rows.height);
    if logs.follow {
        // From the newest up, until the pane is full.
        let mut bottom = rows.bottom();
        for index in (0..logs.store.shown_len()).rev() {
            let Some(entry) = logs.store.shown(index) else { break };
            for line in entry_lines(&entry, logs, theme, width).into_iter().rev() {
                if bottom == rows.top() {
                    return;
                }
                bottom -= 1;
                line.render(Rect { y: bottom, height: 1, ..rows }, buf);
            }
        }
        return;
    }
    let mut row = rows.top();
    for index in logs.offset..(logs.offset + height).min(logs.store.shown_len()) {
        let Some(entry) = logs.store.shown(index) else { break };
        for line in entry_lines(&entry, logs, theme, width) {
            if row == rows.bottom() {
                return;
            }
            let place = Rect { y: row, height: 1, ..rows };
            line.render(place, buf);
            if index == logs.selected && (selectable || !logs.follow) {
                buf.set_style(place, theme.selected());
            }
            row += 1;
        }
    }
}

/// Why there is nothing to see.
fn nothing(app: &App) -> String {
    let logs = &app.logs;
    if app.connection.problem().is_some() {
        return " not connected: no logs are read".to_owned();
    }
    if let Some(problem) = logs.broken() {
        return format!(" the logs cannot be read: {}", plain(&problem.to_string()));
    }
    if logs.store.progress().is_some() {
        return " looking…".to_owned();
    }
    if let Some(nothing) = history::nothing(logs) {
        return nothing;
    }
    if !logs.store.is_empty() {
        return " no line passes the filter: esc clears it".to_owned();
    }
    let tails = StageName::ALL.map(|stage| logs.tail_of(stage));
    if tails.iter().any(Option::is_none) {
        return " reading the logs…".to_owned();
    }
    if tails.iter().all(|tail| tail == &Some(&TailState::NoGroup)) {
        return " no logs yet: the functions have not been called".to_owned();
    }
    " no lines in the last 15 minutes".to_owned()
}

fn title_line(app: &App, theme: &Theme) -> Line<'static> {
    let logs = &app.logs;
    let filter = logs.store.filter();
    let mut spans = vec![
        Span::styled(" logs ", theme.strong()),
        Span::raw(filter.stage.map_or(" both ".to_owned(), |stage| format!(" {stage} "))),
    ];
    if !logs.query.is_empty() {
        spans.push(Span::styled(format!(" /{} ", cut(&plain(&logs.query), 40)), theme.accent()));
        if logs.store.context() {
            spans.push(Span::raw("+context "));
        }
    }
    if !logs.masked {
        spans.push(Span::styled("  SECRETS SHOWN ", theme.warn()));
    }
    let tails = badges(logs, theme);
    if app.connection.value().is_none() {
        spans.push(Span::styled("  NOT LIVE ", theme.bad()));
    } else if !tails.is_empty() {
        spans.extend(tails);
    } else if logs.follow {
        let word = if logs.live.state() == Some(&LiveTailState::On) { "  LIVE TAIL " } else { "  LIVE " };
        spans.push(Span::styled(word, theme.good()));
    }
    if logs.live.is_sampled() {
        spans.push(Span::styled(" SAMPLED ", theme.warn()));
    }
    if !logs.follow {
        spans.push(Span::styled("  PAUSED ", theme.warn()));
        if logs.unseen > 0 {
            spans.push(Span::styled(format!(" {} new ", logs.unseen), theme.accent()));
        }
    }
    spans.extend(history::title(logs, theme));
    let (shown, all) = (logs.store.hits(), logs.store.len_in_range());
    let count = if shown == all { format!("  {all} lines ") } else { format!("  {shown} of {all} lines ") };
    spans.push(Span::raw(count));
    if let Some(progress) = logs.store.progress() {
        spans.push(Span::styled(format!("  looking {:.0} % ", progress * 100.0), theme.accent()));
    }
    spans.push(Span::styled(
        format!("  {} dropped ", logs.store.dropped()),
        if logs.store.dropped() > 0 { theme.warn() } else { theme.faint() },
    ));
    Line::from(spans)
}

/// What keeps the stream from being live.
fn badges(logs: &Logs, theme: &Theme) -> Vec<Span<'static>> {
    let mut badges = Vec::new();
    for stage in StageName::ALL {
        match logs.tail_of(stage) {
            Some(TailState::Broken(trouble, _)) => {
                badges.push(Span::styled(format!("  {stage} {} ", trouble.badge()), theme.bad()));
            }
            Some(TailState::CatchingUp(to)) => {
                let text = format!("  {stage} CATCHING UP {} ", time(*to, logs.time));
                badges.push(Span::styled(text, theme.warn()));
            }
            _ => {}
        }
    }
    if let Some(LiveTailState::Off(trouble, _)) = logs.live.state() {
        badges.push(Span::styled(format!("  LIVE TAIL {}, polled ", trouble.badge()), theme.warn()));
    }
    badges
}

fn entry_lines(entry: &Entry<'_>, logs: &Logs, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    match entry.kind {
        Kind::Marker => return vec![marker(entry.raw, theme.stage(entry.stage), width)],
        Kind::Gap => return vec![marker(entry.raw, theme.bad(), width)],
        Kind::Service | Kind::Platform => {}
    }
    let quiet = entry.kind == Kind::Platform && entry.level != Some(Level::Error);
    let mut spans = Vec::new();
    if logs.time != TimeFormat::Off {
        spans.push(Span::styled(format!(" {}", time(entry.timestamp_ms, logs.time)), theme.faint()));
    }
    spans.push(Span::styled(format!(" {:<5}", entry.stage.as_str()), theme.stage(entry.stage)));
    let request: String = plain(&entry.request_id().unwrap_or_default()).chars().take(4).collect();
    spans.push(Span::styled(format!(" {request:<4} "), theme.faint()));
    let (level, style) = match entry.level {
        _ if quiet => ("·", theme.faint()),
        None => ("", theme.plain()),
        Some(level) => (level_word(level), theme.level(level)),
    };
    spans.push(Span::styled(format!("{level:<5} "), style));
    if entry.late {
        spans.push(Span::styled("late ", theme.warn()));
    }
    if entry.continues {
        spans.push(Span::styled("│ ", theme.faint()));
    }
    if !entry.hit {
        spans.iter_mut().for_each(|span| span.style = theme.faint());
    }
    if entry.hit && logs.store.context() && logs.is_filtered() {
        // A sign too: colour alone says nothing.
        spans[0].content = format!("▌{}", &spans[0].content[1..]).into();
    }
    let indent = Line::from(spans.clone()).width();
    let room = width.saturating_sub(indent);
    let style = if quiet || !entry.hit { theme.faint() } else { theme.plain() };
    let text = entry.text_within(if logs.wrap { usize::MAX } else { LONGEST_ROW });
    let text = if logs.masked { mask(&text).into_owned() } else { text };
    if !logs.wrap {
        spans.extend(marked(cut(&text, room), entry, logs, theme, style));
        return vec![Line::from(spans)];
    }
    let mut rows = wrap(&text, room).into_iter();
    spans.extend(marked(rows.next().unwrap_or_default(), entry, logs, theme, style));
    let mut lines = vec![Line::from(spans)];
    lines.extend(rows.map(|row| {
        let mut spans = vec![Span::raw(" ".repeat(indent))];
        spans.extend(marked(row, entry, logs, theme, style));
        Line::from(spans)
    }));
    lines
}

/// `text` with what was looked for marked in it.
fn marked(text: String, entry: &Entry<'_>, logs: &Logs, theme: &Theme, style: Style) -> Vec<Span<'static>> {
    let found = if entry.hit { logs.store.filter().query.spans(&text) } else { Vec::new() };
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

fn marker(text: &str, style: Style, width: usize) -> Line<'static> {
    let text = cut(text, width.saturating_sub(8));
    let side = "─".repeat(6);
    Line::styled(format!(" {side} {text} {side}"), style)
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

pub(super) fn time(timestamp_ms: i64, format: TimeFormat) -> String {
    let zone = if format == TimeFormat::Utc { TimeZone::UTC } else { TimeZone::system() };
    match Timestamp::from_millisecond(timestamp_ms) {
        Ok(at) => at.to_zoned(zone).strftime("%H:%M:%S%.3f").to_string(),
        Err(_) => "--:--:--.---".to_owned(),
    }
}

/// The whole event, JSON laid out.
fn whole(entry: &Entry<'_>, masked: bool, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let at =
        Timestamp::from_millisecond(entry.timestamp_ms).map_or_else(|_| String::new(), |at| at.to_string());
    super::rule(Line::styled(format!(" {} {at} ", entry.stage), theme.strong()), theme, title, buf);
    let text = &entry.raw[..entry.raw.floor_char_boundary(LONGEST_WHOLE)];
    let laid_out = reading::object(text)
        .and_then(|fields| serde_json::to_string_pretty(&fields).ok())
        .unwrap_or_else(|| text.to_owned());
    let laid_out = plain_lines(&laid_out).join("\n");
    let laid_out = if masked { mask(&laid_out) } else { laid_out.into() };
    let mut lines: Vec<&str> = laid_out.lines().collect();
    if text.len() < entry.raw.len() {
        lines.insert(0, "cut to its first 64 KiB:");
    }
    let wrapped = lines.iter().flat_map(|line| wrap(line, usize::from(rows.width).saturating_sub(2)));
    for (line, row) in wrapped.zip(rows.rows()) {
        Line::raw(format!(" {line}")).render(row, buf);
    }
}
