//! Lines of the past, a page at a time: they lie before or among what is there, so a whole page is merged at once.

use std::collections::HashSet;
use std::hash::BuildHasher;

use crate::domain::LogLine;
use crate::logs::filter::stream_id;
use crate::logs::reading::{self, Link, Reading};

use super::Store;
use super::chunk::Chunk;
use super::entry::{Kind, Meta};

/// What became of a page of the past.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lines that were not there before.
    pub lines: u64,
    /// There was no room for lines up to this time, inclusive, epoch milliseconds.
    pub full_ms: Option<i64>,
}

impl Store {
    /// Takes in lines that are read afterwards, `newest_first`. They are not late, and say nothing of how far a tail came.
    /// Nothing is dropped for them: what finds no room, and all that is older, is left out.
    pub fn insert_past(&mut self, newest_first: &[LogLine]) -> Taken {
        let mut taken = Taken::default();
        // A chunk is left for what goes on coming, so that it does not at once push out what was asked for.
        let mut room = self.budget.saturating_sub(self.bytes + self.chunk_size());
        let mut known = HashSet::new();
        let mut fresh = Vec::new();
        for line in newest_first {
            let identity = self.hasher.hash_one((line.stage, &line.event_id));
            if self.has(line.timestamp_ms, identity)
                || self.confirm(line, identity)
                || !known.insert(identity)
            {
                continue;
            }
            let raw = reading::keep(&line.message);
            let Some(left) = room.checked_sub(Chunk::cost_of(raw.len())) else {
                taken.full_ms = Some(line.timestamp_ms);
                break;
            };
            room = left;
            let Reading { level, platform, link } = reading::read(&raw);
            let kind = if platform { Kind::Platform } else { Kind::Service };
            let meta = Meta {
                stream: stream_id(&line.stream) as u32,
                ..Meta::new(line.timestamp_ms, identity, line.stage, kind, level)
            };
            fresh.push((meta.marked(false, reading::is_escaped(&raw), link), raw.into_owned()));
        }
        taken.lines = fresh.len() as u64;
        fresh.reverse();
        fresh.sort_by_key(|(meta, _)| meta.timestamp_ms);
        self.merge(fresh);
        taken
    }

    /// Merges entries in order of time, those of one chunk together.
    fn merge(&mut self, entries: Vec<(Meta, String)>) {
        let mut entries = entries.into_iter().peekable();
        while let Some((first, _)) = entries.peek() {
            if self.chunks.is_empty() {
                self.chunks.push_back(Chunk::new(0, &self.filter));
            }
            let behind = self.chunks_from(first.timestamp_ms);
            let at = behind.saturating_sub(1);
            let until = self.chunks.get(at + 1).map(Chunk::first_ms);
            let mut run = Vec::new();
            while let Some(entry) = entries
                .next_if(|(meta, _)| run.is_empty() || until.is_none_or(|until| meta.timestamp_ms < until))
            {
                self.bytes += Chunk::cost_of(entry.1.len());
                self.linked += usize::from(entry.0.link() != Link::None);
                run.push(entry);
            }
            let places = self.chunks[at].merge(run, &self.filter);
            if self.linked > 0 && !self.filter.is_empty() {
                for entry in places {
                    self.regroup_around(at, entry);
                }
            }
            self.split_large(at);
        }
    }

    /// Splits a chunk until no part of it is too large.
    fn split_large(&mut self, from: usize) {
        let (mut at, mut end) = (from, from + 1);
        while at < end {
            if self.chunks[at].cost() > self.chunk_size() * 2 && self.chunks[at].metas.len() > 1 {
                let behind = self.chunks[at].split();
                self.chunks.insert(at + 1, behind);
                end += 1;
            } else {
                at += 1;
            }
        }
    }

    /// When the oldest line was stamped, epoch milliseconds.
    pub fn oldest_line(&self) -> Option<i64> {
        let mut metas = self.chunks.iter().flat_map(|chunk| chunk.metas.iter());
        metas.find(|meta| meta.is_line()).map(|meta| meta.timestamp_ms)
    }
}

#[cfg(test)]
mod tests;
