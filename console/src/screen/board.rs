//! The board: stage and prod side by side.

use crate::app::Remote;
use crate::domain::{CheckKind, Overview, Report, StageName};

/// What is known of one stage.
#[derive(Debug)]
pub struct StageBoard {
    /// Function, gateway and environment.
    pub overview: Remote<Overview>,
    /// The last smoke run.
    pub smoke: Remote<Report>,
    /// The last CORS run.
    pub cors: Remote<Report>,
}

impl StageBoard {
    fn new() -> StageBoard {
        StageBoard { overview: Remote::Absent, smoke: Remote::Absent, cors: Remote::Absent }
    }

    /// The last run of one kind.
    pub fn report(&self, kind: CheckKind) -> &Remote<Report> {
        match kind {
            CheckKind::Smoke => &self.smoke,
            CheckKind::Cors => &self.cors,
        }
    }

    /// The place of the last run of one kind.
    pub fn report_mut(&mut self, kind: CheckKind) -> &mut Remote<Report> {
        match kind {
            CheckKind::Smoke => &mut self.smoke,
            CheckKind::Cors => &mut self.cors,
        }
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
