//! Watches over an environment's process: its end, its deadline, its memory.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::super::failure::{Failure, ended, error_payload, out_of_memory};
use super::super::members::Resident;
use super::super::memory::Bound;
use super::super::process::Process;
use super::super::report::End;
use super::{Environment, Phase, Started};

/// How long what a process has already sent may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How old the figure of a process's memory may be. Reading it for each of thousands of invocations a second would
/// cost more than they do; it only ever grows.
const MEMORY_AGE: Duration = Duration::from_millis(100);
/// How often it is looked at while an invocation or the initialisation goes on, to end what uses more than it may; the first time when
/// that has gone on for as long.
const MEMORY_LOOK: Duration = Duration::from_millis(20);

impl Environment {
    /// Watches over the process until its end; the last to know of the environment.
    pub(in super::super) async fn supervise(self: Arc<Self>, mut process: Process) {
        let follower = tokio::spawn({
            let environment = Arc::clone(&self);
            async move { environment.output.follow().await }
        });
        let status = loop {
            let wake = self.arm();
            let sleep = async {
                match wake {
                    Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                status = process.wait() => break status,
                () = self.alarm.notified() => {}
                () = sleep => {
                    self.check_deadline();
                    self.check_memory();
                }
            }
        };
        // What the process has started must not live on.
        self.group.kill();
        self.ended.cancel();
        if let Err(error) = process.gone().await {
            tracing::error!(%error, function = self.callee.name, "the end of a sandbox cannot be waited for");
        }
        self.connections.close();
        // A response that was sent just before the end still counts.
        let _ = tokio::time::timeout(LAST_WORDS, self.connections.wait()).await;
        let _ = tokio::time::timeout(LAST_WORDS, follower).await;
        self.pool.forget(&self);
        let mut end = ended(status);
        let (starting, current, phase, timed_out) = {
            let mut exchange = self.exchange();
            exchange.out_of_memory |= self.bound.as_ref().is_some_and(Bound::has_killed);
            if exchange.out_of_memory {
                end = out_of_memory();
            }
            (exchange.starting.take(), exchange.current.take(), exchange.phase, exchange.timed_out)
        };
        // As Lambda: what ended by itself or ran out of time is started again in the same sandbox.
        if phase != Phase::Starting && !self.is_retired() {
            self.pool.cool(Arc::clone(&self.sandbox));
        }
        if let Some(starting) = starting {
            // Nobody waits any more when the start took too long.
            let _ = starting.send(Started::Failed(Failure { end: end.clone(), payload: None }));
        }
        if let Some(current) = current {
            let end = if timed_out { End::Timeout } else { end };
            let payload = error_payload(&current.request_id, &end, self.configuration.timeout_s);
            self.finish(current, &end, payload);
        }
    }

    /// When the deadline has to be looked at.
    fn arm(&self) -> Option<Instant> {
        let mut exchange = self.exchange();
        let deadline = exchange.current.as_ref().map(|current| current.deadline);
        let at_work = deadline.is_some() || exchange.phase == Phase::Starting;
        let ending = exchange.timed_out || exchange.out_of_memory;
        let look = self.bound.is_none() && at_work;
        let look = look.then(|| Instant::now() + MEMORY_LOOK);
        exchange.armed = deadline.into_iter().chain(look).min().filter(|_| !ending);
        exchange.armed
    }

    fn check_deadline(&self) {
        let mut exchange = self.exchange();
        if exchange.current.as_ref().is_some_and(|current| current.deadline <= Instant::now()) {
            exchange.timed_out = true;
            drop(exchange);
            self.look();
            self.kill();
        }
    }

    /// As [`Environment::look`], at all processes, and ends them when it is too much.
    fn check_memory(&self) {
        if self.ended.is_cancelled() || self.bound.is_some() || self.has_just_begun() {
            return;
        }
        let seen = self.remember(self.group.resident_of_all().unwrap_or_default());
        self.uses_too_much(seen);
    }

    /// Whether the invocation is so young that its end may come before a look is worth it: thousands a second are like that.
    fn has_just_begun(&self) -> bool {
        self.exchange().current.as_ref().is_some_and(|current| current.began.elapsed() < MEMORY_LOOK)
    }

    /// Ends what uses more memory than it may, and says so.
    pub(super) fn uses_too_much(&self, seen: Resident) -> bool {
        if self.bound.is_some() || seen.own_mb <= self.configuration.memory_mb {
            return false;
        }
        self.exchange().out_of_memory = true;
        self.kill();
        true
    }

    /// The most memory that was seen; looks at the process if that was long ago.
    pub(in super::super) fn look(&self) -> Resident {
        let (seen, looked) = *self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = looked.is_some_and(|looked| looked.elapsed() < MEMORY_AGE);
        if fresh || self.ended.is_cancelled() {
            return seen;
        }
        self.remember(self.group.resident().unwrap_or_default())
    }

    fn remember(&self, resident: Resident) -> Resident {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        *memory = (memory.0.max(resident), Some(Instant::now()));
        memory.0
    }
}
