//! What of a log group is read, and what of that was seen before.
//!
//! CloudWatch delivers events seconds late and out of order, and cannot be asked for what it received since. So the group is
//! read in two ways. A **head** reads from the newest line on: what comes is seen at once. A **sweep** reads from a reach before
//! what was newest when the last whole sweep *began*: an event that became visible after that and is at most a reach late
//! lies in it, however long the sweeps take and whatever failed in between. A sweep that did not come to its end moves nothing.

use super::seen::{Known, Seen};
use crate::cloud::LogEvent;

/// The least reach of a sweep, milliseconds.
const LEAST_REACH_MS: i64 = 60_000;
/// The longest: an agent that sends yesterday's lines must not have all of yesterday read again and again.
const LONGEST_REACH_MS: i64 = 15 * 60_000;
/// How far a head reaches back, milliseconds.
const HEAD_MS: i64 = 1_000;

/// Where the reading of one group stands.
#[derive(Debug)]
pub(super) struct Window {
    newest_ms: i64,
    /// What was newest when the last whole sweep began.
    mark_ms: i64,
    /// The longest delay between an event's time and its arrival that was seen lately, milliseconds.
    delay_ms: i64,
    seen: Seen,
    start_ms: i64,
}

impl Window {
    /// Nothing before `start_ms` is wanted.
    pub(super) fn from(start_ms: i64) -> Window {
        Window { newest_ms: start_ms, mark_ms: start_ms, delay_ms: 0, seen: Seen::from(start_ms), start_ms }
    }

    /// How late an event may come and still be found, milliseconds: half as much again as the delay that was seen.
    pub(super) fn reach_ms(&self) -> i64 {
        (self.delay_ms.saturating_mul(3) / 2).clamp(LEAST_REACH_MS, LONGEST_REACH_MS)
    }

    /// From when on a sweep that begins now reads.
    pub(super) fn sweep_from(&self) -> i64 {
        self.mark_ms.saturating_sub(self.reach_ms()).max(self.seen.floor_ms())
    }

    /// From when on a head reads.
    pub(super) fn head_from(&self) -> i64 {
        self.newest_ms.saturating_sub(HEAD_MS).max(self.seen.floor_ms())
    }

    /// The time of the newest line, or of its arrival if that is earlier.
    pub(super) fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    /// Those of `events` that were not there before.
    pub(super) fn admit(&mut self, mut events: Vec<LogEvent>) -> Vec<LogEvent> {
        events.retain(|event| self.seen.admit(event.timestamp_ms, &event.event_id) == Known::New);
        for event in &events {
            // A clock that goes ahead must not move the window past what is yet to come.
            self.newest_ms = self.newest_ms.max(event.timestamp_ms.min(event.ingested_ms));
            self.delay_ms = self.delay_ms.max(event.ingested_ms.saturating_sub(event.timestamp_ms));
        }
        events
    }

    /// A sweep came to its end that began when `mark_ms` was newest. Returns whether events had to be forgotten that the next
    /// one would have read again: then what comes that late is no longer told apart, and is left out.
    pub(super) fn swept(&mut self, mark_ms: i64) -> bool {
        self.mark_ms = self.mark_ms.max(mark_ms);
        // A delay that does not come again is forgotten by and by.
        self.delay_ms -= self.delay_ms / 16;
        // A reach that grows later can only reach back to what is still remembered.
        let next = self.mark_ms.saturating_sub(self.reach_ms()).max(self.start_ms);
        self.seen.forget_before(next);
        self.seen.keep_bound()
    }

    /// How late an event may be and still be told from one that was seen, milliseconds.
    pub(super) fn remembers_ms(&self) -> i64 {
        self.newest_ms - self.seen.floor_ms()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(id: usize, timestamp_ms: i64, ingested_ms: i64) -> LogEvent {
        LogEvent {
            timestamp_ms,
            ingested_ms,
            event_id: id.to_string(),
            stream: String::new(),
            message: String::new(),
        }
    }

    #[test]
    fn the_reach_grows_with_the_delay_that_is_seen_and_shrinks_again() {
        let mut window = Window::from(0);
        assert_eq!(window.reach_ms(), 60_000);
        window.admit(vec![event(0, 1_000_000, 1_090_000)]);
        assert_eq!(window.reach_ms(), 135_000);
        window.admit(vec![event(1, 1_000_000, 99_000_000)]);
        assert_eq!(window.reach_ms(), LONGEST_REACH_MS);
        for _ in 0..200 {
            window.swept(1_000_000);
        }
        assert_eq!(window.reach_ms(), LEAST_REACH_MS);
    }

    proptest! {
        /// Events become visible late and out of order; heads and sweeps come when they come, some sweeps fail half-way.
        /// Each event that is at most a reach late comes out once.
        #[test]
        fn every_event_comes_once(
            events in proptest::collection::vec((0i64..400_000, 0i64..60_000), 1..200),
            polls in proptest::collection::vec((1i64..40_000, 0usize..4), 1..60),
        ) {
            let mut window = Window::from(0);
            let mut out = Vec::new();
            let read = |window: &mut Window, from: i64, now: i64, out: &mut Vec<usize>, part: usize| {
                let visible: Vec<LogEvent> = events.iter().enumerate()
                    .filter(|(_, (at, delay))| *at >= from && at + delay <= now)
                    .map(|(id, (at, delay))| event(id, *at, at + delay))
                    .collect();
                let some = visible.len() / part;
                let fresh = window.admit(visible.into_iter().take(some).collect());
                out.extend(fresh.iter().filter_map(|event| event.event_id.parse::<usize>().ok()));
            };
            let mut now = 0;
            for (pause, kind) in polls.into_iter().chain([(500_000, 1), (1, 1)]) {
                now += pause;
                let mark = window.newest_ms();
                match kind {
                    0 => { let from = window.head_from(); read(&mut window, from, now, &mut out, 1); }
                    // A sweep that is cut off half-way.
                    3 => { let from = window.sweep_from(); read(&mut window, from, now, &mut out, 2); }
                    _ => {
                        let from = window.sweep_from();
                        read(&mut window, from, now, &mut out, 1);
                        window.swept(mark);
                    }
                }
            }
            out.sort_unstable();
            prop_assert_eq!(out, (0..events.len()).collect::<Vec<_>>());
        }
    }
}
