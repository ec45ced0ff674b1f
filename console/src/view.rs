//! Drawing: reads the application and decides nothing. One pane, one file, one `draw`.

mod board;
mod checks;
mod deploy;
mod footer;
mod header;
mod help;
mod logs;
mod text;
mod theme;

pub use theme::{Theme, ThemeName};

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use crate::app::{App, ScreenName};
use crate::screen::deploy::Deploy;

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
        ScreenName::Logs => logs::draw(app, theme, middle, buf),
        ScreenName::Checks => checks::draw(app, theme, now, middle, buf),
        ScreenName::Deploy => deploy::draw(app, theme, now, middle, buf),
    }
    footer::draw(app, theme, bottom, buf);
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

/// Rows that the deploy screen could scroll through.
pub fn deploy_rows(deploy: &Deploy) -> usize {
    deploy::row_count(deploy)
}

/// A horizontal rule with a title in it.
fn rule(title: Line<'_>, theme: &Theme, area: Rect, buf: &mut ratatui::buffer::Buffer) {
    buf.set_string(area.x, area.y, "─".repeat(usize::from(area.width)), theme.faint());
    buf.set_line(area.x + 1, area.y, &title, area.width.saturating_sub(2));
}
