//! All that a deploy looks at, read before anything is changed.

use crate::cloud::{Cloud, Deployment, Permission, Repository, Resource, Role};
use crate::domain::{
    Function, FunctionState, GatewayStage, Identity, Problem, RestApi, StageName, UpdateState,
};
use crate::settings::Settings;

/// What is there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct World {
    pub(super) identity: Identity,
    pub(super) repository: Option<Repository>,
    pub(super) role: Option<Role>,
    pub(super) function: Option<Function>,
    pub(super) permissions: Vec<Permission>,
    pub(super) api: Option<RestApi>,
    pub(super) resources: Vec<Resource>,
    pub(super) stage: Option<GatewayStage>,
    /// The deployment that the stage answers with.
    pub(super) deployment: Option<Deployment>,
}

impl World {
    pub(super) async fn read(cloud: &Cloud, settings: &Settings, stage: StageName) -> Result<World, Problem> {
        let identity = cloud.identity().await?;
        let function_name = settings.function_name(stage);
        let role_name = role_name(settings);
        let (repository, role, function, permissions, gateway) = tokio::try_join!(
            cloud.repository(&settings.name),
            cloud.role(&role_name),
            cloud.function(&function_name),
            cloud.permissions(&function_name),
            gateway(cloud, settings, stage),
        )?;
        let (api, resources, stage, deployment) = gateway;
        Ok(World { identity, repository, role, function, permissions, api, resources, stage, deployment })
    }

    /// The part that must not have changed between the plan and its being applied.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            function: match &self.function {
                None => SeenFunction::Absent,
                Some(function) if settling(function) => SeenFunction::Settling,
                Some(function) => SeenFunction::At(function.revision_id.clone()),
            },
            api_id: self.api.as_ref().map(|api| api.id.clone()),
            deployment_id: self.stage.as_ref().map(|stage| stage.deployment_id.clone()),
        }
    }
}

type Gateway = (Option<RestApi>, Vec<Resource>, Option<GatewayStage>, Option<Deployment>);

async fn gateway(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
) -> Result<Gateway, crate::cloud::Fault> {
    let Some(api) = cloud.api(&settings.name).await? else { return Ok((None, Vec::new(), None, None)) };
    let (resources, stages) = tokio::try_join!(cloud.resources(&api), cloud.stages(&api))?;
    let stage = stages.into_iter().find(|one| one.name == stage.as_str());
    let deployment = match &stage {
        Some(stage) => cloud.deployment(&api, &stage.deployment_id).await?,
        None => None,
    };
    Ok((Some(api), resources, stage, deployment))
}

/// Whether a change of the function is on its way: then its revision changes by itself.
pub(super) fn settling(function: &Function) -> bool {
    function.state == FunctionState::Pending || function.update == UpdateState::InProgress
}

/// The role that the functions of the service run under.
pub(super) fn role_name(settings: &Settings) -> String {
    format!("{}-lambda-ex", settings.name)
}

/// What a plan was made from, as far as somebody else could change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    function: SeenFunction,
    api_id: Option<String>,
    deployment_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SeenFunction {
    Absent,
    Settling,
    At(String),
}

impl Seen {
    /// What has changed since, as a sentence; `None` when nothing has.
    pub(super) fn moved(&self, now: &Seen) -> Option<&'static str> {
        let same_function = match (&self.function, &now.function) {
            (SeenFunction::Settling, SeenFunction::At(_)) => true,
            (planned, now) => planned == now,
        };
        if !same_function {
            Some("the function was changed by somebody else")
        } else if self.api_id != now.api_id {
            Some("the REST API was replaced")
        } else if self.deployment_id != now.deployment_id {
            Some("the gateway's stage was deployed by somebody else")
        } else {
            None
        }
    }
}
