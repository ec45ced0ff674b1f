//! What is shown at one moment, to be written elsewhere while the store goes on: texts and entries are shared, not copied.

use std::sync::Arc;

use super::Store;
use super::chunk::Rows;
use super::entry::{Entry, Meta};

/// What is shown at one moment. It keeps its bytes alive, also those that the store has dropped since: at most the store's
/// budget.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    parts: Vec<Part>,
}

/// A part of it, at most some megabytes.
#[derive(Debug, Clone)]
pub struct Part {
    text: Arc<String>,
    metas: Arc<Vec<Meta>>,
    rows: Rows,
    hidden: usize,
}

impl Snapshot {
    /// Its parts, the oldest first.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl Part {
    /// What is shown of it, the oldest first.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let rows = self.hidden..self.rows.len(self.metas.len());
        rows.filter_map(|row| {
            let meta = self.metas.get(self.rows.entry(row)?)?;
            let raw = &self.text[meta.offset as usize..(meta.offset + meta.length) as usize];
            Some(meta.entry(raw, true))
        })
    }
}

impl Store {
    /// What is shown now. Costs four bytes for each line that a filter lets through, and nothing for the texts.
    pub fn snapshot(&self) -> Snapshot {
        let parts = self.chunks.iter().map(|chunk| {
            let rows = chunk.rows(self.context).clone();
            let hidden = self.hidden(chunk, &rows);
            Part { text: Arc::clone(&chunk.text), metas: Arc::clone(&chunk.metas), rows, hidden }
        });
        Snapshot { parts: parts.collect() }
    }
}
