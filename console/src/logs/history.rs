//! Reading the past of a log group with FilterLogEvents, the newest page first.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::News;
use crate::cloud::{Cloud, LogEvent, LogRange};
use crate::domain::{LogLine, Problem, StageName};

use super::back_off::BackOff;

/// Lines that are handed over at once: what takes them in stops nothing else for longer than a frame.
const SLICE: usize = 500;
/// After the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// After many.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Failures of one page in a row after which its token is no longer trusted (FACTS §5: tokens live for 24 h).
const TRIES: u32 = 3;

/// What reading the past brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Past {
    /// Some more of it.
    Lines {
        /// The newest first.
        lines: Vec<LogLine>,
        /// Up to this time, inclusive, there may be more, epoch milliseconds; all that is newer is known. `None`: all is.
        rest_ms: Option<i64>,
    },
    /// It cannot be read; that is tried again.
    Broken(Problem),
}

/// Reads `group` from `end_ms` back to `start_ms`, both inclusive, until all is read or nobody listens any more.
pub async fn load(
    cloud: &Cloud,
    stage: StageName,
    group: &str,
    (start_ms, end_ms): (i64, i64),
    send: &mpsc::Sender<News>,
) {
    let mut range = LogRange { group, start_ms, end_ms: Some(end_ms), newest_first: true };
    let (mut token, mut rest_ms, mut failures) = (None, end_ms, 0u32);
    let mut back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
    loop {
        match cloud.log_page(&range, Option::clone(&token)).await {
            Ok(page) => {
                token = page.next_token;
                let is_last = token.is_none();
                rest_ms = page.events.iter().map(|event| event.timestamp_ms).fold(rest_ms, i64::min);
                let empty = page.events.is_empty();
                for news in slices(stage, page.events, is_last) {
                    if send.send(News::Past(news)).await.is_err() {
                        return;
                    }
                }
                // A page may be empty and have a successor. That it came after a failure is worth telling.
                let healed = Past::Lines { lines: Vec::new(), rest_ms: Some(rest_ms) };
                if empty && !is_last && failures > 0 && send.send(News::Past(healed)).await.is_err() {
                    return;
                }
                failures = 0;
                back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
                if is_last {
                    return;
                }
            }
            Err(fault) => {
                failures = failures.saturating_add(1);
                if send.send(News::Past(Past::Broken(fault.problem))).await.is_err() {
                    return;
                }
                if failures.is_multiple_of(TRIES) {
                    token = None;
                    range.end_ms = Some(rest_ms);
                }
                tokio::time::sleep(back_off.wait()).await;
            }
        }
    }
}

/// A page, cut into what is handed over at once. A page that is empty and the last says that nothing is left.
fn slices(stage: StageName, events: Vec<LogEvent>, is_last: bool) -> Vec<Past> {
    let mut slices = Vec::new();
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() || (is_last && slices.is_empty()) {
        let lines: Vec<LogLine> = events.by_ref().take(SLICE).map(|event| event.into_line(stage)).collect();
        // Events of the same millisecond may be in the next slice or page.
        let oldest = lines.last().map(|line| line.timestamp_ms);
        let done = is_last && events.peek().is_none();
        slices.push(Past::Lines { lines, rest_ms: oldest.filter(|_| !done) });
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(timestamp_ms: i64) -> LogEvent {
        LogEvent {
            timestamp_ms,
            ingested_ms: timestamp_ms,
            event_id: timestamp_ms.to_string(),
            stream: String::new(),
            message: String::new(),
        }
    }

    #[test]
    fn a_page_is_handed_over_in_slices_that_say_what_is_left() {
        let events = |count: i64| (0..count).rev().map(event).collect::<Vec<_>>();
        let told = |count: i64, is_last| {
            let slices = slices(StageName::Prod, events(count), is_last).into_iter();
            let told = slices.map(|slice| match slice {
                Past::Lines { lines, rest_ms } => (lines.len(), rest_ms),
                Past::Broken(problem) => panic!("{problem}"),
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(1125, false), [(500, Some(625)), (500, Some(125)), (125, Some(0))]);
        assert_eq!(told(625, true), [(500, Some(125)), (125, None)]);
        assert_eq!(told(0, true), [(0, None)]);
        assert_eq!(told(0, false), []);
    }
}
