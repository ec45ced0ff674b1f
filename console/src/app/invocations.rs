//! Invocations and the lines of their requests: what comes in, and the ways between checks, invocations and logs.

use jiff::Timestamp;

use super::{Action, App, Effect, Notice, ScreenName};
use crate::domain::{LogLine, StageName};
use crate::logs::query::Mistake;
use crate::screen::sought::{RequestId, Sought};

impl App {
    /// Takes lines in, wherever they are shown.
    pub(super) fn take_lines(&mut self, lines: &[LogLine]) {
        self.logs.take(lines);
        self.take_invocations(lines);
    }

    /// Takes a second of Live Tail in.
    pub(super) fn take_live(&mut self, lines: &[LogLine], sampled: bool, now: Timestamp) {
        self.logs.take_live(lines, sampled, now);
        self.take_invocations(lines);
    }

    /// The same line may come twice, and in any order.
    pub(super) fn take_invocations(&mut self, lines: &[LogLine]) {
        self.invocations.take(lines);
        if let Some(sought) = self.sought.as_mut().filter(|sought| sought.is_shown(&self.logs)) {
            sought.look_again(&self.invocations.table, &mut self.logs);
        }
    }

    /// What is being typed into a query, and what is wrong with it.
    pub fn typed(&self) -> Option<(&str, Option<&Mistake>)> {
        let (input, mistake) = match self.screen() {
            ScreenName::Invocations => (&self.invocations.input, &self.invocations.mistake),
            _ => (&self.logs.input, &self.logs.mistake),
        };
        Some((input.as_deref()?, mistake.as_ref()))
    }

    /// From a check to the log lines of the very request that it made.
    pub(super) fn show_lines_of_check(&mut self, now: Timestamp) {
        let Some((stage, check)) = self.checks.selected(&self.board) else { return };
        let Some(request_id) = check.request_id.clone() else {
            self.notice =
                Some(Notice::tell("that request never reached the gateway: it has no log lines", now));
            return;
        };
        self.seek(stage, RequestId::Gateway(request_id));
    }

    /// From an invocation to all that was logged while it ran.
    pub(super) fn show_lines_of_invocation(&mut self) {
        if let Some(one) = self.invocations.selected() {
            let (stage, id) = (one.stage(), one.request_id().to_owned());
            self.seek(stage, RequestId::Lambda(id));
        }
    }

    fn seek(&mut self, stage: StageName, id: RequestId) {
        self.unseek();
        self.sought = Some(Sought::begin(stage, id, &self.invocations.table, &mut self.logs));
        self.open(ScreenName::Logs);
    }

    /// Whether the lines of one request are shown because of where the operator came from.
    pub(super) fn is_seeking(&self) -> bool {
        self.sought.as_ref().is_some_and(|sought| sought.is_shown(&self.logs))
    }

    /// Shows what was shown before a request's lines were looked for, unless something else was asked for since.
    pub(super) fn unseek(&mut self) {
        if let Some(sought) = self.sought.take().filter(|sought| sought.is_shown(&self.logs)) {
            sought.end(&mut self.logs);
        }
    }

    /// `false`: it is nothing that the invocations screen does in its own way.
    pub(super) fn act_on_invocations(&mut self, action: &Action) -> bool {
        let invocations = &mut self.invocations;
        match action {
            Action::Follow => invocations.toggle_follow(),
            Action::CycleStages => invocations.cycle_stages(),
            Action::Filter => invocations.input = Some(invocations.query.clone()),
            Action::Sort => invocations.sort(),
            Action::Reverse => invocations.reverse(),
            _ => return false,
        }
        true
    }

    pub(super) fn copy_request_id(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(one) = self.invocations.selected() else { return vec![] };
        let id = one.request_id().to_owned();
        self.notice = Some(Notice::tell(format!("copied the request id {id}"), now));
        vec![Effect::Copy(id)]
    }
}
