//! Ranges of the log stream, and what is shown of it in a file.

use jiff::Timestamp;

use super::{App, Effect, Notice, ScreenName};
use crate::domain::{StageName, plain};
use crate::logs::export::{Save, Saving};
use crate::logs::history::Past;
use crate::screen::logs::history::budget;

impl App {
    /// Whether the log stream is on the screen.
    pub(super) fn shows_stream(&self) -> bool {
        matches!(self.screen(), ScreenName::Board | ScreenName::Logs | ScreenName::Invocations)
    }

    /// What is read of a range is what is in sight: leaving it stops that, and coming back goes on.
    pub(super) fn steer_history(&mut self, now: Timestamp) {
        if self.logs.steer(self.shows_stream()) {
            self.tell_full(now);
        }
    }

    pub(super) fn take_past(&mut self, stage: StageName, past: Past, now: Timestamp) {
        if let Past::Lines { lines, .. } = &past {
            self.take_invocations(lines);
        }
        if self.logs.past(stage, past, now) {
            self.tell_full(now);
        }
    }

    fn tell_full(&mut self, now: Timestamp) {
        let text = format!(
            "the budget of {} is full: narrow the range, ask AWS with `callboard logs query`, or raise [logs] budget",
            budget(&self.logs.store)
        );
        self.notice = Some(Notice::warn(text, now));
    }

    /// Opens the input for a file's name.
    pub(super) fn name_file(&mut self, now: Timestamp) {
        if self.screen() != ScreenName::Logs {
            return;
        }
        if self.saving.is_some() {
            self.notice = Some(Notice::warn("a file is being saved: one at a time", now));
            return;
        }
        let stage = self.logs.store.filter().stage.map_or("both", StageName::as_str);
        let at = now.strftime("%Y%m%dT%H%M%SZ");
        self.logs.save = Some(format!("{}-{stage}-{at}.log", self.facts.service));
    }

    /// Saves what is shown under the name that was typed.
    pub(super) fn save_file(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.logs.store.progress().is_some() {
            let text = "the filter still looks through older lines: save when it is done";
            self.notice = Some(Notice::warn(text, now));
            return vec![];
        }
        let Some(name) = self.logs.save.take() else { return vec![] };
        if name.trim().is_empty() {
            self.notice = Some(Notice::warn("nothing is saved: the file has no name", now));
            return vec![];
        }
        let ticket = self.new_ticket();
        self.saving = Some(ticket);
        self.notice = Some(Notice::tell(format!("saving {}", plain(&name)), now));
        vec![Effect::Save(ticket, Save { name, masked: self.logs.masked })]
    }

    pub(super) fn saved(&mut self, saving: Saving, now: Timestamp) {
        let notice = match saving {
            Saving::Lines(lines) => Notice::tell(format!("saving: {lines} lines"), now),
            Saving::Ended(ended) => {
                self.saving = None;
                match ended {
                    Ok(saved) => {
                        let path = plain(&saved.path.display().to_string());
                        Notice::tell(format!("saved {} lines: {path}", saved.lines), now)
                    }
                    Err(problem) => Notice::warn(plain(&problem.to_string()), now),
                }
            }
        };
        self.notice = Some(notice);
    }
}
