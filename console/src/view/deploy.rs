use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Widget};

use super::text::{bytes, cut, prose, took};
use super::theme::Theme;
use crate::app::{App, Remote, short_identity};
use crate::deploy::{Action, Deployed, Plan};
use crate::domain::{Problem, Report, StageName, StepResult};
use crate::screen::deploy::{Deploy, Focus, Phase, StepState};

/// Rows of the confirmation, with its frame.
const DIALOG_ROWS: u16 = 8;

/// Rows that could be scrolled through.
pub(super) fn row_count(deploy: &Deploy) -> usize {
    match &deploy.phase {
        Phase::Confirm { plan, .. } => plan.value().map_or(0, |plan| plan.changes().len()),
        _ => deploy.output.len(),
    }
}

pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let Some(deploy) = &app.deploy else { return };
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    buf.set_style(title, theme.band(deploy.stage));
    title_line(app, deploy).style(theme.band(deploy.stage)).render(title, buf);
    match &deploy.phase {
        Phase::Confirm { plan, focus, typed } => confirm(app, deploy, plan, *focus, typed, theme, rows, buf),
        Phase::Running { .. } => running(deploy, theme, now, rows, buf),
        Phase::Ended(outcome) => ended(deploy, outcome, theme, now, rows, buf),
    }
}

fn title_line(app: &App, deploy: &Deploy) -> Line<'static> {
    let place = app.connection.value().map_or(String::new(), |connection| {
        format!(
            "{} {} as {}",
            connection.identity.account,
            connection.region,
            short_identity(&connection.identity.arn)
        )
    });
    let stage = match deploy.stage {
        StageName::Prod => "PROD",
        StageName::Stage => "stage",
    };
    Line::raw(format!(" deploy {} to {stage} · {} · {place}", app.facts.service, app.facts.cloud))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one phase, each of which this pane shows")]
fn confirm(
    app: &App,
    deploy: &Deploy,
    plan: &Remote<Plan>,
    focus: Focus,
    typed: &str,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if let Some(problem) = plan.problem() {
        return problem_rows(problem, theme, area, buf);
    }
    let Some(plan) = plan.value() else {
        return Paragraph::new(" reading what is there, to say what would change…")
            .style(theme.faint())
            .render(area, buf);
    };
    let changes = plan.changes();
    let rows = u16::try_from(changes.len()).unwrap_or(u16::MAX).saturating_add(1);
    let [list, dialog] = Layout::vertical([Constraint::Max(rows), Constraint::Length(DIALOG_ROWS)])
        .flex(Flex::Start)
        .areas(area);
    let wide = usize::from(list.width);
    let resource_width = (wide / 4).clamp(20, 36);
    let visible = changes.iter().skip(deploy.scroll.min(changes.len().saturating_sub(1)));
    for (change, row) in visible.zip(list.rows()) {
        let (sign, word, style) = match change.action {
            Action::Create => ("+", "create", theme.good()),
            Action::Update => ("~", "update", theme.warn()),
            Action::Unchanged => ("=", "unchanged", theme.faint()),
        };
        let detail = cut(&change.detail, wide.saturating_sub(resource_width + 16));
        Line::from(vec![
            Span::styled(format!(" {sign} {word:<9} "), style),
            Span::raw(format!("{:<resource_width$} ", cut(&change.resource, resource_width))),
            Span::styled(
                detail,
                if change.action == Action::Unchanged { theme.faint() } else { theme.plain() },
            ),
        ])
        .render(row, buf);
    }
    question(app, deploy, focus, typed, theme, dialog, buf);
}

fn question(
    app: &App,
    deploy: &Deploy,
    focus: Focus,
    typed: &str,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    Clear.render(area, buf);
    let style = if deploy.needs_name() { theme.bad() } else { theme.accent() };
    let block = Block::bordered().border_style(style).title(" nothing is changed yet ");
    let inner = block.inner(area);
    block.render(area, buf);
    let place = app.connection.value().map_or(String::new(), |connection| {
        format!("account {} in {}", connection.identity.account, connection.region)
    });
    let text = format!(
        "The service is built and pushed, and {}-{} in {place} is given the image and the environment of .env.{}; \
         then smoke and CORS run.",
        app.facts.service, deploy.stage, deploy.stage
    );
    let mut lines: Vec<Line<'_>> = prose(&text, usize::from(inner.width).saturating_sub(2))
        .into_iter()
        .map(|row| Line::raw(format!(" {row}")))
        .collect();
    lines.push(Line::raw(""));
    if deploy.needs_name() {
        lines.push(Line::from(vec![
            Span::styled(" PROD", theme.bad()),
            Span::raw(format!(": type {} and press enter to deploy, esc to cancel: ", deploy.stage)),
            Span::styled(typed.to_owned(), theme.strong()),
            Span::styled(" ", theme.selected()),
        ]));
    } else {
        let button = |text: &'static str, focused: bool| {
            Span::styled(text, if focused { theme.selected() } else { Style::new() })
        };
        lines.push(Line::from(vec![
            Span::raw("   "),
            button("[ Cancel ]", focus == Focus::Cancel),
            Span::raw("   "),
            button("[ Deploy ]", focus == Focus::Deploy),
        ]));
    }
    for (line, row) in lines.into_iter().zip(inner.rows()) {
        line.render(row, buf);
    }
}

fn running(deploy: &Deploy, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let steps = u16::try_from(deploy.steps.len()).unwrap_or(u16::MAX);
    let [list, output] = Layout::vertical([Constraint::Length(steps), Constraint::Fill(1)]).areas(area);
    step_rows(deploy, theme, now, list, buf);
    output_rows(deploy, theme, output, buf);
}

fn step_rows(deploy: &Deploy, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    // When there is no room for all, the steps around the one in hand are those to see.
    let current = deploy.steps.iter().rposition(|(_, state)| *state != StepState::Waiting).unwrap_or(0);
    let height = usize::from(area.height);
    let skip = (current + 2).saturating_sub(height).min(deploy.steps.len().saturating_sub(height));
    for ((step, state), row) in deploy.steps.iter().skip(skip).zip(area.rows()) {
        let width = usize::from(area.width).saturating_sub(48);
        let (sign, word, time, detail, style) = match state {
            StepState::Waiting => (" ", "", String::new(), String::new(), theme.faint()),
            StepState::Running { since, bytes: sent, says } => {
                let time = took(now.duration_since(*since).unsigned_abs());
                let detail = match (sent, says) {
                    (Some((done, total)), _) => format!("{} of {}", bytes(*done), bytes(*total)),
                    (None, Some(says)) => says.clone(),
                    (None, None) => String::new(),
                };
                ("▸", "running", time, detail, theme.accent())
            }
            StepState::Ended { result, detail, took: time } => {
                let word = match result {
                    StepResult::Created => "created",
                    StepResult::Updated => "updated",
                    StepResult::Unchanged => "unchanged",
                    StepResult::Done => "done",
                };
                ("✓", word, took(*time), detail.clone(), theme.good())
            }
            StepState::Failed(problem) => {
                ("✗", "failed", String::new(), problem.summary.clone(), theme.bad())
            }
        };
        let detail = cut(&crate::domain::plain(&detail), width);
        Line::from(vec![
            Span::styled(format!(" {sign} {:<23}", step.title()), style),
            Span::raw(format!("{word:<10}{time:>9}  ")),
            Span::styled(detail, theme.faint()),
        ])
        .render(row, buf);
    }
}

fn output_rows(deploy: &Deploy, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    super::rule(Line::styled(" output ", theme.strong()), theme, title, buf);
    let skip = deploy.output.len().saturating_sub(usize::from(rows.height));
    for (line, row) in deploy.output.iter().skip(skip).zip(rows.rows()) {
        Line::styled(format!(" {}", cut(line, usize::from(rows.width).saturating_sub(2))), theme.faint())
            .render(row, buf);
    }
}

fn ended(
    deploy: &Deploy,
    outcome: &Result<Box<Deployed>, Problem>,
    theme: &Theme,
    now: Timestamp,
    area: Rect,
    buf: &mut Buffer,
) {
    let [verdict, rest] = Layout::vertical([Constraint::Length(6), Constraint::Fill(1)]).areas(area);
    match outcome {
        Ok(deployed) => deployed_rows(deployed, theme, verdict, buf),
        Err(problem) => problem_rows(problem, theme, verdict, buf),
    }
    running(deploy, theme, now, rest, buf);
}

fn deployed_rows(deployed: &Deployed, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let report = |word: &str, report: &Report| {
        let style = if report.green() { theme.good() } else { theme.bad() };
        let sign = if report.green() { "✓" } else { "✗ see x" };
        Span::styled(format!("{word} {}/{} {sign}   ", report.passed(), report.checks.len()), style)
    };
    let lines = [
        Line::styled(
            format!(" {} runs {}  {}", deployed.stage, deployed.tag, deployed.digest.short()),
            theme.strong(),
        ),
        Line::raw(format!(" {}/docs", deployed.url)),
        Line::from(vec![Span::raw(" "), report("smoke", &deployed.smoke), report("CORS", &deployed.cors)]),
        Line::styled(" enter goes back to the board", theme.faint()),
    ];
    for (line, row) in lines.into_iter().zip(area.rows()) {
        line.render(row, buf);
    }
}

fn problem_rows(problem: &Problem, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width).saturating_sub(4);
    let parts = [
        (format!("✗ {}", problem.summary), theme.bad()),
        (problem.detail.clone(), theme.plain()),
        (problem.hint.clone(), theme.accent()),
    ];
    let lines = parts.into_iter().filter(|(text, _)| !text.is_empty()).flat_map(|(text, style)| {
        let text = crate::domain::plain(&text);
        prose(&text, width).into_iter().map(move |row| Line::styled(format!(" {row}"), style))
    });
    for (line, row) in lines.zip(area.rows()) {
        line.render(row, buf);
    }
}
