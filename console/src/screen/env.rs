//! The environment: each stage's file against what is deployed, key by key, and what is wrong with the files.

use std::collections::BTreeSet;

use crate::app::{Motion, Remote};
use crate::domain::{EnvKeyState, EnvVars, StageName};
use crate::envfile::{self, EnvFiles, Finding};

use super::board::Board;
use super::checks::moved;

/// What the environment screen remembers. What is deployed it takes from the board.
#[derive(Debug)]
pub struct Env {
    /// The files, and what is wrong with them.
    pub files: Remote<EnvFiles>,
    /// How often the files were asked for by hand.
    pub asked: u64,
    /// Index of what is selected: the keys first, then the findings.
    pub selected: usize,
    /// Whether values are shown. Never once the screen is left.
    pub revealed: bool,
}

impl Default for Env {
    fn default() -> Env {
        Env { files: Remote::Absent, asked: 0, selected: 0, revealed: false }
    }
}

/// What a stage's function has, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deployed<'a> {
    /// Not read yet.
    Unknown,
    /// There is no function.
    Nothing,
    /// AWS could not decrypt it.
    Unreadable,
    /// This.
    Has(&'a EnvVars),
}

impl<'a> Deployed<'a> {
    /// As the board knows it.
    pub fn of(board: &'a Board, stage: StageName) -> Deployed<'a> {
        match board.of(stage).overview.value().map(|overview| &overview.function) {
            None => Deployed::Unknown,
            Some(None) => Deployed::Nothing,
            Some(Some(function)) => function.env.as_ref().map_or(Deployed::Unreadable, Deployed::Has),
        }
    }
}

/// One key of one stage. It has no `Debug`: it holds values.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    /// What the file says.
    pub file: Option<&'a str>,
    /// What is deployed.
    pub deployed: Option<&'a str>,
    /// How they stand; `None` where one of them is not known, and where neither has the key.
    pub state: Option<EnvKeyState>,
}

/// One key.
pub struct KeyRow<'a> {
    /// Its name.
    pub key: &'a str,
    cells: [Cell<'a>; 2],
}

impl<'a> KeyRow<'a> {
    /// How it stands in one stage.
    pub fn of(&self, stage: StageName) -> Cell<'a> {
        let [first, second] = self.cells;
        match stage {
            StageName::Stage => first,
            StageName::Prod => second,
        }
    }
}

/// What is selected.
pub enum Selected<'a> {
    /// A key.
    Key(KeyRow<'a>),
    /// A finding.
    Finding(&'a Finding),
}

/// What a deploy of a stage would make of its environment.
#[derive(Debug, PartialEq)]
pub enum Standing<'a> {
    /// Not read yet.
    Unknown,
    /// The file is refused.
    Refused,
    /// AWS could not decrypt what is deployed.
    Unreadable,
    /// There is no function: so many keys would be set.
    New(usize),
    /// So many keys, all in step.
    InStep(usize),
    /// Something would change.
    Differs {
        /// Keys that would be deleted.
        deletes: Vec<&'a str>,
        /// Keys that would have another value.
        changes: Vec<&'a str>,
        /// Keys that would be added.
        adds: Vec<&'a str>,
    },
}

impl Env {
    /// All keys of both stages, sorted.
    pub fn rows<'a>(&'a self, board: &'a Board) -> Vec<KeyRow<'a>> {
        let Some(files) = self.files.value() else { return Vec::new() };
        let sides =
            StageName::ALL.map(|stage| (files.of(stage).env.as_ref().ok(), Deployed::of(board, stage)));
        let deployed = |deployed: Deployed<'a>| match deployed {
            Deployed::Has(env) => Some(env),
            _ => None,
        };
        let all = sides.iter().flat_map(|(file, there)| [*file, deployed(*there)]).flatten();
        let keys: BTreeSet<&str> = all.flat_map(|env| env.0.keys()).map(String::as_str).collect();
        let cell = |key: &str, (file, there): (Option<&'a EnvVars>, Deployed<'a>)| {
            let value = |env: Option<&'a EnvVars>| env.and_then(|env| env.0.get(key)).map(String::as_str);
            let (in_file, in_function) = (value(file), value(deployed(there)));
            let known = file.is_some() && matches!(there, Deployed::Nothing | Deployed::Has(_));
            let state = if known { envfile::state(in_file, in_function) } else { None };
            Cell { file: in_file, deployed: in_function, state }
        };
        keys.into_iter().map(|key| KeyRow { key, cells: sides.map(|side| cell(key, side)) }).collect()
    }

    /// What a deploy of `stage` would make of its environment.
    pub fn standing<'a>(&'a self, board: &'a Board, stage: StageName) -> Standing<'a> {
        let Some(files) = self.files.value() else { return Standing::Unknown };
        let Ok(file) = &files.of(stage).env else { return Standing::Refused };
        match Deployed::of(board, stage) {
            Deployed::Unknown => return Standing::Unknown,
            Deployed::Unreadable => return Standing::Unreadable,
            Deployed::Nothing => return Standing::New(file.0.len()),
            Deployed::Has(env) if env == file => return Standing::InStep(file.0.len()),
            Deployed::Has(_) => {}
        }
        let (mut deletes, mut changes, mut adds) = (Vec::new(), Vec::new(), Vec::new());
        for row in self.rows(board) {
            match row.of(stage).state {
                Some(EnvKeyState::OnlyDeployed) => deletes.push(row.key),
                Some(EnvKeyState::Changed) => changes.push(row.key),
                Some(EnvKeyState::OnlyInFile) => adds.push(row.key),
                Some(EnvKeyState::InStep) | None => {}
            }
        }
        Standing::Differs { deletes, changes, adds }
    }

    /// What is wrong with the files.
    pub fn findings(&self) -> &[Finding] {
        self.files.value().map_or(&[], |files| &files.findings)
    }

    /// Moves the selection over the keys and on over the findings.
    pub fn step(&mut self, board: &Board, motion: Motion, page: usize) {
        let count = self.rows(board).len() + self.findings().len();
        self.selected = moved(self.selected, motion, count, page);
    }

    /// What is selected; the last where there were more before.
    pub fn selected<'a>(&'a self, board: &'a Board) -> Option<Selected<'a>> {
        let mut rows = self.rows(board);
        let findings = self.findings();
        let index = self.selected.min((rows.len() + findings.len()).saturating_sub(1));
        if index < rows.len() {
            return Some(Selected::Key(rows.swap_remove(index)));
        }
        findings.get(index - rows.len()).map(Selected::Finding)
    }
}
