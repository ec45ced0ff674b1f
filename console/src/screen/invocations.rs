//! The invocations: a table that fills live, sorted and filtered, and the figures of each stage.

mod rows;

use crate::app::Motion;
use crate::domain::{LogLine, StageName};
use crate::logs::invocations::{self, Invocation, Summary, Table, Turn, Window};
use crate::logs::query::{Mistake, Query};

use super::checks::moved;

use rows::Rows;
pub use rows::Sort;

/// What the invocations screen remembers.
#[derive(Debug)]
pub struct Invocations {
    /// The invocations.
    pub table: Table,
    rows: Rows,
    windows: [Window; 2],
    /// Stage and request id of the selected one; `None`: whichever is on top.
    selected: Option<(StageName, String)>,
    /// Rows in sight above the selected one.
    above: usize,
    /// The row in which the selected one was last.
    row: usize,
    /// The query that is in force, as it was written.
    pub query: String,
    /// The query while it is being typed.
    pub input: Option<String>,
    /// What is wrong with what is being typed; then the query before it is in force.
    pub mistake: Option<Mistake>,
}

impl Invocations {
    /// Keeps at most so many invocations and about so many bytes.
    pub fn bounded(most: usize, budget: usize) -> Invocations {
        Invocations {
            table: Table::bounded(most, budget),
            rows: Rows::default(),
            windows: Default::default(),
            selected: None,
            above: 0,
            row: 0,
            query: String::new(),
            input: None,
            mistake: None,
        }
    }

    /// Takes lines in.
    pub fn take(&mut self, lines: &[LogLine]) {
        let Invocations { table, rows, windows, .. } = self;
        let mut tell = |turn: Turn, one: Invocation<'_>| {
            let counted = one.at_ms() >= rows.since_ms;
            let window = &mut windows[one.stage() as usize];
            if turn == Turn::After {
                rows.add(&one);
                if counted {
                    window.add(&one);
                }
            } else {
                rows.remove(&one);
                if counted {
                    window.remove(&one);
                }
            }
        };
        lines.iter().for_each(|line| table.take(line, &mut tell));
    }

    /// Shows and counts only what began at this time (epoch milliseconds) or later. Costs what comes or goes by it.
    pub fn set_since(&mut self, since_ms: i64) {
        let old = std::mem::replace(&mut self.rows.since_ms, since_ms);
        for one in self.table.between(old, since_ms) {
            self.rows.remove(&one);
            self.windows[one.stage() as usize].remove(&one);
        }
        for one in self.table.between(since_ms, old) {
            self.rows.add(&one);
            self.windows[one.stage() as usize].add(&one);
        }
    }

    /// From when on is shown and counted, epoch milliseconds: what was asked for, or the oldest that is kept.
    pub fn since_ms(&self) -> Option<i64> {
        self.table.oldest_ms().map(|oldest| oldest.max(self.rows.since_ms))
    }

    /// The figures of a stage.
    pub fn summary(&self, stage: StageName) -> Summary {
        self.windows[stage as usize].summary()
    }

    /// How many are shown.
    pub fn shown_len(&self) -> usize {
        self.rows.len()
    }

    /// The invocation in a row, counted from the top.
    pub fn shown(&self, row: usize) -> Option<Invocation<'_>> {
        self.table.get(self.rows.slot(row)?)
    }

    /// The one stage that is shown; `None` for both.
    pub fn stage(&self) -> Option<StageName> {
        self.rows.stage
    }

    /// By what the rows are sorted, and whether the smallest comes first.
    pub fn order(&self) -> (Sort, bool) {
        (self.rows.sort, self.rows.reversed)
    }

    /// Whether the row on top is the selected one, whichever it is.
    pub fn follows(&self) -> bool {
        self.selected.is_none()
    }

    /// The row of the selected one; where it was, if it is shown no longer.
    pub fn selected_row(&self) -> usize {
        let last = self.rows.len().saturating_sub(1);
        let Some((stage, id)) = &self.selected else { return 0 };
        let row = self.table.by_id(*stage, id).and_then(|one| self.rows.row(&one));
        row.unwrap_or(self.row).min(last)
    }

    /// The first row in sight when `page` rows are seen.
    pub fn offset(&self, page: usize) -> usize {
        let row = self.selected_row();
        let above = self.above.min(page.saturating_sub(1));
        row.saturating_sub(above).min(self.rows.len().saturating_sub(page))
    }

    /// The selected invocation.
    pub fn selected(&self) -> Option<Invocation<'_>> {
        self.shown(self.selected_row())
    }

    /// Moves the selection. It stays with its invocation whatever comes; the first row is whatever is on top.
    pub fn step(&mut self, motion: Motion, page: usize) {
        if motion == Motion::Top {
            return self.follow();
        }
        let first = self.offset(page);
        let row = moved(self.selected_row(), motion, self.rows.len(), page);
        let first = first.clamp((row + 1).saturating_sub(page.max(1)), row);
        self.select(row, row - first);
    }

    /// Stays with the selected one, or with what is on top again.
    pub fn toggle_follow(&mut self) {
        if self.follows() { self.select(0, 0) } else { self.follow() }
    }

    fn follow(&mut self) {
        (self.selected, self.above, self.row) = (None, 0, 0);
    }

    fn select(&mut self, row: usize, above: usize) {
        let found = self.shown(row).map(|one| (one.stage(), one.request_id().to_owned()));
        (self.selected, self.above, self.row) = (found, above, row);
    }

    /// Sorts by the next thing in turn.
    pub fn sort(&mut self) {
        self.rows.sort = self.rows.sort.next();
        self.restart();
    }

    /// Turns the order round.
    pub fn reverse(&mut self) {
        self.rows.reversed = !self.rows.reversed;
        self.follow();
    }

    /// Shows both stages, stage, prod, both …
    pub fn cycle_stages(&mut self) {
        self.rows.stage = match self.rows.stage {
            None => Some(StageName::Stage),
            Some(StageName::Stage) => Some(StageName::Prod),
            Some(StageName::Prod) => None,
        };
        self.restart();
    }

    /// Shows what `query` lets through. One that cannot be read leaves the one before it in force.
    pub fn ask(&mut self, query: &str) {
        match invocations::ask(query) {
            Ok(parsed) => {
                self.mistake = None;
                self.query = query.trim().to_owned();
                if parsed != self.rows.query {
                    self.rows.query = parsed;
                    self.restart();
                }
            }
            Err(mistake) => self.mistake = Some(mistake),
        }
    }

    /// Ends the typing of a query and shows everything. `false`: nothing was typed, and nothing is hidden.
    pub fn clear(&mut self) -> bool {
        let any = self.input.take().is_some() || !self.rows.query.is_empty() || self.rows.stage.is_some();
        if any {
            (self.mistake, self.rows.query, self.rows.stage) = (None, Query::default(), None);
            self.query.clear();
            self.restart();
        }
        any
    }

    fn restart(&mut self) {
        self.rows.restart(&self.table);
        self.follow();
    }

    /// Asks the query of some more. `false`: there are none left.
    pub fn work(&mut self) -> bool {
        self.rows.work(&self.table)
    }

    /// Whether the query is yet to be asked of some.
    pub fn is_pending(&self) -> bool {
        self.rows.is_pending()
    }
}
