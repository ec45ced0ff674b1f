//! ```text
//! │ STAGE  https://…/stage   gateway 9/9 ✓  smoke 6/6 ✓  CORS 8/9 ✗  docs 3/3 ✓                │
//! │ smoke ✓✓✗✓   CORS ✓✓✗✗                                                                      │
//! │ ✗ stage CORS  GET /api/v0/items      ✓ app.example.com ✗ localhost:3000      12 ms         │
//! ├ stage GET /api/v0/items ────────────────────────────────────────────────────────────────────┤
//! │ cause …   fix …   time dns – connect 1 ms TLS – first byte 4 ms   curl …                    │
//! ```

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::text::{ago, cut, prose, took};
use super::theme::Theme;
use crate::app::{App, Remote};
use crate::domain::{Check, CheckKind, StageName, Verdict, plain};
use crate::screen::board::StageBoard;
use crate::screen::checks::{Row, rows};

/// Rows of the explanation of the selected check.
const DETAIL_ROWS: u16 = 11;

pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let stages: Vec<StageName> = StageName::ALL
        .into_iter()
        .filter(|stage| app.checks.stage.is_none_or(|only| only == *stage))
        .collect();
    let lines: Vec<Line<'static>> =
        stages.iter().flat_map(|stage| summary_lines(app, *stage, theme, now, area.width)).collect();
    let top = u16::try_from(lines.len()).unwrap_or(4);
    let detail = DETAIL_ROWS.min(area.height / 2);
    let [summary, list, detail] =
        Layout::vertical([Constraint::Length(top), Constraint::Fill(1), Constraint::Length(detail)])
            .areas(area);
    for (line, row) in lines.into_iter().zip(summary.rows()) {
        line.render(row, buf);
    }
    let rows = rows(&app.board, app.checks.stage);
    if rows.is_empty() {
        let text = " no check was run yet: s runs smoke, c runs CORS, on each stage that is deployed";
        return Paragraph::new(text).style(theme.faint()).render(list, buf);
    }
    if let Some(first) = app.checks.answer {
        answer(app, first, theme, list, buf);
    } else {
        let height = usize::from(list.height).max(1);
        let offset = app.checks.selected.saturating_sub(height - 1);
        for (index, (row, place)) in rows.iter().skip(offset).zip(list.rows()).enumerate() {
            let selected = index + offset == app.checks.selected;
            row_line(row, selected.then_some(app.checks.cell), theme, usize::from(list.width))
                .render(place, buf);
            if selected && row.cells.len() == 1 {
                buf.set_style(place, theme.selected());
            }
        }
    }
    if let Some((stage, check)) = app.checks.selected(&app.board) {
        explain(stage, check, theme, detail, buf);
    }
}

/// Where it answers; and how each kind of check stands, once one was run.
fn summary_lines(
    app: &App,
    stage: StageName,
    theme: &Theme,
    now: Timestamp,
    width: u16,
) -> Vec<Line<'static>> {
    let column = app.board.of(stage);
    let mut spans = vec![
        Span::styled(format!(" {:<6}", stage.as_str().to_uppercase()), theme.band(stage)),
        Span::raw(" "),
    ];
    match column.url() {
        None => spans.push(Span::styled("nothing is deployed here", theme.faint())),
        Some(url) => spans.push(Span::raw(url.to_owned())),
    }
    if CheckKind::ALL.iter().all(|kind| matches!(column.report(*kind), Remote::Absent)) {
        spans.push(Span::styled("   no check was run", theme.faint()));
        return vec![Line::from(spans)];
    }
    // A narrow window has no room for ages and earlier runs of four kinds.
    let short = width < 120;
    let mut second = vec![Span::raw("       ")];
    for kind in CheckKind::ALL {
        second.push(Span::styled(format!(" {} ", kind.title()), theme.faint()));
        second.extend(state(column, kind, theme, now).into_iter().take(if short { 1 } else { usize::MAX }));
        second.push(Span::raw(" "));
    }
    let mut lines = vec![Line::from(spans), Line::from(second)];
    // All kinds of one run fail together, so one sentence is enough.
    if let Some(problem) = CheckKind::ALL.iter().find_map(|kind| column.report(*kind).problem()) {
        lines.push(Line::styled(
            format!("        could not run: {}", plain(&problem.to_string())),
            theme.bad(),
        ));
    }
    lines
}

fn state(column: &StageBoard, kind: CheckKind, theme: &Theme, now: Timestamp) -> Vec<Span<'static>> {
    let report = column.report(kind);
    let mut age = None;
    let mut spans = vec![match report.last() {
        _ if report.is_loading() => Span::styled("running…", theme.accent()),
        _ if report.problem().is_some() => Span::styled("could not run", theme.bad()),
        None => Span::styled("not run", theme.faint()),
        Some((report, at)) => {
            let (sign, style) = match (report.green(), report.warned()) {
                (true, 0) => ("✓", theme.good()),
                (true, _) => ("!", theme.warn()),
                (false, _) => ("✗", theme.bad()),
            };
            age = Some(ago(at, now));
            Span::styled(format!("{}/{} {sign}", report.passed(), report.checks.len()), style)
        }
    }];
    spans.extend(age.map(|age| Span::styled(format!(" {age}"), theme.faint())));
    // The last runs, the oldest first; one alone says nothing more.
    let Some(runs) = column.runs.get(&kind).filter(|runs| runs.len() > 1) else { return spans };
    spans.push(Span::raw(" "));
    for run in runs.iter().skip(runs.len().saturating_sub(8)) {
        let (sign, style) = match (run.green, run.warned) {
            (true, false) => ("✓", theme.good()),
            (true, true) => ("!", theme.warn()),
            (false, _) => ("✗", theme.bad()),
        };
        spans.push(Span::styled(sign, style));
    }
    spans
}

fn sign(check: &Check, theme: &Theme) -> (&'static str, ratatui::style::Style) {
    match check.verdict {
        Verdict::Passed => ("✓", theme.good()),
        Verdict::Warned(_) => ("!", theme.warn()),
        Verdict::Failed(_) => ("✗", theme.bad()),
    }
}

/// `https://app.example.com` → `app.example.com`.
fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

fn row_line(row: &Row<'_>, selected: Option<usize>, theme: &Theme, width: usize) -> Line<'static> {
    let worst = row.cells.iter().max_by_key(|cell| match cell.verdict {
        Verdict::Passed => 0,
        Verdict::Warned(_) => 1,
        Verdict::Failed(_) => 2,
    });
    let Some(worst) = worst else { return Line::default() };
    let (mark, style) = sign(worst, theme);
    let name_width = (width / 2).saturating_sub(16).clamp(20, 60);
    let got_width = width.saturating_sub(name_width + 30);
    let mut spans = vec![
        Span::styled(format!(" {mark} "), style),
        Span::styled(format!("{:<5} ", row.stage.as_str()), theme.stage(row.stage)),
        Span::styled(format!("{:<7} ", worst.kind.title()), theme.faint()),
        Span::raw(format!("{:<name_width$} ", cut(&worst.name, name_width))),
    ];
    if row.cells.len() > 1 {
        let room = (got_width + 10) / row.cells.len();
        for (index, cell) in row.cells.iter().enumerate() {
            let (mark, style) = sign(cell, theme);
            let text = format!(
                "{mark} {} ",
                cut(host(cell.origin.as_deref().unwrap_or("")), room.saturating_sub(4).max(6))
            );
            let chosen = selected.is_some_and(|at| at.min(row.cells.len() - 1) == index);
            spans.push(Span::styled(text, if chosen { style.patch(theme.selected()) } else { style }));
        }
    } else {
        let took = if worst.took.is_zero() { String::new() } else { took(worst.took) };
        let cold = if worst.cold { "cold " } else { "" };
        let again = if worst.earlier.is_empty() {
            String::new()
        } else {
            format!("asked {}× ", worst.earlier.len() + 1)
        };
        spans.push(Span::raw(format!("{took:>8}  ")));
        spans.push(Span::styled(format!("{cold}{again}"), theme.warn()));
        spans.push(Span::styled(cut(&worst.got, got_width), theme.faint()));
    }
    Line::from(spans)
}

fn answer(app: &App, first: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let lines = app.checks.answer_lines(&app.board);
    for (line, row) in lines.iter().skip(first).zip(area.rows()) {
        let style = if line.starts_with(['<', '>']) { theme.faint() } else { theme.plain() };
        Line::styled(format!(" {}", cut(line, usize::from(row.width).saturating_sub(2))), style)
            .render(row, buf);
    }
}

fn explain(stage: StageName, check: &Check, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let from = check.origin.as_ref().map(|origin| format!("from {origin} ")).unwrap_or_default();
    super::rule(Line::styled(format!(" {stage} {} {from}", check.name), theme.strong()), theme, title, buf);
    let mut facts = vec![("got", check.got.clone(), theme.plain())];
    if let Some(fault) = check.verdict.fault() {
        let style = if check.verdict.is_failed() { theme.bad() } else { theme.warn() };
        facts.push(("cause", format!("{} ({})", fault.cause, fault.diagnosis.as_str()), style));
        facts.push(("fix", fault.fix.clone(), theme.accent()));
    }
    for earlier in &check.earlier {
        facts.push(("before", earlier.clone(), theme.warn()));
    }
    if let Some(first) = check.timing.first_byte {
        let part = |word: &str, time: Option<std::time::Duration>| {
            time.map(|time| format!("{word} {}   ", took(time))).unwrap_or_default()
        };
        let timing = &check.timing;
        let cold = if check.cold { "   COLD START" } else { "" };
        let text = format!(
            "{}{}{}first byte {}   total {}{cold}",
            part("DNS", timing.dns),
            part("connect", timing.connect),
            part("TLS", timing.tls),
            took(first),
            took(check.took)
        );
        facts.push(("time", text, theme.plain()));
    }
    if let Some(id) = &check.request_id {
        facts.push(("request", format!("{id}   enter shows its log lines"), theme.faint()));
    }
    if let Some(request) = &check.request {
        facts.push(("curl", request.curl(), theme.faint()));
    }
    let width = usize::from(rows.width).saturating_sub(12);
    let lines = facts.into_iter().flat_map(|(word, text, style)| {
        prose(&text, width).into_iter().take(3).enumerate().map(move |(index, row)| {
            let word = if index == 0 { word } else { "" };
            Line::from(vec![Span::styled(format!(" {word:<8}  "), theme.faint()), Span::styled(row, style)])
        })
    });
    for (line, row) in lines.zip(rows.rows()) {
        line.render(row, buf);
    }
}
