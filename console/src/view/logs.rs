mod clock;
mod history;
mod row;
mod sight;
mod whole;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::text::cut;
use super::theme::Theme;
use crate::app::{App, LiveTailState, ScreenName, TailState};
use crate::domain::{StageName, plain};
use crate::screen::logs::Logs;

use clock::Clock;
pub(super) use clock::time;
use row::Look;

/// The stream's area and the detail pane's, which is empty when it is closed.
pub(super) fn areas(area: Rect, detail: bool) -> (Rect, Rect) {
    let detail = if detail { Constraint::Percentage(40) } else { Constraint::Length(0) };
    let [stream, detail] = Layout::vertical([Constraint::Fill(1), detail]).areas(area);
    (stream, detail)
}

pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let (stream, detail) = areas(area, app.logs.detail);
    pane(app, theme, now, stream, buf);
    if let Some(entry) = app.logs.selected().filter(|_| app.logs.detail) {
        whole::draw(&entry, &app.logs, theme, detail, buf);
    }
}

/// The first entry that is in sight in a pane, and how many of them are a page.
pub(super) fn place(app: &App, now: Timestamp, pane: Rect) -> (usize, usize) {
    let [_, rows] = split(app, pane);
    let look = Look::new(&app.logs, now, (rows.width, rows.height));
    (look.sight().first, look.page())
}

/// How many rows the selected event has, and how many of them the detail pane shows.
pub(super) fn extent(logs: &Logs, area: Rect) -> (usize, usize) {
    whole::extent(logs, areas(area, true).1)
}

/// The rows above the stream, and its own. Why no line is seen is said above the notes that are.
fn split(app: &App, pane: Rect) -> [Rect; 2] {
    let above = if app.logs.store.lines_shown() == 0 { 2 } else { 1 };
    Layout::vertical([Constraint::Length(above), Constraint::Fill(1)]).areas(pane)
}

/// The stream under its title.
pub(super) fn pane(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let logs = &app.logs;
    let [above, rows] = split(app, area);
    let look = Look::new(logs, now, (rows.width, rows.height));
    super::rule(title_line(app, theme, &look.clock), theme, Rect { height: 1, ..above }, buf);
    if above.height > 1 {
        let place = Rect { y: above.y + 1, height: 1, ..above };
        Paragraph::new(nothing(app)).style(theme.faint()).render(place, buf);
    }
    let sight = look.sight();
    let mut places = rows.rows();
    if logs.follow {
        // The newest is the lowest.
        places.by_ref().take(sight.blank).for_each(drop);
    }
    for index in sight.first..logs.store.shown_len() {
        let Some(entry) = logs.store.shown(index) else { return };
        let above = if index == sight.first { sight.above } else { 0 };
        for line in look.lines(&entry, theme).into_iter().skip(above) {
            let Some(place) = places.next() else { return };
            line.render(place, buf);
            if index == logs.selected && !logs.follow {
                buf.set_style(place, theme.selected());
            }
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
    if logs.store.lines_in_range() > 0 {
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

fn title_line(app: &App, theme: &Theme, clock: &Clock) -> Line<'static> {
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
    // The board has no key for it.
    if let Some(zone) = clock.zone_name().filter(|_| app.screen() == ScreenName::Logs) {
        spans.push(Span::styled(format!(" {zone} "), theme.faint()));
    }
    if !logs.masked {
        spans.push(Span::styled("  SECRETS SHOWN ", theme.warn()));
    }
    let tails = badges(logs, theme, clock);
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
    let (shown, all) = (logs.store.lines_let_through(), logs.store.lines_in_range());
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
fn badges(logs: &Logs, theme: &Theme, clock: &Clock) -> Vec<Span<'static>> {
    let mut badges = Vec::new();
    for stage in StageName::ALL {
        match logs.tail_of(stage) {
            Some(TailState::Broken(trouble, _)) => {
                badges.push(Span::styled(format!("  {stage} {} ", trouble.badge()), theme.bad()));
            }
            Some(TailState::CatchingUp(to)) => {
                let text = format!("  {stage} CATCHING UP {} ", clock.at(*to));
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
