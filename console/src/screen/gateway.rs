//! The API's stages, and the deployments that they can answer with.

use crate::app::{Motion, Remote};
use crate::domain::{Deployment, GatewayView, Intent, StageName};

use super::checks::moved;

/// What the gateway screen remembers.
#[derive(Debug)]
pub struct Gateway {
    /// Stages and deployments.
    pub view: Remote<GatewayView>,
    /// Index of the selected deployment.
    pub selected: usize,
    /// The stage that would be rolled back.
    pub stage: StageName,
}

impl Default for Gateway {
    fn default() -> Gateway {
        Gateway { view: Remote::Absent, selected: 0, stage: StageName::Stage }
    }
}

impl Gateway {
    /// Moves the selection.
    pub fn step(&mut self, motion: Motion, page: usize) {
        let count = self.view.value().map_or(0, |view| view.deployments.len());
        self.selected = moved(self.selected, motion, count, page);
    }

    /// The selected deployment.
    pub fn selected(&self) -> Option<&Deployment> {
        let all = &self.view.value()?.deployments;
        all.get(self.selected.min(all.len().saturating_sub(1)))
    }

    /// To let the stage answer with the selected deployment.
    pub fn roll_back(&self) -> Option<Intent> {
        let deployment = self.selected()?;
        Some(Intent::RollBackGateway { stage: self.stage, deployment: Some(deployment.id.clone()) })
    }
}
