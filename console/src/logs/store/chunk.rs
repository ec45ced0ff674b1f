use crate::logs::filter::Filter;
use crate::logs::reading::Link;

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

/// Entries that follow each other in time, and their texts behind each other.
#[derive(Debug)]
pub(super) struct Chunk {
    text: String,
    pub(super) metas: Vec<Meta>,
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
}

impl Chunk {
    /// An empty chunk in which about `capacity` bytes of text will lie.
    pub(super) fn new(capacity: usize, filter: &Filter) -> Chunk {
        let none = |all: bool| if all { Rows::All } else { Rows::Some(Vec::new()) };
        Chunk {
            text: String::with_capacity(capacity),
            metas: Vec::new(),
            hits: none(filter.is_empty()),
            around: none(filter.stage.is_none()),
            disordered: false,
            escaped: 0,
            errors: 0,
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
        if !last {
            // Not twice as much for one late line.
            self.text.reserve_exact(raw.len());
        }
        meta.offset = index(self.text.len());
        meta.length = index(raw.len());
        self.text.push_str(raw);
        self.escaped += usize::from(meta.escaped());
        self.errors += usize::from(is_error(meta.level));
        self.metas.insert(at, meta);
        self.hits.open(at);
        self.around.open(at);
        self.hits.set(at, self.passes(at, filter));
        self.around.set(at, filter.has(meta.stage));
    }

    /// Markers and notes are of use whatever is looked for, so only the stage hides them.
    pub(super) fn passes(&self, entry: usize, filter: &Filter) -> bool {
        let meta = &self.metas[entry];
        if meta.is_line() { filter.matches(&meta.subject(self.raw(entry))) } else { filter.has(meta.stage) }
    }

    /// Takes no more memory than it needs: it is full.
    pub(super) fn seal(&mut self) {
        self.text.shrink_to_fit();
        self.metas.shrink_to_fit();
    }

    /// Keeps the older half and returns the newer one.
    pub(super) fn split(&mut self) -> Chunk {
        self.tidy();
        let at = self.metas.len() / 2;
        let start = self.metas[at].offset;
        let mut metas = self.metas.split_off(at);
        metas.iter_mut().for_each(|meta| meta.offset -= start);
        let (hits, around) = (self.hits.split(at), self.around.split(at));
        let escaped = metas.iter().filter(|meta| meta.escaped()).count();
        let errors = metas.iter().filter(|meta| is_error(meta.level)).count();
        self.escaped -= escaped;
        self.errors -= errors;
        let text = self.text.split_off(start as usize);
        self.seal();
        Chunk { text, metas, hits, around, disordered: false, escaped, errors }
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
        hits.retain(|entry| filter.has(self.metas[*entry as usize].stage));
        self.hits = Rows::Some(hits);
        if self.around.is_pending() {
            let of_stage = (0..count).filter(|entry| filter.has(self.metas[*entry].stage));
            self.around = Rows::Some(of_stage.map(index).collect());
        }
    }

    /// Lays the texts in the order of the entries.
    fn tidy(&mut self) {
        if !self.disordered {
            return;
        }
        let mut text = String::with_capacity(self.text.len());
        for meta in &mut self.metas {
            let from = meta.offset as usize;
            meta.offset = index(text.len());
            text.push_str(&self.text[from..from + meta.length as usize]);
        }
        self.text = text;
        self.disordered = false;
    }
}
