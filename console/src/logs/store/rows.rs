//! What is shown: rows, counted from the oldest chunk that the filter was asked of.

use super::Store;
use super::chunk::{Chunk, Rows};
use super::entry::{Anchor, Entry};
use super::is_error;

/// What is looked for among the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A line that the filter lets through.
    Hit,
    /// A line that is an error.
    Error,
    /// A marker of a deploy.
    Marker,
}

impl Store {
    fn rows_of(&self, chunk: &Chunk) -> usize {
        let rows = chunk.rows(self.context);
        rows.len(chunk.metas.len()) - self.hidden(chunk, rows)
    }

    /// How many of `rows`, which are of `chunk`, lie before the time from which on entries are shown.
    pub(super) fn hidden(&self, chunk: &Chunk, rows: &Rows) -> usize {
        match self.from_ms {
            Some(from) if chunk.last_ms() < from => rows.len(chunk.metas.len()),
            Some(from) if chunk.first_ms() < from => {
                rows.before(chunk.metas.partition_point(|meta| meta.timestamp_ms < from))
            }
            _ => 0,
        }
    }

    /// Shows only entries from this time on, epoch milliseconds; `None`: all.
    pub fn set_from(&mut self, from_ms: Option<i64>) {
        self.from_ms = from_ms;
    }

    /// From when on entries are shown, epoch milliseconds.
    pub fn from_ms(&self) -> Option<i64> {
        self.from_ms
    }

    /// How many entries there are from that time on.
    pub(super) fn len_in_range(&self) -> usize {
        self.len() - self.chunks.iter().map(|chunk| self.hidden(chunk, &Rows::All)).sum::<usize>()
    }

    /// How many entries are shown.
    pub fn shown_len(&self) -> usize {
        self.chunks.iter().map(|chunk| self.rows_of(chunk)).sum()
    }

    /// How many entries the filter lets through.
    pub fn hits(&self) -> usize {
        let hits = |chunk: &Chunk| chunk.hits.len(chunk.metas.len()) - self.hidden(chunk, &chunk.hits);
        self.chunks.iter().map(hits).sum()
    }

    /// The entry in row `index`.
    pub fn shown(&self, index: usize) -> Option<Entry<'_>> {
        let mut before = 0;
        for chunk in &self.chunks {
            let rows = self.rows_of(chunk);
            if index < before + rows {
                let of_chunk = chunk.rows(self.context);
                let entry = of_chunk.entry(index - before + self.hidden(chunk, of_chunk))?;
                return Some(chunk.metas[entry].entry(chunk.raw(entry), chunk.hits.has(entry)));
            }
            before += rows;
        }
        None
    }

    /// Whether lines are shown that the filter does not let through.
    pub fn context(&self) -> bool {
        self.context
    }

    /// Shows the lines around those that the filter lets through too, or no longer.
    pub fn set_context(&mut self, context: bool) {
        self.context = context;
    }

    /// The row of the entry that `anchor` is of, or where it would be.
    pub fn row_of(&self, anchor: Anchor) -> usize {
        let mut before = 0;
        let mut nearest = None;
        for chunk in &self.chunks {
            if chunk.first_ms() > anchor.timestamp_ms {
                break;
            }
            if chunk.last_ms() >= anchor.timestamp_ms {
                let start = chunk.metas.partition_point(|meta| meta.timestamp_ms < anchor.timestamp_ms);
                let same =
                    chunk.metas[start..].iter().take_while(|meta| meta.timestamp_ms == anchor.timestamp_ms);
                let rows = chunk.rows(self.context);
                let hidden = self.hidden(chunk, rows);
                if let Some(ahead) = same.into_iter().position(|meta| meta.anchor() == anchor) {
                    return before + rows.before(start + ahead).saturating_sub(hidden);
                }
                nearest.get_or_insert(before + rows.before(start).saturating_sub(hidden));
            }
            before += self.rows_of(chunk);
        }
        nearest.unwrap_or(before)
    }

    /// The row of the first wanted line behind row `from`, or the last one before it.
    pub fn find(&self, wanted: Wanted, from: usize, backwards: bool) -> Option<usize> {
        let mut found = None;
        let mut before = 0;
        for chunk in &self.chunks {
            let rows = self.rows_of(chunk);
            let all = before..before + rows;
            before += rows;
            let part =
                if backwards { all.start..all.end.min(from) } else { all.start.max(from + 1)..all.end };
            if part.is_empty() || !chunk.has(wanted) {
                continue;
            }
            let hidden = self.hidden(chunk, chunk.rows(self.context));
            let mut rows = part.filter(|row| {
                let entry = chunk.rows(self.context).entry(row - all.start + hidden);
                entry.is_some_and(|entry| chunk.is(wanted, entry))
            });
            if backwards {
                found = rows.next_back().or(found);
            } else if let Some(row) = rows.next() {
                return Some(row);
            }
        }
        found
    }
}

impl Chunk {
    fn has(&self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Hit => self.hits.len(self.metas.len()) > 0,
            Wanted::Error => self.errors > 0,
            Wanted::Marker => self.markers > 0,
        }
    }

    fn is(&self, wanted: Wanted, entry: usize) -> bool {
        match wanted {
            Wanted::Hit => self.metas[entry].is_line() && self.hits.has(entry),
            Wanted::Error => is_error(self.metas[entry].level),
            Wanted::Marker => self.metas[entry].is_marker(),
        }
    }
}
