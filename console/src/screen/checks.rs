//! The checks in detail: one row a check, a row of cells where a check is made for several origins; the selected one explained.

use crate::app::Motion;
use crate::domain::{Check, CheckKind, StageName};

use super::board::Board;

/// What the checks screen remembers.
#[derive(Debug, Default)]
pub struct Checks {
    /// Index of the selected row.
    pub selected: usize,
    /// Index of the selected cell of a row that has several.
    pub cell: usize,
    /// The one stage that is shown and asked; `None`: both.
    pub stage: Option<StageName>,
    /// Whether the whole answer is shown in the place of the list, and its first line that is seen.
    pub answer: Option<usize>,
}

/// A row of the screen: one check, or the same request for several origins.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// Whose check it is.
    pub stage: StageName,
    /// The cells, one for each origin; at least one.
    pub cells: Vec<&'a Check>,
}

impl<'a> Row<'a> {
    /// The cell at this index, or the last one.
    pub fn cell(&self, index: usize) -> Option<&'a Check> {
        self.cells.get(index.min(self.cells.len().saturating_sub(1))).copied()
    }
}

/// All rows of one stage or of both: stage before prod, what the gateway has first.
pub fn rows(board: &Board, only: Option<StageName>) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for stage in StageName::ALL.into_iter().filter(|stage| only.is_none_or(|only| only == *stage)) {
        for kind in CheckKind::ALL {
            let Some(report) = board.of(stage).report(kind).value() else { continue };
            for check in &report.checks {
                let beside = rows.last_mut().filter(|row| {
                    let first = row.cells[0];
                    row.stage == stage
                        && first.kind == check.kind
                        && first.name == check.name
                        && check.origin.is_some()
                        && row.cells.iter().all(|cell| cell.origin != check.origin)
                });
                match beside {
                    Some(row) => row.cells.push(check),
                    None => rows.push(Row { stage, cells: vec![check] }),
                }
            }
        }
    }
    rows
}

impl Checks {
    /// Moves the selection, or the answer that is shown.
    pub fn step(&mut self, motion: Motion, board: &Board, page: usize) {
        match self.answer {
            Some(top) => {
                let lines = self.answer_lines(board).len();
                self.answer = Some(moved(top, motion, lines.saturating_sub(page).saturating_add(1), page));
            }
            None => self.selected = moved(self.selected, motion, rows(board, self.stage).len(), page),
        }
    }

    /// Selects the cell beside the selected one.
    pub fn side(&mut self, right: bool, board: &Board) {
        let rows = rows(board, self.stage);
        let last = rows.get(self.selected).map_or(0, |row| row.cells.len().saturating_sub(1));
        let cell = self.cell.min(last);
        self.cell = if right { (cell + 1).min(last) } else { cell.saturating_sub(1) };
    }

    /// Both stages, stage, prod, both …
    pub fn cycle_stages(&mut self) {
        self.stage = match self.stage {
            None => Some(StageName::Stage),
            Some(StageName::Stage) => Some(StageName::Prod),
            Some(StageName::Prod) => None,
        };
        (self.selected, self.cell, self.answer) = (0, 0, None);
    }

    /// Shows the whole answer of the selected check, or the list again.
    pub fn toggle_answer(&mut self) {
        self.answer = if self.answer.is_some() { None } else { Some(0) };
    }

    /// Selects the first check that fails, if one does.
    pub fn select_failing(&mut self, board: &Board) {
        (self.stage, self.answer) = (None, None);
        let failing = |check: &&Check| check.verdict.is_failed();
        let rows = rows(board, None);
        let found = rows
            .iter()
            .enumerate()
            .find_map(|(index, row)| Some((index, row.cells.iter().position(failing)?)));
        if let Some((row, cell)) = found {
            (self.selected, self.cell) = (row, cell);
        }
    }

    /// The selected check, and whose it is.
    pub fn selected<'a>(&self, board: &'a Board) -> Option<(StageName, &'a Check)> {
        let rows = rows(board, self.stage);
        let row = rows.get(self.selected)?;
        Some((row.stage, row.cell(self.cell)?))
    }

    /// What was sent and what came, line by line.
    pub fn answer_lines(&self, board: &Board) -> Vec<String> {
        let Some((_, check)) = self.selected(board) else { return Vec::new() };
        let mut lines = Vec::new();
        if let Some(request) = &check.request {
            lines.push(format!("> {} {}", request.method, request.url));
            lines.extend(request.headers.iter().map(|(name, value)| format!("> {name}: {value}")));
            lines.push(String::new());
        }
        match &check.answer {
            None => lines.push(check.got.clone()),
            Some(answer) => {
                lines.push(format!("< {}", answer.status));
                lines.extend(answer.headers.iter().map(|(name, value)| format!("< {name}: {value}")));
                lines.push(String::new());
                lines.extend(answer.body.lines().map(str::to_owned));
            }
        }
        lines
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
