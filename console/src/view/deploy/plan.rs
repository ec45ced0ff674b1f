use ratatui::text::{Line, Span};

use super::super::text::{cut, prose};
use super::super::theme::Theme;
use crate::deploy::{Action, Change, Plan};
use crate::domain::EnvKeyState;

/// A row of the plan: a resource, what does not fit beside it, below the configuration a key of the environment, or below all a
/// warning of the environment files.
pub(super) enum PlanRow {
    Resource(Change, String),
    More(String),
    Env(char, String, &'static str),
    Warning(String),
}

// Columns of the sign and the word before a resource.
const MARK: usize = 13;

fn resource_width(wide: usize) -> usize {
    (wide / 4).clamp(28, 36)
}

/// The plan's rows at this width.
pub(super) fn plan_rows(plan: &Plan, wide: usize) -> Vec<PlanRow> {
    let mut rows = Vec::new();
    let room = wide.saturating_sub(resource_width(wide) + MARK + 3).max(10);
    for change in plan.changes() {
        let configuration = change.resource.starts_with("configuration of ");
        // What changes is told whole, over several rows if need be; what stays may be cut.
        let mut told = match change.action {
            Action::Unchanged => vec![cut(&change.detail, room)],
            _ => prose(&change.detail, room),
        }
        .into_iter();
        rows.push(PlanRow::Resource(change, told.next().unwrap_or_default()));
        rows.extend(told.map(PlanRow::More));
        if configuration {
            // What is lost comes first.
            let kinds = [
                (EnvKeyState::OnlyDeployed, '-', "DELETED by this change"),
                (EnvKeyState::Changed, '~', "•••• → ••••"),
                (EnvKeyState::OnlyInFile, '+', "••••"),
            ];
            for (state, sign, what) in kinds {
                let keys = plan.env.keys.iter().filter(|key| key.state == state);
                rows.extend(keys.map(|key| PlanRow::Env(sign, key.key.clone(), what)));
            }
        }
    }
    // Whole, as what changes is.
    for finding in &plan.warnings {
        let text = format!("! {}: {} ({})", finding.place(), finding.what, finding.fix);
        let told = prose(&crate::domain::plain(&text), wide.saturating_sub(5)).into_iter().enumerate();
        rows.extend(
            told.map(|(index, row)| {
                PlanRow::Warning(format!("{}{row}", if index == 0 { " " } else { "   " }))
            }),
        );
    }
    rows
}

/// A row as it is drawn.
pub(super) fn plan_line(row: &PlanRow, wide: usize, theme: &Theme) -> Line<'static> {
    let resource_width = resource_width(wide);
    let style = |action: Action| match action {
        Action::Create => theme.good(),
        Action::Update => theme.warn(),
        Action::Unchanged => theme.faint(),
        Action::Delete => theme.bad(),
    };
    match row {
        PlanRow::Resource(change, detail) => {
            let faint = change.action == Action::Unchanged;
            Line::from(vec![
                Span::styled(
                    format!(" {} {:<9} ", change.action.sign(), change.action.as_str()),
                    style(change.action),
                ),
                Span::raw(format!("{:<resource_width$} ", cut(&change.resource, resource_width))),
                Span::styled(detail.clone(), if faint { theme.faint() } else { theme.plain() }),
            ])
        }
        PlanRow::More(detail) => Line::raw(format!("{}{detail}", " ".repeat(MARK + resource_width + 1))),
        PlanRow::Warning(text) => Line::styled(text.clone(), theme.warn()),
        PlanRow::Env(sign, key, what) => {
            let style = match sign {
                '+' => theme.good(),
                '-' => theme.bad(),
                _ => theme.warn(),
            };
            let key = cut(&crate::domain::plain(key), resource_width.saturating_sub(4));
            Line::from(vec![
                Span::raw(" ".repeat(MARK)),
                Span::styled(
                    format!("  {sign} {key:<width$} ", width = resource_width.saturating_sub(4)),
                    style,
                ),
                Span::styled(*what, theme.plain()),
            ])
        }
    }
}
