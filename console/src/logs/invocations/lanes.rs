//! Which invocation a line without a request id belongs to: the one that runs in its log stream, since an execution
//! environment runs one at a time. Asked when it is needed rather than noted when a line comes, so that the order of
//! lines does not matter.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::record::Lane;

/// Lines without a request id that are kept at most, of each kind; the oldest go first.
pub(super) const STRAYS: usize = 4096;

/// The invocations of each log stream in order of time, and what was said between them.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// First line and slot.
    runs: HashMap<Lane, BTreeSet<(i64, u32)>>,
    /// Starts that failed: when they were told, where, and how many microseconds they took.
    failed_starts: BTreeSet<(i64, Lane, u32)>,
    /// Errors: when, where, and the least of what was said there in that millisecond.
    errors: BTreeMap<(i64, Lane), Box<str>>,
}

impl Lanes {
    pub(super) fn insert(&mut self, lane: Lane, first_ms: i64, slot: u32) {
        self.runs.entry(lane).or_default().insert((first_ms, slot));
    }

    pub(super) fn remove(&mut self, lane: Lane, first_ms: i64, slot: u32) {
        if let Some(runs) = self.runs.get_mut(&lane) {
            runs.remove(&(first_ms, slot));
            if runs.is_empty() {
                self.runs.remove(&lane);
            }
        }
    }

    /// The slot of the invocation that ran before the one that begins so.
    pub(super) fn before(&self, lane: Lane, first_ms: i64, slot: u32) -> Option<u32> {
        self.runs.get(&lane)?.range(..(first_ms, slot)).next_back().map(|(_, slot)| *slot)
    }

    /// First line and slot of the invocation that ran behind it.
    pub(super) fn behind(&self, lane: Lane, first_ms: i64, slot: u32) -> Option<(i64, u32)> {
        self.runs.get(&lane)?.range((first_ms, slot)..).find(|run| **run != (first_ms, slot)).copied()
    }

    /// The slot of the invocation to which a line of this time belongs that has no request id, as far as `last_ms` says
    /// when each wrote its newest line.
    pub(super) fn at(&self, lane: Lane, at_ms: i64, last_ms: impl Fn(u32) -> i64) -> Option<u32> {
        let runs = self.runs.get(&lane)?;
        let before = runs.range(..=(at_ms, u32::MAX)).next_back().map(|(_, slot)| *slot);
        let next = || runs.range((at_ms + 1, 0)..).next().map(|(_, slot)| *slot);
        before.filter(|slot| last_ms(*slot) >= at_ms).or_else(next)
    }

    pub(super) fn fail_start(&mut self, lane: Lane, at_ms: i64, micros: u32) {
        self.failed_starts.insert((at_ms, lane, micros));
        if self.failed_starts.len() > STRAYS {
            self.failed_starts.pop_first();
        }
    }

    /// When and where the next start that fails makes the oldest be forgotten.
    pub(super) fn next_forgotten(&self) -> Option<(i64, Lane)> {
        let full = self.failed_starts.len() >= STRAYS;
        self.failed_starts.first().filter(|_| full).map(|(at_ms, lane, _)| (*at_ms, *lane))
    }

    pub(super) fn err(&mut self, lane: Lane, at_ms: i64, words: Box<str>) {
        match self.errors.get_mut(&(at_ms, lane)) {
            Some(old) if *old <= words => {}
            Some(old) => *old = words,
            None => {
                self.errors.insert((at_ms, lane), words);
            }
        }
        if self.errors.len() > STRAYS {
            self.errors.pop_first();
        }
    }

    /// Whether a start has failed at all, which is rare.
    pub(super) fn has_failed_starts(&self) -> bool {
        !self.failed_starts.is_empty()
    }

    /// The longest start that failed in `lane`, later than `after_ms` and not later than `last_ms`; microseconds.
    pub(super) fn failed_start(&self, lane: Lane, after_ms: i64, last_ms: i64) -> Option<u32> {
        let from = after_ms.saturating_add(1);
        if from > last_ms {
            return None;
        }
        let among = self.failed_starts.range((from, MIN_LANE, 0)..=(last_ms, MAX_LANE, u32::MAX));
        among.filter(|(_, own, _)| *own == lane).map(|(_, _, micros)| *micros).max()
    }

    /// The first error that was logged in `lane`, later than `after_ms` and not later than `last_ms`.
    pub(super) fn error(&self, lane: Lane, after_ms: i64, last_ms: i64) -> Option<&str> {
        let from = after_ms.saturating_add(1);
        if from > last_ms {
            return None;
        }
        let mut among = self.errors.range((from, MIN_LANE)..=(last_ms, MAX_LANE));
        among.find(|((_, own), _)| *own == lane).map(|(_, words)| &**words)
    }

    /// Forgets what belongs to invocations that are gone.
    pub(super) fn forget(&mut self, lane: Lane, last_ms: i64) {
        self.failed_starts.retain(|(at_ms, own, _)| *own != lane || *at_ms > last_ms);
    }
}

const MIN_LANE: Lane = (crate::domain::StageName::Stage, 0);
const MAX_LANE: Lane = (crate::domain::StageName::Prod, u64::MAX);
