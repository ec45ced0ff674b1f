//! The board: stage and prod side by side.

use crate::app::Remote;
use crate::domain::{CheckKind, Metrics, Overview, Report, StageName};

/// What is known of one stage.
#[derive(Debug)]
pub struct StageBoard {
    /// Function, gateway and environment.
    pub overview: Remote<Overview>,
    /// The last smoke run.
    pub smoke: Remote<Report>,
    /// The last CORS run.
    pub cors: Remote<Report>,
    /// CloudWatch's figures.
    pub metrics: Remote<Metrics>,
}

impl StageBoard {
    fn new() -> StageBoard {
        StageBoard {
            overview: Remote::Absent,
            smoke: Remote::Absent,
            cors: Remote::Absent,
            metrics: Remote::Absent,
        }
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
