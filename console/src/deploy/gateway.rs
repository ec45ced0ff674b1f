//! The REST API that both stages share, and this stage of it.

use super::patience::patiently;
use super::routes::{self, METHOD};
use super::steps::{Context, Ended};
use super::world::World;
use crate::cloud::{ErrorResponse, FaultKind, Resource};
use crate::domain::{Deployment, GatewayStage, Problem, RestApi, StageName, StepId, StepResult, one_line};

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
    let create = || context.cloud.create_api(context.permit, name);
    let made = match patiently(context, StepId::Api, create).await {
        // Nobody knows whether it was made: it was, when it is there.
        Err(fault) if fault.kind == FaultKind::Unanswered => {
            let found = patiently(context, StepId::Api, || context.cloud.api(name)).await?;
            found.ok_or(fault.problem)?
        }
        other => other?,
    };
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
            None => proxy(context, api, &root).await?,
        };
        match patiently(context, step, || cloud.put_method(context.permit, api, &id, METHOD)).await {
            // There already: made by a call of ours whose answer was lost.
            Err(fault) if fault.kind == FaultKind::Conflict => {}
            other => other?,
        }
    }
    resources = patiently(context, step, || cloud.resources(api)).await?;
    let result = if created { StepResult::Created } else { StepResult::Updated };
    Ok(Ended::new(resources, result, lacking.join(", ")))
}

// `{proxy+}` below the root; answers its id.
async fn proxy(context: &Context<'_>, api: &RestApi, root: &str) -> Result<String, Problem> {
    let step = StepId::Resources;
    let create = || context.cloud.create_resource(context.permit, api, root, routes::PROXY);
    match patiently(context, step, create).await {
        // There already: made by a call of ours whose answer was lost.
        Err(fault) if matches!(fault.kind, FaultKind::Conflict | FaultKind::Unanswered) => {
            let now = patiently(context, step, || context.cloud.resources(api)).await?;
            let found = routes::at(&now, routes::PATHS[1]).map(|resource| resource.id.clone());
            Ok(found.ok_or(fault.problem)?)
        }
        other => Ok(other?),
    }
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
        let put = || context.cloud.put_integration(context.permit, api, &resource.id, METHOD, &wanted);
        patiently(context, step, put).await?;
    }
    let resources = patiently(context, step, || context.cloud.resources(api)).await?;
    Ok(Ended::new(resources, result, detail))
}

/// Lets the gateway's own errors carry CORS headers, where the settings ask for it; answers them as they are then.
pub(super) async fn error_responses(
    context: &Context<'_>,
    world: &World,
    api: &RestApi,
) -> Result<Ended<Vec<ErrorResponse>>, Problem> {
    let step = StepId::ErrorResponses;
    let wanted = routes::error_responses(context.settings, &world.responses);
    let mut put = Vec::new();
    for response in wanted.iter().filter(|one| !world.responses.contains(one)) {
        patiently(context, step, || context.cloud.put_error_response(context.permit, api, response)).await?;
        put.push(response.kind.as_str());
    }
    let (result, detail) = match put.as_slice() {
        [] => (StepResult::Unchanged, "they carry CORS headers".to_owned()),
        some => (StepResult::Updated, format!("{} with CORS headers", some.join(", "))),
    };
    Ok(Ended::new(wanted, result, detail))
}

/// Lets the gateway invoke this stage's function from this stage, unless a statement does already.
pub(super) async fn permission(
    context: &Context<'_>,
    world: &World,
    name: &str,
    api: &RestApi,
) -> Result<Ended<()>, Problem> {
    let step = StepId::Permission;
    let stage = context.plan.stage();
    let arn = routes::source_arn(&world.identity, context.cloud.region(), &api.id, stage.as_str());
    let id = statement_id(stage);
    if let Some(found) = world.permissions.iter().find(|one| one.covers(&arn)) {
        let detail = if found.id == id { id } else { format!("{} lets it already", found.id) };
        return Ok(Ended::new((), StepResult::Unchanged, detail));
    }
    let stale = world.permissions.iter().any(|one| one.id == id);
    if stale {
        let remove = || context.cloud.remove_permission(context.permit, name, &id);
        match patiently(context, step, remove).await {
            Err(fault) if fault.kind == FaultKind::NotFound => {}
            other => other?,
        }
    }
    let add = || context.cloud.add_permission(context.permit, name, &id, &arn);
    match patiently(context, step, add).await {
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
    responses: &[ErrorResponse],
) -> Result<Ended<GatewayStage>, Problem> {
    let step = StepId::Deployment;
    let cloud = context.cloud;
    let stage = context.plan.stage();
    let wanted = routes::integration(&world.identity, cloud.region(), &context.settings.name);
    let description = routes::description(resources, &wanted, responses);
    let mut result = StepResult::Unchanged;
    if world.stage.is_none() || !is_of(world.deployment.as_ref(), &description) {
        let new = world.stage.is_none();
        let create = || cloud.create_deployment(context.permit, api, stage, &description, new);
        match patiently(context, step, create).await {
            // Nobody knows whether it was made: it was, when the stage answers with it.
            Err(fault) if fault.kind == FaultKind::Unanswered => {
                let now = patiently(context, step, || cloud.stages(api)).await?;
                let now =
                    now.into_iter().find(|one| one.name == stage.as_str()).ok_or(fault.problem.clone())?;
                let made = patiently(context, step, || cloud.deployment(api, &now.deployment_id)).await?;
                if !is_of(made.as_ref(), &description) {
                    return Err(fault.into());
                }
            }
            other => drop(other?),
        }
        result = if new { StepResult::Created } else { StepResult::Updated };
    }
    let (found, set) = led(context, api, stage_of(context, api).await?).await?;
    if set && result == StepResult::Unchanged {
        result = StepResult::Updated;
    }
    let detail = format!("{} env={stage} {}", found.deployment_id, found.url);
    Ok(Ended::new(found, result, detail))
}

/// What the stage variable `env`, which picks the function, is changed from and to; `None` when it is right.
pub(super) fn variable_change(stage: StageName, found: &GatewayStage) -> Option<String> {
    let now = found.variables.get("env").map(String::as_str);
    let old = || one_line(now.unwrap_or("unset"), 60);
    (now != Some(stage.as_str())).then(|| format!("env {} → {stage}", old()))
}

// The stage with its variable set, and whether it had to be.
async fn led(
    context: &Context<'_>,
    api: &RestApi,
    found: GatewayStage,
) -> Result<(GatewayStage, bool), Problem> {
    let stage = context.plan.stage();
    if variable_change(stage, &found).is_none() {
        return Ok((found, false));
    }
    let set = || context.cloud.set_stage_variable(context.permit, api, stage);
    patiently(context, StepId::Deployment, set).await?;
    Ok((stage_of(context, api).await?, true))
}

/// Lets the stage answer with an earlier deployment, and with this stage's function.
pub(super) async fn roll_back(
    context: &Context<'_>,
    world: &World,
    deployment: &str,
) -> Result<Ended<GatewayStage>, Problem> {
    let step = StepId::Deployment;
    let stage = context.plan.stage();
    let (Some(api), Some(now)) = (&world.api, &world.stage) else {
        return Err(Problem::new(format!("the gateway has no stage {stage}")));
    };
    let (mut result, mut found) = (StepResult::Unchanged, now.clone());
    if now.deployment_id != deployment {
        let set = || context.cloud.set_stage_deployment(context.permit, api, stage, deployment);
        patiently(context, step, set).await?;
        found = stage_of(context, api).await?;
        result = StepResult::Updated;
    }
    let (found, set) = led(context, api, found).await?;
    if set {
        result = StepResult::Updated;
    }
    if found.deployment_id != deployment {
        return Err(Problem::new(format!("{stage} does not answer with the deployment that it was given"))
            .because("somebody else changed it meanwhile"));
    }
    Ok(Ended::new(found, result, format!("{} → {deployment}, env={stage}", now.deployment_id)))
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
