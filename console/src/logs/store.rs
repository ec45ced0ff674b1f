//! The lines that are kept, in order of time, bounded in bytes, with an index of those that the filter lets through.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::domain::{Level, LogLine, StageName};

use super::filter::Filter;
use super::reading;

/// Bytes that an entry costs besides its texts: the entry itself, its place in the index, the hash of its event id.
const ENTRY_COST: usize = size_of::<Entry>() + 2 * size_of::<u64>() + 2 * size_of::<u64>();

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A line of the service.
    Service,
    /// A line of Lambda's own.
    Platform,
    /// Something of ours that belongs at this point of time: a deploy.
    Marker,
    /// Something the reader must know: here lines may be missing.
    Gap,
}

/// One line of the stream as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub stage: StageName,
    /// Epoch milliseconds.
    pub timestamp_ms: i64,
    /// What it is.
    pub kind: Kind,
    /// How bad it is, if it says so.
    pub level: Option<Level>,
    /// Lambda's request id, if it says so.
    pub request_id: Option<Box<str>>,
    /// One harmless line.
    pub text: Box<str>,
    /// The whole event as it came, where `text` is only a part of it. Not harmless.
    pub whole: Option<Box<str>>,
    /// Hash of the event's id; 0 for what is not an event.
    identity: u64,
}

impl Entry {
    /// Whether it came from a log group.
    pub fn is_line(&self) -> bool {
        matches!(self.kind, Kind::Service | Kind::Platform)
    }

    fn cost(&self) -> usize {
        ENTRY_COST
            + self.text.len()
            + self.whole.as_ref().map_or(0, |whole| whole.len())
            + self.request_id.as_ref().map_or(0, |id| id.len())
    }
}

/// What an insertion or a drop did to the list of shown entries, so that a scroll position can follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shift {
    /// Where in the shown list the entry stands now; `None` if it is not shown.
    pub inserted_at: Option<usize>,
    /// How many shown entries were dropped from the front.
    pub dropped: usize,
}

/// The entries.
#[derive(Debug)]
pub struct Store {
    entries: VecDeque<Entry>,
    /// Absolute position of the front entry: positions stay the same when the front is dropped.
    base: u64,
    /// Absolute positions of the entries that the filter lets through, ascending.
    shown: VecDeque<u64>,
    filter: Filter,
    identities: HashSet<u64>,
    hasher: RandomState,
    bytes: usize,
    budget: usize,
    dropped: u64,
}

impl Store {
    /// An empty store that keeps at most about `budget` bytes.
    pub fn new(budget: usize) -> Store {
        Store {
            entries: VecDeque::new(),
            base: 0,
            shown: VecDeque::new(),
            filter: Filter::default(),
            identities: HashSet::new(),
            hasher: RandomState::new(),
            bytes: 0,
            budget,
            dropped: 0,
        }
    }

    /// Takes an event in at its place in time. `None`: it is there already.
    pub fn insert_line(&mut self, line: LogLine) -> Option<Shift> {
        // Ids are unique in a group only; 0 is kept for what has none.
        let identity = self.hasher.hash_one((line.stage, &line.event_id)).max(1);
        if !self.identities.insert(identity) {
            return None;
        }
        let read = reading::read(&line.message);
        let whole = (*read.text != *line.message.trim_end()).then(|| line.message.trim_end().into());
        Some(self.insert(Entry {
            stage: line.stage,
            timestamp_ms: line.timestamp_ms,
            kind: if read.platform { Kind::Platform } else { Kind::Service },
            level: read.level,
            request_id: read.request_id.map(String::into_boxed_str),
            text: read.text.into_boxed_str(),
            whole,
            identity,
        }))
    }

    /// Puts a marker or a note into the stream. `text` must be harmless. `None`: the same one is there already.
    pub fn insert_note(
        &mut self,
        stage: StageName,
        timestamp_ms: i64,
        kind: Kind,
        text: String,
    ) -> Option<Shift> {
        let identity = self.hasher.hash_one((stage, timestamp_ms, &text)).max(1);
        if !self.identities.insert(identity) {
            return None;
        }
        Some(self.insert(Entry {
            stage,
            timestamp_ms,
            kind,
            level: None,
            request_id: None,
            text: text.into_boxed_str(),
            whole: None,
            identity,
        }))
    }

    fn insert(&mut self, entry: Entry) -> Shift {
        // Nearly all lines are the newest; a late one is a few steps from the end.
        let at =
            self.entries.iter().rposition(|old| old.timestamp_ms <= entry.timestamp_ms).map_or(0, |i| i + 1);
        let position = self.base + at as u64;
        for shown in self.shown.iter_mut().rev().take_while(|shown| **shown >= position) {
            *shown += 1;
        }
        let mut shift = Shift::default();
        if self.filter.matches(&entry) {
            let index = self.shown.partition_point(|shown| *shown < position);
            self.shown.insert(index, position);
            shift.inserted_at = Some(index);
        }
        self.bytes += entry.cost();
        self.entries.insert(at, entry);
        while self.bytes > self.budget && self.entries.len() > 1 {
            shift.dropped += usize::from(self.drop_oldest());
        }
        shift
    }

    /// Returns whether the dropped entry was shown.
    fn drop_oldest(&mut self) -> bool {
        let Some(entry) = self.entries.pop_front() else { return false };
        self.bytes -= entry.cost();
        self.identities.remove(&entry.identity);
        self.dropped += u64::from(entry.is_line());
        let position = self.base;
        self.base += 1;
        let was_shown = self.shown.front() == Some(&position);
        if was_shown {
            self.shown.pop_front();
        }
        was_shown
    }

    /// Shows what `filter` lets through. Costs a pass over all entries.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.shown = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| self.filter.matches(entry))
            .map(|(index, _)| self.base + index as u64)
            .collect();
    }

    /// What is let through.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// How many entries the filter lets through.
    pub fn shown_len(&self) -> usize {
        self.shown.len()
    }

    /// The `index`th entry that the filter lets through.
    pub fn shown(&self, index: usize) -> Option<&Entry> {
        let position = *self.shown.get(index)?;
        self.entries.get(usize::try_from(position - self.base).ok()?)
    }

    /// How many entries are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many lines had to go to stay within the budget.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// When the newest line of `stage` was stamped, epoch milliseconds.
    pub fn newest(&self, stage: StageName) -> Option<i64> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.stage == stage && entry.is_line())
            .map(|entry| entry.timestamp_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(id: u32, timestamp_ms: i64, message: &str) -> LogLine {
        LogLine {
            stage: StageName::Stage,
            timestamp_ms,
            ingested_ms: timestamp_ms,
            event_id: id.to_string(),
            stream: "s".to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_line_that_comes_twice_is_there_once() {
        let mut store = Store::new(1 << 20);
        assert!(store.insert_line(line(1, 10, "a")).is_some());
        assert_eq!(store.insert_line(line(1, 10, "a")), None);
        assert_eq!(store.len(), 1);
    }

    proptest! {
        /// However lines come and whatever is dropped: in order of time, within the budget, and the index is what a
        /// plain search of the entries finds.
        #[test]
        fn the_index_is_what_a_search_finds(
            lines in proptest::collection::vec((0i64..50, "[ab]{1,8}"), 1..200),
            budget in 500usize..20_000,
        ) {
            let mut store = Store::new(budget);
            store.set_filter(Filter { stage: None, text: "ab".to_owned() });
            for (id, (at, text)) in lines.iter().enumerate() {
                store.insert_line(line(id as u32, *at, text));
                let found: Vec<&Entry> = store.entries.iter().filter(|entry| store.filter.matches(entry)).collect();
                let shown: Vec<&Entry> = (0..store.shown_len()).filter_map(|index| store.shown(index)).collect();
                prop_assert_eq!(found, shown);
                prop_assert!(store.entries.iter().is_sorted_by_key(|entry| entry.timestamp_ms));
                prop_assert!(store.bytes <= budget || store.len() == 1);
                prop_assert_eq!(store.bytes, store.entries.iter().map(Entry::cost).sum::<usize>());
            }
            prop_assert_eq!(store.len() as u64 + store.dropped(), lines.len() as u64);
        }
    }
}
