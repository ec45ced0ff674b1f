//! The board: stage and prod side by side.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::app::Remote;
use crate::domain::{CheckKind, Metrics, Overview, Problem, Report, StageName};

/// How many runs of a kind of check are remembered.
pub const RUNS: usize = 20;

/// How a run of checks ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// None failed.
    pub green: bool,
    /// Some passed with a warning.
    pub warned: bool,
}

/// What is known of one stage.
#[derive(Debug)]
pub struct StageBoard {
    /// Function, gateway and environment.
    pub overview: Remote<Overview>,
    /// The last smoke run.
    pub smoke: Remote<Report>,
    /// The last CORS run.
    pub cors: Remote<Report>,
    /// The last look at the documentation.
    pub docs: Remote<Report>,
    /// The last look at what the gateway has.
    pub way: Remote<Report>,
    /// How the last runs ended, the oldest first; [`RUNS`] of each kind at most.
    pub runs: BTreeMap<CheckKind, VecDeque<Run>>,
    /// CloudWatch's figures.
    pub metrics: Remote<Metrics>,
}

impl StageBoard {
    fn new() -> StageBoard {
        StageBoard {
            overview: Remote::Absent,
            smoke: Remote::Absent,
            cors: Remote::Absent,
            docs: Remote::Absent,
            way: Remote::Absent,
            runs: BTreeMap::new(),
            metrics: Remote::Absent,
        }
    }

    /// The last run of one kind.
    pub fn report(&self, kind: CheckKind) -> &Remote<Report> {
        match kind {
            CheckKind::Smoke => &self.smoke,
            CheckKind::Cors => &self.cors,
            CheckKind::Docs => &self.docs,
            CheckKind::Gateway => &self.way,
        }
    }

    /// The place of the last run of one kind.
    pub fn report_mut(&mut self, kind: CheckKind) -> &mut Remote<Report> {
        match kind {
            CheckKind::Smoke => &mut self.smoke,
            CheckKind::Cors => &mut self.cors,
            CheckKind::Docs => &mut self.docs,
            CheckKind::Gateway => &mut self.way,
        }
    }

    /// Takes what a run of checks of these kinds found, and remembers how each ended.
    pub fn take_checks(&mut self, kinds: &[CheckKind], result: Result<Vec<Report>, Problem>, now: Timestamp) {
        match result {
            Ok(reports) => {
                for report in reports {
                    let runs = self.runs.entry(report.kind).or_default();
                    if runs.len() == RUNS {
                        runs.pop_front();
                    }
                    runs.push_back(Run { green: report.green(), warned: report.warned() > 0 });
                    self.report_mut(report.kind).settle(Ok(report), now);
                }
                // A stage that is gone has nothing but the gateway to look at.
                for kind in kinds {
                    let place = self.report_mut(*kind);
                    if place.is_loading() {
                        *place = Remote::Absent;
                    }
                }
            }
            Err(problem) => {
                for kind in kinds {
                    self.report_mut(*kind).settle(Err(problem.clone()), now);
                }
            }
        }
    }

    /// Whether a function is known to be there.
    pub fn has_function(&self) -> bool {
        self.overview.value().is_some_and(|overview| overview.function.is_some())
    }

    /// The URL at which the stage answers, once one is known.
    pub fn url(&self) -> Option<&str> {
        self.overview.value()?.gateway.as_ref().map(|gateway| gateway.url.as_str())
    }
}

/// Both columns.
#[derive(Debug)]
pub struct Board {
    stage: StageBoard,
    prod: StageBoard,
}

impl Board {
    /// Nothing is known yet.
    pub fn new() -> Board {
        Board { stage: StageBoard::new(), prod: StageBoard::new() }
    }

    /// Whether either stage has a function.
    pub fn has_function(&self) -> bool {
        self.stage.has_function() || self.prod.has_function()
    }

    /// One column.
    pub fn of(&self, stage: StageName) -> &StageBoard {
        match stage {
            StageName::Stage => &self.stage,
            StageName::Prod => &self.prod,
        }
    }

    /// One column, to change it.
    pub fn of_mut(&mut self, stage: StageName) -> &mut StageBoard {
        match stage {
            StageName::Stage => &mut self.stage,
            StageName::Prod => &mut self.prod,
        }
    }
}

impl Default for Board {
    fn default() -> Board {
        Board::new()
    }
}
