//! Changes of a function's code and configuration, which settle later.

use serde::Deserialize;

use super::configuration::{Settings, architecture, check_role};
use super::{describe, image, invalid, new_revision, not_found, settle, target, user_fault};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::functions::{Function, Status};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateCode {
    image_uri: Option<String>,
    architectures: Option<Vec<String>>,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
    zip_file: Option<serde::de::IgnoredAny>,
    s3_bucket: Option<serde::de::IgnoredAny>,
    s3_key: Option<serde::de::IgnoredAny>,
}

pub(super) fn code(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: UpdateCode = call.input()?;
    let target = target::of(call, None)?.latest()?;
    let architecture = architecture(input.architectures)?;
    let zip = input.zip_file.is_some() || input.s3_bucket.is_some() || input.s3_key.is_some();
    let image_uri = input.image_uri.filter(|_| !zip);
    let changed = |function: &mut Function, state: &State| {
        let Some(image_uri) = &image_uri else {
            return Err(invalid("Please provide ImageUri when updating a function with packageType Image."));
        };
        let resolved = image::resolve(state, image_uri)?;
        function.configuration.image_uri.clone_from(image_uri);
        function.configuration.repository = resolved.repository;
        function.configuration.digest = resolved.digest;
        if let Some(architecture) = &architecture {
            function.configuration.architecture.clone_from(architecture);
        }
        Ok(())
    };
    if input.dry_run {
        let mut state = State::clone(&cloud.world.snapshot());
        let function = begin(&mut state, &target.name, input.revision_id.as_deref(), changed)?;
        return Ok(Answer::ok(describe::whole(&function, &describe::arn(&function))));
    }
    update(cloud, &target.name, input.revision_id.as_deref(), changed)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateConfiguration {
    revision_id: Option<String>,
}

pub(super) fn configuration(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (input, settings): (UpdateConfiguration, Settings) = call.inputs(&["RevisionId"])?;
    let target = target::of(call, None)?.latest()?;
    settings.check(call)?;
    update(cloud, &target.name, input.revision_id.as_deref(), |function, state| {
        if let Some(role) = &settings.role {
            check_role(state, role)?;
            function.role.clone_from(role);
        }
        if let Some(description) = &settings.description {
            function.description.clone_from(description);
        }
        settings.apply(&mut function.configuration);
        Ok(())
    })
}

fn update(
    cloud: &Cloud,
    name: &str,
    revision: Option<&str>,
    changed: impl FnOnce(&mut Function, &State) -> Result<(), Fault>,
) -> Result<Answer, Fault> {
    let function = cloud.world.change(|state| begin(state, name, revision, changed))?;
    settle::settle(cloud, name);
    Ok(Answer::ok(describe::whole(&function, &describe::arn(&function))))
}

/// Begins an update: the new configuration is there, but what runs is still the old one. One that changes nothing goes
/// through it all the same [FACTS §3].
fn begin(
    state: &mut State,
    name: &str,
    revision: Option<&str>,
    changed: impl FnOnce(&mut Function, &State) -> Result<(), Fault>,
) -> Result<Function, Fault> {
    let arn = account::function_arn(name);
    let mut function = state.functions.get(name).cloned().ok_or_else(|| not_found(&arn))?;
    if revision.is_some_and(|revision| revision != function.revision_id) {
        return Err(stale("GetFunction/GetAlias"));
    }
    settled(&function)?;
    changed(&mut function, state)?;
    function.last_update = Some(Status {
        value: "InProgress".to_owned(),
        reason: Some("The function is being created.".to_owned()),
        code: Some("Creating".to_owned()),
    });
    function.revision_id = new_revision();
    function.last_modified_ms = now_ms();
    state.functions.insert(name.to_owned(), function.clone());
    Ok(function)
}

/// 412: somebody else changed it in between.
pub(super) fn stale(operation: &str) -> Fault {
    user_fault(
        412,
        "PreconditionFailedException",
        format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {operation} API to retrieve the latest Revision Id"
        ),
    )
}

/// 409 while the function is not ready for a change.
fn settled(function: &Function) -> Result<(), Fault> {
    let conflict = |why: String| {
        let message = format!("The operation cannot be performed at this time. {why}");
        Err(user_fault(409, "ResourceConflictException", message))
    };
    if function.state.value == "Pending" {
        return conflict("The function is currently in the following state: Pending".to_owned());
    }
    if function.last_update.as_ref().is_some_and(|update| update.value == "InProgress") {
        return conflict(format!("An update is in progress for resource: {}", describe::arn(function)));
    }
    Ok(())
}
