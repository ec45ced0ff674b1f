//! The checks in detail: one row a check, the selected one explained.

use crate::app::Motion;
use crate::domain::{Check, CheckKind, StageName, Verdict};

use super::board::Board;

/// What the checks screen remembers.
#[derive(Debug, Default)]
pub struct Checks {
    /// Index of the selected row.
    pub selected: usize,
}

/// A row of the screen.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Whose check it is.
    pub stage: StageName,
    /// The check.
    pub check: &'a Check,
}

/// All rows: stage before prod, smoke before CORS.
pub fn rows(board: &Board) -> Vec<Row<'_>> {
    StageName::ALL
        .into_iter()
        .flat_map(|stage| [(stage, CheckKind::Smoke), (stage, CheckKind::Cors)])
        .filter_map(|(stage, kind)| Some((stage, board.of(stage).report(kind).value()?)))
        .flat_map(|(stage, report)| report.checks.iter().map(move |check| Row { stage, check }))
        .collect()
}

impl Checks {
    /// Moves the selection within `count` rows.
    pub fn step(&mut self, motion: Motion, count: usize, page: usize) {
        self.selected = moved(self.selected, motion, count, page);
    }

    /// Selects the first check that fails, if one does.
    pub fn select_failing(&mut self, board: &Board) {
        let failing = |row: &Row<'_>| matches!(row.check.verdict, Verdict::Failed { .. });
        if let Some(index) = rows(board).iter().position(failing) {
            self.selected = index;
        }
    }

    /// The selected row.
    pub fn selected<'a>(&self, board: &'a Board) -> Option<Row<'a>> {
        rows(board).get(self.selected).copied()
    }
}

/// Where a selection goes within `count` rows of which `page` are seen.
pub fn moved(selected: usize, motion: Motion, count: usize, page: usize) -> usize {
    let last = count.saturating_sub(1);
    match motion {
        Motion::Up => selected.saturating_sub(1),
        Motion::Down => selected + 1,
        Motion::PageUp => selected.saturating_sub(page),
        Motion::PageDown => selected + page,
        Motion::Top => 0,
        Motion::Bottom => last,
    }
    .min(last)
}
