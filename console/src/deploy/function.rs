//! The function: its code, then its configuration, each waited for, and the stamp that says what it runs.

use super::patience::{patiently, quiet, settled};
use super::plan::{Release, needed_change};
use super::steps::{Context, Ended};
use crate::cloud::{FaultKind, FunctionChange, NewFunction};
use crate::domain::{Digest, Function, FunctionState, Problem, StepId, StepResult, UpdateState};

/// Creates the function, or gives it the image.
pub(super) async fn code(
    context: &Context<'_>,
    release: &Release,
    kept: Option<Function>,
    role: &str,
    image_uri: &str,
    digest: &Digest,
) -> Result<Ended<()>, Problem> {
    let step = StepId::FunctionCode;
    let name = &release.function_name;
    let architecture = release.architecture.as_str();
    let Some(mut function) = kept else {
        create(context, release, role, image_uri).await?;
        return Ok(Ended::new((), StepResult::Created, format!("{name} {}", digest.short())));
    };
    if super::world::settling(&function) {
        function = quiet(context, step, name).await?;
    }
    if runs(&function, digest) && function.architecture == architecture {
        return Ok(Ended::new((), StepResult::Unchanged, digest.short()));
    }
    let update =
        || context.cloud.update_code(context.permit, name, image_uri, architecture, &function.revision_id);
    if let Err(fault) = patiently(context, step, update).await {
        // Done by a call of ours whose answer was lost: then the revision that it carried is no longer the newest.
        let now = match fault.kind {
            FaultKind::Moved | FaultKind::Conflict | FaultKind::Unanswered => {
                Some(quiet(context, step, name).await?)
            }
            _ => None,
        };
        if !now.is_some_and(|now| runs(&now, digest) && now.architecture == architecture) {
            return Err(fault.into());
        }
    }
    let old = function.image.digest.as_ref().map_or("another image", |digest| digest.short());
    Ok(Ended::new((), StepResult::Updated, format!("{old} → {}", digest.short())))
}

// Whether the function runs this image, or would as soon as it is called.
fn runs(function: &Function, digest: &Digest) -> bool {
    function.image.digest.as_ref() == Some(digest)
        && function.state != FunctionState::Failed
        && function.update != UpdateState::Failed
}

async fn create(
    context: &Context<'_>,
    release: &Release,
    role: &str,
    image_uri: &str,
) -> Result<(), Problem> {
    let new = NewFunction {
        name: release.function_name.clone(),
        image_uri: image_uri.to_owned(),
        role: role.to_owned(),
        architecture: release.architecture.as_str().to_owned(),
        // With its environment from the start, so that no instance of the function ever runs without it.
        limits: release.configuration.clone(),
    };
    let create = || context.cloud.create_function(context.permit, &new);
    match patiently(context, StepId::FunctionCode, create).await {
        // Made by a call of ours whose answer was lost: the next steps look at what it is.
        Err(fault) if matches!(fault.kind, FaultKind::Conflict | FaultKind::Busy | FaultKind::Unanswered) => {
            let made = context.cloud.function(&new.name).await?;
            let ours = made.is_some_and(|made| image_uri.ends_with(&digest_of(&made)));
            if ours { Ok(()) } else { Err(fault.into()) }
        }
        other => Ok(other?),
    }
}

fn digest_of(function: &Function) -> String {
    function.image.digest.as_ref().map_or_else(|| "no digest".to_owned(), |digest| format!("@{digest}"))
}

/// Waits until the function has settled, and sees that it runs the image.
pub(super) async fn wait(
    context: &Context<'_>,
    release: &Release,
    kept: Option<&Function>,
    digest: &Digest,
) -> Result<Ended<Function>, Problem> {
    let function = settled(context, StepId::WaitForCode, &release.function_name).await?;
    given(&function, digest)?;
    if kept.is_some_and(|kept| kept.env != function.env) {
        return Err(Problem::new(format!(
            "the environment of {} was changed in the meantime",
            function.name
        ))
        .because("somebody else changed it: it is left as they made it")
        .fix("look at the new plan before going on"));
    }
    let detail = match function.state {
        FunctionState::Active => "Active".to_owned(),
        FunctionState::Inactive => "Inactive: the first call wakes it".to_owned(),
        FunctionState::Other(ref state) => state.clone(),
        FunctionState::Pending | FunctionState::Failed => String::new(),
    };
    Ok(Ended::new(function, StepResult::Done, detail))
}

fn given(function: &Function, digest: &Digest) -> Result<(), Problem> {
    if function.image.digest.as_ref() == Some(digest) {
        return Ok(());
    }
    Err(Problem::new(format!("{} does not run the image that it was given", function.name))
        .because("somebody else gave it another one meanwhile"))
}

/// Sets environment and limits of the function, if it is still this one; sends nothing when they are right.
pub(super) async fn configuration(
    context: &Context<'_>,
    release: &Release,
    function: &Function,
) -> Result<Ended<()>, Problem> {
    let step = StepId::Configuration;
    let name = &release.function_name;
    let wanted = &release.configuration;
    let count = wanted.env.as_ref().map_or(String::new(), |env| format!("{} variables", env.0.len()));
    let change = needed_change(function, wanted);
    if change == FunctionChange::default() {
        return Ok(Ended::new((), StepResult::Unchanged, count));
    }
    let update = || context.cloud.update_configuration(context.permit, name, &change, &function.revision_id);
    if let Err(fault) = patiently(context, step, update).await {
        let now = match fault.kind {
            FaultKind::Moved | FaultKind::Conflict | FaultKind::Unanswered => {
                Some(quiet(context, step, name).await?)
            }
            _ => None,
        };
        if !now.is_some_and(|now| needed_change(&now, wanted) == FunctionChange::default()) {
            return Err(fault.into());
        }
    }
    Ok(Ended::new((), StepResult::Updated, count))
}

/// Waits, reads the environment back, and answers the function as it is then.
pub(super) async fn finish(
    context: &Context<'_>,
    release: &Release,
    digest: &Digest,
) -> Result<Ended<Function>, Problem> {
    let step = StepId::WaitForConfiguration;
    let function = settled(context, step, &release.function_name).await?;
    if needed_change(&function, &release.configuration) != FunctionChange::default() {
        return Err(Problem::new(format!(
            "{} does not have the configuration that it was given",
            function.name
        ))
        .because("somebody else changed it meanwhile"));
    }
    given(&function, digest)?;
    let count = function.env.as_ref().map_or(0, |env| env.0.len());
    Ok(Ended::new(function, StepResult::Done, format!("{count} variables, read back")))
}
