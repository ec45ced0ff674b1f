//! The last rows of a column: how often the stage's function was called, and how it did.
//!
//! ```text
//! │ calls     ▁▁▂▅▇▅▂▁ 126 in 30 min  4.2/min  err 2 (1.6 %)  throttled 3
//! │ duration  ▂▃▂ p50 9 ms  p95 14 ms  concurrency ▂▃▂ max 2
//! ```
//!
//! With room for one row only, it has the rate, the errors and p95. Minutes with errors or throttles stand out in the
//! sparkline; the words beside it say how many there were.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::label;
use crate::app::Remote;
use crate::domain::{METRIC_MINUTES, Metrics, Problem, plain};
use crate::view::text::{ago, cut, prose, took};
use crate::view::theme::Theme;

/// Figures older than this say their age: twice the interval at which they are read.
const OLD_SECONDS: i64 = 120;
/// Columns of a row's label.
const LABEL: usize = 11;
/// From a minute without anything to the busiest one.
const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Pieces of a row, each set off from the one before by two blanks.
type Pieces = Vec<Vec<Span<'static>>>;

/// The rows, at most two of them, or one.
pub(super) fn lines(
    metrics: &Remote<Metrics>,
    theme: &Theme,
    now: Timestamp,
    width: usize,
    two: bool,
) -> Vec<Line<'static>> {
    let Some((figures, at)) = metrics.last() else {
        return match metrics.problem() {
            Some(problem) => troubles(problem, theme, width, if two { 2 } else { 1 }),
            None => vec![labelled("calls", vec![word("reading…", theme.faint())], theme, width)],
        };
    };
    let old = metrics.problem().is_some() || now.duration_since(at).as_secs() > OLD_SECONDS;
    let age = old.then(|| word(&format!("as of {}", ago(at, now)), theme.warn()));
    if two {
        let calls = calls(figures, age, Vec::new(), theme, width);
        let second = match metrics.problem() {
            Some(problem) => Some(labelled("", vec![trouble(problem, theme)], theme, width)),
            None => durations(figures, theme, width),
        };
        return std::iter::once(calls).chain(second).collect();
    }
    match metrics.problem() {
        None => vec![calls(figures, age, p95(figures), theme, width)],
        // The sparkline makes room for why there is no newer one.
        Some(problem) => {
            let mut pieces = counts(figures, false, theme);
            pieces.extend(p95(figures));
            pieces.extend(age);
            pieces.push(trouble(problem, theme));
            vec![labelled("calls", pieces, theme, width)]
        }
    }
}

/// The row of the calls, with as much in it as fits.
fn calls(
    figures: &Metrics,
    age: Option<Vec<Span<'static>>>,
    more: Pieces,
    theme: &Theme,
    width: usize,
) -> Line<'static> {
    let ways =
        [(METRIC_MINUTES, true), (METRIC_MINUTES, false), (15, true), (15, false), (10, false), (0, false)];
    let row = |(bars, whole)| {
        let mut pieces = counts(figures, whole, theme);
        pieces.extend(more.clone());
        pieces.extend(age.clone());
        if bars > 0 && figures.calls() > 0 {
            pieces.insert(0, call_bars(figures, bars, theme));
        }
        pieces
    };
    let fits = |pieces: &Pieces| LABEL + columns(pieces) <= width;
    let pieces = ways.into_iter().map(row).find(fits).unwrap_or_else(|| row((0, false)));
    labelled("calls", pieces, theme, width)
}

/// How many there were and how many of them failed, in words.
fn counts(figures: &Metrics, whole: bool, theme: &Theme) -> Pieces {
    let mut pieces = Pieces::new();
    match figures.failed_percent() {
        None => pieces.push(word(&format!("none in the last {METRIC_MINUTES} min"), theme.faint())),
        Some(failed) => {
            if whole {
                let count = format!("{} in {METRIC_MINUTES} min", figures.calls());
                pieces.push(word(&count, theme.plain()));
            }
            pieces.push(word(&format!("{}/min", short(figures.rate())), theme.plain()));
            pieces.push(match figures.failed() {
                0 => word("err 0 %", theme.good()),
                count => {
                    let style = if failed < 1.0 { theme.warn() } else { theme.bad() };
                    word(&format!("err {count} ({} %)", short(failed)), style)
                }
            });
        }
    }
    if figures.refused() > 0 {
        pieces.push(word(&format!("throttled {}", figures.refused()), theme.bad()));
    }
    pieces
}

fn p95(figures: &Metrics) -> Pieces {
    figures
        .overall_p95_ms
        .map(|p95| vec![Span::raw(format!("p95 {}", milliseconds(p95)))])
        .into_iter()
        .collect()
}

/// The row of the durations; none where nothing ran.
fn durations(figures: &Metrics, theme: &Theme, width: usize) -> Option<Line<'static>> {
    let (p50, p95) = (figures.overall_p50_ms?, figures.overall_p95_ms?);
    let half = METRIC_MINUTES / 2;
    let told = vec![Span::raw(format!("p50 {}  p95 {}", milliseconds(p50), milliseconds(p95)))];
    let measured = |values: &[Option<f64>], style| {
        let top = values.iter().copied().flatten().fold(0.0, f64::max);
        let at_most = |minutes: &[Option<f64>]| minutes.iter().copied().flatten().max_by(f64::total_cmp);
        let bars = values.chunks(values.len().div_ceil(half)).map(at_most);
        vec![Span::styled(
            bars.map(|value| value.map_or(" ", |value| bar(value, top))).collect::<String>(),
            style,
        )]
    };
    let mut pieces = vec![measured(&figures.p95_ms, theme.accent()), told.clone()];
    if let Some(most) = figures.most_concurrent() {
        let concurrency: Vec<Option<f64>> =
            figures.concurrency.iter().map(|value| value.map(|value| value as f64)).collect();
        let mut piece = vec![Span::styled("concurrency ", theme.faint())];
        piece.extend(measured(&concurrency, theme.accent()));
        piece.push(Span::raw(format!(" max {most}")));
        pieces.push(piece);
        if LABEL + columns(&pieces) > width {
            pieces.pop();
            pieces.push(word(&format!("concurrency {most}"), theme.plain()));
        }
        if LABEL + columns(&pieces) > width {
            pieces.pop();
        }
    }
    if LABEL + columns(&pieces) > width {
        pieces = vec![told];
    }
    Some(labelled("duration", pieces, theme, width))
}

/// A bar for each minute, or for two or three of them.
fn call_bars(figures: &Metrics, bars: usize, theme: &Theme) -> Vec<Span<'static>> {
    let each = METRIC_MINUTES.div_ceil(bars);
    let sums = |counts: &[u64]| -> Vec<u64> { counts.chunks(each).map(|some| some.iter().sum()).collect() };
    let (calls, failed, refused) =
        (sums(&figures.invocations), sums(&figures.errors), sums(&figures.throttles));
    let top = calls.iter().copied().max().unwrap_or_default();
    calls
        .into_iter()
        .zip(failed.into_iter().zip(refused))
        .map(|(calls, (failed, refused))| {
            let style = if failed + refused > 0 { theme.bad() } else { theme.accent() };
            Span::styled(bar(calls as f64, top as f64), style)
        })
        .collect()
}

/// What is not nothing is seen to be more than nothing.
fn bar(value: f64, top: f64) -> &'static str {
    if value <= 0.0 || top <= 0.0 {
        return BARS[0];
    }
    let steps = BARS.len() - 1;
    BARS[((value / top * steps as f64).ceil() as usize).clamp(1, steps)]
}

/// Why there are no figures at all, in so many rows.
fn troubles(problem: &Problem, theme: &Theme, width: usize, rows: usize) -> Vec<Line<'static>> {
    let text = format!("✗ {}", plain(&problem.to_string()));
    let mut lines = prose(&text, width.saturating_sub(LABEL));
    let rest = lines.split_off(lines.len().min(rows - 1));
    lines.extend((!rest.is_empty()).then(|| rest.join(" ")));
    let names = ["calls", ""].into_iter();
    names
        .zip(lines)
        .map(|(name, line)| labelled(name, vec![word(&line, theme.bad())], theme, width))
        .collect()
}

fn trouble(problem: &Problem, theme: &Theme) -> Vec<Span<'static>> {
    word(&format!("✗ {}", plain(&problem.to_string())), theme.bad())
}

fn word(text: &str, style: Style) -> Vec<Span<'static>> {
    vec![Span::styled(text.to_owned(), style)]
}

fn columns(pieces: &Pieces) -> usize {
    let between = pieces.len().saturating_sub(1) * 2;
    between + pieces.iter().flatten().map(Span::width).sum::<usize>()
}

/// The row. Its last piece may be longer than there is room for, and is cut.
fn labelled(name: &str, pieces: Pieces, theme: &Theme, width: usize) -> Line<'static> {
    let mut left = width.saturating_sub(LABEL);
    let mut spans = vec![label(name, theme)];
    for (index, piece) in pieces.into_iter().enumerate() {
        if index > 0 {
            spans.push(Span::raw("  "));
            left = left.saturating_sub(2);
        }
        for span in piece {
            let shown = cut(&span.content, left);
            left -= Span::raw(shown.as_str()).width();
            spans.push(Span::styled(shown, span.style));
        }
    }
    Line::from(spans)
}

fn milliseconds(value: f64) -> String {
    took(Duration::try_from_secs_f64(value / 1000.0).unwrap_or(Duration::MAX))
}

/// A number with as many places as a person reads: `0.4`, `4.2`, `126`.
fn short(value: f64) -> String {
    match value {
        value if value > 0.0 && value < 0.1 => "<0.1".to_owned(),
        value if value < 10.0 && value.fract() != 0.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_bars_tell_nothing_from_little() {
        assert_eq!([0.0, 0.03, 0.44, 4.0, 4.24, 126.4].map(short), ["0", "<0.1", "0.4", "4", "4.2", "126"]);
        assert_eq!(
            [(0.0, 9.0), (0.1, 900.0), (9.0, 9.0), (0.0, 0.0)].map(|(v, top)| bar(v, top)),
            ["▁", "▂", "█", "▁"]
        );
    }
}
