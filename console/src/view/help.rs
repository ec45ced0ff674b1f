use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Widget};

use super::theme::Theme;
use crate::app::App;
use crate::keymap::{self, Context};

/// The keys of the screen that is under the help.
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let bindings = keymap::bindings(Context::Screen(app.screen()));
    let mut lines: Vec<Line<'_>> = bindings
        .iter()
        .map(|binding| {
            Line::from(vec![
                Span::styled(format!(" {:>14}  ", binding.keys.join(" ")), theme.accent()),
                Span::raw(binding.label),
            ])
        })
        .collect();
    lines.push(Line::from(vec![
        Span::styled(format!(" {:>14}  ", "ctrl-c ctrl-c"), theme.accent()),
        Span::raw("quit; during a change the first finishes the step in hand"),
    ]));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let area = area.centered(Constraint::Length(78.min(area.width)), Constraint::Length(height));
    Clear.render(area, buf);
    let title = format!(" keys of {} ", app.screen().title());
    let block = Block::bordered().title(title).title_bottom(" ? closes ").border_style(theme.accent());
    Paragraph::new(lines).block(block).render(area, buf);
}
