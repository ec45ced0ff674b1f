use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};
use unicode_width::UnicodeWidthStr;

use super::super::text::cut;
use super::super::theme::Theme;
use super::name;
use crate::app::App;
use crate::domain::{EnvKeyState, StageName, plain};
use crate::envfile::EnvFiles;
use crate::screen::env::{Cell, Deployed, KeyRow};

/// A value that is not to be seen.
const MASK: &str = "••••";

/// The widths of the key and of each of the four cells, two columns and a sign apart.
struct Widths {
    key: usize,
    cell: usize,
}

impl Widths {
    fn of(rows: &[KeyRow<'_>], width: usize) -> Widths {
        let longest = rows.iter().map(|row| plain(row.key).width()).max().unwrap_or_default();
        let key = longest.clamp(8, (width / 4).max(8));
        // A blank before the key, two before each cell of a file's side, three about each sign.
        Widths { key, cell: width.saturating_sub(key + 11) / 4 }
    }
}

/// A row a key, the selected one in sight.
pub(super) fn draw(
    app: &App,
    files: &EnvFiles,
    rows: &[KeyRow<'_>],
    selected: usize,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let [head, list] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let widths = Widths::of(rows, area.width.into());
    let titles = [
        name(files, StageName::Stage),
        "deployed stage".to_owned(),
        "deployed PROD".to_owned(),
        name(files, StageName::Prod),
    ];
    let titles = titles.map(|title| Span::raw(padded(&title, widths.cell)));
    line("key", titles, [" ", " "].map(Span::raw), &widths).style(theme.faint()).render(head, buf);
    if rows.is_empty() {
        let text = " no key is known: the findings say why";
        return Paragraph::new(text).style(theme.faint()).render(list, buf);
    }
    let last = selected.min(rows.len() - 1);
    let offset = (last + 1).saturating_sub(usize::from(list.height).max(1));
    for ((index, row), place) in rows.iter().enumerate().skip(offset).zip(list.rows()) {
        let line = key_line(app, files, row, theme, &widths);
        if index == selected { super::chosen(line, theme, place, buf) } else { line.render(place, buf) }
    }
}

fn key_line(app: &App, files: &EnvFiles, row: &KeyRow<'_>, theme: &Theme, widths: &Widths) -> Line<'static> {
    let revealed = app.env.revealed;
    let side = |stage: StageName| {
        let cell = row.of(stage);
        let (sign, style) = sign(cell, theme);
        let refused = files.of(stage).env.is_err();
        let unknown = match Deployed::of(&app.board, stage) {
            Deployed::Unknown => Some("…"),
            Deployed::Unreadable => Some("?"),
            Deployed::Nothing | Deployed::Has(_) => None,
        };
        let span = |value: Option<&str>, instead: Option<&str>| {
            let (text, style) = match (value, instead) {
                (Some(value), _) if revealed => (shown(value), style),
                (Some(_), _) => (MASK.to_owned(), style),
                (None, Some(instead)) => (instead.to_owned(), theme.faint()),
                (None, None) => ("·".to_owned(), theme.faint()),
            };
            Span::styled(padded(&text, widths.cell), style)
        };
        (span(cell.file, refused.then_some("?")), span(cell.deployed, unknown), Span::styled(sign, style))
    };
    let (file_of_stage, stage, stage_sign) = side(StageName::Stage);
    let (file_of_prod, prod, prod_sign) = side(StageName::Prod);
    line(&plain(row.key), [file_of_stage, stage, prod, file_of_prod], [stage_sign, prod_sign], widths)
}

// The files stand outside, what is deployed within, and between file and function how they stand.
fn line(
    key: &str,
    [file_of_stage, stage, prod, file_of_prod]: [Span<'static>; 4],
    [stage_sign, prod_sign]: [Span<'static>; 2],
    widths: &Widths,
) -> Line<'static> {
    let gap = || Span::raw(" ");
    Line::from(vec![
        Span::raw(format!(" {} ", padded(key, widths.key))),
        file_of_stage,
        gap(),
        stage_sign,
        gap(),
        stage,
        Span::raw("  "),
        prod,
        gap(),
        prod_sign,
        gap(),
        file_of_prod,
    ])
}

// As in a plan.
fn sign(cell: Cell<'_>, theme: &Theme) -> (&'static str, Style) {
    match cell.state {
        Some(EnvKeyState::InStep) => ("=", theme.plain()),
        Some(EnvKeyState::Changed) => ("~", theme.warn()),
        Some(EnvKeyState::OnlyInFile) => ("+", theme.good()),
        Some(EnvKeyState::OnlyDeployed) => ("-", theme.bad()),
        None => (" ", theme.plain()),
    }
}

/// A value as it may be seen: one harmless line.
pub(super) fn shown(value: &str) -> String {
    if value.is_empty() { "\"\"".to_owned() } else { plain(value) }
}

fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let blanks = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(blanks))
}
