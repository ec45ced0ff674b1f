//! What a change would do, from what was read. Pure: the same world gives the same plan.

mod prune;
mod release;
mod rollback;
mod teardown;

use serde::Serialize;

use super::seen::Seen;
use super::source::Source;
use super::world::World;
use crate::cloud::{CloudKind, FunctionChange};
use crate::domain::{
    Digest, EnvDiff, EnvVars, Function, Identity, ImageRef, Intent, Problem, StageName, StepId, Version,
};
use crate::envfile::Finding;
use crate::settings::{Architecture, Settings};

pub(super) use prune::Protected;
pub(super) use teardown::{Extent, Logs};

/// What a change would do, and in which world. Its `Debug` shows no value of the environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What was asked for.
    pub intent: Intent,
    /// Local or AWS.
    pub cloud: CloudKind,
    /// Account and caller.
    pub identity: Identity,
    /// Region.
    pub region: String,
    /// What the stage runs now; `None` before its first deploy, and where more than one stage is meant.
    pub running: Option<ImageRef>,
    /// What the image will be built from; `None` when nothing is built.
    pub source: Option<Source>,
    /// The environment, key by key; empty when it is left alone.
    pub env: EnvDiff,
    /// What is worth a word in the stage's environment file and in `.env`, where the file is what is deployed.
    pub warnings: Vec<Finding>,
    /// Why it cannot be applied from this machine, although it could be planned.
    pub blocked: Option<Problem>,
    pub(super) work: Work,
    pub(super) seen: Seen,
    changes: Vec<Change>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Work {
    /// Give a function an image, an environment or both.
    Release(Release),
    /// Let the gateway's stage answer with this deployment.
    Gateway(String),
    /// Delete.
    TearDown(Extent),
    /// Delete these images.
    Prune(Vec<Digest>),
}

/// An image, an environment or both, for one function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Release {
    pub(super) function_name: String,
    pub(super) image: ImagePlan,
    /// What the function will run on.
    pub(super) architecture: Architecture,
    /// What the configuration will be; what is `None` is left as it is.
    pub(super) configuration: FunctionChange,
    /// Repository, role and gateway are made so too; a roll back leaves them alone.
    pub(super) whole: bool,
    /// Whether the gateway's own errors are given CORS headers.
    pub(super) errors: bool,
}

/// Where the image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ImagePlan {
    /// From the source.
    Build(Source),
    /// It is in the repository.
    Stored(Stored),
    /// The function keeps what it runs.
    Keep,
}

/// An image in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) digest: Digest,
    pub(super) tag: String,
    pub(super) git: Option<String>,
}

/// One resource of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Such as `function hello-stage`.
    pub resource: String,
    /// What is done to it.
    pub action: Action,
    /// Old → new, without any value of the environment; may be empty.
    pub detail: String,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not there.
    Create,
    /// It is there, and other.
    Update,
    /// It is there, and right.
    Unchanged,
    /// It is there, and goes.
    Delete,
}

impl Action {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Unchanged => "unchanged",
            Action::Delete => "delete",
        }
    }

    /// In one sign.
    pub fn sign(self) -> char {
        match self {
            Action::Create => '+',
            Action::Update => '~',
            Action::Unchanged => '=',
            Action::Delete => '-',
        }
    }
}

/// What a plan is made of, besides what it is made for.
pub(super) struct Parts {
    pub(super) work: Work,
    pub(super) changes: Vec<Change>,
    pub(super) env: EnvDiff,
}

impl Plan {
    /// The stage that is changed; prod where both are.
    pub fn stage(&self) -> StageName {
        self.intent.stage()
    }

    /// Every resource, in the order of the steps.
    pub fn changes(&self) -> Vec<Change> {
        self.changes.clone()
    }

    /// Whether applying it would change anything.
    pub fn changes_anything(&self) -> bool {
        self.changes.iter().any(|change| change.action != Action::Unchanged)
    }

    /// What the image is built for; `None` when nothing is built.
    pub fn architecture(&self) -> Option<Architecture> {
        match &self.work {
            Work::Release(release) if matches!(release.image, ImagePlan::Build(_)) => {
                Some(release.architecture)
            }
            _ => None,
        }
    }

    /// The steps, in their order.
    pub fn steps(&self) -> Vec<StepId> {
        match &self.work {
            Work::Release(release) => release.steps(self.seen.has_gateway_stage()),
            Work::Gateway(_) => vec![StepId::Identity, StepId::Deployment, StepId::Smoke, StepId::Cors],
            Work::TearDown(extent) => extent.steps(),
            Work::Prune(_) => vec![StepId::Identity, StepId::DeleteImages],
        }
    }

    /// A deploy's plan.
    pub(super) fn deploy(
        settings: &Settings,
        stage: StageName,
        region: &str,
        environment: EnvVars,
        source: Source,
        world: &World,
    ) -> Result<Parts, Problem> {
        let image = ImagePlan::Build(source);
        release::parts(settings, stage, region, environment, image, world)
    }

    /// A promotion's plan.
    pub(super) fn promote(
        settings: &Settings,
        region: &str,
        environment: EnvVars,
        world: &World,
    ) -> Result<Parts, Problem> {
        let image = release::promoted(settings, world)?;
        release::parts(settings, StageName::Prod, region, environment, image, world)
    }

    /// A roll back's plan.
    pub(super) fn roll_back(
        settings: &Settings,
        stage: StageName,
        to: &crate::domain::Target,
        parts: crate::domain::Parts,
        world: &World,
    ) -> Result<Parts, Problem> {
        rollback::parts(settings, stage, to, parts, world)
    }

    /// A gateway roll back's plan.
    pub(super) fn roll_back_gateway(
        stage: StageName,
        wanted: Option<&str>,
        deployments: &[crate::domain::Deployment],
        world: &World,
    ) -> Result<Parts, Problem> {
        rollback::gateway(stage, wanted, deployments, world)
    }

    /// A tear down's plan.
    pub(super) fn tear_down(
        settings: &Settings,
        stage: Option<StageName>,
        logs: Logs,
        world: &World,
    ) -> Parts {
        teardown::parts(settings, stage, logs, world)
    }

    /// A pruning's plan.
    pub(super) fn prune(
        settings: &Settings,
        keep: usize,
        protected: &[Protected],
        held: &[(StageName, &Vec<Version>)],
        world: &World,
    ) -> Result<Parts, Problem> {
        prune::parts(settings, keep, protected, held, world)
    }

    pub(super) fn new(cloud: CloudKind, region: &str, intent: Intent, world: &World, parts: Parts) -> Plan {
        let Parts { work, changes, env } = parts;
        let source = match &work {
            Work::Release(Release { image: ImagePlan::Build(source), .. }) => Some(source.clone()),
            _ => None,
        };
        let one = intent.stages().len() == 1;
        let running = world.function.as_ref().filter(|_| one).map(|function| function.image.clone());
        let seen = Seen::of(&intent, world);
        Plan {
            intent,
            cloud,
            identity: world.identity.clone(),
            region: region.to_owned(),
            running,
            source,
            env,
            warnings: Vec::new(),
            blocked: None,
            work,
            seen,
            changes,
        }
    }
}

impl Release {
    fn steps(&self, checks: bool) -> Vec<StepId> {
        let builds = matches!(self.image, ImagePlan::Build(_));
        let keeps = matches!(self.image, ImagePlan::Keep);
        let wanted = |step: &StepId| match step {
            StepId::Build | StepId::Image | StepId::Push => builds,
            StepId::FunctionCode | StepId::WaitForCode => !keeps,
            StepId::Configuration => self.whole || self.configuration.env.is_some(),
            StepId::Repository
            | StepId::Role
            | StepId::Api
            | StepId::Resources
            | StepId::Integration
            | StepId::Permission
            | StepId::Deployment => self.whole,
            StepId::ErrorResponses => self.whole && self.errors,
            StepId::Smoke | StepId::Cors => self.whole || checks,
            _ => true,
        };
        StepId::DEPLOY.into_iter().filter(wanted).collect()
    }
}

/// What must be changed in the function's configuration to make it `wanted`.
pub(super) fn needed_change(function: &Function, wanted: &FunctionChange) -> FunctionChange {
    let env = wanted.env.as_ref().filter(|env| function.env.as_ref() != Some(*env));
    let tracing = wanted.tracing.as_ref().filter(|mode| **mode != function.tracing);
    FunctionChange {
        memory_mb: wanted.memory_mb.filter(|wanted| *wanted != function.memory_mb),
        timeout_s: wanted.timeout_s.filter(|wanted| *wanted != function.timeout_s),
        tracing: tracing.cloned(),
        env: env.cloned(),
    }
}

fn change(resource: impl Into<String>, action: Action, detail: impl Into<String>) -> Change {
    Change { resource: resource.into(), action, detail: detail.into() }
}

// `20261122_120301 (ab12cd34ef56, git 1a2b3c4)`.
fn described(image: &ImageRef, git: Option<&str>) -> String {
    let tag = image.tag.as_deref().unwrap_or("no tag");
    let digest = image.digest.as_ref().map_or("no digest", |digest| digest.short());
    match git {
        Some(git) => format!("{tag} ({digest}, git {git})"),
        None => format!("{tag} ({digest})"),
    }
}
