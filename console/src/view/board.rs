//! ```text
//! │ STAGE                                     │ PROD
//! │ ● Active   20261122_120301  ab12cd34ef56  │ ● Active   20261121_181202  99fe…   other than stage
//! │ deployed  3m ago by ops · git 1a2b3c4     │
//! │ gateway   dep x1y2z3 · 3m · env=stage     │
//! │ url       https://…/stage                 │
//! │ env       5 vars  = .env.stage            │ env 5 vars  ~1 changed  +1 to add  -1 to delete
//! │ smoke     6/6 ✓  41 ms     CORS 9/9 ✓     │ smoke 5/6 ✗ GET /api/v0/items
//! │ calls     ▁▂▃▅▂▁ 126 in 30 min  err 0 %   │ calls ▅▅▆▅ 4.2/min  err 2 (1.6 %)  throttled 3
//! │ duration  ▁▂▃ p50 9 ms  p95 14 ms         │
//! ├ logs ────────────────────────────────────────
//! ```

mod metrics;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::text::{age, ago, prose, took};
use super::theme::Theme;
use crate::app::{Action, App, Remote, short_identity};
use crate::domain::{
    EnvDiff, EnvKeyState, Function, FunctionState, GatewayStage, Intent, Report, StageName, UpdateState,
};
use crate::screen::board::StageBoard;

/// Rows of a column: its band and eight lines. Without the last one the figures of CloudWatch have one line.
const COLUMN_ROWS: u16 = 9;
/// Below this height the log lines need the ninth row of each column more.
const ROOMY: u16 = COLUMN_ROWS + 8;
/// From this width on the columns stand side by side.
const SIDE_BY_SIDE: u16 = 100;
/// A value older than this says its age: twice the interval at which it is read.
const OLD_SECONDS: i64 = 10;

/// The columns' areas and the log pane's.
pub(super) fn areas(area: Rect) -> ([Rect; 2], Rect) {
    if area.width >= SIDE_BY_SIDE {
        let rows = if area.height < ROOMY { COLUMN_ROWS - 1 } else { COLUMN_ROWS };
        let [top, logs] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
        return (Layout::horizontal([Constraint::Fill(1); 2]).spacing(1).areas(top), logs);
    }
    // Stacked: the last rows of a column are the ones that can be missed when there is no room.
    let most = if area.height < ROOMY + COLUMN_ROWS { COLUMN_ROWS - 1 } else { COLUMN_ROWS };
    let each = (area.height.saturating_sub(4) / 2).min(most);
    let rows = [Constraint::Length(each), Constraint::Length(each), Constraint::Fill(1)];
    let [stage, prod, logs] = Layout::vertical(rows).areas(area);
    ([stage, prod], logs)
}

pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let (columns, logs) = areas(area);
    for (stage, area) in StageName::ALL.into_iter().zip(columns) {
        column(app, stage, theme, now, area, buf);
    }
    super::logs::pane(app, theme, now, logs, buf);
}

fn column(app: &App, stage: StageName, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let column = app.board.of(stage);
    buf.set_style(Rect { height: 1, ..area }, theme.band(stage));
    let title = Line::styled(format!(" {}", stage.as_str().to_uppercase()), theme.band(stage));
    title.render(Rect { height: 1, ..area }, buf);
    let note = Line::styled(format!("{} ", freshness(app, &column.overview, now)), theme.band(stage));
    note.right_aligned().render(Rect { height: 1, ..area }, buf);

    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let width = usize::from(area.width);
    let mut lines = lines(app, stage, column, theme, now, width);
    if column.has_function() {
        let two = usize::from(rows.height) >= lines.len() + 2;
        lines.extend(metrics::lines(&column.metrics, theme, now, width, two));
    }
    for (line, row) in lines.into_iter().zip(rows.rows()) {
        line.render(row, buf);
    }
}

/// What the band says of how old the column is.
fn freshness<T>(app: &App, remote: &Remote<T>, now: Timestamp) -> String {
    match (remote, remote.last()) {
        (_, None) if app.connection.problem().is_some() => "not connected".to_owned(),
        (Remote::Failed { .. }, Some((_, at))) => format!("as of {}", ago(at, now)),
        (Remote::Loading { .. }, None) | (Remote::Absent, _) => "reading…".to_owned(),
        (_, Some((_, at))) if now.duration_since(at).as_secs() > OLD_SECONDS => {
            format!("as of {}", ago(at, now))
        }
        _ => String::new(),
    }
}

fn lines(
    app: &App,
    stage: StageName,
    column: &StageBoard,
    theme: &Theme,
    now: Timestamp,
    width: usize,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let problem = column.overview.problem().or_else(|| app.connection.problem());
    if let Some(problem) = problem {
        let rows = if column.overview.value().is_some() { 2 } else { 6 };
        let text = crate::domain::plain(&problem.to_string());
        for row in prose(&format!("✗ {text}"), width.saturating_sub(2)).into_iter().take(rows) {
            lines.push(Line::styled(format!(" {row}"), theme.bad()));
        }
    }
    let Some(overview) = column.overview.value() else {
        if problem.is_none() {
            lines.push(Line::styled(" reading what is deployed…", theme.faint()));
        }
        return lines;
    };
    match &overview.function {
        None => {
            let key = if stage == StageName::Prod { "D" } else { "d" };
            lines.push(Line::styled(" ○ nothing is deployed here", theme.plain()));
            let intent = Intent::Deploy { stage };
            lines.push(if app.refuses(&Action::Change(intent)) {
                Line::styled("   read-only: this console deploys nothing here", theme.faint())
            } else {
                Line::from(vec![
                    Span::raw("   "),
                    Span::styled(key, theme.accent()),
                    Span::raw(" shows the plan of a deploy, and deploys"),
                ])
            });
        }
        Some(function) => {
            lines.push(state_line(app, stage, function, theme));
            lines.push(deployed_line(function, theme, now));
        }
    }
    lines.extend(gateway_lines(overview.gateway.as_ref(), theme, now));
    lines.push(env_line(&overview.env, stage, overview.function.is_some(), theme));
    lines.push(checks_line(column, theme, now));
    lines
}

fn label(text: &str, theme: &Theme) -> Span<'static> {
    Span::styled(format!(" {text:<9} "), theme.faint())
}

fn state_line(app: &App, stage: StageName, function: &Function, theme: &Theme) -> Line<'static> {
    let (sign, style, state) = match (&function.state, &function.update) {
        (_, UpdateState::InProgress) => ("◐", theme.accent(), "Updating"),
        (FunctionState::Active, UpdateState::Failed) => ("✗", theme.bad(), "Active, update failed"),
        (FunctionState::Active, _) => ("●", theme.good(), "Active"),
        (FunctionState::Pending, _) => ("◐", theme.accent(), "Pending"),
        (FunctionState::Inactive, _) => ("◌", theme.warn(), "Inactive"),
        (FunctionState::Failed, _) => ("✗", theme.bad(), "Failed"),
        (FunctionState::Other(state), _) => ("?", theme.warn(), state.as_str()),
    };
    let tag = function.image.tag.as_deref().unwrap_or("untagged");
    let digest = function.image.digest.as_ref().map_or("no digest", |digest| digest.short());
    let mut spans = vec![
        Span::styled(format!(" {sign} {state:<8}"), style),
        Span::styled(format!(" {tag}  "), theme.strong()),
        Span::styled(digest.to_owned(), theme.faint()),
    ];
    let other = app.board.of(stage.other()).overview.value().and_then(|other| other.function.as_ref());
    if stage == StageName::Prod
        && let Some(other) = other
    {
        let (text, style) = if other.image.digest == function.image.digest {
            ("  = stage", theme.good())
        } else {
            ("  ≠ stage", theme.warn())
        };
        spans.push(Span::styled(text, style));
    }
    Line::from(spans)
}

fn deployed_line(function: &Function, theme: &Theme, now: Timestamp) -> Line<'static> {
    if let Some(reason) = function.update_reason.as_ref().or(function.state_reason.as_ref())
        && (function.update == UpdateState::Failed || function.state == FunctionState::Failed)
    {
        return Line::styled(format!(" {}", crate::domain::plain(reason)), theme.bad());
    }
    if function.stamp.image_tag.is_none() {
        let when = function.last_modified.map_or(String::new(), |at| ago(at, now));
        let text = format!("{when}; not by a deploy of Callboard's that ended");
        return Line::from(vec![label("changed", theme), Span::styled(text, theme.warn())]);
    }
    let when = function.stamp.deployed_at.or(function.last_modified);
    let mut text = when.map_or("at an unknown time".to_owned(), |at| ago(at, now));
    if let Some(who) = &function.stamp.deployed_by {
        text.push_str(&format!(" by {}", short_identity(who)));
    }
    if let Some(git) = &function.stamp.git {
        text.push_str(&format!(" · git {git}"));
    }
    Line::from(vec![label("deployed", theme), Span::raw(text)])
}

fn gateway_lines(gateway: Option<&GatewayStage>, theme: &Theme, now: Timestamp) -> Vec<Line<'static>> {
    let Some(gateway) = gateway else {
        return vec![Line::from(vec![
            label("gateway", theme),
            Span::styled("no such stage yet", theme.faint()),
        ])];
    };
    let mut text = format!("dep {}", gateway.deployment_id);
    if let Some(at) = gateway.deployed_at {
        text.push_str(&format!(" · {}", age(at, now)));
    }
    let env = gateway.variables.get("env");
    let env_style: Style = if env == Some(&gateway.name) { theme.plain() } else { theme.bad() };
    let env = format!(" · env={}", env.map_or("(not set)", String::as_str));
    vec![
        Line::from(vec![label("gateway", theme), Span::raw(text), Span::styled(env, env_style)]),
        Line::from(vec![label("url", theme), Span::raw(gateway.url.clone())]),
    ]
}

fn env_line(env: &EnvDiff, stage: StageName, deployed: bool, theme: &Theme) -> Line<'static> {
    let mut spans = vec![label("env", theme)];
    if let Some(problem) = &env.problem {
        spans.push(Span::styled(problem.clone(), theme.bad()));
        return Line::from(spans);
    }
    if !deployed {
        spans.push(Span::raw(format!("{} vars in .env.{stage}", env.keys.len())));
        return Line::from(spans);
    }
    spans.push(Span::raw(format!("{} vars  ", env.keys.len())));
    if env.in_step() {
        spans.push(Span::styled(format!("= .env.{stage}"), theme.good()));
        return Line::from(spans);
    }
    let counts = [
        (EnvKeyState::Changed, "~", "changed"),
        (EnvKeyState::OnlyInFile, "+", "to add"),
        (EnvKeyState::OnlyDeployed, "-", "to delete"),
    ];
    for (state, sign, word) in counts {
        let count = env.count(state);
        if count > 0 {
            spans.push(Span::styled(format!("{sign}{count} {word}  "), theme.warn()));
        }
    }
    Line::from(spans)
}

fn checks_line(column: &StageBoard, theme: &Theme, now: Timestamp) -> Line<'static> {
    let mut spans = vec![label("smoke", theme)];
    spans.extend(report_spans(&column.smoke, theme, now));
    spans.push(Span::styled("   CORS ", theme.faint()));
    spans.extend(report_spans(&column.cors, theme, now));
    Line::from(spans)
}

fn report_spans(report: &Remote<Report>, theme: &Theme, now: Timestamp) -> Vec<Span<'static>> {
    if report.is_loading() {
        return vec![Span::styled("running…", theme.accent())];
    }
    let Some((report, at)) = report.last() else {
        return match report.problem() {
            Some(_) => vec![Span::styled("could not run: x says why", theme.bad())],
            None => vec![Span::styled("not run", theme.faint())],
        };
    };
    let count = format!("{}/{} ", report.passed(), report.checks.len());
    let mut spans = if report.green() {
        let slowest = report.checks.iter().map(|check| check.took).max().unwrap_or_default();
        let (sign, style) = if report.warned() > 0 { ("!", theme.warn()) } else { ("✓", theme.good()) };
        vec![Span::styled(format!("{count}{sign}"), style), Span::raw(format!(" {}", took(slowest)))]
    } else {
        let failed = report.checks.iter().find(|check| check.verdict.is_failed());
        let name = failed.map_or("no check was run", |check| check.name.as_str());
        vec![Span::styled(format!("{count}✗ {name}"), theme.bad())]
    };
    spans.push(Span::styled(format!(" {}", age(at, now)), theme.faint()));
    spans
}
