//! Changes of a function's code and configuration, which settle later.

use serde::Deserialize;

use super::configuration::{Settings, check_role, constrain_architectures};
use super::constraints::Constraints;
use super::describe::{self, One};
use super::{image, invalid, new_revision, not_found, settle, target, user_fault, versions};
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
    #[serde(default)]
    publish: bool,
    revision_id: Option<String>,
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
}

pub(super) fn code(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: UpdateCode = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    constrain_architectures(input.architectures.as_deref(), &mut constraints);
    constraints.verdict()?;
    let target = target::resolve(call, None)?.latest()?;
    let architecture = input.architectures.and_then(|all| all.into_iter().next());
    let zip = input.zip_file.is_some() || input.s3_bucket.is_some() || input.s3_key.is_some();
    let image_uri = input.image_uri.filter(|_| !zip);
    if let Some(uri) = image_uri.as_deref().filter(|_| !input.dry_run) {
        image::open_to_lambda(cloud, call, uri)?;
    }
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
        let begun = begin(&mut state, &target.name, input.revision_id.as_deref(), input.publish, changed)?;
        return Ok(begun.answer());
    }
    update(cloud, &target.name, input.revision_id.as_deref(), input.publish, changed)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateConfiguration {
    revision_id: Option<String>,
}

pub(super) fn configuration(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (input, settings): (UpdateConfiguration, Settings) = call.inputs(&["RevisionId"])?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    settings.constrain(&mut constraints);
    constraints.verdict()?;
    let target = target::resolve(call, None)?.latest()?;
    settings.check(call)?;
    update(cloud, &target.name, input.revision_id.as_deref(), false, |function, state| {
        if let Some(role) = &settings.role {
            check_role(cloud, state, role)?;
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
    publish: bool,
    changed: impl FnOnce(&mut Function, &State) -> Result<(), Fault>,
) -> Result<Answer, Fault> {
    let begun = cloud.world.change(|state| begin(state, name, revision, publish, changed))?;
    settle::settle(cloud, name);
    Ok(begun.answer())
}

/// An update that has begun, and the version that was published with it.
struct Begun {
    function: Function,
    version: Option<u64>,
}

impl Begun {
    fn answer(&self) -> Answer {
        let one = One::find(&self.function, self.version).unwrap_or(One::latest(&self.function));
        Answer::ok(describe::whole(one, &one.arn()))
    }
}

/// Begins an update: the new configuration is there, but what runs is still the old one. One that changes nothing goes
/// through it all the same [FACTS §3].
fn begin(
    state: &mut State,
    name: &str,
    revision: Option<&str>,
    publish: bool,
    changed: impl FnOnce(&mut Function, &State) -> Result<(), Fault>,
) -> Result<Begun, Fault> {
    let arn = account::function_arn(name);
    let mut function = state.functions.get(name).cloned().ok_or_else(|| not_found(&arn))?;
    if revision.is_some_and(|revision| revision != function.revision_id) {
        return Err(stale("GetFunction/GetAlias"));
    }
    settled(&function)?;
    changed(&mut function, state)?;
    function.last_update = Some(Status::creating("InProgress"));
    function.revision_id = new_revision();
    function.last_modified_ms = now_ms();
    state.functions.insert(name.to_owned(), function);
    let version = match publish {
        true => Some(versions::make(state, name, None)?),
        false => None,
    };
    let function = state.functions.get(name).cloned().ok_or_else(|| not_found(&arn))?;
    Ok(Begun { function, version })
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
pub(super) fn settled(function: &Function) -> Result<(), Fault> {
    if function.state.value == "Pending" {
        return Err(conflict("The function is currently in the following state: Pending"));
    }
    if function.last_update.as_ref().is_some_and(|update| update.value == "InProgress") {
        let arn = describe::arn(function);
        return Err(conflict(&format!("An update is in progress for resource: {arn}")));
    }
    Ok(())
}

/// 409: not now.
pub(super) fn conflict(why: &str) -> Fault {
    let message = format!("The operation cannot be performed at this time. {why}");
    user_fault(409, "ResourceConflictException", message)
}
