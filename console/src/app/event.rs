use crate::deploy::{Done, Failure, Plan};
use crate::domain::{GatewayView, Identity, ImageRow, LogLine, Overview, Problem, Progress, Report};

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
    /// To [`Query::Plan`].
    Planned(Box<Result<Plan, Problem>>),
    /// To [`Query::Images`].
    Images(Result<Vec<ImageRow>, Problem>),
    /// To [`Query::Gateway`].
    Gateway(Result<GatewayView, Problem>),
    /// To [`Query::Checks`].
    Checked(Report),
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
    /// Log lines that were not there before, oldest first.
    Lines(Vec<LogLine>),
    /// How the tail is.
    Tail(TailState),
}

/// How a tail is.
#[derive(Debug, Clone, PartialEq)]
pub enum TailState {
    /// It follows.
    Live,
    /// The log group does not exist: the function was never called.
    NoGroup,
    /// It cannot read; it tries again by itself. What is shown may lack lines.
    Broken(Problem),
}
