use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget};

use super::text::{ago, bytes, cut};
use super::theme::Theme;
use crate::app::App;
use crate::domain::{ImageRow, StageName};

/// What the repository holds, newest first:
/// ```text
///  roll back: [STAGE]  prod       tab changes it
///  tag               digest        pushed     size  git        runs          environment kept for
/// ```
pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let [choice, head, list, hint] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    super::stage_choice("roll back", app.images.stage, theme).render(choice, buf);
    let remote = &app.images.rows;
    let rows = match (remote.value(), remote.problem()) {
        (None, Some(problem)) => return super::problem(problem, theme, list, buf),
        (None, None) => {
            let text = " reading what the repository holds…";
            return Paragraph::new(text).style(theme.faint()).render(list, buf);
        }
        (Some(rows), _) => rows,
    };
    if let Some(problem) = remote.problem() {
        // What was read last stays, and is not the newest.
        let text = format!(" not read anew: {}", problem.summary);
        Line::styled(cut(&crate::domain::plain(&text), hint.width.into()), theme.bad()).render(hint, buf);
    }
    if rows.is_empty() {
        let text = " the repository holds no images: d on the board deploys stage";
        return Paragraph::new(text).style(theme.faint()).render(list, buf);
    }
    let width = usize::from(list.width);
    Line::styled(cut(&columns("tag", "digest", "pushed", "size", "git", "runs"), width), theme.faint())
        .render(head, buf);
    let selected = app.images.selected.min(rows.len() - 1);
    let offset = (selected + 1).saturating_sub(usize::from(list.height).max(1));
    for ((index, row), place) in rows.iter().enumerate().skip(offset).zip(list.rows()) {
        Line::raw(cut(&row_text(row, now), width)).render(place, buf);
        if index == selected {
            buf.set_style(place, theme.selected());
        } else if !row.runs.is_empty() {
            buf.set_style(place, theme.strong());
        }
    }
    if remote.problem().is_none() {
        let text = format!(" {}", explain(&rows[selected], app.images.stage));
        Line::styled(text, theme.accent()).render(hint, buf);
    }
}

fn columns(tag: &str, digest: &str, pushed: &str, size: &str, git: &str, runs: &str) -> String {
    format!(" {tag:<20} {digest:<12}  {pushed:>9}  {size:>8}  {git:<11}  {runs}")
}

fn row_text(row: &ImageRow, now: Timestamp) -> String {
    let size = row.image.size.map_or(String::new(), bytes);
    let pushed = row.image.pushed_at.map_or(String::new(), |at| ago(at, now));
    let names = |stage: &StageName| match stage {
        StageName::Stage => "stage",
        StageName::Prod => "PROD",
    };
    let runs: Vec<&str> = row.runs.iter().map(names).collect();
    let git = cut(row.git.as_deref().unwrap_or(""), 11);
    columns(&cut(row.image.name(), 20), row.image.digest.short(), &pushed, &size, &git, &runs.join(" + "))
}

fn explain(row: &ImageRow, stage: StageName) -> String {
    if row.runs.contains(&stage) {
        return format!("{stage} runs it");
    }
    let other = stage.other();
    let beside = row.version_of(other).map_or(String::new(), |number| format!("; {other} version {number}"));
    match row.version_of(stage) {
        Some(number) => format!(
            "{stage} ran it (version {number}{beside}): enter rolls back image and environment, after showing what would change"
        ),
        None => {
            format!("{stage} never ran it{beside}: enter gives it the image alone, its environment stays")
        }
    }
}
