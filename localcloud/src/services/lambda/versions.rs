//! Published versions: what `$LATEST` was, kept for good under a number.

use serde::Deserialize;

use super::constraints::Constraints;
use super::describe::{self, One};
use super::settle::unsettled;
use super::update::{conflict, settled, stale};
use super::{function_not_found, invalid, new_revision, target};
use crate::cloud::{Cloud, now_ms};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::functions::{Configuration, Function, Status, Version};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publish {
    description: Option<String>,
    code_sha256: Option<String>,
    revision_id: Option<String>,
}

pub(super) fn publish(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Publish = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    if let Some(description) = &input.description {
        constraints.length("description", description, 0, 256);
    }
    constraints.verdict()?;
    let target = target::resolve(call, None)?.latest()?;
    let missing = || function_not_found(&target.name);
    let (function, number) = cloud.world.change(|state| {
        let function = state.functions.get(&target.name).ok_or_else(missing)?;
        if input.revision_id.is_some_and(|revision| revision != function.revision_id) {
            return Err(stale("GetFunction/GetAlias"));
        }
        ready(function)?;
        check_code(function, input.code_sha256.as_deref())?;
        let number = make(state, &target.name, input.description)?;
        let function = state.functions.get(&target.name).cloned().ok_or_else(missing)?;
        Ok((function, number))
    })?;
    let one = One::find(&function, Some(number)).ok_or_else(missing)?;
    Ok(Answer::with_status(201, describe::whole(one, &one.arn())))
}

/// 409 while there is nothing that works and could be kept. What AWS does after an update that has failed is not on
/// record: publishing what never ran helps nobody.
fn ready(function: &Function) -> Result<(), Fault> {
    settled(function)?;
    if function.state.value != "Active" {
        let state = &function.state.value;
        return Err(conflict(&format!("The function is currently in the following state: {state}")));
    }
    if function.last_update.as_ref().is_some_and(|update| update.value == "Failed") {
        let arn = describe::arn(function);
        return Err(conflict(&format!("The last update has failed for resource: {arn}")));
    }
    Ok(())
}

/// The code must be the one that the caller has seen, if it says which.
fn check_code(function: &Function, seen: Option<&str>) -> Result<(), Fault> {
    let digest = &function.configuration.digest;
    let now = digest.strip_prefix("sha256:").unwrap_or(digest);
    match seen {
        Some(seen) if seen != now => Err(invalid(format!(
            "CodeSHA256 ({seen}) is different from current CodeSHA256 in $LATEST ({now}). Please try again with the CodeSHA256 in $LATEST."
        ))),
        _ => Ok(()),
    }
}

/// Makes a version of what `$LATEST` is, unless the last one that was published is just that; its number. One that is
/// made along with a change of the function settles with it.
pub(super) fn make(state: &mut State, name: &str, description: Option<String>) -> Result<u64, Fault> {
    let function = state.functions.get_mut(name).ok_or_else(|| function_not_found(name))?;
    let last = state.last_versions.entry(name.to_owned()).or_default();
    if function.versions.get(last).is_some_and(|version| is_still(function, version)) {
        return Ok(*last);
    }
    *last += 1;
    let (state, last_update) = match unsettled(function) {
        true => (Status::creating("Pending"), None),
        false => (Status::plain("Active"), Some(Status::plain("Successful"))),
    };
    let version = Version {
        number: *last,
        description: description.unwrap_or_else(|| function.description.clone()),
        source_description: function.description.clone(),
        role: function.role.clone(),
        configuration: function.configuration.clone(),
        state,
        last_update,
        revision_id: new_revision(),
        last_modified_ms: now_ms(),
    };
    function.versions.insert(*last, version);
    function.revision_id = new_revision();
    Ok(*last)
}

/// Whether code and configuration are those of the version. What the image was called makes no difference.
fn is_still(function: &Function, version: &Version) -> bool {
    let unnamed = |configuration: &Configuration| Configuration {
        image_uri: String::new(),
        repository: String::new(),
        ..configuration.clone()
    };
    function.role == version.role
        && function.description == version.source_description
        && unnamed(&function.configuration) == unnamed(&version.configuration)
}
