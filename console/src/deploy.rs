//! From source to an API that answers: first a plan that only reads, then the steps that make it so.
//!
//! Every step looks at what is there and does only what is missing, so a deploy that stopped anywhere is resumed by
//! deploying again. What two operators could do to each other is guarded: a plan is only applied to the world that it was
//! made from, and an update carries the function's revision.

mod apply;
mod build;
mod function;
mod gateway;
mod guard;
mod patience;
mod plan;
mod push;
mod role;
mod routes;
mod source;
mod steps;
mod verify;
mod world;

pub use apply::{Deployed, apply};
pub use plan::{Action, Change, Plan};
pub use source::Source;

use crate::cloud::Cloud;
use crate::domain::{Problem, StageName};
use crate::envfile;
use crate::settings::Settings;

/// Reads what is there and says what a deploy to `stage` would change. Changes nothing.
pub async fn plan(cloud: &Cloud, settings: &Settings, stage: StageName) -> Result<Plan, Problem> {
    let env = envfile::load(settings.env_file(stage), stage)?;
    let (world, source) =
        tokio::join!(world::World::read(cloud, settings, stage), source::Source::read(&settings.build.dir));
    Plan::new(cloud.kind(), cloud.region(), settings, stage, env, source, &world?)
}
