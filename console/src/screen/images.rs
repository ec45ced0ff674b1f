//! What the repository holds, and which stage is to be rolled back to it.

use crate::app::{Motion, Remote};
use crate::domain::{ImageRow, Intent, Parts, StageName, Target};

use super::checks::moved;

/// What the images screen remembers.
#[derive(Debug)]
pub struct Images {
    /// The images, newest first.
    pub rows: Remote<Vec<ImageRow>>,
    /// Index of the selected one.
    pub selected: usize,
    /// The stage that would be rolled back.
    pub stage: StageName,
}

impl Default for Images {
    fn default() -> Images {
        Images { rows: Remote::Absent, selected: 0, stage: StageName::Stage }
    }
}

impl Images {
    /// Moves the selection.
    pub fn step(&mut self, motion: Motion, page: usize) {
        let count = self.rows.value().map_or(0, Vec::len);
        self.selected = moved(self.selected, motion, count, page);
    }

    /// The selected image.
    pub fn selected(&self) -> Option<&ImageRow> {
        let rows = self.rows.value()?;
        rows.get(self.selected.min(rows.len().saturating_sub(1)))
    }

    /// To roll the stage back to the selected image: with the environment that ran with it, where that is known.
    pub fn roll_back(&self) -> Option<Intent> {
        let row = self.selected()?;
        let (to, parts) = match row.version_of(self.stage) {
            Some(number) => (Target::Version(number), Parts::Both),
            None => (Target::Image(row.image.digest.0.clone()), Parts::Image),
        };
        Some(Intent::RollBack { stage: self.stage, to, parts })
    }
}
