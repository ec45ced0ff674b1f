//! What happens behind a change: the image is made ready, then the function becomes Active or the update Successful.
//! Until then the old configuration serves.

use super::new_revision;
use crate::cloud::Cloud;
use crate::functions::{Callee, ImageProblem};
use crate::store::StoreError;
use crate::world::State;
use crate::world::functions::{Configuration, Function, Status};

/// Goes on with what a former run left unfinished.
pub(crate) fn settle_unsettled(cloud: &Cloud) {
    for function in cloud.world.snapshot().functions.values().filter(|function| unsettled(function)) {
        settle(cloud, &function.name);
    }
}

/// Settles a function's change in the background.
pub(super) fn settle(cloud: &Cloud, name: &str) {
    let snapshot = cloud.world.snapshot();
    let Some(function) = snapshot.functions.get(name) else { return };
    let (cloud, name, configuration) = (cloud.clone(), name.to_owned(), function.configuration.clone());
    tokio::spawn(async move {
        let prepared = cloud.functions.prepare(&configuration).await;
        let finished = tokio::task::spawn_blocking(move || {
            let replaced: Result<bool, StoreError> =
                cloud.world.change(|state| Ok(finish(state, &name, &configuration, prepared)));
            match replaced {
                Ok(true) => cloud.functions.retire(&Callee::latest(&name)),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, function = name, "the function's new state could not be saved")
                }
            }
        });
        if let Err(error) = finished.await {
            tracing::error!(%error, "settling a function was cut off");
        }
    });
}

pub(super) fn unsettled(function: &Function) -> bool {
    function.state.value == "Pending"
        || function.last_update.as_ref().is_some_and(|update| update.value == "InProgress")
}

/// Whether a configuration that served was replaced.
fn finish(
    state: &mut State,
    name: &str,
    configuration: &Configuration,
    prepared: Result<(), ImageProblem>,
) -> bool {
    // The function may be gone, or be another one of the same name.
    let waiting = |function: &&mut Function| unsettled(function) && function.configuration == *configuration;
    let Some(function) = state.functions.get_mut(name).filter(waiting) else { return false };
    function.revision_id = new_revision();
    let succeeded = prepared.is_ok();
    let (reached, update) = match prepared {
        Ok(()) => (Status::plain("Active"), Status::plain("Successful")),
        Err(ImageProblem { code, message }) => {
            let failed = Status { value: "Failed".to_owned(), reason: Some(message), code: Some(code) };
            (failed.clone(), failed)
        }
    };
    // What was published with this change is ready, or fails, along with it.
    for version in function.versions.values_mut().filter(|version| version.state.value == "Pending") {
        version.revision_id = new_revision();
        version.state = reached.clone();
        version.last_update = Some(update.clone());
    }
    function.last_update = Some(update);
    // An update that fails leaves the function as it was.
    if succeeded || function.live.is_none() {
        function.state = reached;
    }
    succeeded && function.live.replace(configuration.clone()).is_some()
}
