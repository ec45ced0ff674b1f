//! What the title and an empty stream say of a range.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::text::Span;

use super::super::text::{cut, grouped};
use super::super::theme::Theme;
use crate::domain::plain;
use crate::logs::range::Range;
use crate::screen::logs::history::{Course, Reach, budget};
use crate::screen::logs::{Logs, TimeFormat};

/// The longest reason in a title, columns.
const LONGEST: usize = 90;

/// How far the asked range is there; nothing while the stream is live.
pub(super) fn title(logs: &Logs, theme: &Theme) -> Vec<Span<'static>> {
    let Some(reach) = logs.reach() else { return Vec::new() };
    let range = reach.range;
    let (text, style) = match (&reach.problem, reach.whole_from_ms, reach.course) {
        (_, None, _) => (format!("  {range}: whole "), theme.good()),
        (Some(problem), ..) => {
            let what = if problem.hint.is_empty() { &problem.detail } else { &problem.hint };
            let why = cut(&plain(what), LONGEST);
            (format!("  {range}: {} CANNOT BE READ, tried again: {why} ", percent(&reach)), theme.bad())
        }
        (None, Some(_), Course::On) => {
            let lines = grouped(reach.lines);
            (format!("  {range}: loading {} · {lines} lines ", percent(&reach)), theme.accent())
        }
        (None, Some(from), Course::Stopped) => {
            let (from, key) = (time(from, range, logs.time), range.key());
            (format!("  {range}: from {from}, stopped: {key} goes on "), theme.warn())
        }
        (None, Some(from), Course::Full) => {
            let (from, budget) = (time(from, range, logs.time), budget(&logs.store));
            (format!("  {range}: from {from}, the budget of {budget} is full "), theme.warn())
        }
    };
    vec![Span::styled(text, style)]
}

/// Why nothing of a range is seen, where the range is why.
pub(super) fn nothing(logs: &Logs) -> Option<String> {
    let reach = logs.reach()?;
    if reach.whole_from_ms.is_some() && reach.course == Course::On {
        return Some(" reading the history…".to_owned());
    }
    (logs.store.lines_in_range() == 0).then(|| format!(" no lines in the last {}", reach.range))
}

fn percent(reach: &Reach) -> String {
    // Never 100 while something is left.
    format!("{:.0} %", (reach.share * 100.0).floor())
}

fn time(milliseconds: i64, range: Range, format: TimeFormat) -> String {
    let zone = if format == TimeFormat::Utc { TimeZone::UTC } else { TimeZone::system() };
    // Longer ranges may begin on another day.
    let pattern = if range.milliseconds() > 3_600_000 { "%m-%d %H:%M:%S" } else { "%H:%M:%S" };
    match Timestamp::from_millisecond(milliseconds) {
        Ok(at) => at.to_zoned(zone).strftime(pattern).to_string(),
        Err(_) => "--:--:--".to_owned(),
    }
}
