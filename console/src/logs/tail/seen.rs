//! Which events were let through already, by time and a hash of their id; bounded in number.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// How many events are remembered: about 16 MB of hashes. A minute of 30,000 lines a second.
const MOST: usize = 2_000_000;

/// What is known of an event that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It came for the first time.
    New,
    /// It came before.
    Seen,
    /// It is older than anything that is remembered: nobody can tell.
    Forgotten,
}

/// The events of one log group that came.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Hashes by the events' milliseconds, each list sorted: ids are unique in a group, and 64 bits of one are enough among the
    /// events of one millisecond.
    by_time: BTreeMap<i64, Vec<u64>>,
    count: usize,
    hasher: RandomState,
    /// From this time on, inclusive, all that came is remembered.
    floor_ms: i64,
}

impl Seen {
    /// Remembers all from `floor_ms` on.
    pub(super) fn from(floor_ms: i64) -> Seen {
        Seen { floor_ms, ..Seen::default() }
    }

    /// From when on events are remembered, epoch milliseconds.
    pub(super) fn floor_ms(&self) -> i64 {
        self.floor_ms
    }

    /// Takes an event in.
    pub(super) fn admit(&mut self, timestamp_ms: i64, id: &str) -> Known {
        if timestamp_ms < self.floor_ms {
            return Known::Forgotten;
        }
        let hash = self.hasher.hash_one(id);
        let same = self.by_time.entry(timestamp_ms).or_default();
        match same.binary_search(&hash) {
            Ok(_) => Known::Seen,
            Err(at) => {
                same.insert(at, hash);
                self.count += 1;
                Known::New
            }
        }
    }

    /// Forgets what is older than `floor_ms`: it is not read again.
    pub(super) fn forget_before(&mut self, floor_ms: i64) {
        if floor_ms <= self.floor_ms {
            return;
        }
        let kept = self.by_time.split_off(&floor_ms);
        self.count -= self.by_time.values().map(Vec::len).sum::<usize>();
        self.by_time = kept;
        self.floor_ms = floor_ms;
    }

    /// Forgets the oldest until the bound is kept. `true`: there was something to forget.
    pub(super) fn keep_bound(&mut self) -> bool {
        self.keep(MOST)
    }

    fn keep(&mut self, most: usize) -> bool {
        let mut floor = None;
        let mut count = self.count;
        for (at, ids) in &self.by_time {
            if count <= most {
                break;
            }
            count -= ids.len();
            floor = Some(at + 1);
        }
        if let Some(floor) = floor {
            self.forget_before(floor);
        }
        floor.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_not_taken_for_new() {
        let mut seen = Seen::from(0);
        for at in 0..100 {
            assert_eq!(seen.admit(at, "a"), Known::New);
            assert_eq!(seen.admit(at, "b"), Known::New);
            assert_eq!(seen.admit(at, "a"), Known::Seen);
        }
        assert!(!seen.keep(200));
        assert!(seen.keep(101));
        assert_eq!((seen.floor_ms(), seen.count), (50, 100));
        assert_eq!(seen.admit(49, "a"), Known::Forgotten);
        assert_eq!(seen.admit(50, "a"), Known::Seen);
        seen.forget_before(10);
        assert_eq!(seen.floor_ms(), 50, "it only moves forward");
    }
}
