//! What ran and what runs, kept as published versions of the function, so that a roll back finds image and environment
//! together, on any laptop.

use jiff::Timestamp;

use super::patience::{patiently, quiet};
use super::steps::{Context, Ended};
use super::world::World;
use crate::cloud::FaultKind;
use crate::domain::{Digest, EnvVars, Function, Problem, Stamp, StepId, StepResult, Version};

/// What was there before the change.
pub(super) struct Before {
    /// The function as it is after its state was kept: publishing changes its revision. `None` when there is none yet.
    pub(super) function: Option<Function>,
    /// The version that holds what ran.
    pub(super) version: Option<u64>,
}

/// What the change leads to.
pub(super) struct Target<'a> {
    pub(super) digest: &'a Digest,
    pub(super) env: Option<&'a EnvVars>,
}

impl Target<'_> {
    // Whether a first deploy was stopped after it had made the function: nobody has stamped it yet.
    fn is_begun(&self, function: &Function) -> bool {
        function.stamp == Stamp::default()
            && function.image.digest.as_ref() == Some(self.digest)
            && (self.env.is_none() || function.env.as_ref() == self.env)
    }

    // Whether the function is on its way from `before` to here: a change that was stopped between image and environment.
    // Nobody wants to be taken back to that.
    fn is_halfway(&self, before: &Version, function: &Function) -> bool {
        let env = function.env.as_ref();
        let known = [before.digest.as_ref(), Some(self.digest)].contains(&function.image.digest.as_ref());
        known && (env == before.env.as_ref() || (self.env.is_some() && env == self.env))
    }
}

/// Publishes what the function runs now, unless a version holds it already. A function that was never well is not kept.
pub(super) async fn keep(
    context: &Context<'_>,
    world: &World,
    name: &str,
    target: &Target<'_>,
) -> Result<Ended<Before>, Problem> {
    let step = StepId::Keep;
    let Some(mut planned) = world.function.clone() else {
        let before = Before { function: None, version: None };
        return Ok(Ended::new(before, StepResult::Unchanged, "nothing ran before"));
    };
    if super::world::settling(&planned) {
        planned = quiet(context, step, name).await?;
    }
    if planned.state == crate::domain::FunctionState::Failed
        || planned.update == crate::domain::UpdateState::Failed
    {
        let before = Before { function: Some(planned), version: None };
        return Ok(Ended::new(before, StepResult::Unchanged, "what was there did not run: not kept"));
    }
    if let Some(known) = newest(&world.versions).filter(|version| version.records(&planned)) {
        let version = Some(known.number).filter(|_| known.finished());
        let before = Before { function: Some(planned), version };
        return Ok(Ended::new(before, StepResult::Unchanged, format!("version {}", known.number)));
    }
    if world.versions.is_empty() && target.is_begun(&planned) {
        let before = Before { function: Some(planned), version: None };
        return Ok(Ended::new(before, StepResult::Unchanged, "nothing ran before this change was begun"));
    }
    if let Some(before) = newest(&world.versions).filter(|version| target.is_halfway(version, &planned)) {
        let detail = format!("version {}; what is there is half of this change", before.number);
        let before = Before { function: Some(planned), version: Some(before.number) };
        return Ok(Ended::new(before, StepResult::Unchanged, detail));
    }
    let number = publish(context, step, &planned, &planned.stamp, true).await?;
    let now = quiet(context, step, name).await?;
    let same = |one: &Function, other: &Function| {
        (&one.image, &one.env, one.memory_mb, one.timeout_s, &one.role)
            == (&other.image, &other.env, other.memory_mb, other.timeout_s, &other.role)
    };
    if !same(&now, &planned) {
        return Err(Problem::new(format!("{name} was changed by somebody else in the meantime"))
            .because("it is left as they made it")
            .fix("look at the new plan before going on"));
    }
    // What no change has finished is kept, and nobody is led back to it unasked.
    let version = Some(number).filter(|_| planned.stamp.image_tag.is_some());
    let before = Before { function: Some(now), version };
    Ok(Ended::new(before, StepResult::Created, format!("version {number}")))
}

/// What the function is stamped with.
pub(super) struct Label {
    pub(super) tag: String,
    pub(super) git: Option<String>,
}

/// Publishes what the function runs after the change, unless a version holds it already, and stamps the function with what
/// it runs, by whom and since when. Answers the version's number.
pub(super) async fn record(
    context: &Context<'_>,
    function: &Function,
    label: &Label,
    changed: bool,
) -> Result<Ended<u64>, Problem> {
    let step = StepId::Record;
    let known = patiently(context, step, || context.cloud.versions(&function.name)).await?;
    let stamp = stamp(context, function, label);
    let (number, mut result) = match newest(&known).filter(|version| version.records(function)) {
        Some(known) => (known.number, StepResult::Unchanged),
        None => (publish(context, step, function, &stamp, false).await?, StepResult::Created),
    };
    let same = (&function.stamp.image_tag, &function.stamp.git) == (&stamp.image_tag, &stamp.git);
    if changed || !same {
        patiently(context, step, || context.cloud.stamp_function(context.permit, function, &stamp)).await?;
        if result == StepResult::Unchanged {
            result = StepResult::Updated;
        }
    }
    Ok(Ended::new(number, result, format!("version {number}, {}", label.tag)))
}

// The stamp of this change.
fn stamp(context: &Context<'_>, function: &Function, label: &Label) -> Stamp {
    Stamp {
        digest: function.image.digest.clone(),
        image_tag: Some(label.tag.clone()),
        deployed_by: Some(context.plan.identity.arn.clone()),
        git: Some(label.git.clone().unwrap_or_else(|| "unknown".to_owned())),
        deployed_at: Some(Timestamp::now()),
    }
}

fn newest(versions: &[Version]) -> Option<&Version> {
    versions.iter().max_by_key(|version| version.number)
}

async fn publish(
    context: &Context<'_>,
    step: StepId,
    function: &Function,
    stamp: &Stamp,
    kept: bool,
) -> Result<u64, Problem> {
    let name = &function.name;
    let publish = || context.cloud.publish_version(context.permit, name, stamp, kept, &function.revision_id);
    match patiently(context, step, publish).await {
        Ok(number) => Ok(number),
        // Published by a call of ours whose answer was lost: then the revision that it carried is no longer the newest.
        Err(fault) if matches!(fault.kind, FaultKind::Moved | FaultKind::Unanswered) => {
            let now = patiently(context, step, || context.cloud.versions(name)).await?;
            let made = newest(&now).filter(|version| version.records(function));
            made.map(|version| version.number).ok_or(fault.problem)
        }
        Err(fault) => Err(fault.into()),
    }
}
