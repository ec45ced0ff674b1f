//! One execution environment: a process, its Runtime API, its log stream, and at most one invocation at a time.
//!
//! An invocation is handed over and then driven by the environment's own tasks: the connection that brings the answer
//! ends it, or else the supervisor, which sees the process end and the time run out. The caller only waits, so it may
//! go away without the function noticing.

pub(super) mod pieces;
mod supervisor;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::failure::Failure;
use super::members::Resident;
use super::memory::Bound;
use super::output::Output;
use super::pool::{Pool, Slot};
use super::process::Group;
use super::report::{End, Figures, Subject};
use super::start::Sandbox;
use super::{Callee, Invocation, Outcome, trace};
use crate::metrics::Metrics;
use crate::world::functions::Configuration;

pub(super) struct Environment {
    pub(super) id: u64,
    pub(super) callee: Callee,
    pub(super) configuration: Arc<Configuration>,
    sandbox: Arc<Sandbox>,
    pool: Arc<Pool>,
    metrics: Metrics,
    group: Group,
    /// What limits its memory; without one it is looked at.
    bound: Option<Bound>,
    output: Output,
    exchange: Mutex<Exchange>,
    /// The most that was seen, and when it was looked at last.
    memory: Mutex<(Resident, Option<Instant>)>,
    /// The supervisor has to look at the deadline anew.
    alarm: Notify,
    /// The process has ended, and its id may be somebody else's.
    ended: CancellationToken,
    retired: AtomicBool,
    pub(super) connections: TaskTracker,
}

/// What passes between the callers, the Runtime API and the supervisor.
struct Exchange {
    phase: Phase,
    /// The connection that waits for the next invocation.
    next: Option<oneshot::Sender<Work>>,
    /// An invocation that no connection has fetched yet.
    queued: Option<Work>,
    current: Option<Current>,
    /// Who waits for the initialisation to end.
    starting: Option<oneshot::Sender<Started>>,
    /// When the supervisor looks at the deadline.
    armed: Option<Instant>,
    timed_out: bool,
    out_of_memory: bool,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Phase {
    Starting,
    Idle,
    Busy,
    /// Answered, but not asking for more yet.
    Returning,
}

/// How an initialisation ended.
pub(super) enum Started {
    Ready,
    Failed(Failure),
}

/// An invocation on its way to an environment.
pub(super) struct Call {
    pub(super) request_id: String,
    pub(super) invocation: Invocation,
    pub(super) slot: Slot,
    pub(super) answer: oneshot::Sender<Outcome>,
    /// Takes a streaming answer as it comes; without it such an answer is put together.
    pub(super) pieces: Option<mpsc::Sender<Bytes>>,
    /// How long the initialisation took, when this is a cold start.
    pub(super) init: Option<Duration>,
    /// When the invocation began, if before it was handed over.
    pub(super) began: Option<Instant>,
}

/// What the Runtime API tells of an invocation.
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) deadline_ms: i64,
    pub(super) payload: Bytes,
    pub(super) invoked_arn: String,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
}

struct Current {
    request_id: String,
    began: Instant,
    deadline: Instant,
    init: Option<Duration>,
    slot: Slot,
    answer: oneshot::Sender<Outcome>,
    pieces: Option<mpsc::Sender<Bytes>>,
}

impl Environment {
    pub(super) fn new(
        sandbox: Arc<Sandbox>,
        pool: Arc<Pool>,
        metrics: Metrics,
        group: Group,
        bound: Option<Bound>,
        output: Output,
    ) -> (Arc<Environment>, oneshot::Receiver<Started>) {
        let (starting, started) = oneshot::channel();
        let exchange = Exchange {
            phase: Phase::Starting,
            next: None,
            queued: None,
            current: None,
            starting: Some(starting),
            armed: None,
            timed_out: false,
            out_of_memory: false,
        };
        let environment = Environment {
            id: pool.next_id(),
            callee: sandbox.callee.clone(),
            configuration: Arc::clone(&sandbox.configuration),
            sandbox,
            pool,
            metrics,
            group,
            bound,
            output,
            exchange: Mutex::new(exchange),
            memory: Mutex::default(),
            alarm: Notify::new(),
            ended: CancellationToken::new(),
            retired: AtomicBool::new(false),
            connections: TaskTracker::new(),
        };
        (Arc::new(environment), started)
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { callee: &self.callee, configuration: &self.configuration }
    }

    /// Gives the environment an invocation. `Some` is the invocation back: the process has ended meanwhile.
    pub(super) fn hand(&self, call: Call) -> Option<Call> {
        let now = Instant::now();
        let began = call.began.unwrap_or(now);
        let deadline = began + Duration::from_secs(self.configuration.timeout_s.into());
        let mut exchange = self.exchange();
        if self.ended.is_cancelled() || exchange.current.is_some() {
            return Some(call);
        }
        self.output.begin(call.invocation.log_tail, self.subject().start(&call.request_id));
        let left = deadline.saturating_duration_since(now);
        let work = Work {
            request_id: call.request_id.clone(),
            deadline_ms: jiff::Timestamp::now().as_millisecond()
                + i64::try_from(left.as_millis()).unwrap_or(i64::MAX),
            payload: call.invocation.payload,
            invoked_arn: call.invocation.invoked_arn,
            trace_id: call.invocation.trace_id.unwrap_or_else(|| trace::header(&trace::new_root())),
            client_context: call.invocation.client_context,
        };
        exchange.phase = Phase::Busy;
        exchange.current = Some(Current {
            request_id: call.request_id,
            began,
            deadline,
            init: call.init,
            slot: call.slot,
            answer: call.answer,
            pieces: call.pieces,
        });
        let sooner = exchange.armed.is_none_or(|armed| armed > deadline);
        let unfetched = match exchange.next.take() {
            Some(next) => next.send(work).err(),
            None => Some(work),
        };
        exchange.queued = unfetched;
        drop(exchange);
        if sooner {
            self.alarm.notify_one();
        }
        None
    }

    /// The next invocation, for the Runtime API; `None` when this wait is over without one.
    pub(super) async fn next(self: &Arc<Self>) -> Option<Work> {
        let waiting = {
            let mut exchange = self.exchange();
            if let Some(work) = exchange.queued.take() {
                return Some(work);
            }
            let (next, waiting) = oneshot::channel();
            exchange.next = Some(next);
            let before = exchange.phase;
            // A runtime that asks again without having answered gets nothing new: its time runs out.
            if before != Phase::Busy {
                exchange.phase = Phase::Idle;
            }
            let starting = exchange.starting.take();
            drop(exchange);
            match (before, starting) {
                (Phase::Starting, Some(starting)) => {
                    self.look();
                    // Nobody waits any more: the start took too long, and the process is being ended.
                    let _ = starting.send(Started::Ready);
                }
                (Phase::Returning, _) => self.pool.release(Arc::clone(self)),
                _ => {}
            }
            waiting
        };
        tokio::select! {
            work = waiting => work.ok(),
            () = self.ended.cancelled() => None,
        }
    }

    /// Takes the function's answer; `false` when there is no such invocation (any more).
    pub(super) fn answer(&self, request_id: &str, payload: Bytes, end: End) -> bool {
        // On Lambda it would not have come to an answer.
        if self.uses_too_much(self.look()) {
            return false;
        }
        let current = {
            let mut exchange = self.exchange();
            let matches = exchange.current.as_ref().is_some_and(|current| current.request_id == request_id);
            if !matches || exchange.timed_out {
                return false;
            }
            exchange.phase = Phase::Returning;
            exchange.current.take()
        };
        let Some(current) = current else { return false };
        self.pool.returning(self);
        self.finish(current, &end, payload);
        true
    }

    /// Takes the function's word that it cannot start.
    pub(super) fn init_failed(&self, error_type: String, payload: Bytes) -> bool {
        match self.exchange().starting.take() {
            Some(starting) => {
                let failure = Failure { end: End::Error(error_type), payload: Some(payload) };
                starting.send(Started::Failed(failure)).is_ok()
            }
            None => false,
        }
    }

    fn finish(&self, current: Current, end: &End, payload: Bytes) {
        let mut duration = current.began.elapsed();
        if *end == End::Timeout {
            duration = duration.min(current.deadline - current.began);
        }
        let limit = self.configuration.memory_mb;
        let max_memory_mb = match end {
            End::OutOfMemory { .. } => limit,
            _ => self.look().peak_mb.min(limit),
        };
        let figures = Figures { duration, init: current.init, max_memory_mb };
        let log_tail = self.output.finish(self.subject().end(&current.request_id, &figures, end));
        let function_error = (*end != End::Success).then(|| "Unhandled".to_owned());
        figures.count(&self.metrics, &current.slot, &self.callee, end);
        drop(current.slot);
        let outcome = Outcome { request_id: current.request_id, payload, function_error, log_tail };
        // Nobody waits any more: the function has run all the same.
        let _ = current.answer.send(outcome);
    }

    /// Logs what was printed so far and then these lines.
    pub(super) fn log(&self, lines: Vec<String>) {
        self.output.finish(lines);
    }

    /// Decides whether the processes are to stand still; [`Environment::settle`] has to follow.
    pub(super) fn want_still(&self, still: bool) {
        self.group.want_still(still);
    }

    /// Brings about what was decided last. Takes some time: not to be done under a lock.
    pub(super) fn settle(&self) {
        if !self.ended.is_cancelled() {
            self.group.settle();
        }
    }

    /// Ends the process; the supervisor does the rest.
    pub(super) fn kill(&self) {
        if !self.ended.is_cancelled() {
            self.group.kill();
        }
    }

    /// Resolves when the process has ended.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
