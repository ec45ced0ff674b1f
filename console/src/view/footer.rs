use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::text::cut;
use super::theme::Theme;
use crate::app::App;
use crate::keymap;

/// A notice while there is one, what is typed while something is, else the keys.
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width).saturating_sub(2);
    if let Some(input) = &app.logs.input {
        let line = Line::from(vec![
            Span::styled(" /", theme.accent()),
            Span::raw(cut(input, width.saturating_sub(30))),
            Span::styled(" ", theme.selected()),
            Span::styled("   enter accept · esc drop", theme.faint()),
        ]);
        return line.render(area, buf);
    }
    if let Some(notice) = &app.notice {
        let style = if notice.bad { theme.warn() } else { theme.accent() };
        return Line::from(Span::styled(format!(" {}", cut(&notice.text, width)), style)).render(area, buf);
    }
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    let bindings = keymap::offered(app, keymap::context(app));
    let help = bindings.iter().filter(|binding| binding.footer);
    // Help and the way out are named whatever the room.
    let (must, may): (Vec<_>, Vec<_>) = help.partition(|binding| matches!(binding.keys[0], "?" | "q"));
    let width_of =
        |binding: &keymap::Binding| binding.keys[0].chars().count() + binding.label.chars().count() + 3;
    let reserved: usize = must.iter().map(|binding| width_of(binding)).sum();
    for binding in may {
        if used + width_of(binding) + reserved > width {
            break;
        }
        used += width_of(binding);
        push(&mut spans, binding, theme);
    }
    for binding in must {
        push(&mut spans, binding, theme);
    }
    Line::from(spans).render(area, buf);
}

fn push(spans: &mut Vec<Span<'static>>, binding: &keymap::Binding, theme: &Theme) {
    spans.push(Span::styled(binding.keys[0], theme.accent()));
    spans.push(Span::raw(format!(" {}  ", binding.label)));
}
