//! The lines that are kept: their bytes in chunks in order of time, bounded in bytes, with an index in each chunk of the
//! lines that the filter lets through. What comes costs what is new, what is drawn costs what is seen, and a new filter
//! is asked of the newest chunks at once and of the others by and by ([`Store::work`]).

mod chunk;
mod entry;
mod group;
mod live;
mod notes;
mod past;
mod rows;
mod snapshot;

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use crate::domain::{Level, LogLine, StageName};

use super::filter::{Filter, stream_id};
use super::reading::{self, Link, Reading};

use chunk::Chunk;
use entry::Meta;
pub use entry::{Anchor, Entry, Kind};
use group::Place;
use live::Live;
pub use past::Taken;
pub use rows::Wanted;
pub use snapshot::{Part, Snapshot};

/// The most bytes that one chunk takes: a filter is asked of it at once, and a key waits for that. Where each line is read as JSON
/// it was 1.7 ms optimised, and 13 ms in a debug build on a busy machine (BENCHMARKS.md).
const LARGEST_CHUNK: usize = 256 << 10;
/// Chunks that a new filter is asked of at once: more lines than any screen has.
const AT_ONCE: usize = 4;
/// A line that is this much older than one of its stage that was there before it came late: two polls of a tail at rest.
const LATE_MS: i64 = 4_000;

/// The entries.
#[derive(Debug)]
pub struct Store {
    /// In order of time; none is empty.
    chunks: VecDeque<Chunk>,
    filter: Filter,
    /// Whether lines that the filter does not let through are shown around those that it does.
    context: bool,
    hasher: RandomState,
    newest: [Option<i64>; 2],
    bytes: usize,
    budget: usize,
    dropped: u64,
    /// When the newest of those that had to go was stamped.
    dropped_to: Option<i64>,
    /// Entries before this time are not shown.
    from_ms: Option<i64>,
    /// Entries that may belong to a group.
    linked: usize,
    live: Live,
}

impl Store {
    /// An empty store that keeps at most about `budget` bytes.
    pub fn new(budget: usize) -> Store {
        Store {
            chunks: VecDeque::new(),
            filter: Filter::default(),
            context: false,
            hasher: RandomState::new(),
            newest: [None; 2],
            bytes: 0,
            budget,
            dropped: 0,
            dropped_to: None,
            from_ms: None,
            linked: 0,
            live: Live::default(),
        }
    }

    /// Takes an event in at its place in time. `None`: it is there already; else whether it is shown.
    pub fn insert_line(&mut self, line: &LogLine) -> Option<bool> {
        // Ids are unique in a group only.
        let identity = self.hasher.hash_one((line.stage, &line.event_id));
        if self.has(line.timestamp_ms, identity) || self.confirm(line, identity) {
            return None;
        }
        Some(self.insert_with(line, identity, &reading::keep(&line.message)))
    }

    fn insert_with(&mut self, line: &LogLine, identity: u64, raw: &str) -> bool {
        let Reading { level, platform, link } = reading::read(raw);
        let newest = &mut self.newest[line.stage as usize];
        let late = newest.is_some_and(|newest| line.timestamp_ms + LATE_MS < newest);
        // A clock that goes ahead must not make late what comes in its time.
        let seen_ms = line.timestamp_ms.min(line.ingested_ms);
        *newest = Some(newest.map_or(seen_ms, |newest| newest.max(seen_ms)));
        let kind = if platform { Kind::Platform } else { Kind::Service };
        let meta = Meta {
            // Only lines of one environment are ever compared by it.
            stream: stream_id(&line.stream) as u32,
            ..Meta::new(line.timestamp_ms, identity, line.stage, kind, level)
        };
        self.insert(meta.marked(late, reading::is_escaped(raw), link), raw)
    }

    fn insert(&mut self, meta: Meta, raw: &str) -> bool {
        let chunk = self.chunk_for(meta.timestamp_ms, raw.len());
        let at = self.chunks[chunk].until(meta.timestamp_ms);
        self.bytes += Chunk::cost_of(raw.len());
        self.linked += usize::from(meta.link() != Link::None);
        self.chunks[chunk].insert(at, meta, raw, &self.filter);
        if self.linked > 0 {
            self.regroup_around(chunk, at);
        }
        let in_range = self.from_ms.is_none_or(|from| from <= meta.timestamp_ms);
        let shown = in_range && self.chunks[chunk].rows(self.context).has(at);
        if self.chunks[chunk].cost() > self.chunk_size() * 2 && self.chunks[chunk].metas.len() > 1 {
            let behind = self.chunks[chunk].split();
            self.chunks.insert(chunk + 1, behind);
        }
        while self.bytes > self.budget && self.chunks.len() > 1 {
            self.drop_oldest();
        }
        shown
    }

    /// The chunk that an entry goes into, a new one if it is the newest entry and the newest chunk is full.
    fn chunk_for(&mut self, timestamp_ms: i64, length: usize) -> usize {
        let behind = self.chunks_from(timestamp_ms).checked_sub(1);
        let full = |chunk: &Chunk| chunk.cost() + Chunk::cost_of(length) > self.chunk_size();
        match behind {
            Some(last)
                if last + 1 == self.chunks.len()
                    && self.chunks[last].last_ms() <= timestamp_ms
                    && full(&self.chunks[last]) =>
            {
                self.chunks[last].seal();
                self.chunks.push_back(Chunk::new(self.chunk_size().min(self.budget), &self.filter));
                last + 1
            }
            Some(chunk) => chunk,
            None => {
                if self.chunks.is_empty() {
                    self.chunks.push_back(Chunk::new(self.chunk_size().min(self.budget), &self.filter));
                }
                0
            }
        }
    }

    /// How many chunks begin at `timestamp_ms` or before. Mostly it is asked for the newest time.
    fn chunks_from(&self, timestamp_ms: i64) -> usize {
        match self.chunks.back() {
            Some(last) if last.first_ms() <= timestamp_ms => self.chunks.len(),
            _ => self.chunks.partition_point(|chunk| chunk.first_ms() <= timestamp_ms),
        }
    }

    fn chunk_size(&self) -> usize {
        (self.budget / 16).clamp(64, LARGEST_CHUNK)
    }

    /// Entries of one millisecond lie behind each other, so nothing has to be remembered to know one again.
    fn has(&self, timestamp_ms: i64, identity: u64) -> bool {
        self.at(timestamp_ms).any(|(chunk, entry)| self.chunks[chunk].metas[entry].identity == identity)
    }

    /// The places of the entries of one millisecond, newest first.
    fn at(&self, timestamp_ms: i64) -> impl Iterator<Item = Place> + '_ {
        let chunks = self.chunks.range(..self.chunks_from(timestamp_ms)).enumerate().rev();
        let chunks = chunks.take_while(move |(_, chunk)| chunk.last_ms() >= timestamp_ms);
        chunks.flat_map(move |(index, chunk)| {
            let end = chunk.until(timestamp_ms);
            let same =
                (0..end).rev().take_while(move |entry| chunk.metas[*entry].timestamp_ms == timestamp_ms);
            same.map(move |entry| (index, entry))
        })
    }

    fn drop_oldest(&mut self) {
        let Some(chunk) = self.chunks.pop_front() else { return };
        self.bytes -= chunk.cost();
        self.linked -= chunk.linked();
        self.dropped_to = self.dropped_to.max(Some(chunk.last_ms()));
        self.dropped += chunk.metas.iter().filter(|meta| meta.is_line()).count() as u64;
        if self.linked > 0 || chunk.linked() > 0 {
            // What belonged to a line that is gone stands alone now.
            self.regroup_front(0, chunk.linked() > 0);
        }
    }

    /// Shows what `filter` lets through: the newest lines at once, older ones as [`Store::work`] is called.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        for chunk in &mut self.chunks {
            chunk.forget_rows(&self.filter);
        }
        for _ in 0..AT_ONCE {
            self.work();
        }
    }

    /// Asks the filter of one more chunk, from the newest on. `false`: there is none left.
    pub fn work(&mut self) -> bool {
        let Some(index) = self.chunks.iter().rposition(|chunk| chunk.hits.is_pending()) else { return false };
        self.chunks[index].find(&self.filter);
        if self.linked > 0 {
            self.regroup_all(index);
            self.regroup_front(index + 1, false);
        }
        true
    }

    /// The part of the entries that the filter was asked of, 0 to 1; `None` when it is all of them.
    pub fn progress(&self) -> Option<f64> {
        let pending = self.chunks.iter().filter(|chunk| chunk.hits.is_pending()).count();
        (pending > 0).then(|| 1.0 - pending as f64 / self.chunks.len() as f64)
    }

    /// What is let through.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// How many entries are kept.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.metas.len()).sum()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Bytes that are kept, with what each entry costs besides its text.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many lines had to go to stay within the budget.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// When the newest of those that had to go was stamped, epoch milliseconds.
    pub fn dropped_to(&self) -> Option<i64> {
        self.dropped_to
    }

    /// Bytes that it keeps at most, about.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// When the newest line of `stage` was stamped, epoch milliseconds.
    pub fn newest(&self, stage: StageName) -> Option<i64> {
        self.newest[stage as usize]
    }
}

/// Whether an entry is an error.
fn is_error(level: Option<Level>) -> bool {
    level == Some(Level::Error)
}

#[cfg(test)]
mod tests;
