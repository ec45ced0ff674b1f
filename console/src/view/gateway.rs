use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget};

use super::text::{ago, cut};
use super::theme::Theme;
use crate::app::App;
use crate::domain::{Deployment, GatewayView};

/// The API's stages, and below them its deployments, newest first.
pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let stages = app.gateway.view.value().map_or(1, |view| view.stages.len().max(1));
    let stages = u16::try_from(stages).unwrap_or(u16::MAX).min(6);
    let [head, choice, list] =
        Layout::vertical([Constraint::Length(stages + 1), Constraint::Length(1), Constraint::Fill(1)])
            .areas(area);
    super::stage_choice("answer with the selected deployment", app.gateway.stage, theme).render(choice, buf);
    let remote = &app.gateway.view;
    let view = match (remote.value(), remote.problem()) {
        (None, Some(problem)) => return super::problem(problem, theme, list, buf),
        (None, None) => {
            return Paragraph::new(" reading the API…").style(theme.faint()).render(list, buf);
        }
        (Some(view), _) => view,
    };
    let Some(api) = &view.api else {
        let text = " there is no REST API yet: d on the board deploys stage";
        return Paragraph::new(text).style(theme.faint()).render(list, buf);
    };
    let title = format!(" API {} {} {}", api.name, api.id, api.url);
    match remote.problem() {
        None => Line::styled(title, theme.strong()).render(head, buf),
        // What was read last stays, and is not the newest.
        Some(problem) => {
            let text = format!("{title}   not read anew: {}", problem.summary);
            Line::styled(crate::domain::plain(&text), theme.bad()).render(head, buf);
        }
    }
    for (stage, row) in view.stages.iter().zip(head.rows().skip(1)) {
        let variables: Vec<String> =
            stage.variables.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let text =
            format!(" {:<8} deployment {:<12} {}", stage.name, stage.deployment_id, variables.join(" "));
        let text = crate::domain::plain(&text);
        Line::raw(cut(&text, usize::from(row.width))).render(row, buf);
    }
    let selected = app.gateway.selected.min(view.deployments.len().saturating_sub(1));
    let offset = (selected + 1).saturating_sub(usize::from(list.height).max(1));
    for ((index, deployment), place) in view.deployments.iter().enumerate().skip(offset).zip(list.rows()) {
        let text = row_text(deployment, view, now);
        Line::raw(cut(&text, usize::from(list.width))).render(place, buf);
        if index == selected {
            buf.set_style(place, theme.selected());
        }
    }
}

fn row_text(deployment: &Deployment, view: &GatewayView, now: Timestamp) -> String {
    let made = deployment.created_at.map_or(String::new(), |at| ago(at, now));
    let answers = view.stages.iter().filter(|stage| stage.deployment_id == deployment.id);
    let answers: Vec<&str> = answers.map(|stage| stage.name.as_str()).collect();
    let text =
        format!(" {:<12} {made:>9}  {:<16} {}", deployment.id, answers.join(" + "), deployment.description);
    crate::domain::plain(&text)
}
