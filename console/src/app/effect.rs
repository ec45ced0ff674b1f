use crate::deploy::Plan;
use crate::domain::{CheckKind, Intent, StageName};
use crate::logs::export::Save;

/// The generation of a request: an answer whose ticket is not the newest of its kind is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Something to be read once. Two reads that compare equal fill the same place, so the newer replaces the older.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Query {
    /// One column of the board.
    Overview(StageName),
    /// What a change would do.
    Plan(Intent),
    /// CloudWatch's figures of both stages.
    Metrics,
    /// What the repository holds.
    Images,
    /// The API's stages and deployments.
    Gateway,
    /// Run the checks of these kinds against a stage.
    Checks {
        /// What is looked at.
        kinds: Vec<CheckKind>,
        /// The stage.
        stage: StageName,
        /// Where it answers, without a trailing slash; `None` when the gateway has no such stage.
        url: Option<String>,
    },
}

/// Something to be changed. Never silently aborted.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Do what was planned and confirmed.
    Apply(Box<Plan>),
}

/// A want that lasts as long as the screen shows what it feeds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// Reach the cloud and learn who we are there; tried until it is done.
    Connect,
    /// Read a column of the board again and again.
    Overview(StageName),
    /// Read CloudWatch's figures of both stages again and again.
    Metrics,
    /// Read the environment files again and again. A new number reads at once.
    EnvFiles(u64),
    /// Follow a stage's log group.
    Tail(StageName),
    /// Let CloudWatch push the lines of both stages.
    LiveTail,
    /// Ask who tells of deploys, each minute. A new number asks at once.
    Markers(u64),
    /// Read the past of a stage's log group, the newest first.
    Past {
        /// Which stage.
        stage: StageName,
        /// From when on, inclusive, epoch milliseconds.
        start_ms: i64,
        /// Up to when, inclusive, epoch milliseconds.
        end_ms: i64,
    },
}

/// What the world must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read something once.
    Read(Ticket, Query),
    /// Change something.
    Change(Ticket, Command),
    /// Let the running change finish its step and start no other.
    StopChange,
    /// Write the log lines that are shown now into a file.
    Save(Ticket, Save),
    /// Put text on the clipboard.
    Copy(String),
    /// Leave, with this exit code, and say this on standard error once the terminal is restored.
    Quit {
        /// Exit code.
        code: u8,
        /// What the operator must know; empty when there is nothing.
        farewell: String,
    },
}
