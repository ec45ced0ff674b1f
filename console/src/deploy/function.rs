//! The function: its code, then its configuration, each waited for, and the stamp that says what it runs.

use jiff::Timestamp;

use super::patience::{patiently, quiet, settled};
use super::plan::needed_change;
use super::steps::{Context, Ended};
use super::world::World;
use crate::cloud::{FaultKind, FunctionChange, NewFunction};
use crate::domain::{Digest, Function, FunctionState, Problem, Stamp, StepId, StepResult, UpdateState};

/// Creates the function, or gives it the image.
pub(super) async fn code(
    context: &Context<'_>,
    world: &World,
    role: &str,
    image_uri: &str,
    digest: &Digest,
) -> Result<Ended<()>, Problem> {
    let step = StepId::FunctionCode;
    let name = &context.plan.function_name;
    let Some(mut function) = world.function.clone() else {
        create(context, role, image_uri).await?;
        return Ok(Ended::new((), StepResult::Created, format!("{name} {}", digest.short())));
    };
    if super::world::settling(&function) {
        function = quiet(context, step, name).await?;
    }
    if runs(&function, digest) && function.architecture == context.plan.architecture.as_str() {
        return Ok(Ended::new((), StepResult::Unchanged, digest.short()));
    }
    let architecture = context.plan.architecture.as_str();
    let update = || context.cloud.update_code(name, image_uri, architecture, &function.revision_id);
    patiently(context, step, update).await?;
    let old = function.image.digest.as_ref().map_or("another image", |digest| digest.short());
    Ok(Ended::new((), StepResult::Updated, format!("{old} → {}", digest.short())))
}

// Whether the function runs this image, or would as soon as it is called.
fn runs(function: &Function, digest: &Digest) -> bool {
    function.image.digest.as_ref() == Some(digest)
        && function.state != FunctionState::Failed
        && function.update != UpdateState::Failed
}

async fn create(context: &Context<'_>, role: &str, image_uri: &str) -> Result<(), Problem> {
    let new = NewFunction {
        name: context.plan.function_name.clone(),
        image_uri: image_uri.to_owned(),
        role: role.to_owned(),
        architecture: context.plan.architecture.as_str().to_owned(),
        memory_mb: context.settings.function.memory_mb,
        timeout_s: context.settings.function.timeout_s,
        // At once, so that no environment of the function starts without it.
        env: context.plan.environment.clone(),
    };
    let made = patiently(context, StepId::FunctionCode, || context.cloud.create_function(&new)).await;
    match made {
        // Made by a call of ours whose answer was lost: the next steps look at what it is.
        Err(fault) if fault.kind == FaultKind::Conflict => {
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
    step: StepId,
    digest: &Digest,
) -> Result<Ended<Function>, Problem> {
    let function = settled(context, step, &context.plan.function_name).await?;
    if function.image.digest.as_ref() != Some(digest) {
        return Err(Problem::new(format!("{} does not run the image that it was given", function.name))
            .because("somebody else gave it another one meanwhile"));
    }
    let detail = match function.state {
        FunctionState::Active => "Active".to_owned(),
        FunctionState::Inactive => "Inactive: the first call wakes it".to_owned(),
        FunctionState::Other(ref state) => state.clone(),
        FunctionState::Pending | FunctionState::Failed => String::new(),
    };
    Ok(Ended::new(function, StepResult::Done, detail))
}

/// Sets environment and limits; sends nothing when they are right.
pub(super) async fn configuration(context: &Context<'_>, function: &Function) -> Result<Ended<()>, Problem> {
    let env = &context.plan.environment;
    let count = format!("{} variables", env.0.len());
    let change = needed_change(function, context.settings, env);
    if change == FunctionChange::default() {
        return Ok(Ended::new((), StepResult::Unchanged, count));
    }
    let name = &function.name;
    let update = || context.cloud.update_configuration(name, &change, &function.revision_id);
    patiently(context, StepId::Configuration, update).await?;
    Ok(Ended::new((), StepResult::Updated, count))
}

/// Waits, reads the environment back, and stamps the function with what it runs, by whom and since when.
pub(super) async fn finish(
    context: &Context<'_>,
    digest: &Digest,
    tag: &str,
    changed: bool,
) -> Result<Ended<()>, Problem> {
    let step = StepId::WaitForConfiguration;
    let function = settled(context, step, &context.plan.function_name).await?;
    if needed_change(&function, context.settings, &context.plan.environment) != FunctionChange::default() {
        return Err(Problem::new(format!(
            "{} does not have the configuration that it was given",
            function.name
        ))
        .because("somebody else changed it meanwhile"));
    }
    if function.image.digest.as_ref() != Some(digest) {
        return Err(Problem::new(format!("{} does not run the image that it was given", function.name))
            .because("somebody else gave it another one meanwhile"));
    }
    let git = context.plan.source.stamp();
    let known = function.stamp.git == git && function.stamp.image_tag.as_deref() == Some(tag);
    if known && !changed {
        return Ok(Ended::new((), StepResult::Done, "as stamped"));
    }
    let stamp = Stamp {
        image_tag: Some(tag.to_owned()),
        deployed_by: Some(context.plan.identity.arn.clone()),
        git: Some(git.unwrap_or_else(|| "unknown".to_owned())),
        deployed_at: Some(Timestamp::now()),
    };
    patiently(context, step, || context.cloud.stamp_function(&function, &stamp)).await?;
    Ok(Ended::new((), StepResult::Done, format!("stamped {tag}")))
}
