//! What is deleted: a stage, what the stages share, old images. The gateway's stage goes first, so that nobody is led to a
//! function that is gone.

use super::patience::patiently;
use super::plan::Extent;
use super::steps::{Context, Ended, Steps};
use super::world::{World, role_name};
use crate::domain::{Digest, Problem, StepId, StepResult};

pub(super) async fn tear_down(context: &Context<'_>, extent: &Extent) -> Result<(), Problem> {
    let steps = Steps::new(context);
    let world = &steps.run(StepId::Identity, super::apply::identity(context)).await?;
    steps.run(StepId::DeleteStage, stages(context, world, extent)).await?;
    steps.run(StepId::DeleteFunction, functions(context, world, extent)).await?;
    if !extent.log_groups.is_empty() {
        steps.run(StepId::DeleteLogs, log_groups(context, extent)).await?;
    }
    if extent.api {
        steps.run(StepId::DeleteApi, api(context, world)).await?;
    }
    if extent.role {
        steps.run(StepId::DeleteRole, role(context, world)).await?;
    }
    if extent.repository {
        steps.run(StepId::DeleteRepository, repository(context, world)).await?;
    }
    Ok(())
}

/// Deletes images; answers how many.
pub(super) async fn prune(context: &Context<'_>, images: &[Digest]) -> Result<usize, Problem> {
    // The most that BatchDeleteImage takes.
    const BATCH: usize = 100;
    let steps = Steps::new(context);
    steps.run(StepId::Identity, super::apply::identity(context)).await?;
    let step = StepId::DeleteImages;
    let work = async {
        let name = &context.settings.build.image;
        for batch in images.chunks(BATCH) {
            patiently(context, step, || context.cloud.delete_images(context.permit, name, batch)).await?;
        }
        let result = if images.is_empty() { StepResult::Unchanged } else { StepResult::Deleted };
        Ok(Ended::new((), result, format!("{} images", images.len())))
    };
    steps.run(step, work).await?;
    Ok(images.len())
}

fn ended(deleted: &[String]) -> Ended<()> {
    match deleted {
        [] => Ended::new((), StepResult::Unchanged, "not there"),
        some => Ended::new((), StepResult::Deleted, some.join(", ")),
    }
}

async fn stages(context: &Context<'_>, world: &World, extent: &Extent) -> Result<Ended<()>, Problem> {
    let mut deleted = Vec::new();
    if let Some(api) = &world.api {
        for stage in &extent.stages {
            if world.stages.iter().any(|one| one.name == stage.as_str()) {
                let delete = || context.cloud.delete_stage(context.permit, api, *stage);
                patiently(context, StepId::DeleteStage, delete).await?;
                deleted.push(stage.to_string());
            }
        }
    }
    Ok(ended(&deleted))
}

async fn functions(context: &Context<'_>, world: &World, extent: &Extent) -> Result<Ended<()>, Problem> {
    let mut deleted = Vec::new();
    for stage in &extent.stages {
        let name = context.settings.function_name(*stage);
        if world.functions().any(|function| function.name == name) {
            let delete = || context.cloud.delete_function(context.permit, &name);
            patiently(context, StepId::DeleteFunction, delete).await?;
            deleted.push(name);
        }
    }
    Ok(ended(&deleted))
}

async fn log_groups(context: &Context<'_>, extent: &Extent) -> Result<Ended<()>, Problem> {
    for group in &extent.log_groups {
        let delete = || context.cloud.delete_log_group(context.permit, group);
        patiently(context, StepId::DeleteLogs, delete).await?;
    }
    Ok(ended(&extent.log_groups))
}

async fn api(context: &Context<'_>, world: &World) -> Result<Ended<()>, Problem> {
    let Some(api) = &world.api else { return Ok(ended(&[])) };
    patiently(context, StepId::DeleteApi, || context.cloud.delete_api(context.permit, api)).await?;
    Ok(ended(std::slice::from_ref(&api.id)))
}

async fn role(context: &Context<'_>, world: &World) -> Result<Ended<()>, Problem> {
    let Some(role) = &world.role else { return Ok(ended(&[])) };
    patiently(context, StepId::DeleteRole, || context.cloud.delete_role(context.permit, role)).await?;
    Ok(ended(&[role_name(context.settings)]))
}

async fn repository(context: &Context<'_>, world: &World) -> Result<Ended<()>, Problem> {
    let Some(found) = &world.repository else { return Ok(ended(&[])) };
    let delete = || context.cloud.delete_repository(context.permit, &found.name);
    patiently(context, StepId::DeleteRepository, delete).await?;
    Ok(ended(std::slice::from_ref(&found.name)))
}
