//! All that a change looks at, read before anything is changed.

use super::patience::Patience;
use crate::cloud::{Cloud, ErrorResponse, Permission, Repository, Resource, Role};
use crate::domain::{
    Deployment, Function, FunctionState, GatewayStage, Identity, Problem, RestApi, StageName, StoredImage,
    UpdateState, Version,
};
use crate::settings::Settings;

/// What is there, seen from one stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct World {
    pub(super) identity: Identity,
    pub(super) repository: Option<Repository>,
    /// Newest first.
    pub(super) images: Vec<StoredImage>,
    pub(super) role: Option<Role>,
    pub(super) function: Option<Function>,
    /// The function's published versions, newest first.
    pub(super) versions: Vec<Version>,
    /// The other stage's function.
    pub(super) other: Option<Function>,
    pub(super) permissions: Vec<Permission>,
    pub(super) api: Option<RestApi>,
    pub(super) resources: Vec<Resource>,
    /// The API's own answers that somebody changed.
    pub(super) responses: Vec<ErrorResponse>,
    /// All stages of the API, others' too.
    pub(super) stages: Vec<GatewayStage>,
    pub(super) stage: Option<GatewayStage>,
    /// The deployment that the stage answers with.
    pub(super) deployment: Option<Deployment>,
}

impl World {
    pub(super) async fn read(
        cloud: &Cloud,
        settings: &Settings,
        stage: StageName,
        patience: &Patience<'_>,
    ) -> Result<World, Problem> {
        let identity = patience.call(|| cloud.who()).await?;
        let name = &settings.function_name(stage);
        let other_name = &settings.function_name(stage.other());
        let role_name = &role_name(settings);
        let image = &settings.build.image;
        let (repository, images, role, function, versions, other, permissions, gateway) = tokio::try_join!(
            patience.call(|| cloud.repository(image)),
            patience.call(|| cloud.images(image)),
            patience.call(|| cloud.role(role_name)),
            patience.call(|| cloud.function(name)),
            patience.call(|| cloud.versions(name)),
            patience.call(|| cloud.function(other_name)),
            patience.call(|| cloud.permissions(name)),
            gateway(cloud, settings, stage, patience),
        )?;
        let Gateway { api, resources, responses, stages, deployment } = gateway;
        let stage = stages.iter().find(|one| one.name == stage.as_str()).cloned();
        Ok(World {
            identity,
            repository,
            images,
            role,
            function,
            versions,
            other,
            permissions,
            api,
            resources,
            responses,
            stages,
            stage,
            deployment,
        })
    }

    /// Both stages' functions, as far as they are there.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.function.iter().chain(&self.other)
    }
}

#[derive(Default)]
struct Gateway {
    api: Option<RestApi>,
    resources: Vec<Resource>,
    responses: Vec<ErrorResponse>,
    stages: Vec<GatewayStage>,
    deployment: Option<Deployment>,
}

async fn gateway(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
    patience: &Patience<'_>,
) -> Result<Gateway, crate::cloud::Fault> {
    let Some(api) = patience.call(|| cloud.api(&settings.name)).await? else { return Ok(Gateway::default()) };
    let (resources, responses, stages) = tokio::try_join!(
        patience.call(|| cloud.resources(&api)),
        patience.call(|| cloud.error_responses(&api)),
        patience.call(|| cloud.stages(&api)),
    )?;
    let found = stages.iter().find(|one| one.name == stage.as_str());
    let deployment = match found {
        Some(stage) => patience.call(|| cloud.deployment(&api, &stage.deployment_id)).await?,
        None => None,
    };
    Ok(Gateway { api: Some(api), resources, responses, stages, deployment })
}

/// Whether a change of the function is on its way: then its revision changes by itself.
pub(super) fn settling(function: &Function) -> bool {
    function.state == FunctionState::Pending || function.update == UpdateState::InProgress
}

/// The role that the functions of the service run under.
pub(crate) fn role_name(settings: &Settings) -> String {
    format!("{}-lambda-ex", settings.name)
}
