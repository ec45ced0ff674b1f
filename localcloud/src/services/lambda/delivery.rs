//! Events: calls that nobody waits for. One that fails is tried again, as long as its configuration says.
//!
//! It is on disk before its caller hears that it was taken, and stays there until it is done: a run of the local cloud that ends, however,
//! leaves it to the next. So it may run twice, as on AWS.

mod taken;

use std::time::Duration;

use super::target::Target;
use crate::cloud::{Cloud, now_ms};
use crate::functions::{Callee, Invocation, Refusal};
use crate::store::StoreError;
use crate::wire::Service;
use crate::wire::fault::Fault;
use crate::world::State;
use crate::world::functions::{EventConfig, LATEST};
use taken::Taken;

/// An event that finds no room is tried again after a second, and then less and less often, up to each five minutes.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);
const MAX_AGE_S: u32 = 21_600;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Failed,
    /// There was no room, or the function is not ready.
    Delayed,
    /// There is nothing to call any more.
    Gone,
}

/// The attempts that an event has left.
#[derive(Debug)]
struct Attempts {
    /// The pauses before the next ones: one minute, then two (Lambda's documentation, "How Lambda handles errors and retries with
    /// asynchronous invocation").
    retries: std::vec::IntoIter<Duration>,
    backoff: Duration,
    max_age: Duration,
}

impl Attempts {
    /// `failed` of them are over.
    fn new(config: Option<&EventConfig>, pauses: [Duration; 2], failed: usize) -> Attempts {
        let most = config.and_then(|config| config.retries).and_then(|most| usize::try_from(most).ok());
        let pauses: Vec<Duration> =
            pauses.into_iter().take(most.unwrap_or(usize::MAX)).skip(failed).collect();
        Attempts {
            retries: pauses.into_iter(),
            backoff: FIRST_BACKOFF,
            max_age: Duration::from_secs(
                config.and_then(|config| config.max_age_s).unwrap_or(MAX_AGE_S).into(),
            ),
        }
    }

    /// How long to wait for the next attempt, if there is one, `age` being the event's.
    fn after(&mut self, end: End, age: Duration) -> Option<Duration> {
        let pause = match end {
            End::Done | End::Gone => return None,
            End::Failed => self.retries.next()?,
            End::Delayed => {
                let pause = self.backoff;
                self.backoff = LONGEST_BACKOFF.min(pause * 2);
                pause
            }
        };
        (age + pause < self.max_age).then_some(pause)
    }
}

/// Takes an event: it is on disk when this is over, and runs behind. All attempts at it have the one request id.
pub(super) async fn take(
    cloud: &Cloud,
    target: Target,
    invocation: Invocation,
    request_id: String,
) -> Result<(), Fault> {
    let taken = Taken::new(target, invocation);
    if !taken.keep(cloud, &request_id).await? {
        return Err(Fault::throttled(Service::Lambda));
    }
    run(cloud, taken, request_id);
    Ok(())
}

/// Goes on with the events that a former run has taken and not done.
pub(crate) fn resume(cloud: &Cloud) -> Result<(), StoreError> {
    for (request_id, bytes) in cloud.store.kept_events()? {
        run(cloud, serde_json::from_slice(&bytes)?, request_id);
    }
    Ok(())
}

/// Tries until it is done or given up. When the local cloud stops first, its next run goes on.
fn run(cloud: &Cloud, mut taken: Taken, request_id: String) {
    let cloud = cloud.clone();
    let config = |state: &State| {
        let qualifier = taken.qualifier.as_deref().unwrap_or(LATEST);
        state.functions.get(&taken.name)?.event_configs.get(qualifier).copied()
    };
    let config = config(&cloud.world.snapshot());
    let mut attempts = Attempts::new(config.as_ref(), cloud.functions.event_retries(), taken.failed);
    let functions = cloud.functions.clone();
    functions.in_background(async move {
        loop {
            let end = attempt(&cloud, &taken, &request_id).await;
            let age = u64::try_from(now_ms().saturating_sub(taken.came_ms)).unwrap_or(0);
            let Some(pause) = attempts.after(end, Duration::from_millis(age)) else {
                if end != End::Done {
                    tracing::warn!(function = taken.name, request_id, ?end, "an event was given up");
                }
                break;
            };
            if end == End::Failed {
                taken.failed += 1;
                if let Err(error) = taken.keep(&cloud, &request_id).await {
                    tracing::error!(%error, request_id, "how often an event has failed could not be saved");
                }
            }
            tokio::time::sleep(pause).await;
        }
        if let Err(error) = taken::forget(&cloud, &request_id).await {
            tracing::error!(%error, request_id, "an event that is done will be run again at the next start");
        }
    });
}

async fn attempt(cloud: &Cloud, taken: &Taken, request_id: &str) -> End {
    let state = cloud.world.snapshot();
    let Some(function) = state.functions.get(&taken.name) else { return End::Gone };
    let Some(qualified) = function.qualified(taken.qualifier.as_deref()) else { return End::Gone };
    let Some(invocation) = taken.invocation() else { return End::Gone };
    let callee = Callee { name: taken.name.clone(), version: qualified.runs(fastrand::f64()) };
    match cloud.functions.invoke_as(request_id.to_owned(), &callee, invocation).await {
        Ok(outcome) if outcome.function_error.is_none() => End::Done,
        Ok(_) => End::Failed,
        // Where nothing may run, nothing waits either.
        Err(Refusal::Throttled { .. }) if function.reserved_concurrency == Some(0) => End::Gone,
        Err(Refusal::Throttled { .. } | Refusal::NotActive { .. } | Refusal::Restoring) => End::Delayed,
        Err(Refusal::NotFound | Refusal::Failed(_)) => End::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Duration = Duration::ZERO;
    const MINUTE: Duration = Duration::from_secs(60);

    fn config(retries: u32, max_age_s: u32) -> EventConfig {
        EventConfig { retries: Some(retries), max_age_s: Some(max_age_s), last_modified_ms: 0 }
    }

    #[test]
    fn a_failed_event_is_tried_twice_more_after_one_minute_and_two() {
        let pauses = [MINUTE, 2 * MINUTE];
        let mut attempts = Attempts::new(None, pauses, 0);
        assert_eq!(attempts.after(End::Failed, NEW), Some(MINUTE));
        assert_eq!(attempts.after(End::Failed, NEW), Some(2 * MINUTE));
        assert_eq!(attempts.after(End::Failed, NEW), None);
        assert_eq!(Attempts::new(Some(&config(0, 21_600)), pauses, 0).after(End::Failed, NEW), None);
        let mut once = Attempts::new(Some(&config(1, 21_600)), pauses, 0);
        assert_eq!(once.after(End::Failed, NEW), Some(MINUTE));
        assert_eq!(once.after(End::Failed, NEW), None);
        assert_eq!(Attempts::new(None, pauses, 0).after(End::Done, NEW), None);
        assert_eq!(Attempts::new(None, pauses, 0).after(End::Gone, NEW), None);
    }

    #[test]
    fn an_event_without_room_backs_off_until_it_is_too_old() {
        let retries = [MINUTE, 2 * MINUTE];
        let mut attempts = Attempts::new(Some(&config(0, 600)), retries, 0);
        let pauses: Vec<u64> =
            (0..11).filter_map(|_| attempts.after(End::Delayed, NEW)).map(|pause| pause.as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(attempts.after(End::Delayed, 5 * MINUTE), None);
        assert_eq!(
            Attempts::new(Some(&config(2, 60)), retries, 0).after(End::Failed, NEW),
            None,
            "older than a minute"
        );
    }
}
