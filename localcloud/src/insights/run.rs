//! A query at work: events in, newest first; rows out.

use std::sync::Arc;

use super::parser::MOST_ROWS;
use super::record::{Record, Source, pointer};
use super::stage::Stage;
use super::syntax::{Command, Query};

/// How many rows, groups or values a command may remember. What goes beyond ends the query: it has failed.
pub(super) const MOST_KEPT: usize = 1_000_000;
/// How many bytes of names and values the rows of a result may have.
pub(crate) const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How many rows there are when nobody says how many (StartQuery, AWS documentation).
const USUAL_ROWS: usize = 10_000;

/// A query asks for more than is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// The fields of a row and their values; those that the record has not are left out.
pub(crate) type Row = Vec<(Arc<str>, Arc<str>)>;

/// A query at work.
#[derive(Debug)]
pub(crate) struct Run {
    stages: Vec<Stage>,
    columns: Vec<Arc<str>>,
    rows: Vec<Row>,
    most: usize,
    bytes: usize,
    /// Before this stage a record has matched.
    matching: usize,
    matched: u64,
}

impl Run {
    /// At most `limit` rows, unless the query itself says how many.
    pub(crate) fn new(query: Query, limit: Option<usize>) -> Run {
        let limited = query.commands.iter().any(|command| matches!(command, Command::Limit(_)));
        let most = if limited { MOST_ROWS } else { limit.unwrap_or(USUAL_ROWS).min(MOST_ROWS) };
        // Of what `sort` gives only so many are looked at, if nothing behind it drops any.
        let mut wanted = most;
        let mut stages: Vec<Stage> = Vec::with_capacity(query.commands.len());
        for command in query.commands.into_iter().rev() {
            let next = match &command {
                Command::Limit(rows) => *rows,
                Command::Compute(_) | Command::Parse(_) => wanted,
                Command::Filter(_) | Command::Stats(_) | Command::Sort(_) | Command::Dedup(_) => usize::MAX,
            };
            stages.push(Stage::new(command, wanted));
            wanted = next;
        }
        stages.reverse();
        let matching = stages.iter().position(|stage| !stage.only_selects()).unwrap_or(stages.len());
        let columns = query.columns.into_iter().map(Arc::from).collect();
        Run { stages, columns, rows: Vec::new(), most, bytes: 0, matching, matched: 0 }
    }

    /// One event more.
    pub(crate) fn take(&mut self, event: Source) -> Result<(), TooMuch> {
        self.pass(0, Record::of(event))
    }

    /// How many events the filters let through.
    pub(crate) fn matched(&self) -> u64 {
        self.matched
    }

    /// The rows that are certain before the end is reached: none where something must be sorted or counted first.
    pub(crate) fn rows_so_far(&self) -> &[Row] {
        &self.rows
    }

    /// The rows, once there are no more events.
    pub(crate) fn finish(mut self) -> Result<Vec<Row>, TooMuch> {
        while let Some(place) = self.stages.iter().position(Stage::holds_back) {
            // What is before it has done its work.
            let behind = self.stages.split_off(place + 1);
            let holding = std::mem::replace(&mut self.stages, behind).pop();
            self.matching = usize::MAX;
            for record in holding.map(Stage::kept).unwrap_or_default() {
                self.pass(0, record)?;
            }
        }
        Ok(self.rows)
    }

    fn pass(&mut self, from: usize, mut record: Record) -> Result<(), TooMuch> {
        for (place, stage) in self.stages.iter_mut().enumerate().skip(from) {
            if place == self.matching {
                self.matched += 1;
            }
            match stage.take(record)? {
                Some(next) => record = next,
                None => return Ok(()),
            }
        }
        if self.matching == self.stages.len() {
            self.matched += 1;
        }
        if self.rows.len() < self.most {
            let row = self.row(&record);
            self.bytes += row.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
            if self.bytes > MOST_BYTES {
                return Err(TooMuch);
            }
            self.rows.push(row);
        }
        Ok(())
    }

    fn row(&self, record: &Record) -> Row {
        let mut row: Row = self
            .columns
            .iter()
            .filter_map(|name| Some((Arc::clone(name), record.field(name).told()?)))
            .collect();
        if let Some(event) = &record.event {
            row.push(("@ptr".into(), pointer(event).into()));
        }
        row
    }
}

#[cfg(test)]
mod tests;
