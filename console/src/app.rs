//! The application: what is known, and how it changes. [`App::act`] takes what the operator wants, [`App::hear`] what the
//! world answered; both are pure and say what the world must do next. [`App::feeds`] says what must be followed: it is
//! computed from what is on the screen.

mod action;
mod answered;
mod change;
mod effect;
mod env;
mod event;
mod history;
mod invocations;
mod markers;
mod navigate;
mod notices;
mod remote;

pub use action::{Action, Motion, ScreenName};
pub use effect::{Command, Effect, Feed, Query, Ticket};
pub use event::{Answer, Connection, Event, Gap, LiveTailState, News, TailState, Trouble};
pub use notices::Notice;
pub use remote::Remote;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::{Metrics, Overview, Problem, StageName};
use crate::logs::invocations as table;
use crate::screen::board::Board;
use crate::screen::checks::Checks;
use crate::screen::deploy::Deploy;
use crate::screen::env::Env;
use crate::screen::gateway::Gateway;
use crate::screen::images::Images;
use crate::screen::invocations::Invocations;
use crate::screen::logs::Logs;
use crate::screen::palette::Palette;
use crate::screen::sought::Sought;

/// How far a tail reaches back when it first starts.
const FIRST_LOOK_MS: i64 = 15 * 60 * 1000;
/// How far a tail reaches back behind what it had when it starts again.
const OVERLAP_MS: i64 = 60_000;

/// What does not change while the console runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The service's name: functions are called `NAME-stage` and `NAME-prod`.
    pub service: String,
    /// `local` or `aws`.
    pub cloud: String,
    /// Whether changes are refused, for stage and for prod.
    pub read_only: [bool; 2],
    /// Bytes of log lines that are kept.
    pub log_budget: usize,
    /// Saved queries by name; each can be read.
    pub queries: BTreeMap<String, String>,
}

/// The application's state.
#[derive(Debug)]
pub struct App {
    /// What does not change.
    pub facts: Facts,
    /// Where we are and as whom.
    pub connection: Remote<Connection>,
    /// Both columns.
    pub board: Board,
    /// The log stream.
    pub logs: Logs,
    /// The invocations.
    pub invocations: Invocations,
    /// The checks screen.
    pub checks: Checks,
    /// The images screen.
    pub images: Images,
    /// The gateway screen.
    pub gateway: Gateway,
    /// The environment screen.
    pub env: Env,
    /// The palette, while it is open.
    pub palette: Option<Palette>,
    /// The last change, if one was begun.
    pub deploy: Option<Deploy>,
    /// Whether the keys are shown.
    pub help: bool,
    /// What the footer tells for a while.
    pub notice: Option<Notice>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    screens: Vec<ScreenName>,
    /// The request whose lines are shown because of where the operator came from.
    sought: Option<Sought>,
    tickets: BTreeMap<Query, Ticket>,
    last_ticket: u64,
    interrupted: bool,
    /// How often the board has shown another state of the functions or the gateway.
    changes_seen: u64,
    /// The file that is being saved.
    saving: Option<Ticket>,
}

impl App {
    /// Nothing is known yet; the board is on the screen.
    pub fn new(facts: Facts) -> App {
        // Beside the lines, a quarter of what they may take is enough for the requests behind them.
        let invocation_budget = (facts.log_budget / 4).min(table::BUDGET);
        let logs = Logs::new(facts.log_budget);
        App {
            facts,
            connection: Remote::Loading { stale: None },
            board: Board::new(),
            logs,
            invocations: Invocations::bounded(table::MOST, invocation_budget),
            checks: Checks::default(),
            images: Images::default(),
            gateway: Gateway::default(),
            env: Env::default(),
            palette: None,
            deploy: None,
            help: false,
            notice: None,
            size: (80, 24),
            screens: vec![ScreenName::Board],
            sought: None,
            tickets: BTreeMap::new(),
            last_ticket: 0,
            interrupted: false,
            changes_seen: 0,
            saving: None,
        }
    }

    /// The screen that is shown.
    pub fn screen(&self) -> ScreenName {
        self.screens.last().copied().unwrap_or(ScreenName::Board)
    }

    /// Whether an action would be refused because what it changes is read-only.
    pub fn refuses(&self, action: &Action) -> bool {
        let Action::Change(intent) = action else { return false };
        intent.stages().iter().any(|stage| self.facts.read_only[*stage as usize])
    }

    /// What must be followed for what is on the screen.
    pub fn feeds(&self) -> BTreeSet<Feed> {
        if self.connection.value().is_none() {
            return [Feed::Connect].into_iter().chain(self.env_feed()).collect();
        }
        let overviews = StageName::ALL.map(Feed::Overview);
        let tails = StageName::ALL.map(Feed::Tail);
        match self.screen() {
            ScreenName::Board | ScreenName::Logs | ScreenName::Invocations => {
                let live = self.logs.live.is_wanted().then_some(Feed::LiveTail);
                let past = self.logs.history.jobs();
                let past = past.map(|(stage, start_ms, end_ms)| Feed::Past { stage, start_ms, end_ms });
                let stream = tails.into_iter().chain(live).chain(past).chain(self.marker_feed());
                let on_board = self.screen() == ScreenName::Board && self.board.has_function();
                let metrics = on_board.then_some(Feed::Metrics);
                overviews.into_iter().chain(stream).chain(metrics).collect()
            }
            ScreenName::Checks | ScreenName::Images | ScreenName::Gateway => overviews.into_iter().collect(),
            ScreenName::Env => overviews.into_iter().chain(self.env_feed()).collect(),
            ScreenName::Deploy => BTreeSet::new(),
        }
    }

    /// From when on a tail of `stage` that starts now must read, epoch milliseconds.
    pub fn tail_start(&self, stage: StageName, now: Timestamp) -> i64 {
        match self.logs.store.newest(stage) {
            Some(newest) => newest - OVERLAP_MS,
            None => now.as_millisecond() - FIRST_LOOK_MS,
        }
    }

    /// Whether anything on the screen changes with the clock alone, so that it must be drawn each second.
    pub fn is_ticking(&self) -> bool {
        self.notice.is_some()
            || self.deploy.as_ref().is_some_and(Deploy::is_running)
            || self.connection.is_loading()
            || StageName::ALL.into_iter().any(|stage| {
                let column = self.board.of(stage);
                column.smoke.is_loading() || column.cors.is_loading()
            })
    }

    /// Whether a filter is yet to be asked of old lines.
    pub fn is_working(&self) -> bool {
        self.logs.store.progress().is_some() || self.invocations.is_pending()
    }

    /// Asks the filter of some more lines. `false`: there are none left.
    pub fn work(&mut self) -> bool {
        self.logs.work() | self.invocations.work()
    }

    /// Forgets what is over.
    pub fn tick(&mut self, now: Timestamp) {
        if self.notice.as_ref().is_some_and(|notice| !notice.alive(now)) {
            self.notice = None;
            self.interrupted = false;
        }
    }

    /// The operator wants something.
    pub fn act(&mut self, action: Action, now: Timestamp) -> Vec<Effect> {
        let effects = self.perform(action, now);
        self.steer_history(now);
        self.cover_env();
        effects
    }

    fn perform(&mut self, action: Action, now: Timestamp) -> Vec<Effect> {
        // A window that changes its size in between is nothing that the operator did.
        if !matches!(action, Action::Interrupt | Action::Ignore) {
            self.interrupted = false;
        }
        match action {
            Action::Interrupt => self.interrupt(now),
            Action::Back => self.back(now),
            Action::Escape => self.escape(now),
            Action::Help => {
                self.help = !self.help;
                vec![]
            }
            Action::Open(screen) => self.show(screen),
            Action::Change(intent) => self.plan_change(intent, now),
            Action::RollBack => self.plan_roll_back(now),
            Action::Option => self.other_way(),
            Action::Palette => {
                self.palette = if self.palette.is_some() { None } else { Some(Palette::default()) };
                vec![]
            }
            Action::Check(kind) => self.run_checks(kind, now),
            Action::Refresh => self.refresh(),
            Action::Move(motion) => {
                self.step(motion, now);
                vec![]
            }
            Action::Enter => self.enter(now),
            Action::NextFocus => {
                self.next_focus();
                vec![]
            }
            Action::Submit => self.submit(now),
            Action::Detail => {
                self.checks.toggle_answer();
                vec![]
            }
            Action::Side { right } => {
                self.checks.side(right, &self.board);
                vec![]
            }
            Action::CycleStages if self.screen() == ScreenName::Checks => {
                self.checks.cycle_stages();
                vec![]
            }
            Action::Copy => self.copy(now),
            Action::LiveTail => {
                self.toggle_live_tail(now);
                vec![]
            }
            Action::Reveal => {
                self.reveal(now);
                vec![]
            }
            Action::Save => {
                self.name_file(now);
                vec![]
            }
            Action::Show(_)
            | Action::Sort
            | Action::Reverse
            | Action::Follow
            | Action::CycleStages
            | Action::CycleTime
            | Action::Wrap
            | Action::Context
            | Action::Mask
            | Action::Find { .. }
            | Action::Ask(_)
            | Action::Filter => {
                self.act_on_logs(action, now);
                vec![]
            }
            Action::Type(_) | Action::Erase | Action::EraseAll | Action::Paste(_) => {
                self.edit(action);
                vec![]
            }
            Action::Ignore => vec![],
        }
    }

    /// The world answered.
    pub fn hear(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        let effects = self.heard(event, now);
        self.steer_history(now);
        effects
    }

    fn heard(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Answered { ticket, query, answer } => {
                if self.tickets.get(&query) == Some(&ticket) {
                    self.answered(query, answer, now);
                }
                vec![]
            }
            Event::Progressed { ticket, progress } => {
                if let Some(deploy) = self.running(ticket) {
                    deploy.progress(progress, now);
                }
                vec![]
            }
            Event::Changed { ticket, result } => self.changed(ticket, result, now),
            Event::Saving { ticket, saving } => {
                if self.saving == Some(ticket) {
                    self.saved(saving, now);
                }
                vec![]
            }
            Event::Fed { feed, news } => {
                if self.feeds().contains(&feed) {
                    self.fed(feed, news, now);
                }
                vec![]
            }
            Event::Terminated { signal } => {
                vec![Effect::Quit { code: 128 + signal, farewell: self.half_done() }]
            }
        }
    }

    fn read(&mut self, query: Query) -> Effect {
        let ticket = self.new_ticket();
        self.tickets.insert(query.clone(), ticket);
        Effect::Read(ticket, query)
    }

    fn new_ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }

    fn fed(&mut self, feed: Feed, news: News, now: Timestamp) {
        match (feed, news) {
            (Feed::Connect, News::Connected(result)) => self.connection.settle(result, now),
            (Feed::Overview(stage), News::Overview(result)) => self.overview(stage, *result, now),
            (Feed::Metrics, News::Metrics(result)) => self.metrics(*result, now),
            (Feed::Tail(_), News::Lines(lines)) => self.take_lines(&lines),
            (Feed::Tail(stage), News::Tail(state)) => self.logs.tail(stage, state, now),
            (Feed::Tail(stage), News::Gap(gap)) => self.logs.gap(stage, gap, now),
            (Feed::LiveTail, News::LiveLines { lines, sampled }) => self.take_live(&lines, sampled, now),
            (Feed::LiveTail, News::LiveTail(state)) => self.logs.live_tail(state, now),
            (Feed::EnvFiles(_), News::EnvFiles(files)) => self.take_env_files(*files, now),
            (Feed::Markers(_), News::Traces(heard)) => self.logs.take_traces(heard, now),
            (Feed::Past { stage, .. }, News::Past(past)) => self.take_past(stage, past, now),
            _ => {}
        }
    }

    /// One call brings both stages, so it fails for both.
    fn metrics(&mut self, result: Result<[Metrics; 2], Problem>, now: Timestamp) {
        let sides = match result {
            Ok([stage, prod]) => [Ok(stage), Ok(prod)],
            Err(problem) => [Err(problem.clone()), Err(problem)],
        };
        for (stage, result) in StageName::ALL.into_iter().zip(sides) {
            self.board.of_mut(stage).metrics.settle(result, now);
        }
    }

    fn overview(&mut self, stage: StageName, result: Result<Overview, Problem>, now: Timestamp) {
        if let Ok(overview) = &result {
            self.logs.take_stamp(stage, overview.function.as_ref());
            self.notice_change(stage, overview);
        }
        self.board.of_mut(stage).overview.settle(result, now);
    }
}

/// The part of an ARN that a person knows: the user's name, or the role and the session.
pub fn short_identity(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    resource.split_once('/').map_or(resource, |(_, name)| name)
}
