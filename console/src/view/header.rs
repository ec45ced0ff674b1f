use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::text::{ago, cut};
use super::theme::Theme;
use crate::app::{App, Remote, ScreenName, short_identity};

/// `callboard ▸ board      hello · local · us-east-1 · 000000000000 · ops   RW`
pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let mut left = vec![
        Span::styled(" callboard", theme.strong()),
        Span::styled(" ▸ ", theme.faint()),
        Span::styled(app.screen().title(), theme.strong()),
    ];
    // On its own screen the change has a row of its own, with account and identity.
    let elsewhere = app.screen() != ScreenName::Deploy;
    if let Some(deploy) = app.deploy.as_ref().filter(|deploy| deploy.is_running() && elsewhere) {
        left.push(Span::raw("  "));
        left.push(Span::styled(format!(" {} ", deploy.intent.noun()), theme.band(deploy.stage())));
    }
    let left = Line::from(left);
    let room = usize::from(area.width).saturating_sub(left.width() + 2);
    let right = right(app, theme, now, room).right_aligned();
    left.render(area, buf);
    right.render(Rect { width: area.width.saturating_sub(1), ..area }, buf);
}

fn right(app: &App, theme: &Theme, now: Timestamp, room: usize) -> Line<'static> {
    let facts = &app.facts;
    let mode = match facts.read_only {
        [false, false] => "RW",
        [false, true] => "RW, prod RO",
        [true, false] => "RW, stage RO",
        [true, true] => "RO",
    };
    let place = match &app.connection {
        Remote::Failed { at, .. } => {
            return Line::from(vec![
                Span::raw(format!("{} · {}  ", facts.service, facts.cloud)),
                Span::styled(format!("not connected, tried {}", ago(*at, now)), theme.bad()),
            ]);
        }
        connection => match connection.value() {
            None => format!("{} · {} · connecting…", facts.service, facts.cloud),
            Some(connection) => format!(
                "{} · {} · {} · {} · {}",
                facts.service,
                facts.cloud,
                connection.region,
                connection.identity.account,
                short_identity(&connection.identity.arn)
            ),
        },
    };
    let place = cut(&place, room.saturating_sub(2 + mode.len()));
    Line::from(vec![Span::raw(place), Span::raw("  "), Span::styled(mode, theme.strong())])
}
