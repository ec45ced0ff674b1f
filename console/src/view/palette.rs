use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::text::cut;
use super::theme::Theme;
use crate::app::App;
use crate::keymap;
use crate::screen::palette::Palette;

/// What was typed, and below it the actions that match, each with its key.
pub(super) fn draw(app: &App, palette: &Palette, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let rows = palette.matches(keymap::named(app));
    let height =
        u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(3).clamp(4, 20).min(area.height);
    let area = area.centered(Constraint::Length(64.min(area.width)), Constraint::Length(height));
    Clear.render(area, buf);
    let block = Block::bordered().title(" command ").title_bottom(" enter does it, esc closes ");
    let inner = block.inner(area);
    block.border_style(theme.accent()).render(area, buf);
    let mut places = inner.rows();
    if let Some(place) = places.next() {
        let typed = cut(&palette.input, usize::from(place.width).saturating_sub(4));
        Line::from(vec![
            Span::styled(" : ", theme.accent()),
            Span::raw(typed),
            Span::styled(" ", theme.selected()),
        ])
        .render(place, buf);
    }
    if rows.is_empty()
        && let Some(place) = inner.rows().nth(1)
    {
        Line::styled(" nothing is called so", theme.faint()).render(place, buf);
    }
    let visible = usize::from(inner.height).saturating_sub(1).max(1);
    let selected = palette.selected.min(rows.len().saturating_sub(1));
    let offset = (selected + 1).saturating_sub(visible);
    let hidden = rows.len().saturating_sub(offset + visible);
    if hidden > 0 {
        let width = area.width.saturating_sub(2);
        let place = Rect { y: area.bottom().saturating_sub(1), height: 1, width, ..area };
        Line::styled(format!(" ↓ {hidden} more "), theme.warn()).right_aligned().render(place, buf);
    }
    for ((index, named), place) in rows.iter().enumerate().skip(offset).zip(places) {
        let width = usize::from(place.width).saturating_sub(12);
        let text = format!(" {:<width$} {:>8} ", cut(&named.name, width), named.key);
        Line::raw(text).render(place, buf);
        if index == selected {
            buf.set_style(place, theme.selected());
        }
    }
}
