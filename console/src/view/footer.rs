use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::text::{cut, cut_front};
use super::theme::Theme;
use crate::app::App;
use crate::domain::{harmless, plain};
use crate::keymap;
use crate::logs::query::Mistake;

/// A notice while there is one, what is typed while something is, else the keys.
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width).saturating_sub(2);
    if let Some(name) = &app.logs.save {
        return file_name(name, theme, width).render(area, buf);
    }
    if let Some((input, mistake)) = app.typed() {
        return query(input, mistake, theme, width).render(area, buf);
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

/// A query as it is typed: its end in sight, its mistake marked and named.
fn query(input: &str, mistake: Option<&Mistake>, theme: &Theme, width: usize) -> Line<'static> {
    let said = match mistake {
        Some(mistake) => (format!("   ✗ {}", plain(&mistake.message)), theme.bad()),
        None => ("   enter accept · esc drop".to_owned(), theme.faint()),
    };
    let wrong = mistake.map_or(input.len()..input.len(), |mistake| mistake.at.clone());
    let part = |range| harmless(input.get(range).unwrap_or_default());
    let mut parts = [part(0..wrong.start), part(wrong.start..wrong.end), part(wrong.end..input.len())];
    let mut room = width.saturating_sub(said.0.width() + 3).max(width / 2);
    for part in parts.iter_mut().rev() {
        *part = cut_front(part, room);
        room = room.saturating_sub(part.width());
    }
    let [before, wrong, behind] = parts;
    let room = width.saturating_sub(before.width() + wrong.width() + behind.width() + 2);
    Line::from(vec![
        Span::styled(" /", theme.accent()),
        Span::raw(before),
        Span::styled(wrong, theme.bad().add_modifier(Modifier::UNDERLINED)),
        Span::raw(behind),
        Span::styled(" ", theme.selected()),
        Span::styled(cut(&said.0, room), said.1),
    ])
}

/// A file's name as it is typed, its end in sight.
fn file_name(name: &str, theme: &Theme, width: usize) -> Line<'static> {
    let said = "   enter saves · esc drops";
    let room = width.saturating_sub(said.width() + 12).max(width / 2);
    let name = cut_front(&harmless(name), room);
    let room = width.saturating_sub(name.width() + 12);
    Line::from(vec![
        Span::styled(" save as: ", theme.accent()),
        Span::raw(name),
        Span::styled(" ", theme.selected()),
        Span::styled(cut(said, room), theme.faint()),
    ])
}

fn push(spans: &mut Vec<Span<'static>>, binding: &keymap::Binding, theme: &Theme) {
    spans.push(Span::styled(binding.keys[0], theme.accent()));
    spans.push(Span::raw(format!(" {}  ", binding.label)));
}
