use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::logs::time;
use super::text::cut;
use super::theme::Theme;
use crate::app::App;
use crate::domain::{StageName, plain};
use crate::logs::invocations::{Invocation, LONGEST_MS, Outcome, Summary};
use crate::logs::mask::mask;
use crate::screen::logs::TimeFormat;

/// From so many columns on, all is shown.
const WIDE: u16 = 120;

/// The figures of both stages, the title with the names of the columns, the rows, and what is known of the selected one.
pub(super) fn areas(area: Rect) -> [Rect; 4] {
    let [figures, head, rows, detail] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    [figures, head, rows, detail]
}

/// Both stages' figures, and a row for each invocation:
/// ```text
///  STAGE  1204 calls  3 failed  p50 12.0 ms  p95 40.1 ms  p99 120 ms  cold 2.1 %
///  time         stage outcome   status   duration      memory      init  request
/// ```
pub(super) fn draw(app: &App, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
    let [figures, head, rows, detail] = areas(area);
    for (stage, row) in StageName::ALL.into_iter().zip(figures.rows()) {
        figures_line(stage, &app.invocations.summary(stage), theme, area.width).render(row, buf);
    }
    let [title, names] = Layout::vertical([Constraint::Length(1); 2]).areas(head);
    super::rule(title_line(app, theme), theme, title, buf);
    let invocations = &app.invocations;
    if invocations.shown_len() == 0 {
        return Paragraph::new(nothing(app)).style(theme.faint()).render(rows, buf);
    }
    let columns = Columns { wide: area.width >= WIDE, time: app.logs.time };
    Line::styled(cut(&columns.names(), names.width.into()), theme.faint()).render(names, buf);
    let page = usize::from(rows.height);
    let (first, selected) = (invocations.offset(page), invocations.selected_row());
    for (index, place) in rows.rows().enumerate() {
        let Some(one) = invocations.shown(first + index) else { break };
        columns.row(&one, now, theme).render(place, buf);
        if first + index == selected {
            buf.set_style(place, theme.selected());
        }
    }
    if let Some(one) = invocations.selected() {
        let words = mask(&said(app, &one)).into_owned();
        Line::styled(cut(&words, detail.width.into()), theme.accent()).render(detail, buf);
    }
}

fn figures_line(stage: StageName, figures: &Summary, theme: &Theme, width: u16) -> Line<'static> {
    let mut spans =
        vec![Span::styled(format!(" {:<6}", stage.as_str().to_uppercase()), theme.band(stage)), " ".into()];
    if figures.count == 0 {
        spans.push(Span::styled("no invocation is known", theme.faint()));
        return Line::from(spans);
    }
    spans.push(Span::raw(format!("{:>6} calls", figures.count)));
    let bad = if figures.failed > 0 { theme.bad() } else { theme.faint() };
    spans.push(Span::styled(format!("{:>5} failed ", figures.failed), bad));
    if width >= WIDE {
        let [_, errors, timeouts, crashes, running] = figures.outcomes;
        let text =
            format!(" ({errors} errors, {timeouts} time-outs, {crashes} crashes)  {running} running  ");
        spans.push(Span::styled(text, theme.faint()));
    }
    for (name, value) in [("p50", figures.p50_ms), ("p95", figures.p95_ms), ("p99", figures.p99_ms)] {
        spans.push(Span::styled(format!(" {name} "), theme.faint()));
        spans.push(Span::raw(value.map_or("-".to_owned(), took)));
    }
    let cold = figures.cold_share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0));
    spans.push(Span::styled("  cold ", theme.faint()));
    spans.push(Span::raw(cold));
    Line::from(spans)
}

fn title_line(app: &App, theme: &Theme) -> Line<'static> {
    let invocations = &app.invocations;
    let (sort, reversed) = invocations.order();
    let mut spans = vec![
        Span::styled(" invocations ", theme.strong()),
        Span::raw(invocations.stage().map_or(" both ".to_owned(), |stage| format!(" {stage} "))),
        Span::raw(format!(" by {} {} ", sort.as_str(), if reversed { "↑" } else { "↓" })),
    ];
    if !invocations.query.is_empty() {
        spans.push(Span::styled(format!(" /{} ", cut(&plain(&invocations.query), 30)), theme.accent()));
    }
    if app.logs.broken().is_some() || app.connection.value().is_none() {
        spans.push(Span::styled("  NOT LIVE ", theme.bad()));
    } else if invocations.follows() {
        spans.push(Span::styled("  LIVE ", theme.good()));
    } else {
        spans.push(Span::styled("  HELD ", theme.warn()));
    }
    let (shown, all) = (invocations.shown_len(), invocations.table.len());
    let count = if shown == all { format!("  {all} ") } else { format!("  {shown} of {all} ") };
    spans.push(Span::raw(count));
    if invocations.is_pending() {
        spans.push(Span::styled("  looking… ", theme.accent()));
    }
    if let Some(since) = invocations.since_ms() {
        let format = if app.logs.time == TimeFormat::Off { TimeFormat::Local } else { app.logs.time };
        let since = time(since, format);
        spans.push(Span::styled(format!("  since {} ", since.get(..8).unwrap_or(&since)), theme.faint()));
    }
    if invocations.table.dropped() > 0 {
        spans.push(Span::styled(format!("  {} dropped ", invocations.table.dropped()), theme.warn()));
    }
    Line::from(spans)
}

fn nothing(app: &App) -> String {
    let invocations = &app.invocations;
    if app.connection.problem().is_some() {
        return " not connected: no logs are read".to_owned();
    }
    if let Some(problem) = app.logs.broken() {
        return format!(" the logs cannot be read: {}", plain(&problem.to_string()));
    }
    if invocations.is_pending() {
        return " looking…".to_owned();
    }
    if !invocations.table.is_empty() {
        return " no invocation passes the filter: esc clears it".to_owned();
    }
    " no invocations in the logs that were read".to_owned()
}

/// What is known of an invocation besides its row.
fn said(app: &App, one: &Invocation<'_>) -> String {
    let words: Vec<String> =
        app.invocations.table.words(one).into_iter().map(plain).filter(|words| !words.is_empty()).collect();
    let words = if words.is_empty() { String::new() } else { format!(" · {}", words.join(" · ")) };
    let gateway =
        one.gateway_request_id().map_or(String::new(), |id| format!(" · gateway request {}", plain(id)));
    format!(" {} {}{words}{gateway}", one.stage(), plain(one.request_id()))
}

/// Which columns there are.
struct Columns {
    wide: bool,
    time: TimeFormat,
}

impl Columns {
    fn names(&self) -> String {
        let time = if self.time == TimeFormat::Off { String::new() } else { format!(" {:<12}", "time") };
        let common = format!("{time} {:<5} {:<10}{:>4} {:>9}", "stage", "outcome", "http", "duration");
        if self.wide {
            format!(
                "{common} {:>9} {:>13} {:>9}  {:<8}  {}",
                "billed", "memory", "init", "request", "asked for"
            )
        } else {
            format!("{common} {:>8}  {}", "init", "asked for")
        }
    }

    fn row(&self, one: &Invocation<'_>, now: Timestamp, theme: &Theme) -> Line<'static> {
        let mut spans = Vec::new();
        if self.time != TimeFormat::Off {
            spans.push(Span::styled(format!(" {:<12}", time(one.at_ms(), self.time)), theme.faint()));
        }
        spans.push(Span::styled(format!(" {:<5} ", one.stage().as_str()), theme.stage(one.stage())));
        let (sign, word, style) = match one.outcome() {
            Outcome::Ok => ("✓", "ok", theme.good()),
            // Later than Lambda lets anything run: its end was not read.
            Outcome::Running if one.at_ms() + LONGEST_MS < now.as_millisecond() => {
                ("?", "no end", theme.warn())
            }
            Outcome::Running => ("·", "running", theme.accent()),
            bad => ("✗", bad.as_str(), theme.bad()),
        };
        spans.push(Span::styled(format!("{sign} {word:<8}"), style));
        let status = one.status().map_or("-".to_owned(), |status| status.to_string());
        let bad_status = one.status().is_some_and(|status| status >= 400);
        spans.push(Span::styled(
            format!("{status:>4}"),
            if bad_status { theme.warn() } else { theme.plain() },
        ));
        let ms = |value: Option<f64>| value.map_or("-".to_owned(), took);
        spans.push(Span::raw(format!(" {:>9}", ms(one.duration_ms()))));
        let init = one.init_ms().map_or(String::new(), took);
        if self.wide {
            let memory = match (one.used_mb(), one.size_mb()) {
                (Some(used), Some(size)) => format!("{used} of {size} MB"),
                _ => "-".to_owned(),
            };
            let id: String = plain(one.request_id()).chars().take(8).collect();
            spans.push(Span::raw(format!(" {:>9} {memory:>13} {init:>9}  ", ms(one.billed_ms()))));
            spans.push(Span::styled(format!("{id:<8}  "), theme.faint()));
        } else {
            spans.push(Span::raw(format!(" {init:>8}  ")));
        }
        spans.push(Span::raw(mask(&asked(one)).into_owned()));
        Line::from(spans)
    }
}

/// Method and path, as harmless text; the route where the path is not known.
fn asked(one: &Invocation<'_>) -> String {
    let parts = [one.method(), one.path().or(one.route())];
    parts.into_iter().flatten().map(plain).collect::<Vec<_>>().join(" ")
}

/// Milliseconds in the unit in which they are short: `3.01 ms`, `41.2 ms`, `1.70 s`.
fn took(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{ms:.2} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        ..100_000.0 => format!("{:.2} s", ms / 1000.0),
        _ => format!("{:.0} s", ms / 1000.0),
    }
}
