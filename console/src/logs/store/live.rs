//! Lines of Live Tail, which have no event id, and the same lines as a poll brings them: each is shown once, and as often as the
//! service wrote it.
//!
//! Both ways tell time, log stream and text of a line. A service may write the same text twice in a millisecond, so lines that are
//! alike are counted: as many are shown as the one way or the other brought, whichever brought more.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

use crate::domain::LogLine;
use crate::logs::filter::stream_id;
use crate::logs::reading;

use super::Store;
use super::entry::Meta;

/// Lines of Live Tail that are remembered: at 500 a second those of more than three minutes, in which polls bring them too.
const MOST: usize = 100_000;

/// Lines that are alike: their time, and a hash of stage, stream and text.
type Alike = (i64, u64);

/// What Live Tail brought lately.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// How many lines that are alike came.
    came: HashMap<Alike, u32>,
    /// The same, oldest first.
    order: VecDeque<Alike>,
    /// The entries that only Live Tail brought so far.
    unconfirmed: HashMap<Alike, Vec<u64>>,
}

impl Live {
    fn forget_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        if let Some(count) = self.came.get_mut(&oldest) {
            *count -= 1;
            if *count == 0 {
                self.came.remove(&oldest);
                self.unconfirmed.remove(&oldest);
            }
        }
    }
}

impl Store {
    fn alike(&self, line: &LogLine, raw: &str) -> Alike {
        (line.timestamp_ms, self.hasher.hash_one((line.stage, &line.stream, raw)))
    }

    /// Takes in a line of Live Tail. `None`: a poll brought it already; else whether it is shown.
    pub fn insert_live_line(&mut self, line: &LogLine) -> Option<bool> {
        let raw = reading::keep(&line.message);
        let alike = self.alike(line, &raw);
        if self.live.order.len() >= MOST {
            self.live.forget_oldest();
        }
        let came = self.live.came.entry(alike).or_default();
        *came += 1;
        let came = *came;
        self.live.order.push_back(alike);
        let stream = stream_id(&line.stream) as u32;
        let there = self.at(line.timestamp_ms).filter(|(chunk, entry)| {
            let chunk = &self.chunks[*chunk];
            let meta: &Meta = &chunk.metas[*entry];
            meta.stage == line.stage && meta.stream == stream && meta.is_line() && chunk.raw(*entry) == raw
        });
        if there.count() >= came as usize {
            return None;
        }
        let identity = self.hasher.hash_one(("Live Tail", alike, came));
        self.live.unconfirmed.entry(alike).or_default().push(identity);
        Some(self.insert_with(line, identity, &raw))
    }

    /// Whether Live Tail brought this line, so that it is there: then it has its own identity from now on.
    pub(super) fn confirm(&mut self, line: &LogLine, identity: u64) -> bool {
        if self.live.unconfirmed.is_empty() {
            return false;
        }
        let alike = self.alike(line, &reading::keep(&line.message));
        let Some(waiting) = self.live.unconfirmed.get_mut(&alike) else { return false };
        let Some(was) = waiting.pop() else { return false };
        if waiting.is_empty() {
            self.live.unconfirmed.remove(&alike);
        }
        let place = self
            .at(line.timestamp_ms)
            .find(|(chunk, entry)| self.chunks[*chunk].metas[*entry].identity == was);
        // Without a place it had to go to stay within the budget, and is as old as that: the poll's line would go too.
        if let Some((chunk, entry)) = place {
            self.chunks[chunk].name(entry, identity);
        }
        place.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::StageName;

    fn line(id: usize, at: i64, text: &str) -> LogLine {
        LogLine {
            stage: StageName::Stage,
            timestamp_ms: at,
            ingested_ms: at,
            event_id: id.to_string(),
            stream: "s".to_owned(),
            message: text.to_owned(),
        }
    }

    proptest! {
        /// However the two ways bring the lines, and however much Live Tail leaves out: once all were polled, each is there once.
        #[test]
        fn both_ways_bring_each_line_once(
            lines in proptest::collection::vec((0i64..3, "[ab]"), 1..25),
            left_out in proptest::collection::vec(any::<bool>(), 25),
            order in proptest::collection::vec(any::<u16>(), 75),
        ) {
            let mut store = Store::new(1 << 20);
            let polled = lines.iter().enumerate().map(|(id, (at, text))| (false, line(id, *at, text)));
            let again = polled.clone();
            let live = lines.iter().zip(left_out).filter(|(_, out)| !out).map(|((at, text), _)| (true, line(0, *at, text)));
            let mut all: Vec<_> = polled.chain(again).chain(live).zip(order).collect();
            all.sort_by_key(|(_, place)| *place);
            for ((is_live, line), _) in &all {
                if *is_live { store.insert_live_line(line) } else { store.insert_line(line) };
            }
            let mut shown: Vec<(i64, String)> =
                (0..store.shown_len()).filter_map(|row| store.shown(row)).map(|one| (one.timestamp_ms, one.text())).collect();
            shown.sort();
            let mut expected = lines.clone();
            expected.sort();
            prop_assert_eq!(shown, expected);
        }
    }
}
