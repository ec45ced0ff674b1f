//! Changes of the cloud: deploy, promote, roll back, tear down, prune. First a plan that only reads, then the steps that
//! make it so.
//!
//! Every step looks at what is there and does only what is missing, so a change that stopped anywhere is resumed by doing
//! the same again. What two operators could do to each other is guarded: a plan is only applied to the world that it was
//! made from, and an update carries the function's revision. What ran is kept as published versions of the function, so
//! that a roll back brings back image and environment together.

mod apply;
mod build;
mod function;
mod gateway;
mod guard;
mod history;
mod patience;
mod plan;
mod push;
mod release;
mod removal;
mod role;
pub(crate) mod routes;
mod seen;
mod source;
mod steps;
mod verify;
mod world;

pub use apply::{Deployed, Done, Failure, apply};
pub use plan::{Action, Change, Plan};
pub use source::Source;
pub(crate) use world::role_name;

use crate::cloud::Cloud;
use crate::domain::{Digest, EnvVars, Function, Intent, Problem, StageName, Version};
use crate::envfile::{EnvFiles, Finding};
use crate::image;
use crate::settings::Settings;

use patience::Patience;
use plan::{Logs, Parts, Protected};
use world::World;

/// Reads what is there and says what `intent` would change. Changes nothing.
pub async fn plan(cloud: &Cloud, settings: &Settings, intent: &Intent) -> Result<Plan, Problem> {
    let stage = intent.stage();
    let patience = Patience::silent();
    let read = World::read(cloud, settings, stage, &patience);
    let mut warnings = Vec::new();
    let (world, parts): (World, Parts) = match intent {
        Intent::Deploy { stage } => {
            let env = environment(settings, *stage, &mut warnings).await?;
            let (world, source) = tokio::join!(read, Source::read(&settings.build.service_dir));
            let world = world?;
            let parts = Plan::deploy(settings, *stage, cloud.region(), env, source, &world)?;
            (world, parts)
        }
        Intent::Promote => {
            let env = environment(settings, stage, &mut warnings).await?;
            let world = read.await?;
            let parts = Plan::promote(settings, cloud.region(), env, &world)?;
            (world, parts)
        }
        Intent::RollBack { stage, to, parts } => {
            let world = read.await?;
            let parts = Plan::roll_back(settings, *stage, to, *parts, &world)?;
            (world, parts)
        }
        Intent::RollBackGateway { stage, deployment } => {
            let world = read.await?;
            let deployments = match &world.api {
                Some(api) => patience.call(|| cloud.deployments(api)).await?,
                None => Vec::new(),
            };
            let parts = Plan::roll_back_gateway(*stage, deployment.as_deref(), &deployments, &world)?;
            (world, parts)
        }
        Intent::TearDown { stage: only, logs } => {
            let world = read.await?;
            let mut groups = Vec::new();
            for stage in intent.stages() {
                let group = settings.log_group(*stage);
                if let Some(bytes) = patience.call(|| cloud.log_group_size(&group)).await? {
                    groups.push((*stage, group, bytes));
                }
            }
            let parts = Plan::tear_down(settings, *only, Logs { delete: *logs, groups }, &world);
            (world, parts)
        }
        Intent::Prune { keep } => {
            let world = read.await?;
            let name = settings.function_name(stage.other());
            let versions = patience.call(|| cloud.versions(&name)).await?;
            let mut protected = ran(stage, world.function.as_ref(), &world.versions);
            protected.extend(ran(stage.other(), world.other.as_ref(), &versions));
            let held = [(stage, &world.versions), (stage.other(), &versions)];
            let parts = Plan::prune(settings, *keep, &protected, &held, &world)?;
            (world, parts)
        }
    };
    let mut plan = Plan::new(cloud.kind(), cloud.region(), intent.clone(), &world, parts);
    plan.warnings = warnings;
    if let Some(architecture) = plan.architecture() {
        plan.blocked = image::prerequisites(&settings.build, architecture).await.err();
    }
    Ok(plan)
}

// What the stage's file says, and what is worth a word in it.
async fn environment(
    settings: &Settings,
    stage: StageName,
    warnings: &mut Vec<Finding>,
) -> Result<EnvVars, Problem> {
    let settings = settings.clone();
    let files = tokio::task::spawn_blocking(move || EnvFiles::read(&settings))
        .await
        .map_err(|_| Problem::new("the environment files could not be read"))?;
    *warnings = files.warnings_of(stage);
    files.of(stage).env.clone()
}

// The image that a stage runs, and the one that it ran before that.
fn ran(stage: StageName, function: Option<&Function>, versions: &[Version]) -> Vec<Protected> {
    let Some(function) = function else { return Vec::new() };
    let now = function.image.digest.clone();
    let before: Option<Digest> = versions
        .iter()
        .filter(|version| version.finished())
        .filter_map(|version| version.digest.clone())
        .find(|digest| Some(digest) != now.as_ref());
    let told = |digest: Option<Digest>, what: &str| {
        digest.map(|digest| Protected { digest, why: format!("{stage} {what}") })
    };
    [told(now, "runs it"), told(before, "ran it last")].into_iter().flatten().collect()
}
