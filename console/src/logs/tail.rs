//! Following a log group with FilterLogEvents, by an overlapping window: CloudWatch delivers events seconds late and out
//! of order, so each poll reads the last minute again and lets through what was not seen before.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::{News, TailState};
use crate::cloud::{Cloud, LogEvent, LogRange};
use crate::domain::{LogLine, Problem, StageName};

/// How far each poll reaches back behind the newest line.
const OVERLAP_MS: i64 = 60_000;
/// Between polls while lines come: two stages then ask 4 times a second, under the smallest quota of any region (5).
const BUSY: Duration = Duration::from_millis(500);
/// Between polls when nothing comes.
const IDLE: Duration = Duration::from_secs(2);
/// The longest wait after failures.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);

/// Follows `group` from `start_ms` on and hands what comes to `send` until nobody listens any more.
pub async fn follow(cloud: &Cloud, stage: StageName, group: &str, start_ms: i64, send: &mpsc::Sender<News>) {
    let mut window = Window { start_ms, newest_ms: start_ms, seen: HashMap::new() };
    let mut state = None;
    let mut failures = 0u32;
    let mut pause = BUSY;
    loop {
        let (next, wait) = match poll(cloud, stage, group, &mut window, send).await {
            Ok(Polled { group_exists: false, .. }) => (TailState::NoGroup, IDLE),
            Ok(polled) => {
                pause = if polled.lines > 0 { BUSY } else { (pause * 3 / 2).min(IDLE) };
                (TailState::Live, pause)
            }
            Err(problem) => {
                failures = failures.saturating_add(1);
                let back_off = Duration::from_secs(1) * 2u32.saturating_pow(failures.min(6) - 1);
                (TailState::Broken(problem), back_off.min(LONGEST_BACK_OFF))
            }
        };
        if !matches!(next, TailState::Broken(_)) {
            failures = 0;
        }
        if state.as_ref() != Some(&next) {
            state = Some(next.clone());
            if send.send(News::Tail(next)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = send.closed() => return,
        }
    }
}

struct Polled {
    group_exists: bool,
    lines: usize,
}

/// Reads one window to its last page. Pages may be empty and still have a successor.
async fn poll(
    cloud: &Cloud,
    stage: StageName,
    group: &str,
    window: &mut Window,
    send: &mpsc::Sender<News>,
) -> Result<Polled, Problem> {
    let from = window.from();
    let mut token = None;
    let mut lines = 0;
    loop {
        let page = cloud.log_page(&LogRange::from(group, from), token).await?;
        let fresh = window.admit(stage, page.events);
        if !fresh.is_empty() {
            lines += fresh.len();
            if send.send(News::Lines(fresh)).await.is_err() {
                return Ok(Polled { group_exists: page.group_exists, lines });
            }
        }
        token = page.next_token;
        if token.is_none() {
            window.forget_before(from);
            return Ok(Polled { group_exists: page.group_exists, lines });
        }
    }
}

/// What of the stream is read again, and what of that was seen already.
struct Window {
    start_ms: i64,
    newest_ms: i64,
    seen: HashMap<String, i64>,
}

impl Window {
    fn from(&self) -> i64 {
        (self.newest_ms - OVERLAP_MS).max(self.start_ms)
    }

    fn admit(&mut self, stage: StageName, events: Vec<LogEvent>) -> Vec<LogLine> {
        events
            .into_iter()
            .filter(|event| self.seen.insert(event.event_id.clone(), event.timestamp_ms).is_none())
            .map(|event| event.into_line(stage))
            .inspect(|line| self.newest_ms = self.newest_ms.max(line.timestamp_ms))
            .collect()
    }

    /// Ids older than the window cannot come again: it only moves forward.
    fn forget_before(&mut self, from: i64) {
        self.seen.retain(|_, timestamp_ms| *timestamp_ms >= from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, timestamp_ms: i64) -> LogEvent {
        LogEvent {
            timestamp_ms,
            ingested_ms: timestamp_ms,
            event_id: id.to_owned(),
            stream: String::new(),
            message: id.to_owned(),
        }
    }

    #[test]
    fn a_late_line_within_the_overlap_is_let_through_once() {
        let mut window = Window { start_ms: 0, newest_ms: 0, seen: HashMap::new() };
        let ids = |lines: Vec<LogLine>| lines.into_iter().map(|line| line.event_id).collect::<Vec<_>>();
        assert_eq!(ids(window.admit(StageName::Stage, vec![event("a", 100_000)])), ["a"]);
        assert_eq!(window.from(), 40_000);
        window.forget_before(40_000);
        let late = vec![event("late", 55_000), event("a", 100_000)];
        assert_eq!(ids(window.admit(StageName::Stage, late)), ["late"]);
        window.forget_before(60_000);
        assert_eq!(window.seen.len(), 1);
    }
}
