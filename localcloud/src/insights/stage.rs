//! What a command does with the records that come to it, one by one, and with those that it kept.

use std::collections::HashSet;
use std::sync::Arc;

use super::evaluate::{evaluate, parse};
use super::record::Record;
use super::run::{MOST_KEPT, TooMuch};
use super::stats::Table;
use super::syntax::{Command, Expression, Named, Parse, SortKey};
use super::value::Value;

#[derive(Debug)]
pub(super) enum Stage {
    Compute(Vec<Named>),
    Filter(Expression),
    Parse(Parse),
    /// How many more are let through.
    Limit(usize),
    Dedup {
        fields: Vec<String>,
        seen: HashSet<Vec<Arc<str>>>,
    },
    Stats(Table),
    Sort {
        keys: Vec<SortKey>,
        rows: Vec<(Vec<Value>, Record)>,
        wanted: usize,
    },
}

impl Stage {
    /// At most `wanted` of what `sort` gives will be looked at.
    pub(super) fn new(command: Command, wanted: usize) -> Stage {
        match command {
            Command::Compute(fields) => Stage::Compute(fields),
            Command::Filter(expression) => Stage::Filter(expression),
            Command::Parse(parse) => Stage::Parse(parse),
            Command::Limit(rows) => Stage::Limit(rows),
            Command::Dedup(fields) => Stage::Dedup { fields, seen: HashSet::new() },
            Command::Stats(stats) => Stage::Stats(Table::new(stats)),
            Command::Sort(keys) => Stage::Sort { keys, rows: Vec::new(), wanted },
        }
    }

    /// Whether it only looks at records, and neither ends nor keeps them for something else.
    pub(super) fn only_selects(&self) -> bool {
        matches!(self, Stage::Compute(_) | Stage::Filter(_) | Stage::Parse(_))
    }

    /// Whether it holds everything back until there is no more.
    pub(super) fn holds_back(&self) -> bool {
        matches!(self, Stage::Stats(_) | Stage::Sort { .. })
    }

    /// The record as it goes on, if it does.
    pub(super) fn take(&mut self, mut record: Record) -> Result<Option<Record>, TooMuch> {
        match self {
            Stage::Compute(fields) => {
                for Named { name, expression } in fields.iter() {
                    let value = evaluate(expression, &record, &[]);
                    record.set(name, value);
                }
            }
            Stage::Filter(expression) => {
                if !evaluate(expression, &record, &[]).holds() {
                    return Ok(None);
                }
            }
            Stage::Parse(pattern) => parse(pattern, &mut record),
            Stage::Limit(0) => return Ok(None),
            Stage::Limit(rest) => *rest -= 1,
            Stage::Dedup { fields, seen } => {
                // What lacks a field is like nothing else (AWS documentation of dedup).
                let key: Option<Vec<Arc<str>>> =
                    fields.iter().map(|field| record.field(field).told()).collect();
                if key.is_some_and(|key| !seen.insert(key)) {
                    return Ok(None);
                }
                if seen.len() > MOST_KEPT {
                    return Err(TooMuch);
                }
            }
            Stage::Stats(table) => {
                table.add(&record)?;
                return Ok(None);
            }
            Stage::Sort { keys, rows, wanted } => {
                let values = keys.iter().map(|key| evaluate(&key.expression, &record, &[])).collect();
                record.slim();
                rows.push((values, record));
                if *wanted <= MOST_KEPT / 2 && rows.len() >= wanted.saturating_mul(2).max(1024) {
                    sort(keys, rows);
                    rows.truncate(*wanted);
                }
                return if rows.len() > MOST_KEPT { Err(TooMuch) } else { Ok(None) };
            }
        }
        Ok(Some(record))
    }

    /// What it kept, for the next stage.
    pub(super) fn kept(self) -> Vec<Record> {
        match self {
            Stage::Stats(table) => table.rows(),
            Stage::Sort { keys, mut rows, .. } => {
                sort(&keys, &mut rows);
                rows.into_iter().map(|(_, record)| record).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Those that are alike stay in the order in which they came.
fn sort(keys: &[SortKey], rows: &mut [(Vec<Value>, Record)]) {
    rows.sort_by(|(one, _), (two, _)| {
        let orders = keys.iter().zip(one.iter().zip(two)).map(|(key, (one, two))| {
            let order = one.order(two);
            if key.descending { order.reverse() } else { order }
        });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
}
