//! Changes: plan, confirm, run, stop, and what may be half done.

use jiff::Timestamp;

use super::{App, Command, Effect, Notice, Query, ScreenName, Ticket, short_identity};
use crate::deploy::Deployed;
use crate::domain::{Overview, Problem, StageName, StepId, plain};
use crate::screen::deploy::{Deploy, Focus, Phase};

impl App {
    /// What the last deploy wrote into the function's tags becomes a marker, so that deploys by others show too.
    pub(super) fn mark_deploy(&mut self, stage: StageName, overview: &Overview) {
        let Some(stamp) = overview.function.as_ref().map(|function| &function.stamp) else { return };
        let (Some(at), Some(tag)) = (stamp.deployed_at, &stamp.image_tag) else { return };
        let who = stamp.deployed_by.as_deref().map(short_identity).unwrap_or("somebody");
        self.logs.mark(stage, at, plain(&format!("{stage} deployed {tag} by {who}")));
    }

    pub(super) fn interrupt(&mut self, now: Timestamp) -> Vec<Effect> {
        if let Some(deploy) = &mut self.deploy
            && let Phase::Running { stopping, .. } = &mut deploy.phase
        {
            if *stopping {
                return vec![Effect::Quit { code: 130, farewell: self.half_done() }];
            }
            *stopping = true;
            let step = deploy.current().map_or("the step in hand", StepId::title);
            let text =
                format!("stopping at {step}: nothing after it is started; Ctrl-C again leaves at once");
            self.notice = Some(Notice::warn(text, now));
            return vec![Effect::StopChange];
        }
        if self.interrupted {
            return vec![Effect::Quit { code: 130, farewell: String::new() }];
        }
        self.interrupted = true;
        self.notice = Some(Notice::tell("Ctrl-C again quits", now));
        vec![]
    }

    /// What may be half done when the console is left now.
    pub(super) fn half_done(&self) -> String {
        let Some(deploy) = self.deploy.as_ref().filter(|deploy| deploy.is_running()) else {
            return String::new();
        };
        let step = deploy.current().map_or("a step", StepId::title);
        format!(
            "callboard: the deploy of {} was left during `{step}`, which may be half done; nothing after it was started. \
             `callboard deploy {}` picks up from whatever is there.",
            deploy.stage, deploy.stage
        )
    }

    pub(super) fn plan_deploy(&mut self, stage: StageName, now: Timestamp) -> Vec<Effect> {
        if let Some(deploy) = self.deploy.as_ref().filter(|deploy| deploy.is_running()) {
            let text = format!("a deploy of {} is running: one change at a time", deploy.stage);
            self.notice = Some(Notice::warn(text, now));
            self.open(ScreenName::Deploy);
            return vec![];
        }
        if self.facts.read_only[stage as usize] {
            self.notice =
                Some(Notice::warn(format!("read-only: this console changes nothing on {stage}"), now));
            return vec![];
        }
        if self.connection.value().is_none() {
            self.notice = Some(Notice::warn("not connected yet: there is nothing to deploy to", now));
            return vec![];
        }
        self.deploy = Some(Deploy::new(stage));
        self.open(ScreenName::Deploy);
        vec![self.read(Query::Plan(stage))]
    }

    pub(super) fn next_focus(&mut self) {
        if let Some(Deploy { phase: Phase::Confirm { focus, .. }, .. }) = &mut self.deploy {
            *focus = match focus {
                Focus::Cancel => Focus::Deploy,
                Focus::Deploy => Focus::Cancel,
            };
        }
    }

    /// Enter in an open input or dialog.
    pub(super) fn submit(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.logs.input.take().is_some() {
            return vec![];
        }
        let Some(deploy) = &self.deploy else { return vec![] };
        if let Some(plan) = deploy.confirmed().cloned() {
            let ticket = self.new_ticket();
            if let Some(deploy) = &mut self.deploy {
                deploy.phase = Phase::Running { ticket, stopping: false };
                deploy.scroll = 0;
            }
            return vec![Effect::Change(ticket, Command::Deploy(Box::new(plan)))];
        }
        if deploy.is_typing() {
            let text = format!("type {} to deploy it, or Esc to leave it as it is", deploy.stage);
            self.notice = Some(Notice::warn(text, now));
        } else {
            self.leave_screen();
        }
        vec![]
    }

    pub(super) fn running(&mut self, wanted: Ticket) -> Option<&mut Deploy> {
        self.deploy
            .as_mut()
            .filter(|deploy| matches!(deploy.phase, Phase::Running { ticket, .. } if ticket == wanted))
    }

    pub(super) fn changed(
        &mut self,
        ticket: Ticket,
        result: Result<Box<Deployed>, Problem>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(deploy) = self.running(ticket) else { return vec![] };
        let stage = deploy.stage;
        deploy.phase = Phase::Ended(result.clone());
        match result {
            Ok(deployed) => {
                let green = deployed.smoke.green() && deployed.cors.green();
                let column = self.board.of_mut(stage);
                column.smoke.settle(Ok(deployed.smoke), now);
                column.cors.settle(Ok(deployed.cors), now);
                self.notice = Some(if green {
                    Notice::tell(format!("{stage} runs {}", deployed.tag), now)
                } else {
                    Notice::warn(
                        format!("{stage} runs {}, and checks fail: x shows which", deployed.tag),
                        now,
                    )
                });
            }
            Err(problem) => self.notice = Some(Notice::warn(problem.summary, now)),
        }
        StageName::ALL.map(|stage| self.read(Query::Overview(stage))).into()
    }
}
