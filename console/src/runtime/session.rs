//! The application and the tasks that work for it, without a terminal: what the loop drives, and what tests drive.

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::app::{Action, App, Effect, Event, Facts};
use crate::cloud::Choice;
use crate::settings::Settings;

use super::tasks::Tasks;

/// Events that may wait before those who send them must.
const QUEUE: usize = 64;

/// The operator leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// Exit code.
    pub code: u8,
    /// What must be said once the terminal is restored.
    pub farewell: String,
}

/// The application at work.
#[derive(Debug)]
pub struct Session {
    /// The application.
    pub app: App,
    tasks: Tasks,
    events: mpsc::Receiver<Event>,
    /// What a running change tells. Apart, because a change never waits for the screen.
    changes: mpsc::UnboundedReceiver<Event>,
    copies: Vec<String>,
}

impl Session {
    /// Starts to work: what the first screen needs is asked for at once, and nothing is waited for.
    pub fn start(facts: Facts, settings: Settings, choice: Choice) -> Session {
        let (to_events, events) = mpsc::channel(QUEUE);
        let (to_changes, changes) = mpsc::unbounded_channel();
        let tasks = Tasks::new(settings, choice, to_events, to_changes);
        let mut session = Session { app: App::new(facts), tasks, events, changes, copies: Vec::new() };
        session.sync_feeds();
        session
    }

    /// The operator wants something.
    pub fn act(&mut self, action: Action) -> Option<Leave> {
        let effects = self.app.act(action, Timestamp::now());
        self.carry_out(effects)
    }

    /// The world answered.
    pub fn hear(&mut self, event: Event) -> Option<Leave> {
        self.tasks.heard(&event);
        let effects = self.app.hear(event, Timestamp::now());
        self.carry_out(effects)
    }

    /// Waits for the next answer of the world.
    pub async fn next(&mut self) -> Event {
        // The senders live in `tasks`, so neither channel ends while `self` lives.
        tokio::select! {
            Some(event) = self.changes.recv() => event,
            Some(event) = self.events.recv() => event,
        }
    }

    /// An answer that is there already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.changes.try_recv().ok().or_else(|| self.events.try_recv().ok())
    }

    /// What was asked to be copied since the last call.
    pub fn take_copies(&mut self) -> Vec<String> {
        std::mem::take(&mut self.copies)
    }

    /// Whether a read or a change is under way.
    pub fn is_busy(&self) -> bool {
        self.tasks.is_busy()
    }

    /// Ends what works for the application, and the local cloud if it is part of this process.
    pub async fn close(self) {
        self.tasks.close().await;
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Option<Leave> {
        let mut leave = None;
        for effect in effects {
            match effect {
                Effect::Read(ticket, query) => self.tasks.read(ticket, query),
                Effect::Change(ticket, command) => self.tasks.change(ticket, command),
                Effect::StopChange => self.tasks.stop_change(),
                Effect::Save(ticket, save) => {
                    self.tasks.save(ticket, save, self.app.logs.store.snapshot());
                }
                Effect::Copy(text) => self.copies.push(text),
                Effect::Quit { code, farewell } => leave = Some(Leave { code, farewell }),
            }
        }
        self.sync_feeds();
        leave
    }

    fn sync_feeds(&mut self) {
        let app = &self.app;
        self.tasks.sync_feeds(&app.feeds(), |stage| app.tail_start(stage, Timestamp::now()));
    }
}
