//! Moving about: screens, selections, inputs, and the reads that a screen asks for.

use jiff::Timestamp;

use super::{Action, App, Effect, Motion, Notice, Query, ScreenName};
use crate::domain::{CheckKind, StageName, plain_lines};
use crate::logs::mask::mask;
use crate::logs::store::Wanted;
use crate::screen::deploy::Phase;
use crate::screen::logs::TimeFormat;

impl App {
    /// Opens a screen, and asks for what it shows.
    pub(super) fn show(&mut self, screen: ScreenName) -> Vec<Effect> {
        self.open(screen);
        match screen {
            ScreenName::Images | ScreenName::Gateway => self.refresh(),
            ScreenName::Checks => {
                self.checks.select_failing(&self.board);
                vec![]
            }
            _ => vec![],
        }
    }

    pub(super) fn open(&mut self, screen: ScreenName) {
        if screen == ScreenName::Deploy && self.deploy.is_none() {
            return;
        }
        self.help = false;
        self.palette = None;
        if screen != ScreenName::Logs {
            self.unseek();
        }
        if let Some(known) = self.screens.iter().position(|known| *known == screen) {
            self.screens.truncate(known + 1);
        } else {
            self.screens.push(screen);
        }
    }

    pub(super) fn back(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.help {
            self.help = false;
        } else if self.screens.len() > 1 {
            self.leave_screen();
        } else if let Some(deploy) = self.deploy.as_ref().filter(|deploy| deploy.is_running()) {
            let text =
                format!("a {} is running: Ctrl-C stops it after the step in hand", deploy.intent.noun());
            self.notice = Some(Notice::warn(text, now));
        } else {
            return vec![Effect::Quit { code: 0, farewell: String::new() }];
        }
        vec![]
    }

    /// Leaving a plan that was not confirmed is saying no to it.
    pub(super) fn leave_screen(&mut self) {
        let left = self.screens.pop();
        if left == Some(ScreenName::Logs) {
            self.unseek();
        }
        if left == Some(ScreenName::Deploy)
            && self.deploy.as_ref().is_some_and(|deploy| matches!(deploy.phase, Phase::Confirm { .. }))
        {
            self.deploy = None;
        }
    }

    pub(super) fn escape(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.help {
            self.help = false;
        } else if self.palette.take().is_some() || self.logs.save.take().is_some() {
            // Closed by having been taken.
        } else if self.screen() == ScreenName::Invocations && self.invocations.clear() {
            // What was hidden is shown.
        } else if self.logs.input.is_some() {
            self.logs.clear_filter();
        } else if self.shows_stream() && self.logs.stop_reading() {
            self.notice = Some(Notice::tell("loading is stopped: what came stays", now));
        } else if self.screen() == ScreenName::Checks && self.checks.answer.is_some() {
            self.checks.answer = None;
        } else if self.logs.detail {
            self.logs.detail = false;
        } else if self.screen() == ScreenName::Logs && self.is_seeking() {
            self.leave_screen();
        } else if matches!(self.screen(), ScreenName::Board | ScreenName::Logs) && self.logs.is_filtered() {
            self.logs.clear_filter();
        } else if self.screens.len() > 1 {
            self.leave_screen();
        } else {
            self.notice = Some(Notice::tell("q quits", now));
        }
        vec![]
    }

    /// Smoke looks at the documentation too, and each at the gateway, which is what most failures come from.
    pub(super) fn run_checks(&mut self, kind: CheckKind, now: Timestamp) -> Vec<Effect> {
        let kinds = match kind {
            CheckKind::Cors => vec![CheckKind::Gateway, CheckKind::Cors],
            _ => vec![CheckKind::Gateway, CheckKind::Smoke, CheckKind::Docs],
        };
        let only = self.checks.stage.filter(|_| self.screen() == ScreenName::Checks);
        let mut effects = vec![];
        for stage in StageName::ALL.into_iter().filter(|stage| only.is_none_or(|only| only == *stage)) {
            let column = self.board.of_mut(stage);
            let url = column.url().map(str::to_owned);
            if url.is_none() && !column.has_function() {
                continue;
            }
            kinds.iter().for_each(|kind| column.report_mut(*kind).load());
            effects.push(self.read(Query::Checks { kinds: kinds.clone(), stage, url }));
        }
        if effects.is_empty() {
            self.notice =
                Some(Notice::tell("nothing is deployed that could be checked: d deploys stage", now));
        }
        effects
    }

    pub(super) fn refresh(&mut self) -> Vec<Effect> {
        self.read_env_files();
        if self.connection.value().is_none() {
            return vec![];
        }
        match (self.screen(), &mut self.deploy) {
            (ScreenName::Deploy, Some(deploy)) => {
                let intent = deploy.intent.clone();
                let Phase::Confirm { plan, .. } = &mut deploy.phase else { return vec![] };
                plan.load();
                vec![self.read(Query::Plan(intent))]
            }
            (ScreenName::Images, _) => {
                self.images.rows.load();
                vec![self.read(Query::Images)]
            }
            (ScreenName::Gateway, _) => {
                self.gateway.view.load();
                vec![self.read(Query::Gateway)]
            }
            (screen, _) => {
                let mut reads: Vec<Effect> =
                    StageName::ALL.map(|stage| self.read(Query::Overview(stage))).into();
                if screen == ScreenName::Board && self.board.has_function() {
                    reads.push(self.read(Query::Metrics));
                }
                reads
            }
        }
    }

    /// Rows of the list that is on the screen, for paging.
    pub(super) fn page(&self) -> usize {
        usize::from(self.size.1.saturating_sub(4)).max(1)
    }

    pub(super) fn step(&mut self, motion: Motion, now: Timestamp) {
        let page = self.page();
        let screen = self.screen();
        if self.palette.is_some() {
            let all = crate::keymap::named(self);
            if let Some(palette) = &mut self.palette {
                let count = palette.matches(all).len();
                palette.step(motion, count, page);
            }
            return;
        }
        match screen {
            ScreenName::Logs if self.logs.detail && matches!(motion, Motion::PageUp | Motion::PageDown) => {
                let extent = crate::view::whole_rows(self);
                self.logs.scroll_whole(motion == Motion::PageUp, extent, self.log_rows());
            }
            ScreenName::Board | ScreenName::Logs => {
                let (_, page) = crate::view::logs_place(self, now);
                self.logs.step(motion, page, self.log_rows());
                self.settle_logs(now);
            }
            ScreenName::Invocations => {
                self.invocations.step(motion, crate::view::invocations_rows(self.size))
            }
            ScreenName::Checks => self.checks.step(motion, &self.board, page),
            ScreenName::Images => self.images.step(motion, page),
            ScreenName::Gateway => self.gateway.step(motion, page),
            ScreenName::Env => self.env.step(&self.board, motion, page),
            ScreenName::Deploy => {
                if let Some(deploy) = &mut self.deploy {
                    let rows = crate::view::deploy_rows(self.size, deploy);
                    deploy.step(motion, rows, page);
                }
            }
        }
    }

    pub(super) fn enter(&mut self, now: Timestamp) -> Vec<Effect> {
        match self.screen() {
            ScreenName::Board => self.open(ScreenName::Logs),
            ScreenName::Logs => {
                if self.logs.selected().is_some() {
                    self.logs.detail = !self.logs.detail;
                }
            }
            ScreenName::Checks => self.show_lines_of_check(now),
            ScreenName::Invocations => self.show_lines_of_invocation(),
            ScreenName::Images | ScreenName::Gateway => return self.plan_roll_back(now),
            ScreenName::Env => {}
            ScreenName::Deploy => {
                if self.deploy.as_ref().is_some_and(|deploy| matches!(deploy.phase, Phase::Ended(_))) {
                    self.open(ScreenName::Board);
                }
            }
        }
        vec![]
    }

    pub(super) fn copy(&mut self, now: Timestamp) -> Vec<Effect> {
        let text = match self.screen() {
            ScreenName::Invocations => return self.copy_request_id(now),
            ScreenName::Checks => {
                self.checks.selected(&self.board).map(|(stage, check)| match &check.request {
                    Some(request) => request.curl(),
                    None => format!("{stage} {}: {}", check.name, check.got),
                })
            }
            ScreenName::Deploy => self.deploy.as_ref().and_then(|deploy| match &deploy.phase {
                Phase::Ended(Err(failure)) => Some(failure.problem().to_string()),
                _ => None,
            }),
            ScreenName::Images => self.images.selected().map(|row| row.image.digest.0.clone()),
            ScreenName::Gateway => self.gateway.selected().map(|deployment| deployment.id.clone()),
            ScreenName::Env => self.env_text(),
            _ => self.logs.selected().map(|entry| {
                let lines = plain_lines(entry.raw).join("\n");
                if self.logs.masked { mask(&lines).into_owned() } else { lines }
            }),
        };
        let Some(text) = text else { return vec![] };
        self.notice = Some(Notice::tell("copied", now));
        vec![Effect::Copy(text)]
    }

    pub(super) fn act_on_logs(&mut self, action: Action, now: Timestamp) {
        if self.screen() == ScreenName::Invocations && self.act_on_invocations(&action) {
            return;
        }
        if matches!(action, Action::Ask(_) | Action::Find { .. }) {
            self.open(ScreenName::Logs);
        }
        let rows = self.log_rows();
        match action {
            Action::Ask(query) => self.logs.ask(&query),
            Action::Find { wanted, backwards } => self.find_line(wanted, backwards, rows, now),
            Action::Show(range) => {
                self.logs.show_range(range, now);
                self.invocations.set_since(self.logs.since_ms().unwrap_or(i64::MIN));
            }
            Action::Context => self.logs.toggle_context(),
            Action::Mask => {
                self.logs.masked = !self.logs.masked;
                let text =
                    if self.logs.masked { "what looks like a secret is masked" } else { "secrets are SHOWN" };
                self.notice = Some(Notice::warn(text, now));
            }
            Action::Follow => self.logs.toggle_follow(rows),
            Action::CycleStages => self.logs.cycle_stages(),
            Action::Wrap => self.logs.wrap = !self.logs.wrap,
            Action::CycleTime => {
                self.logs.time = match self.logs.time {
                    TimeFormat::Local => TimeFormat::Utc,
                    TimeFormat::Utc => TimeFormat::Off,
                    TimeFormat::Off => TimeFormat::Local,
                };
            }
            Action::Filter => self.logs.input = Some(self.logs.query.clone()),
            _ => {}
        }
        self.settle_logs(now);
    }

    /// Rows of the stream on the screen.
    fn log_rows(&self) -> usize {
        match self.screen() {
            ScreenName::Logs => crate::view::logs_rows(self.size, self.logs.detail),
            _ => crate::view::board_log_rows(self.size),
        }
    }

    /// Remembers which line is the first in sight, so that the next key moves on from what is seen.
    fn settle_logs(&mut self, now: Timestamp) {
        if !self.logs.follow {
            self.logs.offset = crate::view::logs_place(self, now).0;
        }
    }

    fn find_line(&mut self, wanted: Wanted, backwards: bool, rows: usize, now: Timestamp) {
        if self.logs.find(wanted, backwards, rows) {
            return;
        }
        let what = match wanted {
            Wanted::Error => "error",
            Wanted::Hit => "hit",
            Wanted::Marker => "deploy",
        };
        let side = if backwards { "before this line" } else { "after this line" };
        self.notice = Some(Notice::tell(format!("no {what} {side}"), now));
    }

    /// Live Tail costs money, so that it is said at once what.
    pub(super) fn toggle_live_tail(&mut self, now: Timestamp) {
        let text = if self.logs.live.toggle() {
            "Live Tail: AWS charges ~$0.01/min beyond 1,800 free min a month; L ends it"
        } else {
            "Live Tail is off: lines are polled"
        };
        self.notice = Some(Notice::warn(text, now));
    }

    pub(super) fn edit(&mut self, action: Action) {
        if let Some(palette) = &mut self.palette {
            palette.selected = 0;
            edit_text(&mut palette.input, action);
        } else if let Some(name) = &mut self.logs.save {
            edit_text(name, action);
        } else if self.screen() == ScreenName::Invocations {
            if let Some(input) = &mut self.invocations.input {
                edit_text(input, action);
                let text = input.clone();
                self.invocations.ask(&text);
            }
        } else if let Some(input) = &mut self.logs.input {
            edit_text(input, action);
            let text = input.clone();
            self.logs.ask(&text);
        } else if let Some(deploy) = self.deploy.as_mut().filter(|deploy| deploy.is_typing())
            && let Phase::Confirm { typed, .. } = &mut deploy.phase
        {
            // A pasted name is no proof that it was read.
            if !matches!(action, Action::Paste(_)) {
                edit_text(typed, action);
            }
        }
    }
}

fn edit_text(input: &mut String, action: Action) {
    match action {
        Action::Type(character) => input.push(character),
        Action::Paste(text) => input.extend(text.chars().filter(|character| !character.is_control())),
        Action::Erase => {
            input.pop();
        }
        _ => input.clear(),
    }
}
