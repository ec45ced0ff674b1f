//! Waits that AWS asks for: a throttled call, a role that has not spread, a function that settles. Each is bounded, told,
//! and ends at once when the operator stops the change.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::steps::Context;
use super::world::settling;
use crate::cloud::{Fault, FaultKind};
use crate::domain::{Function, FunctionState, Problem, Progress, StepId, UpdateState};

// API Gateway takes one CreateDeployment in 5 s, one CreateRestApi in 3 s (30 s for an edge API) and one DeleteRestApi in
// 30 s, which the SDK's three attempts within 3 s do not outlast.
const THROTTLED_FOR: Duration = Duration::from_secs(90);
// Seen to take 5 to 20 s.
const ROLE_FOR: Duration = Duration::from_secs(60);
const SETTLE_FOR: Duration = Duration::from_secs(300);
const TELL_EVERY: Duration = Duration::from_secs(5);

/// How calls are made that AWS may ask to make later.
pub(super) struct Patience<'a> {
    stop: Option<&'a CancellationToken>,
    tell: Option<(StepId, &'a (dyn Fn(Progress) + Send + Sync))>,
}

impl<'a> Patience<'a> {
    /// For reads that nobody watches, and that end when they are dropped.
    pub(super) fn silent() -> Patience<'static> {
        Patience { stop: None, tell: None }
    }

    /// For a step: it tells why it waits, and stops waiting when the change is stopped.
    pub(super) fn of(context: &'a Context<'_>, step: StepId) -> Patience<'a> {
        Patience { stop: Some(context.stop), tell: Some((step, context.progress)) }
    }

    /// Makes a call, and makes it again while AWS says that it will do later.
    pub(super) async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let clock = Instant::now();
        let mut pause = Duration::from_secs(1);
        loop {
            let fault = match call().await {
                Err(fault) => fault,
                done => return done,
            };
            let (bound, why) = match fault.kind {
                FaultKind::Throttled => (THROTTLED_FOR, "AWS limits how often this may be called"),
                FaultKind::RoleNotReady => (ROLE_FOR, "the role has not reached Lambda yet"),
                FaultKind::Busy => (SETTLE_FOR, "another change of the function is on its way"),
                _ => return Err(fault),
            };
            let wait = jittered(pause);
            if clock.elapsed() + wait > bound {
                return Err(given_up(fault, &format!("tried again for {} s", bound.as_secs())));
            }
            let why = format!("{}: {why}", fault.problem.summary);
            if !self.wait(wait, &why).await {
                return Err(given_up(fault, "stopped while it was to be tried again"));
            }
            pause = (pause * 2).min(Duration::from_secs(8));
        }
    }

    /// Waits, counting down; `false` when the operator stopped the change meanwhile.
    pub(super) async fn wait(&self, time: Duration, why: &str) -> bool {
        if let Some((step, tell)) = self.tell {
            tell(Progress::Output(step, format!("{why}: again in {:.1} s", time.as_secs_f64())));
        }
        let clock = Instant::now();
        loop {
            let left = time.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return true;
            }
            if let Some((step, tell)) = self.tell {
                tell(Progress::Countdown { step, why: why.to_owned(), left });
            }
            let tick = tokio::time::sleep(left.min(Duration::from_secs(1)));
            match self.stop {
                None => tick.await,
                Some(stop) => tokio::select! {
                    () = tick => {}
                    () = stop.cancelled() => return false,
                },
            }
        }
    }
}

fn given_up(mut fault: Fault, how: &str) -> Fault {
    fault.problem.detail = format!("{}\n{how}", fault.problem.detail);
    fault
}

/// [`Patience::call`] of a step.
pub(super) async fn patiently<T, F>(
    context: &Context<'_>,
    step: StepId,
    call: impl Fn() -> F,
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    Patience::of(context, step).call(call).await
}

/// Waits until no change of the function is on its way; answers it as it is then. A change that failed is a Problem.
pub(super) async fn settled(context: &Context<'_>, step: StepId, name: &str) -> Result<Function, Problem> {
    let function = quiet(context, step, name).await?;
    let failed = |what: &str, reason: &Option<String>| {
        Problem::new(format!("{what} of {name} failed"))
            .because(reason.clone().unwrap_or_else(|| "Lambda gives no reason".to_owned()))
    };
    if function.state == FunctionState::Failed {
        Err(failed("the creation", &function.state_reason))
    } else if function.update == UpdateState::Failed {
        Err(failed("the update", &function.update_reason))
    } else {
        Ok(function)
    }
}

/// As [`settled`], whatever became of the change.
pub(super) async fn quiet(context: &Context<'_>, step: StepId, name: &str) -> Result<Function, Problem> {
    let clock = Instant::now();
    let mut told = Duration::ZERO;
    let mut pause = Duration::from_millis(50);
    loop {
        let read = patiently(context, step, || context.cloud.function(name)).await?;
        let function = read.ok_or_else(|| {
            Problem::new(format!("the function {name} is gone")).because("somebody else deleted it meanwhile")
        })?;
        if !settling(&function) {
            return Ok(function);
        }
        let waited = clock.elapsed();
        let state = if function.state == FunctionState::Pending { "Pending" } else { "InProgress" };
        if told.is_zero() || waited >= told + TELL_EVERY {
            context.say(step, format!("{name} is {state} ({:.0} s)", waited.as_secs_f64()));
            told = waited.max(Duration::from_nanos(1));
        }
        if waited > SETTLE_FOR {
            return Err(Problem::new(format!("{name} is still {state} after {} s", SETTLE_FOR.as_secs()))
                .fix("look at the function in AWS's console"));
        }
        if !slept(context, pause).await {
            return Err(Problem::new(format!("stopped while {name} is {state}"))
                .because("Lambda goes on with the change by itself"));
        }
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// Waits; `false` when the operator stopped the change meanwhile.
pub(super) async fn slept(context: &Context<'_>, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = context.stop.cancelled() => false,
    }
}

// Half of it to all of it, so that two deploys that were throttled together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0);
    let share = (random % 1000) as f64 / 1000.0;
    pause.mul_f64(0.5 + share / 2.0)
}
