mod plan;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Widget};

use super::text::{bytes, cut, prose, took};
use super::theme::Theme;
use crate::app::{App, Remote, short_identity};
use crate::deploy::{Done, Failure, Plan};
use crate::domain::{Intent, Report, StepResult};
use crate::screen::deploy::{Deploy, Focus, Phase, StepState};

use plan::{plan_line, plan_rows};

/// Rows of the confirmation, with its frame.
const DIALOG_ROWS: u16 = 8;

/// Rows that could be scrolled through.
pub(super) fn row_count(deploy: &Deploy, width: u16) -> usize {
    match &deploy.phase {
        Phase::Confirm { plan, .. } => plan.value().map_or(0, |plan| plan_rows(plan, width.into()).len()),
        _ => deploy.output.len(),
    }
}

pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let Some(deploy) = &app.deploy else { return };
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    buf.set_style(title, theme.band(deploy.stage()));
    title_line(app, deploy).style(theme.band(deploy.stage())).render(title, buf);
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
    let prod = if deploy.needs_name() { "PROD · " } else { "" };
    let what = deploy.intent.noun();
    Line::raw(format!(" {prod}{what} · {} {place}", app.facts.cloud))
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
        return super::problem(problem, theme, area, buf);
    }
    let Some(plan) = plan.value() else {
        return Paragraph::new(" reading what is there, to say what would change…")
            .style(theme.faint())
            .render(area, buf);
    };
    let lines = plan_rows(plan, area.width.into());
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(1);
    let warning = deploy.moved.as_ref().map(|why| format!(" {why} since you looked: this is the new plan"));
    let warned = u16::from(warning.is_some());
    let [warn, list, dialog] = Layout::vertical([
        Constraint::Length(warned),
        Constraint::Max(rows),
        Constraint::Length(DIALOG_ROWS),
    ])
    .flex(Flex::Start)
    .areas(area);
    if let Some(text) = warning {
        Line::styled(text, theme.warn()).render(warn, buf);
    }
    let wide = usize::from(list.width);
    let visible = lines.iter().skip(deploy.scroll.min(lines.len().saturating_sub(1)));
    for (line, row) in visible.zip(list.rows()) {
        plan_line(line, wide, theme).render(row, buf);
    }
    let below = lines.len().saturating_sub(deploy.scroll + usize::from(list.height));
    if let Some(problem) = &plan.blocked {
        return super::problem(problem, theme, dialog, buf);
    }
    question(app, deploy, plan.changes_anything(), focus, typed, theme, dialog, buf);
    if below > 0 {
        let more = format!(" ↓ {below} more rows of the plan ");
        buf.set_string(
            dialog.x + 26,
            dialog.y,
            cut(&more, usize::from(dialog.width).saturating_sub(28)),
            theme.warn(),
        );
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one dialog, each of which it shows")]
fn question(
    app: &App,
    deploy: &Deploy,
    changes: bool,
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
    let text = if changes {
        explained(&deploy.intent, &app.facts.service, &place)
    } else {
        let checks = "it would be looked at once more, and checked";
        format!("Nothing is to be changed in {place}: all is as it should be. Confirmed, {checks}.")
    };
    let mut lines: Vec<Line<'_>> = prose(&text, usize::from(inner.width).saturating_sub(2))
        .into_iter()
        .map(|row| Line::raw(format!(" {row}")))
        .collect();
    lines.push(Line::raw(""));
    if deploy.needs_name() {
        lines.push(Line::from(vec![
            Span::styled(" PROD", theme.bad()),
            Span::raw(format!(": type prod and press enter to {}, esc to cancel: ", deploy.intent.verb())),
            Span::styled(typed.to_owned(), theme.strong()),
            Span::styled(" ", theme.selected()),
        ]));
    } else {
        let apply = format!("[ {} ]", capital(deploy.intent.verb()));
        let button = |text: &str, focused: bool| {
            Span::styled(text.to_owned(), if focused { theme.selected() } else { Style::new() })
        };
        lines.push(Line::from(vec![
            Span::raw("   "),
            button("[ Cancel ]", focus == Focus::Cancel),
            Span::raw("   "),
            button(&apply, focus == Focus::Apply),
        ]));
    }
    for (line, row) in lines.into_iter().zip(inner.rows()) {
        line.render(row, buf);
    }
}

// What is about to be done, to what.
fn explained(intent: &Intent, service: &str, place: &str) -> String {
    match intent {
        Intent::Deploy { stage } => format!(
            "The service is built and pushed, and {service}-{stage} in {place} is given the image and the environment \
             of .env.{stage}; then smoke and CORS run."
        ),
        Intent::Promote => format!(
            "{service}-prod in {place} is given the very image that stage runs, nothing is built, and the environment \
             of .env.prod; then smoke and CORS run."
        ),
        Intent::RollBack { stage, parts, .. } => format!(
            "{service}-{stage} in {place} goes back: {}. Memory, timeout and gateway stay; then smoke and CORS run. \
             Another way: {}.",
            parts.as_str(),
            parts.next().as_str()
        ),
        Intent::RollBackGateway { stage, .. } => format!(
            "The stage {stage} of the API in {place} answers with that deployment; the function stays as it is."
        ),
        Intent::TearDown { stage, logs } => {
            let what = stage.map_or_else(
                || "Both functions, the API, the role and the repository".to_owned(),
                |stage| format!("The function {service}-{stage} and the gateway's stage {stage}"),
            );
            let logs = if *logs {
                "Its log lines go too (another way: they stay)"
            } else {
                "Its log lines stay (another way: they go too)"
            };
            format!("{what} in {place} are deleted, for good. {logs}.")
        }
        Intent::Prune { .. } => {
            format!("These images are deleted from the repository in {place}, for good.")
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
                let word = result.as_str();
                match result {
                    StepResult::ChecksFailed => ("✗", word, took(*time), detail.clone(), theme.bad()),
                    _ => ("✓", word, took(*time), detail.clone(), theme.good()),
                }
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
    outcome: &Result<Box<Done>, Box<Failure>>,
    theme: &Theme,
    now: Timestamp,
    area: Rect,
    buf: &mut Buffer,
) {
    // All of what failed and what to do about it; the steps take what is left.
    let told = match outcome {
        Ok(_) => 3,
        Err(failure) => super::problem_lines(failure.problem(), theme, area.width).len(),
    };
    let told = u16::try_from(told).unwrap_or(u16::MAX).min(area.height.saturating_sub(4)).saturating_add(1);
    let [verdict, back, rest] =
        Layout::vertical([Constraint::Length(told), Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    match outcome {
        Ok(done) => done_rows(done, theme, verdict, buf),
        Err(failure) => super::problem(failure.problem(), theme, verdict, buf),
    }
    let failed = outcome.as_ref().map_or(true, |done| !done.green());
    let line = match deploy.way_back() {
        Some(intent) if failed => {
            Line::styled(format!(" b rolls back to what ran before: {}", intent.command()), theme.warn())
        }
        Some(_) => {
            Line::styled(" enter goes back to the board, b rolls back to what ran before", theme.faint())
        }
        None => Line::styled(" enter goes back to the board", theme.faint()),
    };
    line.render(back, buf);
    running(deploy, theme, now, rest, buf);
}

fn done_rows(done: &Done, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let report = |word: &str, report: &Report| {
        let style = if report.green() { theme.good() } else { theme.bad() };
        let sign = if report.green() { "✓" } else { "✗ see x" };
        Span::styled(format!("{word} {}/{} {sign}   ", report.passed(), report.checks.len()), style)
    };
    let mut lines = Vec::new();
    match &done.deployed {
        None => lines.push(Line::styled(format!(" {}", capital(&done.sentence())), theme.strong())),
        Some(deployed) => {
            let text = format!(" {} runs {}  {}", deployed.stage, deployed.tag, deployed.digest.short());
            lines.push(Line::styled(text, theme.strong()));
            if let Some(url) = &deployed.url {
                lines.push(Line::raw(format!(" {url}")));
            }
            let mut spans = vec![Span::raw(" ")];
            spans.extend(deployed.smoke.as_ref().map(|one| report("smoke", one)));
            spans.extend(deployed.cors.as_ref().map(|one| report("CORS", one)));
            lines.push(Line::from(spans));
        }
    }
    for (line, row) in lines.into_iter().zip(area.rows()) {
        line.render(row, buf);
    }
}
