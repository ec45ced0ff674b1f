//! What the world answered to a read, put where it is shown.

use jiff::Timestamp;

use super::{Answer, App, Query};
use crate::screen::deploy::Phase;

impl App {
    pub(super) fn answered(&mut self, query: Query, answer: Answer, now: Timestamp) {
        match (query, answer) {
            (Query::Overview(stage), Answer::Overview(result)) => self.overview(stage, *result, now),
            (Query::Metrics, Answer::Metrics(result)) => self.metrics(*result, now),
            (Query::Images, Answer::Images(result)) => self.images.rows.settle(result, now),
            (Query::Gateway, Answer::Gateway(result)) => self.gateway.view.settle(result, now),
            (Query::Plan(intent), Answer::Planned(result)) => {
                if let Some(deploy) = self.deploy.as_mut().filter(|deploy| deploy.intent == intent)
                    && let Phase::Confirm { plan, .. } = &mut deploy.phase
                {
                    plan.settle(*result, now);
                }
            }
            (Query::Checks { kinds, stage, .. }, Answer::Checked(result)) => {
                self.board.of_mut(stage).take_checks(&kinds, result, now);
            }
            _ => {}
        }
    }
}
