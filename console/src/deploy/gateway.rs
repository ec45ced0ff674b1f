//! The REST API that both stages share, and this stage of it.

use super::patience::patiently;
use super::routes::{self, METHOD};
use super::steps::{Context, Ended};
use super::world::World;
use crate::cloud::{Deployment, FaultKind, Resource};
use crate::domain::{GatewayStage, Problem, RestApi, StageName, StepId, StepResult};

/// The statement by which the gateway may invoke a stage's function.
pub(super) fn statement_id(stage: StageName) -> String {
    format!("callboard-{stage}-API")
}

/// Whether a deployment was made of the resources that this description stands for.
pub(super) fn is_of(deployment: Option<&Deployment>, description: &str) -> bool {
    deployment.is_some_and(|deployment| deployment.description == description)
}

/// Makes the API, if there is none.
pub(super) async fn api(context: &Context<'_>, world: &World) -> Result<Ended<RestApi>, Problem> {
    if let Some(found) = &world.api {
        return Ok(Ended::new(found.clone(), StepResult::Unchanged, found.id.clone()));
    }
    let name = &context.settings.name;
    // A name can be taken twice: an API that came up since the plan must not get a twin.
    if let Some(found) = context.cloud.api(name).await? {
        return Ok(Ended::new(found.clone(), StepResult::Unchanged, found.id));
    }
    let made = patiently(context, StepId::Api, || context.cloud.create_api(name)).await?;
    let id = made.id.clone();
    Ok(Ended::new(made, StepResult::Created, id))
}

/// Makes the two resources and their ANY; answers all resources as they are then.
pub(super) async fn resources(
    context: &Context<'_>,
    world: &World,
    api: &RestApi,
) -> Result<Ended<Vec<Resource>>, Problem> {
    let step = StepId::Resources;
    let cloud = context.cloud;
    let mut resources = match &world.api {
        Some(_) => world.resources.clone(),
        None => patiently(context, step, || cloud.resources(api)).await?,
    };
    let lacking = routes::lacking(&resources);
    if lacking.is_empty() {
        return Ok(Ended::new(resources, StepResult::Unchanged, routes::PATHS.join(", ")));
    }
    let root = routes::at(&resources, "/").map(|root| root.id.clone());
    let root = root.ok_or_else(|| Problem::new(format!("the REST API {} has no root resource", api.name)))?;
    let created = resources.len() == 1;
    for path in &lacking {
        let id = match routes::at(&resources, path) {
            Some(found) => found.id.clone(),
            None => patiently(context, step, || cloud.create_resource(api, &root, routes::PROXY)).await?,
        };
        match patiently(context, step, || cloud.put_method(api, &id, METHOD)).await {
            // There already: made by a call of ours whose answer was lost.
            Err(fault) if fault.kind == FaultKind::Conflict => {}
            other => other?,
        }
        context.say(step, format!("{METHOD} {path}"));
    }
    resources = patiently(context, step, || cloud.resources(api)).await?;
    let result = if created { StepResult::Created } else { StepResult::Updated };
    Ok(Ended::new(resources, result, lacking.join(", ")))
}

/// Leads both resources to the function; answers all resources as they are then.
pub(super) async fn integration(
    context: &Context<'_>,
    world: &World,
    api: &RestApi,
    resources: Vec<Resource>,
) -> Result<Ended<Vec<Resource>>, Problem> {
    let step = StepId::Integration;
    let wanted = routes::integration(&world.identity, context.cloud.region(), &context.settings.name);
    let astray = routes::astray(&resources, &wanted);
    let detail = format!("{}-${{stageVariables.env}}", context.settings.name);
    if astray.is_empty() {
        return Ok(Ended::new(resources, StepResult::Unchanged, detail));
    }
    let mut result = StepResult::Created;
    for path in astray {
        let Some(resource) = routes::at(&resources, path) else {
            return Err(Problem::new(format!("the resource {path} is gone"))
                .because("somebody else deleted it meanwhile"));
        };
        if resource.methods.get(METHOD).is_some_and(|method| method.integration.is_some()) {
            result = StepResult::Updated;
        }
        let put = || context.cloud.put_integration(api, &resource.id, METHOD, &wanted);
        patiently(context, step, put).await?;
    }
    let resources = patiently(context, step, || context.cloud.resources(api)).await?;
    Ok(Ended::new(resources, result, detail))
}

/// Lets the gateway invoke this stage's function from this stage, unless a statement does already.
pub(super) async fn permission(
    context: &Context<'_>,
    world: &World,
    api: &RestApi,
) -> Result<Ended<()>, Problem> {
    let step = StepId::Permission;
    let stage = context.plan.stage();
    let name = &context.plan.function_name;
    let arn = routes::source_arn(&world.identity, context.cloud.region(), &api.id, stage.as_str());
    let id = statement_id(stage);
    if let Some(found) = world.permissions.iter().find(|one| one.covers(&arn)) {
        let detail = if found.id == id { id } else { format!("{} lets it already", found.id) };
        return Ok(Ended::new((), StepResult::Unchanged, detail));
    }
    let stale = world.permissions.iter().any(|one| one.id == id);
    if stale {
        patiently(context, step, || context.cloud.remove_permission(name, &id)).await?;
    }
    match patiently(context, step, || context.cloud.add_permission(name, &id, &arn)).await {
        // There already: made by a call of ours whose answer was lost.
        Err(fault) if fault.kind == FaultKind::Conflict => {
            let now = context.cloud.permissions(name).await?;
            if !now.iter().any(|one| one.covers(&arn)) {
                return Err(fault.into());
            }
        }
        other => other?,
    }
    Ok(Ended::new((), if stale { StepResult::Updated } else { StepResult::Created }, id))
}

/// Deploys the resources to the stage, when they are not what it answers with, and sets the stage variable.
pub(super) async fn deployment(
    context: &Context<'_>,
    world: &World,
    api: &RestApi,
    resources: &[Resource],
) -> Result<Ended<GatewayStage>, Problem> {
    let step = StepId::Deployment;
    let cloud = context.cloud;
    let stage = context.plan.stage();
    let wanted = routes::integration(&world.identity, cloud.region(), &context.settings.name);
    let description = routes::description(resources, &wanted);
    let mut result = StepResult::Unchanged;
    if world.stage.is_none() || !is_of(world.deployment.as_ref(), &description) {
        let new = world.stage.is_none();
        let create = || cloud.create_deployment(api, stage, &description, new);
        patiently(context, step, create).await?;
        result = if new { StepResult::Created } else { StepResult::Updated };
    }
    let mut found = stage_of(context, api).await?;
    if found.variables.get("env").map(String::as_str) != Some(stage.as_str()) {
        patiently(context, step, || cloud.set_stage_variable(api, stage)).await?;
        if result == StepResult::Unchanged {
            result = StepResult::Updated;
        }
        found = stage_of(context, api).await?;
    }
    let detail = format!("{} env={stage} {}", found.deployment_id, found.url);
    Ok(Ended::new(found, result, detail))
}

async fn stage_of(context: &Context<'_>, api: &RestApi) -> Result<GatewayStage, Problem> {
    let stage = context.plan.stage();
    let stages = patiently(context, StepId::Deployment, || context.cloud.stages(api)).await?;
    let found = stages.into_iter().find(|one| one.name == stage.as_str());
    found.ok_or_else(|| {
        Problem::new(format!("the gateway has no stage {stage}"))
            .because("somebody else deleted it meanwhile")
    })
}
