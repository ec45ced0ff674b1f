//! Drawing: reads the application and decides nothing. One pane, one file, one `draw`.

mod board;
mod checks;
mod deploy;
mod env;
mod footer;
mod gateway;
mod header;
mod help;
mod images;
mod invocations;
mod logs;
mod palette;
mod text;
mod theme;

pub use theme::{Theme, ThemeName};

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use crate::app::{App, ScreenName};
use crate::domain::{Problem, StageName};
use crate::screen::deploy::Deploy;

use text::prose;

/// Below this the screens would lie: a sentence is shown instead.
const SMALLEST: (u16, u16) = (60, 15);

/// Draws what is on the screen.
pub fn draw(app: &App, theme: &Theme, now: Timestamp, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let sentence = format!(
            "callboard needs {}×{} characters, this terminal has {}×{}. Make it larger; q quits.",
            SMALLEST.0, SMALLEST.1, area.width, area.height
        );
        frame.render_widget(Paragraph::new(sentence).wrap(Wrap { trim: true }), area);
        return;
    }
    let [top, middle, bottom] = frame_rows(area);
    let buf = frame.buffer_mut();
    header::draw(app, theme, now, top, buf);
    match app.screen() {
        ScreenName::Board => board::draw(app, theme, now, middle, buf),
        ScreenName::Logs => logs::draw(app, theme, now, middle, buf),
        ScreenName::Invocations => invocations::draw(app, theme, now, middle, buf),
        ScreenName::Checks => checks::draw(app, theme, now, middle, buf),
        ScreenName::Deploy => deploy::draw(app, theme, now, middle, buf),
        ScreenName::Images => images::draw(app, theme, now, middle, buf),
        ScreenName::Gateway => gateway::draw(app, theme, now, middle, buf),
        ScreenName::Env => env::draw(app, theme, middle, buf),
    }
    footer::draw(app, theme, bottom, buf);
    if let Some(palette) = &app.palette {
        palette::draw(app, palette, theme, area, buf);
    }
    if app.help {
        help::draw(app, theme, area, buf);
    }
}

fn frame_rows(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(area)
}

fn middle_of(size: (u16, u16)) -> Rect {
    frame_rows(Rect::new(0, 0, size.0, size.1))[1]
}

/// Log rows that the board shows at this size of the terminal.
pub fn board_log_rows(size: (u16, u16)) -> usize {
    usize::from(board::areas(middle_of(size)).1.height.saturating_sub(1))
}

/// Log rows that the logs screen shows at this size of the terminal.
pub fn logs_rows(size: (u16, u16), detail: bool) -> usize {
    usize::from(logs::areas(middle_of(size), detail).0.height.saturating_sub(1))
}

/// The first entry of the stream that is in sight on the board or on the logs screen, and how many entries are a page there.
pub fn logs_place(app: &App, now: Timestamp) -> (usize, usize) {
    let middle = middle_of(app.size);
    let pane = match app.screen() {
        ScreenName::Board => board::areas(middle).1,
        _ => logs::areas(middle, app.logs.detail).0,
    };
    logs::place(app, now, pane)
}

/// How many rows the selected event has, and how many of them the detail pane shows.
pub fn whole_rows(app: &App) -> (usize, usize) {
    logs::extent(&app.logs, middle_of(app.size))
}

/// Invocations that their screen shows at this size of the terminal.
pub fn invocations_rows(size: (u16, u16)) -> usize {
    usize::from(invocations::areas(middle_of(size))[2].height)
}

/// Rows that the screen of a change could scroll through at this size of the terminal.
pub fn deploy_rows(size: (u16, u16), deploy: &Deploy) -> usize {
    deploy::row_count(deploy, size.0)
}

/// Which stage a key would change: the chosen one stands in its own band.
fn stage_choice(what: &str, chosen: StageName, theme: &Theme) -> Line<'static> {
    let mut spans = vec![Span::raw(format!(" {what}: "))];
    for (stage, name) in [(StageName::Stage, " stage "), (StageName::Prod, " PROD ")] {
        if stage == chosen {
            spans.push(Span::styled(format!("[{name}]"), theme.band(stage)));
        } else {
            spans.push(Span::styled(format!(" {name} "), theme.faint()));
        }
    }
    spans.push(Span::styled("  tab changes it", theme.faint()));
    Line::from(spans)
}

/// What failed, why, and what to do.
fn problem(problem: &Problem, theme: &Theme, area: Rect, buf: &mut Buffer) {
    for (line, row) in problem_lines(problem, theme, area.width).into_iter().zip(area.rows()) {
        line.render(row, buf);
    }
}

/// The same as lines that fit `width` columns.
fn problem_lines(problem: &Problem, theme: &Theme, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width).saturating_sub(4);
    let parts = [
        (format!("✗ {}", problem.summary), theme.bad()),
        (problem.detail.clone(), theme.plain()),
        (problem.hint.clone(), theme.accent()),
    ];
    let mut lines = Vec::new();
    for (text, style) in parts {
        for line in text.lines() {
            let rows = prose(&crate::domain::plain(line), width);
            lines.extend(rows.into_iter().map(|row| Line::styled(format!(" {row}"), style)));
        }
    }
    lines
}

/// A horizontal rule with a title in it.
fn rule(title: Line<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    buf.set_string(area.x, area.y, "─".repeat(usize::from(area.width)), theme.faint());
    buf.set_line(area.x + 1, area.y, &title, area.width.saturating_sub(2));
}
