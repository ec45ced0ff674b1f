//! What all lines of one invocation say together. Whatever is merged here is the greatest, the least or the union of what
//! the lines say, so that neither their order matters nor that one comes twice.

use std::sync::Arc;

use super::Outcome;
use super::answer::Answer;
use super::fact::{Fact, Failure, Figures};
use crate::domain::StageName;

/// One log stream of one stage: an execution environment, which runs one invocation at a time.
pub(super) type Lane = (StageName, u64);

/// What is known of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) stage: StageName,
    /// Lambda's request id.
    pub(super) id: Arc<str>,
    /// Whether Lambda has named it, or a line says what it answered. An id in a text alone may be anybody's.
    pub(super) known: bool,
    /// The log stream of its newest line.
    stream: (i64, u64),
    /// Its oldest line, epoch milliseconds.
    pub(super) first_ms: i64,
    /// Its newest line, epoch milliseconds.
    pub(super) last_ms: i64,
    /// Whether its start was seen.
    pub(super) started: bool,
    /// When it ended, epoch milliseconds; `None` while it runs.
    pub(super) ended_ms: Option<i64>,
    pub(super) figures: Option<Figures>,
    failure: Option<Box<(Failure, Box<str>)>>,
    pub(super) answer: Option<Box<Answer>>,
    /// API Gateway's request id.
    pub(super) gateway: Option<Arc<str>>,
    /// The first error that the service logged: when, and what it says.
    error: Option<Box<(i64, Box<str>)>>,
}

impl Record {
    pub(super) fn new((stage, stream): Lane, id: Arc<str>, at_ms: i64) -> Record {
        Record {
            stage,
            id,
            known: false,
            stream: (at_ms, stream),
            first_ms: at_ms,
            last_ms: at_ms,
            started: false,
            ended_ms: None,
            figures: None,
            failure: None,
            answer: None,
            gateway: None,
            error: None,
        }
    }

    /// The environment that it runs in.
    pub(super) fn lane(&self) -> Lane {
        (self.stage, self.stream.1)
    }

    /// The environment that it will run in once a line of `stream` has been merged.
    pub(super) fn lane_with(&self, at_ms: i64, stream: u64) -> Lane {
        (self.stage, self.stream.max((at_ms, stream)).1)
    }

    /// Takes in what a line of `stream` says.
    pub(super) fn merge(&mut self, at_ms: i64, stream: u64, fact: Fact) {
        self.known |= fact.platform || fact.answer.as_ref().is_some_and(Answer::is_named);
        self.stream = self.stream.max((at_ms, stream));
        self.first_ms = self.first_ms.min(at_ms);
        self.last_ms = self.last_ms.max(at_ms);
        self.started |= fact.starts;
        if fact.ends {
            self.ended_ms = self.ended_ms.max(Some(at_ms));
        }
        self.figures = self.figures.max(fact.figures);
        if let Some((how, words)) = fact.failure {
            // The longer words say more: `Runtime exited with error: exit status 3` than `Runtime.ExitError`.
            let rank = |how: Failure, words: &str| (how, words.len(), words.to_owned());
            let old = self.failure.as_ref().map(|old| rank(old.0, &old.1));
            if old.is_none_or(|old| old < rank(how, &words)) {
                self.failure = Some(Box::new((how, words)));
            }
        }
        if fact.answer > self.answer.as_deref().cloned() {
            self.answer = fact.answer.map(Box::new);
        }
        if fact.gateway.as_deref() > self.gateway.as_deref() {
            self.gateway = fact.gateway.map(Arc::from);
        }
        if let Some(words) = fact.error {
            let new = (at_ms, words);
            if self.error.as_ref().is_none_or(|old| new < **old) {
                self.error = Some(Box::new(new));
            }
        }
    }

    /// How it ended (FACTS §5 "Plain lines" and "JSON", §7 "Timeout" and "Exit").
    pub(super) fn outcome(&self) -> Outcome {
        match &self.failure {
            Some(failure) if failure.0 == Failure::Timeout => return Outcome::Timeout,
            Some(failure) if failure.0 == Failure::Crash => return Outcome::Crash,
            Some(_) => return Outcome::Error,
            None => {}
        }
        match &self.answer {
            Some(answer) if answer.status >= 500 => Outcome::Error,
            _ if self.ended_ms.is_none() => Outcome::Running,
            // In plain text Lambda says nothing of an error that the function reports; its own line is all there is.
            None if self.error.is_some() => Outcome::Error,
            _ => Outcome::Ok,
        }
    }

    /// What Lambda, or else the service, says of its failure.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let failure = self.failure.as_ref().map(|failure| &*failure.1);
        let error = self.error.as_ref().map(|error| &*error.1);
        failure.into_iter().chain(error).filter(|words| !words.is_empty())
    }

    /// Bytes of the texts that it keeps, and of what holds them.
    pub(super) fn text_len(&self) -> usize {
        let answer = self.answer.as_ref().map_or(0, |answer| size_of::<Answer>() + answer.text_len());
        let failure = self.failure.as_ref().map_or(0, |failure| 24 + failure.1.len());
        let error = self.error.as_ref().map_or(0, |error| 24 + error.1.len());
        let gateway = self.gateway.as_ref().map_or(0, |id| id.len());
        self.id.len() + answer + failure + error + gateway
    }
}
