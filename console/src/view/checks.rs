use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::text::{ago, cut, prose, took};
use super::theme::Theme;
use crate::app::App;
use crate::domain::{CheckKind, StageName, Verdict};
use crate::screen::checks::{Row, rows};

/// Rows of the explanation of the selected check.
const DETAIL_ROWS: u16 = 8;

pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let [summary, list, detail] =
        Layout::vertical([Constraint::Length(2), Constraint::Fill(1), Constraint::Length(DETAIL_ROWS)])
            .areas(area);
    for (stage, row) in StageName::ALL.into_iter().zip(summary.rows()) {
        summary_line(app, stage, theme, now).render(row, buf);
    }
    let rows = rows(&app.board);
    if rows.is_empty() {
        let text = " no check was run yet: s runs smoke, c runs CORS, on each stage that is deployed";
        return Paragraph::new(text).style(theme.faint()).render(list, buf);
    }
    let height = usize::from(list.height).max(1);
    let offset = app.checks.selected.saturating_sub(height - 1);
    for (index, (row, place)) in rows.iter().skip(offset).zip(list.rows()).enumerate() {
        row_line(row, theme, usize::from(list.width)).render(place, buf);
        if index + offset == app.checks.selected {
            buf.set_style(place, theme.selected());
        }
    }
    if let Some(row) = app.checks.selected(&app.board) {
        explain(&row, theme, detail, buf);
    }
}

fn summary_line(app: &App, stage: StageName, theme: &Theme, now: Timestamp) -> Line<'static> {
    let column = app.board.of(stage);
    let mut spans = vec![
        Span::styled(format!(" {:<6}", stage.as_str().to_uppercase()), theme.band(stage)),
        Span::raw(" "),
    ];
    match column.url() {
        None => spans.push(Span::styled("nothing is deployed here", theme.faint())),
        Some(url) => spans.push(Span::raw(url.to_owned())),
    }
    for (kind, word) in [(CheckKind::Smoke, "smoke"), (CheckKind::Cors, "CORS")] {
        let report = column.report(kind);
        spans.push(Span::styled(format!("   {word} "), theme.faint()));
        spans.push(match report.last() {
            _ if report.is_loading() => Span::styled("running…", theme.accent()),
            None => Span::styled("not run", theme.faint()),
            Some((report, at)) => {
                let style = if report.green() { theme.good() } else { theme.bad() };
                let sign = if report.green() { "✓" } else { "✗" };
                let counts = format!("{}/{} {sign} {}", report.passed(), report.checks.len(), ago(at, now));
                Span::styled(counts, style)
            }
        });
    }
    Line::from(spans)
}

fn row_line(row: &Row<'_>, theme: &Theme, width: usize) -> Line<'static> {
    let check = row.check;
    let (sign, style) = match check.verdict {
        Verdict::Passed => ("✓", theme.good()),
        Verdict::Failed { .. } => ("✗", theme.bad()),
    };
    let kind = match check.kind {
        CheckKind::Smoke => "smoke",
        CheckKind::Cors => "CORS",
    };
    let name_width = (width / 2).saturating_sub(16).clamp(20, 60);
    let got_width = width.saturating_sub(name_width + 30);
    Line::from(vec![
        Span::styled(format!(" {sign} "), style),
        Span::styled(format!("{:<5} ", row.stage.as_str()), theme.stage(row.stage)),
        Span::styled(format!("{kind:<5} "), theme.faint()),
        Span::raw(format!("{:<name_width$} ", cut(&check.name, name_width))),
        Span::raw(format!("{:>8}  ", took(check.took))),
        Span::styled(cut(&check.got, got_width), theme.faint()),
    ])
}

fn explain(row: &Row<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let check = row.check;
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    super::rule(Line::styled(format!(" {} {} ", row.stage, check.name), theme.strong()), theme, title, buf);
    let mut facts = vec![("got", check.got.clone(), theme.plain())];
    if let Verdict::Failed { cause, fix } = &check.verdict {
        facts.push(("cause", cause.clone(), theme.bad()));
        facts.push(("fix", fix.clone(), theme.accent()));
    }
    if let Some(id) = &check.request_id {
        facts.push(("request", format!("{id}   enter shows its log lines"), theme.faint()));
    }
    let width = usize::from(rows.width).saturating_sub(12);
    let lines = facts.into_iter().flat_map(|(word, text, style)| {
        prose(&text, width).into_iter().take(2).enumerate().map(move |(index, row)| {
            let word = if index == 0 { word } else { "" };
            Line::from(vec![Span::styled(format!(" {word:<8}  "), theme.faint()), Span::styled(row, style)])
        })
    });
    for (line, row) in lines.zip(rows.rows()) {
        line.render(row, buf);
    }
}
