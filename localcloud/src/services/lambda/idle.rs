//! Functions that nobody calls become Inactive, and Active again some time after the next call, which fails.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::settle::{settle, unsettled};
use crate::cloud::{Cloud, now_ms};
use crate::functions::Callee;
use crate::store::StoreError;
use crate::world::State;
use crate::world::functions::{RESTORING, Status};

/// How often it is looked who is idle, at most: also how coarse the times on disk are.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Looks at once, and then again and again until `stop`; the times are saved a last time then. `idle_after` is how long a function is kept without a call.
pub(crate) fn watch(cloud: &Cloud, idle_after: Duration, stop: CancellationToken) -> JoinHandle<()> {
    let cloud = cloud.clone();
    tokio::spawn(async move {
        let mut looks =
            tokio::time::interval(LONGEST_PAUSE.min(idle_after / 4).max(Duration::from_millis(1)));
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let usage = cloud.functions.usage();
            tokio::select! {
                _ = looks.tick() => {
                    let cloud = cloud.clone();
                    in_background(move || lay_to_rest(&cloud, idle_after)).await;
                }
                names = usage.woken() => {
                    let cloud = cloud.clone();
                    in_background(move || names.iter().try_for_each(|name| wake(&cloud, name))).await;
                }
                () = stop.cancelled() => break,
            }
        }
        in_background(move || {
            let used = cloud.functions.usage().last();
            cloud.world.change(|state| {
                keep_times(state, &used);
                Ok(())
            })
        })
        .await;
    })
}

/// Changes of the state block for the disk.
async fn in_background(change: impl FnOnce() -> Result<(), StoreError> + Send + 'static) {
    let runtime = tokio::runtime::Handle::current();
    let changed = tokio::task::spawn_blocking(move || {
        let _inside = runtime.enter();
        change()
    });
    match changed.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "which functions are idle could not be saved"),
        Err(error) => tracing::error!(%error, "looking for idle functions was cut off"),
    }
}

fn lay_to_rest(cloud: &Cloud, idle_after: Duration) -> Result<(), StoreError> {
    let (now, used) = (now_ms(), cloud.functions.usage().last());
    let idle_ms = i64::try_from(idle_after.as_millis()).unwrap_or(i64::MAX);
    let rested = cloud.world.change(|state| {
        keep_times(state, &used);
        let mut rested = Vec::new();
        for function in state.functions.values_mut() {
            let called = state.last_called_ms.get(&function.name).copied().unwrap_or_default();
            let last = function.last_modified_ms.max(called);
            if function.state.value == "Active" && !unsettled(function) && now - last >= idle_ms {
                function.state = Status {
                    value: "Inactive".to_owned(),
                    reason: Some("The function is idle.".to_owned()),
                    code: Some("Idle".to_owned()),
                };
                function.live = None;
                rested.push(function.name.clone());
            }
        }
        Ok::<_, StoreError>(rested)
    })?;
    for name in rested {
        tracing::info!(function = name, "the function is Inactive now: nobody has called it for long");
        cloud.functions.retire(&Callee::latest(&name));
    }
    Ok(())
}

/// One write for all functions that were called since the last look, and none when none was.
fn keep_times(state: &mut State, used: &std::collections::BTreeMap<String, i64>) {
    for (name, last) in used.iter().filter(|(name, _)| state.functions.contains_key(*name)) {
        let kept = state.last_called_ms.entry(name.clone()).or_default();
        *kept = (*kept).max(*last);
    }
    let State { functions, last_called_ms, .. } = state;
    last_called_ms.retain(|name, _| functions.contains_key(name));
}

/// Has the function become Active again, unless somebody else already does.
fn wake(cloud: &Cloud, name: &str) -> Result<(), StoreError> {
    let woken = cloud.world.change(|state| {
        let inactive = state.functions.get_mut(name).filter(|function| function.state.value == "Inactive");
        let Some(function) = inactive else { return Ok::<_, StoreError>(false) };
        function.state = Status {
            value: "Pending".to_owned(),
            reason: Some("The function is being restored.".to_owned()),
            code: Some(RESTORING.to_owned()),
        };
        // Or it would be idle again before it could be called.
        state.last_called_ms.insert(name.to_owned(), now_ms());
        Ok(true)
    })?;
    if woken {
        settle(cloud, name);
    }
    Ok(())
}
