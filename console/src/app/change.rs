//! Changes: plan, confirm, run, stop, and what may be half done.

use jiff::Timestamp;

use super::{App, Command, Effect, Notice, Query, ScreenName, Ticket};
use crate::deploy::{Done, Failure};
use crate::domain::{Intent, Report, StageName, StepId, plain};
use crate::screen::deploy::{Deploy, Focus, Phase};

impl App {
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
            "callboard: the {} was left during `{step}`, which may be half done; nothing after it was started. \
             `{}` picks up from whatever is there.",
            deploy.intent.noun(),
            deploy.intent.command()
        )
    }

    pub(super) fn plan_change(&mut self, intent: Intent, now: Timestamp) -> Vec<Effect> {
        if let Some(deploy) = self.deploy.as_ref().filter(|deploy| deploy.is_running()) {
            let text = format!("a {} is running: one change at a time", deploy.intent.noun());
            self.notice = Some(Notice::warn(text, now));
            self.open(ScreenName::Deploy);
            return vec![];
        }
        if let Some(stage) = intent.stages().iter().find(|stage| self.facts.read_only[**stage as usize]) {
            let text = format!("read-only: this console changes nothing on {stage}");
            self.notice = Some(Notice::warn(text, now));
            return vec![];
        }
        if self.connection.value().is_none() {
            self.notice = Some(Notice::warn("not connected yet: there is nothing to change", now));
            return vec![];
        }
        self.plan(intent)
    }

    fn plan(&mut self, intent: Intent) -> Vec<Effect> {
        self.deploy = Some(Deploy::new(intent.clone()));
        self.open(ScreenName::Deploy);
        vec![self.read(Query::Plan(intent))]
    }

    /// To what is selected, or to what ran before the change that has just ended.
    pub(super) fn plan_roll_back(&mut self, now: Timestamp) -> Vec<Effect> {
        let intent = match self.screen() {
            ScreenName::Images => self.images.roll_back(),
            ScreenName::Gateway => self.gateway.roll_back(),
            ScreenName::Deploy => self.deploy.as_ref().and_then(|deploy| deploy.way_back().cloned()),
            _ => None,
        };
        match intent {
            Some(intent) => self.plan_change(intent, now),
            None => {
                self.notice = Some(Notice::tell("there is nothing to roll back to", now));
                vec![]
            }
        }
    }

    /// Plans the same change in another way.
    pub(super) fn other_way(&mut self) -> Vec<Effect> {
        let planning = |deploy: &&Deploy| matches!(deploy.phase, Phase::Confirm { .. });
        match self.deploy.as_ref().filter(planning).and_then(Deploy::option) {
            Some(intent) => self.plan(intent),
            None => vec![],
        }
    }

    pub(super) fn next_focus(&mut self) {
        if self.screen() == ScreenName::Deploy
            && let Some(Deploy { phase: Phase::Confirm { focus, .. }, .. }) = &mut self.deploy
        {
            *focus = match focus {
                Focus::Cancel => Focus::Apply,
                Focus::Apply => Focus::Cancel,
            };
        }
        match self.screen() {
            ScreenName::Images => self.images.stage = self.images.stage.other(),
            ScreenName::Gateway => self.gateway.stage = self.gateway.stage.other(),
            _ => {}
        }
    }

    /// Enter in an open input or dialog.
    pub(super) fn submit(&mut self, now: Timestamp) -> Vec<Effect> {
        if let Some(palette) = self.palette.take() {
            let chosen = palette.matches(crate::keymap::named(self)).into_iter().nth(palette.selected);
            return chosen.map_or_else(Vec::new, |named| self.act(named.action, now));
        }
        if self.logs.save.is_some() {
            return self.save_file(now);
        }
        if self.screen() == ScreenName::Invocations {
            if self.invocations.mistake.is_none() {
                self.invocations.input = None;
            }
            return vec![];
        }
        if self.logs.input.is_some() {
            // A query that cannot be read stays open: its mistake is pointed at.
            if self.logs.mistake.is_none() {
                self.logs.input = None;
            }
            return vec![];
        }
        let Some(deploy) = &self.deploy else { return vec![] };
        if let Some(plan) = deploy.confirmed().cloned() {
            let ticket = self.new_ticket();
            if let Some(deploy) = &mut self.deploy {
                deploy.start(ticket, &plan);
            }
            return vec![Effect::Change(ticket, Command::Apply(Box::new(plan)))];
        }
        if deploy.is_typing() {
            self.notice = Some(Notice::warn("type prod to go on, or Esc to leave it as it is", now));
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
        result: Result<Box<Done>, Box<Failure>>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(deploy) = self.running(ticket) else { return vec![] };
        if let Err(failure) = &result
            && let Failure::Refused { problem, moved: true } = &**failure
        {
            // Somebody was quicker: what would change now is shown before anything is done.
            let why = problem.detail.clone();
            let effects =
                self.plan(self.deploy.as_ref().map_or(Intent::Promote, |deploy| deploy.intent.clone()));
            if let Some(deploy) = &mut self.deploy {
                deploy.moved = Some(why);
            }
            return effects;
        }
        deploy.phase = Phase::Ended(result.clone());
        match result {
            Ok(done) => {
                let green = done.green();
                let sentence = plain(&done.sentence());
                self.notice = Some(if green {
                    Notice::tell(sentence, now)
                } else {
                    Notice::warn(format!("{sentence}, and checks fail: x shows which, b rolls back"), now)
                });
                if let Some(deployed) = done.deployed {
                    let column = self.board.of_mut(deployed.stage);
                    let reports: Vec<Report> = deployed.smoke.into_iter().chain(deployed.cors).collect();
                    column.take_checks(&[], Ok(reports), now);
                }
            }
            Err(failure) => self.notice = Some(Notice::warn(failure.problem().summary.clone(), now)),
        }
        StageName::ALL.map(|stage| self.read(Query::Overview(stage))).into()
    }
}
