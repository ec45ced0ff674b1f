//! Which execution environments there are, which of them are idle, and how many invocations run.
//!
//! The last one used is used first, so that under light load the others stay frozen and are reaped in the end.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::Callee;
use super::environment::Environment;
use super::start::Sandbox;
use crate::world::functions::Configuration;

/// Bounds of the execution environments.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Invocations that run at the same time, of all functions together.
    pub concurrency: u32,
    /// How long an idle environment runs on before it is frozen. Not zero, because stopping and continuing a process
    /// for each of many invocations in a row costs more than they do.
    pub freeze_after: Duration,
    /// How long an idle environment is kept.
    pub reap_after: Duration,
    /// How long after an asynchronous call has failed in the function it is tried again, the first time and the second.
    pub event_retries: [Duration; 2],
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            concurrency: 256,
            freeze_after: Duration::from_millis(1),
            reap_after: Duration::from_secs(600),
            // As Lambda.
            event_retries: [Duration::from_secs(60), Duration::from_secs(120)],
        }
    }
}

pub(super) struct Pool {
    limits: Limits,
    state: Mutex<State>,
    /// Something is due sooner than the keeper thinks.
    alarm: Notify,
    next_id: AtomicU64,
}

#[derive(Default)]
struct State {
    functions: HashMap<Callee, Members>,
    in_flight: u32,
    kept: bool,
    stopped: bool,
    /// When the keeper looks next.
    alarm_at: Option<Instant>,
}

/// The environments of `$LATEST` of a function or of a version.
#[derive(Default)]
struct Members {
    all: HashMap<u64, Arc<Environment>>,
    idle: Vec<Idle>,
    /// Sandboxes whose process has ended: the next one is started in them.
    cooled: Vec<(Arc<Sandbox>, Instant)>,
    /// Those that have answered and will be idle in a moment.
    returning: HashSet<u64>,
    /// Invocations that wait for one of those.
    waiting: VecDeque<oneshot::Sender<Arc<Environment>>>,
    in_flight: u32,
}

impl Members {
    fn is_empty(&self) -> bool {
        self.all.is_empty() && self.cooled.is_empty() && self.in_flight == 0
    }
}

struct Idle {
    environment: Arc<Environment>,
    since: Instant,
    frozen: bool,
}

/// Where an invocation will run.
pub(super) enum Place {
    Warm(Arc<Environment>),
    /// An environment that is about to be idle.
    Soon(oneshot::Receiver<Arc<Environment>>),
    Cold,
}

/// Why there is no place.
pub(super) enum Full {
    Reserved,
    Account,
    Stopped,
}

/// An invocation's right to run, given back when dropped.
pub(super) struct Slot {
    pool: Arc<Pool>,
    callee: Callee,
    /// When it was given, epoch milliseconds.
    pub(super) since_ms: i64,
    /// Invocations of the function that ran then, this one among them.
    pub(super) concurrent: u32,
}

impl State {
    /// Invocations that run, of `$LATEST` and all versions together: a reservation is the function's.
    fn in_flight_of(&self, name: &str) -> u32 {
        self.functions
            .iter()
            .filter(|(callee, _)| callee.name == name)
            .map(|(_, members)| members.in_flight)
            .sum()
    }
}

impl Pool {
    pub(super) fn new(limits: Limits) -> Pool {
        Pool { limits, state: Mutex::default(), alarm: Notify::new(), next_id: AtomicU64::new(1) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The images that all environments run from, by digest.
    pub(super) fn images(&self) -> HashSet<String> {
        let state = self.lock();
        let all = state.functions.values().flat_map(|members| members.all.values());
        all.map(|environment| environment.configuration.digest.clone()).collect()
    }

    /// The pauses before an event that failed is tried again.
    pub(super) fn event_retries(&self) -> [Duration; 2] {
        self.limits.event_retries
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// A right to run and a place for it.
    pub(super) fn acquire(
        self: &Arc<Pool>,
        callee: &Callee,
        configuration: &Configuration,
        reserved: Option<u32>,
    ) -> Result<(Slot, Place), Full> {
        let mut outdated = Vec::new();
        let mut state = self.lock();
        if state.stopped {
            return Err(Full::Stopped);
        }
        if state.in_flight >= self.limits.concurrency {
            return Err(Full::Account);
        }
        if reserved.is_some_and(|reserved| state.in_flight_of(&callee.name) >= reserved) {
            return Err(Full::Reserved);
        }
        if !state.functions.contains_key(callee) {
            state.functions.insert(callee.clone(), Members::default());
        }
        let Some(members) = state.functions.get_mut(callee) else { return Err(Full::Stopped) };
        members.in_flight += 1;
        let mut found = None;
        while let Some(idle) = members.idle.pop() {
            if *idle.environment.configuration == *configuration {
                found = Some(idle);
                break;
            }
            outdated.push(idle.environment);
        }
        let place = match found {
            Some(idle) => {
                if idle.frozen {
                    idle.environment.want_still(false);
                }
                Place::Warm(idle.environment)
            }
            None => {
                members.waiting.retain(|waiting| !waiting.is_closed());
                if members.returning.len() > members.waiting.len() {
                    let (given, taken) = oneshot::channel();
                    members.waiting.push_back(given);
                    Place::Soon(taken)
                } else {
                    Place::Cold
                }
            }
        };
        state.in_flight += 1;
        let concurrent = state.in_flight_of(&callee.name);
        drop(state);
        if let Place::Warm(environment) = &place {
            environment.settle();
        }
        for environment in outdated {
            environment.retire();
            environment.kill();
        }
        let since_ms = jiff::Timestamp::now().as_millisecond();
        Ok((Slot { pool: Arc::clone(self), callee: callee.clone(), since_ms, concurrent }, place))
    }

    /// Takes in an environment that is being started. `false` once everything is stopped.
    pub(super) fn admit(self: &Arc<Pool>, environment: &Arc<Environment>) -> bool {
        let mut state = self.lock();
        if state.stopped {
            return false;
        }
        let members = state.functions.entry(environment.callee.clone()).or_default();
        members.all.insert(environment.id, Arc::clone(environment));
        if !std::mem::replace(&mut state.kept, true) {
            tokio::spawn(keep(Arc::clone(self)));
        }
        true
    }

    /// The environment has answered; it will ask for the next invocation in a moment.
    pub(super) fn returning(&self, environment: &Environment) {
        if let Some(members) = self.lock().functions.get_mut(&environment.callee) {
            members.returning.insert(environment.id);
        }
    }

    /// The environment has asked for the next invocation.
    pub(super) fn release(&self, environment: Arc<Environment>) {
        let mut state = self.lock();
        let now = Instant::now();
        let due = now + self.limits.freeze_after;
        let sooner = state.alarm_at.is_none_or(|at| at > due);
        let stopped = state.stopped;
        let Some(members) = state.functions.get_mut(&environment.callee) else { return };
        members.returning.remove(&environment.id);
        if stopped || environment.is_retired() {
            drop(state);
            environment.kill();
            return;
        }
        let mut environment = environment;
        while let Some(waiting) = members.waiting.pop_front() {
            match waiting.send(environment) {
                Ok(()) => return,
                Err(back) => environment = back,
            }
        }
        members.idle.push(Idle { environment, since: now, frozen: false });
        if sooner {
            state.alarm_at = Some(due);
            drop(state);
            self.alarm.notify_one();
        }
    }

    /// The environment's process has ended.
    pub(super) fn forget(&self, environment: &Environment) {
        let mut state = self.lock();
        if let Some(members) = state.functions.get_mut(&environment.callee) {
            members.all.remove(&environment.id);
            members.returning.remove(&environment.id);
            members.idle.retain(|idle| idle.environment.id != environment.id);
            if members.is_empty() {
                state.functions.remove(&environment.callee);
            }
        }
    }

    /// Takes back a sandbox whose process has ended.
    pub(super) fn cool(&self, sandbox: Arc<Sandbox>) {
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        let now = Instant::now();
        let members = state.functions.entry(sandbox.callee.clone()).or_default();
        members.cooled.push((sandbox, now));
        let due = now + self.limits.reap_after;
        if state.alarm_at.is_none_or(|at| at > due) {
            state.alarm_at = Some(due);
            drop(state);
            self.alarm.notify_one();
        }
    }

    /// A sandbox for a new process, if one has been left.
    pub(super) fn reuse(&self, callee: &Callee, configuration: &Configuration) -> Option<Arc<Sandbox>> {
        let mut state = self.lock();
        let cooled = &mut state.functions.get_mut(callee)?.cooled;
        let place = cooled.iter().rposition(|(sandbox, _)| *sandbox.configuration == *configuration)?;
        Some(cooled.swap_remove(place).0)
    }

    /// Ends idle environments now and the others after their invocation.
    pub(super) fn retire(&self, whose: impl Fn(&Callee) -> bool) {
        let mut state = self.lock();
        let (mut idle, mut cooled) = (Vec::new(), Vec::new());
        for (_, members) in state.functions.iter_mut().filter(|(callee, _)| whose(callee)) {
            members.all.values().for_each(|environment| environment.retire());
            idle.append(&mut members.idle);
            cooled.append(&mut members.cooled);
        }
        drop(state);
        idle.iter().for_each(|idle| idle.environment.kill());
    }

    /// Ends all environments and takes no invocation any more.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let all: Vec<Arc<Environment>> =
            state.functions.values().flat_map(|members| members.all.values().cloned()).collect();
        let cooled: Vec<_> =
            state.functions.values_mut().flat_map(|members| std::mem::take(&mut members.cooled)).collect();
        drop(state);
        drop(cooled);
        all.iter().for_each(|environment| environment.kill());
        self.alarm.notify_one();
    }

    /// Freezes and reaps what is due. The answer is when to look again.
    fn tend(&self) -> Option<Instant> {
        let now = Instant::now();
        let (mut reaped, mut dropped, mut still) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = None;
        let mut state = self.lock();
        for members in state.functions.values_mut() {
            let reap_after = self.limits.reap_after;
            let old = |(_, since): &mut (Arc<Sandbox>, Instant)| now >= *since + reap_after;
            dropped.extend(members.cooled.extract_if(.., old));
            for (_, since) in &members.cooled {
                let due = *since + reap_after;
                next = Some(next.map_or(due, |next: Instant| next.min(due)));
            }
            members.idle.retain_mut(|idle| {
                if !idle.frozen && now >= idle.since + self.limits.freeze_after {
                    idle.environment.want_still(true);
                    still.push(Arc::clone(&idle.environment));
                    idle.frozen = true;
                }
                let after = if idle.frozen { self.limits.reap_after } else { self.limits.freeze_after };
                let due = idle.since + after;
                if idle.frozen && now >= due {
                    reaped.push(Arc::clone(&idle.environment));
                    return false;
                }
                next = Some(next.map_or(due, |next: Instant| next.min(due)));
                true
            });
        }
        state.functions.retain(|_, members| !members.is_empty());
        state.alarm_at = next;
        drop(state);
        still.iter().for_each(|environment| environment.settle());
        for environment in reaped {
            environment.retire();
            environment.kill();
        }
        next
    }
}

/// Freezes and reaps until everything is stopped. Sleeps while nothing is due.
async fn keep(pool: Arc<Pool>) {
    while !pool.lock().stopped {
        match pool.tend() {
            Some(due) => {
                tokio::select! {
                    () = tokio::time::sleep_until(due.into()) => {}
                    () = pool.alarm.notified() => {}
                }
            }
            None => pool.alarm.notified().await,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some(members) = state.functions.get_mut(&self.callee) {
            members.in_flight = members.in_flight.saturating_sub(1);
        }
    }
}
