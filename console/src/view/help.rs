use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Widget};

use super::theme::Theme;
use crate::app::App;
use crate::keymap::{self, Context};

/// The keys of the screen that is under the help.
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let bindings = keymap::offered(app, Context::Screen(app.screen()));
    let mut rows: Vec<(String, &str)> =
        bindings.iter().map(|binding| (binding.keys.join(" "), binding.label)).collect();
    rows.push(("ctrl-c ctrl-c".to_owned(), "quit, or stop a change"));
    // Two columns where one would be cut.
    let columns = if rows.len() + 2 > usize::from(area.height) { 2 } else { 1 };
    let height = rows.len().div_ceil(columns);
    let lines: Vec<Line<'_>> = (0..height)
        .map(|row| {
            let cells = (0..columns).filter_map(|column| rows.get(column * height + row));
            let spans = cells.flat_map(|(keys, label)| {
                let width = if columns == 1 { 60 } else { 22 };
                let label = format!("{:<width$}", super::text::cut(label, width));
                [Span::styled(format!(" {keys:>13}  "), theme.accent()), Span::raw(label)]
            });
            Line::from(spans.collect::<Vec<_>>())
        })
        .collect();
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let area = area.centered(Constraint::Length(78.min(area.width)), Constraint::Length(height));
    Clear.render(area, buf);
    let title = format!(" keys of {} ", app.screen().title());
    let block = Block::bordered().title(title).title_bottom(" ? closes ").border_style(theme.accent());
    Paragraph::new(lines).block(block).render(area, buf);
}
