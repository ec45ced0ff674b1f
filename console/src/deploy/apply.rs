//! Makes a plan so, step by step, and writes what became of it into the journal.

use std::time::Instant;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::steps::{Context, Ended, Steps};
use super::world::World;
use super::{build, function, gateway, guard, push, role, verify};
use crate::cloud::Cloud;
use crate::domain::{Digest, ImageRef, Problem, Progress, Report, StageName, StepId, StepResult};
use crate::journal::{self, Entry, Outcome, Version};
use crate::settings::Settings;

/// A deploy that went through. Whether the stage answers well is what the reports say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The stage.
    pub stage: StageName,
    /// Tag of the image that it runs; the short digest where no tag is known.
    pub tag: String,
    /// Digest of the image that it runs.
    pub digest: Digest,
    /// What clients call, without a trailing slash.
    pub url: String,
    /// Smoke checks after the deploy.
    pub smoke: Report,
    /// CORS checks after the deploy.
    pub cors: Report,
}

impl Deployed {
    /// Whether all checks passed.
    pub fn green(&self) -> bool {
        self.smoke.green() && self.cors.green()
    }
}

/// Makes the plan so. Refused, with nothing changed, when the stage is read-only, when another Callboard of this checkout
/// is changing it, and when somebody changed the world since the plan was made.
///
/// When `stop` is cancelled, the step in hand is finished (a build or a wait ends at once: it changes nothing) and the rest
/// is not started. A failure's Problem says what was done, what was not, and how to go on. Checks that fail after the
/// deploy are no failure of the deploy: [`Deployed::green`].
pub async fn apply(
    cloud: &Cloud,
    settings: &Settings,
    plan: &Plan,
    stop: &CancellationToken,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Deployed, Problem> {
    guard::admit(cloud, settings, plan)?;
    let _lock = guard::lock(settings, plan.stage())?;
    let at = Timestamp::now();
    let clock = Instant::now();
    let context = Context { cloud, settings, plan, stop, progress };
    let outcome = run(&context).await;
    let (ended, detail, to) = match &outcome {
        Ok(deployed) => {
            let checks = format!(
                "smoke {}/{}, CORS {}/{}",
                deployed.smoke.passed(),
                deployed.smoke.checks.len(),
                deployed.cors.passed(),
                deployed.cors.checks.len()
            );
            let to = Version { tag: Some(deployed.tag.clone()), digest: Some(deployed.digest.0.clone()) };
            (if deployed.green() { Outcome::Done } else { Outcome::ChecksFailed }, checks, Some(to))
        }
        Err(problem) => (Outcome::Failed, problem.to_string(), None),
    };
    let entry = Entry {
        at,
        what: "deploy".to_owned(),
        stage: plan.stage(),
        cloud: plan.cloud.to_string(),
        account: plan.identity.account.clone(),
        region: plan.region.clone(),
        who: plan.identity.arn.clone(),
        from: plan.running.as_ref().map(version),
        to,
        outcome: ended,
        detail,
        took_ms: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    if let Err(problem) = journal::append(settings, &entry) {
        context.say(StepId::Cors, problem.to_string());
    }
    outcome
}

fn version(image: &ImageRef) -> Version {
    Version { tag: image.tag.clone(), digest: image.digest.as_ref().map(|digest| digest.0.clone()) }
}

async fn run(context: &Context<'_>) -> Result<Deployed, Problem> {
    let steps = Steps::new(context);
    let world = &steps.run(StepId::Identity, identity(context)).await?;
    let binary = steps.run(StepId::Build, build::binary(context)).await?;
    let image = &steps.run(StepId::Image, build::image(context, binary)).await?;
    let repository = &steps.run(StepId::Repository, push::repository(context, world)).await?;
    let tag = steps.run(StepId::Push, push::image(context, world, repository, image)).await?;
    let role = &steps.run(StepId::Role, role::step(context, world)).await?;
    let uri = &format!("{}@{}", repository.uri, image.digest);
    steps.run(StepId::FunctionCode, function::code(context, world, role, uri, &image.digest)).await?;
    let fresh =
        &steps.run(StepId::WaitForCode, function::wait(context, StepId::WaitForCode, &image.digest)).await?;
    steps.run(StepId::Configuration, function::configuration(context, fresh)).await?;
    let changed = steps.changed(&[StepId::FunctionCode, StepId::Configuration]);
    steps.run(StepId::WaitForConfiguration, function::finish(context, &image.digest, &tag, changed)).await?;
    let api = &steps.run(StepId::Api, gateway::api(context, world)).await?;
    let resources = steps.run(StepId::Resources, gateway::resources(context, world, api)).await?;
    let resources =
        &steps.run(StepId::Integration, gateway::integration(context, world, api, resources)).await?;
    steps.run(StepId::Permission, gateway::permission(context, world, api)).await?;
    let stage = &steps.run(StepId::Deployment, gateway::deployment(context, world, api, resources)).await?;
    let spreading = steps.changed(&[StepId::Permission, StepId::Deployment]);
    let smoke = steps.run(StepId::Smoke, verify::smoke(context, &stage.url, spreading)).await?;
    let cors = steps.run(StepId::Cors, verify::cors(context, &stage.url)).await?;
    Ok(Deployed {
        stage: context.plan.stage(),
        tag,
        digest: image.digest.clone(),
        url: stage.url.clone(),
        smoke,
        cors,
    })
}

// Who am I, where, and is the world still the one that was planned for?
async fn identity(context: &Context<'_>) -> Result<Ended<World>, Problem> {
    let plan = context.plan;
    let world = World::read(context.cloud, context.settings, plan.stage()).await?;
    if world.identity.account != plan.identity.account {
        return Err(
            Problem::new("the plan was made for another account: nothing was changed").fix("plan again")
        );
    }
    if let Some(why) = plan.seen.moved(&world.seen()) {
        return Err(Problem::new("the plan is out of date: nothing was changed")
            .because(why)
            .fix("plan again"));
    }
    let detail = format!("{} in {} ({})", world.identity.arn, plan.region, world.identity.account);
    Ok(Ended::new(world, StepResult::Done, detail))
}
