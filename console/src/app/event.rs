use crate::cloud::FaultKind;
use crate::deploy::{Done, Failure, Plan};
use crate::domain::{
    GatewayView, Identity, ImageRow, LogLine, Metrics, Overview, Problem, Progress, Report, StageName,
};
use crate::envfile::EnvFiles;
use crate::logs::export::Saving;
use crate::logs::history::Past;
use crate::markers::Heard;

use super::effect::{Feed, Query, Ticket};

/// What the world answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A read ended.
    Answered {
        /// The ticket that it was asked under.
        ticket: Ticket,
        /// What was asked.
        query: Query,
        /// What came.
        answer: Answer,
    },
    /// A change told how far it is.
    Progressed {
        /// The ticket that it was started under.
        ticket: Ticket,
        /// How far.
        progress: Progress,
    },
    /// A change ended.
    Changed {
        /// The ticket that it was started under.
        ticket: Ticket,
        /// How.
        result: Result<Box<Done>, Box<Failure>>,
    },
    /// The saving of a file told how far it is, or ended.
    Saving {
        /// The ticket that it was started under.
        ticket: Ticket,
        /// How far.
        saving: Saving,
    },
    /// A feed brought something.
    Fed {
        /// Which.
        feed: Feed,
        /// What.
        news: News,
    },
    /// The process was asked to end.
    Terminated {
        /// The signal's number.
        signal: u8,
    },
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Query::Overview`].
    Overview(Box<Result<Overview, Problem>>),
    /// To [`Query::Metrics`]: of stage and prod.
    Metrics(Box<Result<[Metrics; 2], Problem>>),
    /// To [`Query::Plan`].
    Planned(Box<Result<Plan, Problem>>),
    /// To [`Query::Images`].
    Images(Result<Vec<ImageRow>, Problem>),
    /// To [`Query::Gateway`].
    Gateway(Result<GatewayView, Problem>),
    /// To [`Query::Checks`].
    Checked(Result<Vec<Report>, Problem>),
}

/// Where we are and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Such as `us-east-1`.
    pub region: String,
    /// Account and ARN.
    pub identity: Identity,
}

/// What a [`Feed`] brings.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Where we are and as whom, or why that is not known.
    Connected(Result<Connection, Problem>),
    /// A column of the board.
    Overview(Box<Result<Overview, Problem>>),
    /// CloudWatch's figures of stage and prod.
    Metrics(Box<Result<[Metrics; 2], Problem>>),
    /// The environment files, which are others than before.
    EnvFiles(Box<EnvFiles>),
    /// Log lines that were not there before, oldest first.
    Lines(Vec<LogLine>),
    /// Log lines of the past.
    Past(Past),
    /// How the tail is.
    Tail(TailState),
    /// Lines were or may be left out of the stream.
    Gap(Gap),
    /// A second of Live Tail.
    LiveLines {
        /// Oldest first. They have no event id: a poll brings the same lines with theirs.
        lines: Vec<LogLine>,
        /// More than 500 came and some were left out: a poll brings them.
        sampled: bool,
    },
    /// How Live Tail is.
    LiveTail(LiveTailState),
    /// What is told of changes.
    Traces(Vec<Heard>),
}

/// How a tail is.
#[derive(Debug, Clone, PartialEq)]
pub enum TailState {
    /// It follows.
    Live,
    /// It reads page after page: what is shown ends there (epoch milliseconds), and more is waiting.
    CatchingUp(i64),
    /// The log group does not exist: the function was never called.
    NoGroup,
    /// It cannot read; it tries again by itself and then goes on from where it stopped.
    Broken(Trouble, Problem),
}

/// Why something cannot be read, in the words of a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// AWS refuses callers that are too fast.
    Throttled,
    /// No answer comes.
    Cut,
    /// The identity may not read it.
    Denied,
    /// The credentials are expired, wrong or not there.
    SignedOut,
    /// Anything else.
    Other,
}

impl Trouble {
    /// In one or two words, in capitals.
    pub fn badge(self) -> &'static str {
        match self {
            Trouble::Throttled => "THROTTLED",
            Trouble::Cut => "CUT OFF",
            Trouble::Denied => "NO PERMISSION",
            Trouble::SignedOut => "SIGNED OUT",
            Trouble::Other => "NOT READ",
        }
    }
}

impl From<FaultKind> for Trouble {
    fn from(kind: FaultKind) -> Trouble {
        match kind {
            FaultKind::Throttled => Trouble::Throttled,
            FaultKind::Unanswered => Trouble::Cut,
            FaultKind::Denied => Trouble::Denied,
            FaultKind::SignedOut => Trouble::SignedOut,
            _ => Trouble::Other,
        }
    }
}

/// Why the stream may lack lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// So many lines come that those which are later than this, in milliseconds, can no longer be told from known ones and are left
    /// out.
    TooLate(i64),
}

impl Gap {
    /// As a line in the stream of `stage`.
    pub fn sentence(self, stage: StageName) -> String {
        match self {
            Gap::TooLate(ms) => format!(
                "{stage} GAP: so many lines come that one which is later than {} s is left out",
                ms / 1000
            ),
        }
    }
}

/// How Live Tail is.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveTailState {
    /// Lines come as CloudWatch receives them. Polling goes on slowly, and brings what Live Tail leaves out.
    On,
    /// There is no session now: polling alone brings the lines, and a session is tried again.
    Off(Trouble, Problem),
}
