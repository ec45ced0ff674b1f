//! Makes a plan so, step by step, and writes what became of it into the journal.

use std::time::Instant;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::patience::Patience;
use super::plan::{ImagePlan, Plan, Release, Work};
use super::seen::Seen;
use super::steps::{Context, Ended};
use super::world::World;
use super::{guard, release, removal};
use crate::cloud::{Cloud, Permit};
use crate::domain::{Digest, ImageRef, Intent, Problem, Progress, Report, StageName, StepId, StepResult};
use crate::journal::{self, Entry, Outcome, Version};
use crate::settings::Settings;

/// A change that went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What was asked for.
    pub intent: Intent,
    /// What the stage runs then; `None` where things were deleted.
    pub deployed: Option<Deployed>,
    /// What takes the stage back to what it ran before, where this change changed what it runs.
    pub way_back: Option<Intent>,
}

/// What a stage runs after a change. Whether it answers well is what the reports say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The stage.
    pub stage: StageName,
    /// Tag of the image that it runs; the short digest where no tag is known.
    pub tag: String,
    /// Digest of the image that it runs.
    pub digest: Digest,
    /// What clients call, without a trailing slash; `None` when the gateway has no such stage.
    pub url: Option<String>,
    /// Smoke checks after the change; `None` when there is nothing to call.
    pub smoke: Option<Report>,
    /// CORS checks after the change; `None` when there is nothing to call.
    pub cors: Option<Report>,
}

impl Deployed {
    /// Whether all checks passed.
    pub fn green(&self) -> bool {
        self.smoke.iter().chain(&self.cors).all(Report::green)
    }
}

impl Done {
    /// Whether all checks passed.
    pub fn green(&self) -> bool {
        self.deployed.as_ref().is_none_or(Deployed::green)
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        match (&self.intent, &self.deployed) {
            (_, Some(Deployed { stage, tag, url: Some(url), .. })) => format!("{stage} runs {tag} at {url}"),
            (_, Some(Deployed { stage, tag, url: None, .. })) => {
                format!("{stage} runs {tag}; the gateway has no stage that leads to it")
            }
            (Intent::TearDown { stage: Some(stage), .. }, None) => format!("{stage} is torn down"),
            (Intent::TearDown { stage: None, .. }, None) => "everything is torn down".to_owned(),
            (_, None) => "the old images are deleted".to_owned(),
        }
    }
}

/// A change that did not go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The world is no longer the one that was planned for, or the change may not be made: nothing was changed.
    Refused {
        /// Why.
        problem: Problem,
        /// Whether a new plan would tell what has changed.
        moved: bool,
    },
    /// A step failed, or the operator stopped the change: what was done and what was not stands in the problem.
    Failed {
        /// What failed, what was done and what was not, and how to go on.
        problem: Problem,
        /// What takes the stage back to what it ran before, where this change had already changed what it runs.
        way_back: Option<Intent>,
    },
}

impl Failure {
    /// What the operator is told.
    pub fn problem(&self) -> &Problem {
        match self {
            Failure::Refused { problem, .. } | Failure::Failed { problem, .. } => problem,
        }
    }
}

/// What a change learns on its way that outlives its failing.
#[derive(Default)]
pub(super) struct Finish {
    /// What takes the stage back to what it ran before.
    pub(super) back: Option<Intent>,
    /// The version that holds what runs now.
    pub(super) version: Option<u64>,
    /// Whether what runs was changed.
    pub(super) touched: bool,
    /// The image that the function was given, once it was.
    pub(super) given: Option<ImageRef>,
}

/// Makes the plan so. Refused, with nothing changed, when the stage is read-only, when another Callboard of this checkout
/// is changing it, and when somebody changed the world since the plan was made.
///
/// When `stop` is cancelled, the step in hand is finished (a build or a wait ends at once: it changes nothing) and the rest
/// is not started. Checks that fail after the change are no failure of it: [`Done::green`].
pub async fn apply(
    cloud: &Cloud,
    settings: &Settings,
    plan: &Plan,
    stop: &CancellationToken,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Done, Failure> {
    let refused = |problem| Failure::Refused { problem, moved: false };
    guard::admit(cloud, plan).map_err(refused)?;
    let permit = Permit::grant(settings, plan.intent.stages(), progress).map_err(refused)?;
    let _locks = guard::locks(settings, plan.intent.stages()).map_err(refused)?;
    still_so(cloud, settings, plan).await?;
    let context = Context { cloud, settings, plan, permit: &permit, stop, progress };
    let clock = Instant::now();
    let mut entry = begun(plan);
    if let Err(problem) = journal::append(settings, &entry) {
        return Err(refused(problem));
    }
    let mut finish = Finish::default();
    let outcome = run(&context, &mut finish).await;
    entry.commands = permit.commands();
    entry.took_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    ended(&mut entry, &outcome, &finish);
    if let Err(problem) = journal::append(settings, &entry) {
        context.say(StepId::Cors, problem.to_string());
    }
    let way_back = finish.back.filter(|_| finish.touched);
    match outcome {
        Ok(deployed) => Ok(Done { intent: plan.intent.clone(), deployed, way_back }),
        Err(problem) => Err(Failure::Failed { problem, way_back }),
    }
}

// Is the world still the one that was planned for?
async fn still_so(cloud: &Cloud, settings: &Settings, plan: &Plan) -> Result<(), Failure> {
    let refused = |problem| Failure::Refused { problem, moved: false };
    let world = World::read(cloud, settings, plan.stage(), &Patience::silent()).await.map_err(refused)?;
    let moved = |why: String| Failure::Refused {
        problem: Problem::new("the plan is out of date: nothing was changed").because(why).fix("plan again"),
        moved: true,
    };
    if world.identity.account != plan.identity.account {
        return Err(moved("it was made for another account".to_owned()));
    }
    if let Some(why) = plan.seen.moved(&Seen::of(&plan.intent, &world)) {
        return Err(moved(why));
    }
    if let Work::Release(Release { image: ImagePlan::Stored(stored), .. }) = &plan.work
        && !world.images.iter().any(|image| image.digest == stored.digest)
    {
        return Err(moved(format!("the image {} is no longer in the repository", stored.tag)));
    }
    Ok(())
}

async fn run(context: &Context<'_>, finish: &mut Finish) -> Result<Option<Deployed>, Problem> {
    match &context.plan.work {
        Work::Release(release) => release::run(context, release, finish).await.map(Some),
        Work::Gateway(deployment) => release::roll_back_gateway(context, deployment, finish).await.map(Some),
        Work::TearDown(extent) => removal::tear_down(context, extent).await.map(|()| None),
        Work::Prune(images) => removal::prune(context, images).await.map(|_| None),
    }
}

/// Who am I, and where? Answers what is there.
pub(super) async fn identity(context: &Context<'_>) -> Result<Ended<World>, Problem> {
    let plan = context.plan;
    let patience = Patience::of(context, StepId::Identity);
    let world = World::read(context.cloud, context.settings, plan.stage(), &patience).await?;
    if let Some(why) = plan.seen.moved(&Seen::of(&plan.intent, &world)) {
        return Err(Problem::new("the plan is out of date: nothing was changed")
            .because(why)
            .fix("plan again"));
    }
    let detail = format!("{} in {} ({})", world.identity.arn, plan.region, world.identity.account);
    Ok(Ended::new(world, StepResult::Done, detail))
}

fn begun(plan: &Plan) -> Entry {
    Entry {
        at: Timestamp::now(),
        what: plan.intent.journal_name(),
        stage: plan.intent.scope().to_owned(),
        cloud: plan.cloud.to_string(),
        account: plan.identity.account.clone(),
        region: plan.region.clone(),
        who: plan.identity.arn.clone(),
        from: plan.running.as_ref().map(version),
        to: None,
        outcome: Outcome::Begun,
        detail: String::new(),
        took_ms: 0,
        commands: Vec::new(),
    }
}

fn ended(entry: &mut Entry, outcome: &Result<Option<Deployed>, Problem>, finish: &Finish) {
    match outcome {
        Ok(None) => entry.outcome = Outcome::Done,
        Ok(Some(deployed)) => {
            entry.outcome = if deployed.green() { Outcome::Done } else { Outcome::ChecksFailed };
            let told = |name: &str, report: &Option<Report>| {
                report.as_ref().map(|report| format!("{name} {}/{}", report.passed(), report.checks.len()))
            };
            let checks = [told("smoke", &deployed.smoke), told("CORS", &deployed.cors)];
            entry.detail = checks.into_iter().flatten().collect::<Vec<_>>().join(", ");
            entry.to = Some(Version {
                tag: Some(deployed.tag.clone()),
                digest: Some(deployed.digest.0.clone()),
                number: finish.version,
            });
        }
        Err(problem) => {
            entry.outcome = Outcome::Failed;
            entry.detail = problem.to_string();
            // A failed change leaves running what it had got to.
            entry.to = finish.given.as_ref().map(version).or_else(|| entry.from.clone());
        }
    }
}

fn version(image: &ImageRef) -> Version {
    let digest = image.digest.as_ref().map(|digest| digest.0.clone());
    Version { tag: image.tag.clone(), digest, number: None }
}
