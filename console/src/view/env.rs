mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::text::{cut, prose};
use super::theme::Theme;
use crate::app::App;
use crate::domain::{EnvKeyState, StageName, plain};
use crate::envfile::{EnvFiles, Finding, Severity};
use crate::screen::env::{Cell, KeyRow, Selected, Standing};

/// Rows that explain a key, with their title.
const KEY_ROWS: usize = 5;
/// Columns of the words before what is explained.
const WORD: usize = 10;
/// Findings that are in sight at most.
const FINDINGS: u16 = 8;

/// Each stage's file against what is deployed, key by key; below it what is wrong with the files, and what is selected, whole:
/// ```text
///  STAGE  in step: a deploy changes none of 3 keys
///  PROD   a deploy DELETES OLD_KEY; changes SOME_ENV
///  key          .env.stage   deployed stage   deployed PROD   .env.prod
///  SOME_ENV     ••••       = ••••             ••••          ~ ••••
/// ── findings: 1 warning ──
///  ! .env:3   ENV is set for runs on this machine …
/// ── .env:3 env-in-local-file ──
/// ```
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(files) = app.env.files.value() else {
        return Paragraph::new(" reading the environment files…").style(theme.faint()).render(area, buf);
    };
    let found = u16::try_from(files.findings.len()).unwrap_or(u16::MAX);
    let listed = found.min(FINDINGS).min(area.height / 5).max(u16::from(found > 0));
    // As high as the longest finding needs, so that nothing moves with the selection.
    let explained = files.findings.iter().map(|finding| explained_rows(finding, area.width.into())).max();
    let explained =
        u16::try_from(explained.unwrap_or(0).max(KEY_ROWS)).unwrap_or(u16::MAX).min(area.height / 2);
    let [standing, keys, findings, detail] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(listed + 1),
        Constraint::Length(explained),
    ])
    .areas(area);
    for (stage, row) in StageName::ALL.into_iter().zip(standing.rows()) {
        standing_line(app, files, stage, theme, usize::from(row.width)).render(row, buf);
    }
    let rows = app.env.rows(&app.board);
    let selected = app.env.selected.min((rows.len() + files.findings.len()).saturating_sub(1));
    table::draw(app, files, &rows, selected, theme, keys, buf);
    list(files, selected.checked_sub(rows.len()), theme, findings, buf);
    match app.env.selected(&app.board) {
        Some(Selected::Key(row)) => explain_key(app, files, &row, theme, detail, buf),
        Some(Selected::Finding(finding)) => explain_finding(finding, theme, detail, buf),
        None => {}
    }
}

fn name(files: &EnvFiles, stage: StageName) -> String {
    plain(&files.of(stage).path.display().to_string())
}

fn standing_line(
    app: &App,
    files: &EnvFiles,
    stage: StageName,
    theme: &Theme,
    width: usize,
) -> Line<'static> {
    let file = name(files, stage);
    let column = app.board.of(stage);
    let problem = column.overview.problem().or_else(|| app.connection.problem());
    let (text, style) = match app.env.standing(&app.board, stage) {
        Standing::Refused => {
            let why = files.of(stage).env.as_ref().err().map_or("", |problem| &problem.summary);
            (format!("✗ {why}: no deploy before that is put right"), theme.bad())
        }
        Standing::Unknown => match problem {
            Some(problem) => (format!("✗ not read: {}", problem.summary), theme.bad()),
            None => ("reading what is deployed…".to_owned(), theme.faint()),
        },
        Standing::Unreadable => {
            ("✗ AWS cannot decrypt what is deployed: look at its KMS key".to_owned(), theme.bad())
        }
        Standing::New(keys) => {
            (format!("nothing is deployed: a deploy sets the {keys} keys of {file}"), theme.plain())
        }
        Standing::InStep(keys) => (format!("in step: a deploy changes none of {keys} keys"), theme.good()),
        Standing::Differs { deletes, changes, adds } => {
            let kinds = [("DELETES", deletes), ("changes", changes), ("adds", adds)];
            let told = kinds.into_iter().filter(|(_, keys)| !keys.is_empty());
            let told: Vec<String> = told.map(|(verb, keys)| format!("{verb} {}", keys.join(", "))).collect();
            (format!("a deploy {}", told.join("; ")), theme.warn())
        }
    };
    let old = match (column.overview.value(), problem) {
        (Some(_), Some(problem)) => format!("   not read anew: {}", problem.summary),
        _ => String::new(),
    };
    Line::from(vec![
        Span::styled(format!(" {:<6}", stage.as_str().to_uppercase()), theme.band(stage)),
        Span::styled(format!(" {}", cut(&plain(&text), width.saturating_sub(9))), style),
        Span::styled(plain(&old), theme.bad()),
    ])
}

fn list(files: &EnvFiles, selected: Option<usize>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let [title, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let all = &files.findings;
    if all.is_empty() {
        let names = StageName::ALL.map(|stage| name(files, stage)).join(", ");
        let text = format!(" ✓ nothing is wrong with {names} and .env ");
        return super::rule(Line::styled(text, theme.good()), theme, title, buf);
    }
    let errors = all.iter().filter(|finding| finding.severity == Severity::Error).count();
    let counts = [(errors, "error"), (all.len() - errors, "warning")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" })).collect();
    let style = if errors > 0 { theme.bad() } else { theme.warn() };
    super::rule(Line::styled(format!(" findings: {} ", counts.join(", ")), style), theme, title, buf);
    let offset = selected.map_or(0, |index| (index + 1).saturating_sub(usize::from(rows.height).max(1)));
    let place = all.iter().map(|finding| finding.place().chars().count()).max().unwrap_or_default();
    let place = place.min(usize::from(rows.width) / 3);
    for ((index, finding), row) in all.iter().enumerate().skip(offset).zip(rows.rows()) {
        let (sign, style) = sign(finding, theme);
        let room = usize::from(row.width).saturating_sub(place + 6);
        let line = Line::from(vec![
            Span::styled(format!(" {sign} {:<place$}  ", cut(&finding.place(), place)), style),
            Span::raw(cut(&plain(&finding.what), room)),
        ]);
        if Some(index) == selected { chosen(line, theme, row, buf) } else { line.render(row, buf) }
    }
}

// The selected row, in one colour: reversed, each other colour would be a patch of its own.
fn chosen(mut line: Line<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    line.spans.iter_mut().for_each(|span| span.style = theme.plain());
    line.render(area, buf);
    buf.set_style(area, theme.selected());
}

fn sign(finding: &Finding, theme: &Theme) -> (&'static str, Style) {
    match finding.severity {
        Severity::Error => ("✗", theme.bad()),
        Severity::Warning => ("!", theme.warn()),
    }
}

fn explained_rows(finding: &Finding, width: usize) -> usize {
    let rows = |text: &str| prose(&plain(text), width.saturating_sub(WORD)).len();
    1 + rows(&finding.what) + rows(&finding.fix)
}

fn explain_finding(finding: &Finding, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (_, style) = sign(finding, theme);
    let title = format!(" {} {} {} ", finding.severity.as_str(), finding.place(), finding.rule.as_str());
    let facts = [("what", plain(&finding.what), theme.plain()), ("fix", plain(&finding.fix), theme.accent())];
    explain(Line::styled(title, style), facts, theme, area, buf);
}

fn explain_key(app: &App, files: &EnvFiles, row: &KeyRow<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let facts = StageName::ALL.map(|stage| {
        let word = if stage == StageName::Prod { "PROD" } else { "stage" };
        let file = name(files, stage);
        let file = if row.key == "ENV" { format!("{file} (each deploy sets ENV by itself)") } else { file };
        let (text, style) = sentence(row.of(stage), &file, app.env.revealed, theme);
        (word, text, style)
    });
    explain(Line::styled(format!(" {} ", plain(row.key)), theme.strong()), facts, theme, area, buf);
}

// What a deploy makes of a key of one stage; with the values where they may be seen.
fn sentence(cell: Cell<'_>, file: &str, revealed: bool, theme: &Theme) -> (String, Style) {
    let value = |value: Option<&str>| match value {
        Some(value) if revealed => format!(": {}", table::shown(value)),
        _ => String::new(),
    };
    match cell.state {
        Some(EnvKeyState::InStep) => (
            format!("in step: {file} and what is deployed have the same value{}", value(cell.file)),
            theme.good(),
        ),
        Some(EnvKeyState::Changed) => {
            let values = match (cell.deployed, cell.file) {
                (Some(old), Some(new)) if revealed => {
                    format!(": {} → {}", table::shown(old), table::shown(new))
                }
                _ => String::new(),
            };
            (format!("changed: a deploy sets the value of {file}{values}"), theme.warn())
        }
        Some(EnvKeyState::OnlyInFile) => {
            (format!("only in {file}: a deploy adds it{}", value(cell.file)), theme.good())
        }
        Some(EnvKeyState::OnlyDeployed) => (
            format!("only deployed: {file} does not set it, and a deploy DELETES it{}", value(cell.deployed)),
            theme.bad(),
        ),
        None => match (cell.file, cell.deployed) {
            (Some(_), _) => {
                (format!("in {file}; what is deployed is not known{}", value(cell.file)), theme.faint())
            }
            (None, Some(_)) => (
                format!("deployed; {file} cannot be compared with it{}", value(cell.deployed)),
                theme.faint(),
            ),
            (None, None) => ("neither in the file nor deployed".to_owned(), theme.faint()),
        },
    }
}

fn explain(
    title: Line<'_>,
    facts: impl IntoIterator<Item = (&'static str, String, Style)>,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let [head, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    super::rule(title, theme, head, buf);
    let width = usize::from(rows.width).saturating_sub(WORD);
    let lines = facts.into_iter().flat_map(|(word, text, style)| {
        prose(&text, width).into_iter().enumerate().map(move |(index, row)| {
            let word = if index == 0 { word } else { "" };
            Line::from(vec![Span::styled(format!(" {word:<6} "), theme.faint()), Span::styled(row, style)])
        })
    });
    for (line, row) in lines.zip(rows.rows()) {
        line.render(row, buf);
    }
}
