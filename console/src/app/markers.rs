//! Deploy markers: who is asked, and when anew.

use super::{App, Feed};
use crate::domain::{Overview, StageName};

impl App {
    /// Wanted once the board has answered, well or not: what it shows first is no change.
    pub(super) fn marker_feed(&self) -> Option<Feed> {
        let answered = |stage: &StageName| {
            let overview = &self.board.of(*stage).overview;
            overview.value().is_some() || overview.problem().is_some()
        };
        StageName::ALL.iter().all(answered).then_some(Feed::Markers(self.changes_seen))
    }

    /// When the board shows that something was changed, who tells of changes is asked at once rather than in a minute.
    pub(super) fn notice_change(&mut self, stage: StageName, new: &Overview) {
        let Some(old) = self.board.of(stage).overview.value() else { return };
        let state = |overview: &Overview| {
            let function = overview.function.as_ref();
            let gateway = overview.gateway.as_ref();
            (
                function.map(|function| (function.stamp.clone(), function.last_modified)),
                gateway.map(|gateway| gateway.deployment_id.clone()),
            )
        };
        if state(old) != state(new) {
            self.changes_seen += 1;
        }
    }
}
