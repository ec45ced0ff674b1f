use std::sync::Arc;

use crate::logs::filter::Filter;
use crate::logs::reading::{self, Link};

use super::entry::Meta;
use super::is_error;

/// Bytes that an entry costs besides its text: what is kept of it, and its place in the index of those let through.
const ENTRY_COST: usize = size_of::<Meta>() + size_of::<u32>();

/// Which entries of a chunk are meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rows {
    /// Each.
    All,
    /// These, ascending.
    Some(Vec<u32>),
    /// Not known yet.
    Pending,
}

impl Rows {
    pub(super) fn is_pending(&self) -> bool {
        *self == Rows::Pending
    }

    /// How many of `count` entries.
    pub(super) fn len(&self, count: usize) -> usize {
        match self {
            Rows::All => count,
            Rows::Some(rows) => rows.len(),
            Rows::Pending => 0,
        }
    }

    /// The entry in row `row`.
    pub(super) fn entry(&self, row: usize) -> Option<usize> {
        match self {
            Rows::All => Some(row),
            Rows::Some(rows) => rows.get(row).map(|entry| *entry as usize),
            Rows::Pending => None,
        }
    }

    pub(super) fn has(&self, entry: usize) -> bool {
        match self {
            Rows::All => true,
            Rows::Some(rows) => rows.binary_search(&index(entry)).is_ok(),
            Rows::Pending => false,
        }
    }

    /// How many rows are before `entry`.
    pub(super) fn before(&self, entry: usize) -> usize {
        match self {
            Rows::All => entry,
            Rows::Some(rows) => rows.partition_point(|row| *row < index(entry)),
            Rows::Pending => 0,
        }
    }

    /// Makes `entry` one of them, or not.
    pub(super) fn set(&mut self, entry: usize, shown: bool) {
        let Rows::Some(rows) = self else { return };
        match (rows.binary_search(&index(entry)), shown) {
            (Err(at), true) => rows.insert(at, index(entry)),
            (Ok(at), false) => {
                rows.remove(at);
            }
            _ => {}
        }
    }

    /// Makes room for a new entry `at`.
    fn open(&mut self, at: usize) {
        let Rows::Some(rows) = self else { return };
        let from = rows.partition_point(|row| *row < index(at));
        rows[from..].iter_mut().for_each(|row| *row += 1);
    }

    /// Closes the place of an entry that is gone from `at`.
    fn close(&mut self, at: usize) {
        self.set(at, false);
        let Rows::Some(rows) = self else { return };
        let from = rows.partition_point(|row| *row < index(at));
        rows[from..].iter_mut().for_each(|row| *row -= 1);
    }

    /// Each entry is where `places` says now, and those in `fresh` are added.
    fn rearrange(&mut self, places: &[u32], fresh: impl Iterator<Item = u32>) {
        let Rows::Some(rows) = self else { return };
        rows.iter_mut().for_each(|row| *row = places[*row as usize]);
        rows.extend(fresh);
        rows.sort_unstable();
    }

    /// Keeps those before `at` and returns the others, counted from there.
    fn split(&mut self, at: usize) -> Rows {
        let Rows::Some(rows) = self else { return self.clone() };
        let behind = rows.split_off(rows.partition_point(|row| *row < index(at)));
        Rows::Some(behind.into_iter().map(|row| row - index(at)).collect())
    }
}

fn index(entry: usize) -> u32 {
    u32::try_from(entry).unwrap_or(u32::MAX)
}

/// Entries that follow each other in time, and their texts behind each other. Whoever took a snapshot shares them: a change
/// then copies this chunk, and only this one.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) text: Arc<String>,
    pub(super) metas: Arc<Vec<Meta>>,
    /// What the filter lets through.
    pub(super) hits: Rows,
    /// What the filter lets through by its stage alone: what is shown as context.
    around: Rows,
    /// Whether the texts lie in another order than the entries.
    disordered: bool,
    /// Entries whose text may be shown otherwise than it is written.
    escaped: usize,
    /// Entries that are errors.
    pub(super) errors: usize,
    /// Entries that are markers.
    pub(super) markers: usize,
    /// Where its notes and markers are: few, so that lines are counted without a look at each entry.
    pub(super) notes: Rows,
}

impl Chunk {
    /// An empty chunk in which about `capacity` bytes of text will lie.
    pub(super) fn new(capacity: usize, filter: &Filter) -> Chunk {
        let none = |all: bool| if all { Rows::All } else { Rows::Some(Vec::new()) };
        Chunk {
            text: Arc::new(String::with_capacity(capacity)),
            metas: Arc::default(),
            hits: none(filter.is_empty()),
            around: none(filter.stage.is_none()),
            disordered: false,
            escaped: 0,
            errors: 0,
            markers: 0,
            notes: none(false),
        }
    }

    /// Bytes that an entry with a text of `length` bytes costs.
    pub(super) fn cost_of(length: usize) -> usize {
        length + ENTRY_COST
    }

    pub(super) fn cost(&self) -> usize {
        self.text.len() + self.metas.len() * ENTRY_COST
    }

    /// When its first entry was stamped; no chunk is empty for longer than it takes to put an entry in.
    pub(super) fn first_ms(&self) -> i64 {
        self.metas.first().map_or(i64::MIN, |meta| meta.timestamp_ms)
    }

    pub(super) fn last_ms(&self) -> i64 {
        self.metas.last().map_or(i64::MIN, |meta| meta.timestamp_ms)
    }

    /// How many entries were stamped at `timestamp_ms` or before. Mostly it is asked for the newest time.
    pub(super) fn until(&self, timestamp_ms: i64) -> usize {
        if self.last_ms() <= timestamp_ms {
            return self.metas.len();
        }
        self.metas.partition_point(|meta| meta.timestamp_ms <= timestamp_ms)
    }

    pub(super) fn linked(&self) -> usize {
        self.metas.iter().filter(|meta| meta.link() != Link::None).count()
    }

    pub(super) fn raw(&self, entry: usize) -> &str {
        let meta = &self.metas[entry];
        &self.text[meta.offset as usize..(meta.offset + meta.length) as usize]
    }

    /// The rows that are shown.
    pub(super) fn rows(&self, context: bool) -> &Rows {
        if context && !self.hits.is_pending() { &self.around } else { &self.hits }
    }

    /// Puts an entry in its place `at`.
    pub(super) fn insert(&mut self, at: usize, mut meta: Meta, raw: &str, filter: &Filter) {
        let last = at == self.metas.len();
        self.disordered |= !last;
        let text = Arc::make_mut(&mut self.text);
        if !last {
            // Not twice as much for one late line.
            text.reserve_exact(raw.len());
        }
        meta.offset = index(text.len());
        meta.length = index(raw.len());
        text.push_str(raw);
        self.escaped += usize::from(meta.escaped());
        self.errors += usize::from(is_error(meta.level));
        self.markers += usize::from(meta.is_marker());
        Arc::make_mut(&mut self.metas).insert(at, meta);
        self.hits.open(at);
        self.around.open(at);
        self.notes.open(at);
        self.notes.set(at, !meta.is_line());
        self.hits.set(at, self.passes(at, filter));
        self.around.set(at, meta.is_in(filter));
    }

    /// Puts entries that are in order of time in their places, all in one pass: behind those of the same time. Returns
    /// their places.
    pub(super) fn merge(&mut self, run: Vec<(Meta, String)>, filter: &Filter) -> Vec<usize> {
        let old = std::mem::take(&mut self.metas);
        let last_ms = old.last().map_or(i64::MIN, |meta| meta.timestamp_ms);
        self.disordered |= run.first().is_some_and(|(meta, _)| meta.timestamp_ms < last_ms);
        let text = Arc::make_mut(&mut self.text);
        let mut metas = Vec::with_capacity(old.len() + run.len());
        let (mut places, mut fresh) = (Vec::with_capacity(old.len()), Vec::with_capacity(run.len()));
        let mut run = run.into_iter().peekable();
        let mut before = old.iter().copied().peekable();
        loop {
            let next = before.peek().map(|meta| meta.timestamp_ms);
            if let Some((mut meta, raw)) =
                run.next_if(|(meta, _)| next.is_none_or(|next| meta.timestamp_ms < next))
            {
                meta.offset = index(text.len());
                meta.length = index(raw.len());
                text.push_str(&raw);
                self.escaped += usize::from(meta.escaped());
                self.errors += usize::from(is_error(meta.level));
                fresh.push(index(metas.len()));
                metas.push(meta);
            } else if let Some(meta) = before.next() {
                places.push(index(metas.len()));
                metas.push(meta);
            } else {
                break;
            }
        }
        self.metas = Arc::new(metas);
        let hits: Vec<u32> = match self.hits {
            Rows::Some(_) => {
                fresh.iter().copied().filter(|entry| self.passes(*entry as usize, filter)).collect()
            }
            Rows::All | Rows::Pending => Vec::new(),
        };
        self.hits.rearrange(&places, hits.into_iter());
        // Only lines are merged.
        self.notes.rearrange(&places, std::iter::empty());
        let metas = &self.metas;
        let of_stage = |entry: &u32| metas[*entry as usize].is_in(filter);
        self.around.rearrange(&places, fresh.iter().copied().filter(of_stage));
        fresh.into_iter().map(|entry| entry as usize).collect()
    }

    /// Gives an entry another identity.
    pub(super) fn name(&mut self, at: usize, identity: u64) {
        Arc::make_mut(&mut self.metas)[at].identity = identity;
    }

    /// Takes an entry out, with its text.
    pub(super) fn remove(&mut self, at: usize) {
        let meta = Arc::make_mut(&mut self.metas).remove(at);
        self.escaped -= usize::from(meta.escaped());
        self.errors -= usize::from(is_error(meta.level));
        self.markers -= usize::from(meta.is_marker());
        self.hits.close(at);
        self.around.close(at);
        self.notes.close(at);
        self.disordered = true;
        self.tidy();
    }

    /// Markers and notes are of use whatever is looked for, so only the stage hides them.
    pub(super) fn passes(&self, entry: usize, filter: &Filter) -> bool {
        let meta = &self.metas[entry];
        if !meta.is_line() {
            return meta.is_in(filter);
        }
        filter.matches(&meta.subject(self.raw(entry))) || self.is_of_run(entry, filter)
    }

    /// Whether a line belongs to the run that is shown. At its very end the next one may have begun: then only what names
    /// nobody is taken for its own.
    fn is_of_run(&self, entry: usize, filter: &Filter) -> bool {
        let meta = &self.metas[entry];
        let Some(run) = &filter.run else { return false };
        let there = meta.is_line() && meta.stage == run.stage && meta.stream == run.stream as u32;
        there
            && (run.from_ms..=run.to_ms).contains(&meta.timestamp_ms)
            && (meta.timestamp_ms < run.to_ms || reading::request_id(self.raw(entry)).is_none())
    }

    /// Takes no more memory than it needs: it is full.
    pub(super) fn seal(&mut self) {
        Arc::make_mut(&mut self.text).shrink_to_fit();
        Arc::make_mut(&mut self.metas).shrink_to_fit();
    }

    /// Keeps the older half and returns the newer one.
    pub(super) fn split(&mut self) -> Chunk {
        self.tidy();
        let at = self.metas.len() / 2;
        let start = self.metas[at].offset;
        let mut metas = Arc::make_mut(&mut self.metas).split_off(at);
        metas.iter_mut().for_each(|meta| meta.offset -= start);
        let (hits, around) = (self.hits.split(at), self.around.split(at));
        let notes = self.notes.split(at);
        let escaped = metas.iter().filter(|meta| meta.escaped()).count();
        let errors = metas.iter().filter(|meta| is_error(meta.level)).count();
        let markers = metas.iter().filter(|meta| meta.is_marker()).count();
        self.escaped -= escaped;
        self.errors -= errors;
        self.markers -= markers;
        let text = Arc::new(Arc::make_mut(&mut self.text).split_off(start as usize));
        let metas = Arc::new(metas);
        self.seal();
        Chunk { text, metas, hits, around, disordered: false, escaped, errors, markers, notes }
    }

    /// Forgets which rows are shown.
    pub(super) fn forget_rows(&mut self, filter: &Filter) {
        self.hits = if filter.is_empty() { Rows::All } else { Rows::Pending };
        self.around = if filter.stage.is_none() { Rows::All } else { Rows::Pending };
    }

    /// Finds the rows that `filter` lets through.
    pub(super) fn find(&mut self, filter: &Filter) {
        self.tidy();
        let count = self.metas.len();
        let mut hits = filter.query.scan(
            &self.text,
            count,
            |entry| self.metas[entry].subject(self.raw(entry)),
            |entry| (self.metas[entry].offset + self.metas[entry].length) as usize,
        );
        if self.escaped > 0 || self.metas.iter().any(|meta| !meta.is_line()) {
            let others = |meta: &Meta| meta.escaped() || !meta.is_line();
            hits.retain(|entry| !others(&self.metas[*entry as usize]));
            hits.extend(
                (0..count)
                    .filter(|entry| others(&self.metas[*entry]) && self.passes(*entry, filter))
                    .map(index),
            );
            hits.sort_unstable();
        }
        hits.retain(|entry| self.metas[*entry as usize].is_in(filter));
        if let Some(run) = &filter.run {
            let place = |ms: i64| self.metas.partition_point(|meta| meta.timestamp_ms < ms);
            let there = place(run.from_ms)..place(run.to_ms.saturating_add(1)).max(place(run.from_ms));
            hits.extend(there.filter(|entry| self.is_of_run(*entry, filter)).map(index));
            hits.sort_unstable();
            hits.dedup();
        }
        self.hits = Rows::Some(hits);
        if self.around.is_pending() {
            let of_stage = (0..count).filter(|entry| self.metas[*entry].is_in(filter));
            self.around = Rows::Some(of_stage.map(index).collect());
        }
    }

    /// Lays the texts in the order of the entries.
    fn tidy(&mut self) {
        if !self.disordered {
            return;
        }
        let mut text = String::with_capacity(self.text.len());
        for meta in Arc::make_mut(&mut self.metas) {
            let from = meta.offset as usize;
            meta.offset = index(text.len());
            text.push_str(&self.text[from..from + meta.length as usize]);
        }
        self.text = Arc::new(text);
        self.disordered = false;
    }
}
