//! A roll back: the image and the environment that ran together before, as a published version of the function holds them;
//! or an earlier deployment of the API.

use super::super::gateway::variable_change;
use super::{Action, ImagePlan, Parts, Release, Stored, Work, World, change, described, release};
use crate::cloud::FunctionChange;
use crate::domain::{
    Deployment, Digest, EnvDiff, Function, Problem, StageName, StoredImage, Target, Version,
};
use crate::envfile;
use crate::settings::{Architecture, Settings};

// What is rolled back to: an image, a version that holds it, or both.
struct Found<'a> {
    digest: Option<Digest>,
    image: Option<&'a StoredImage>,
    version: Option<&'a Version>,
}

pub(super) fn parts(
    settings: &Settings,
    stage: StageName,
    to: &Target,
    parts: crate::domain::Parts,
    world: &World,
) -> Result<Parts, Problem> {
    let name = settings.function_name(stage);
    let function = world.function.as_ref().ok_or_else(|| {
        Problem::new(format!("{stage} has nothing to roll back: there is no function {name}"))
            .fix(format!("deploy it: callboard deploy {stage}"))
    })?;
    release::readable(&name, Some(function))?;
    let found = find(stage, to, parts, function, world)?;
    let mut changes = Vec::new();
    let resource = format!("image {}", settings.build.image);
    let old = described(&function.image, function.stamp.git.as_deref());
    let mut architecture = release::of_function(Some(function))?;
    let image = if parts.image() {
        let stored = stored(&found, function)?;
        release::held(world, &stored.digest)?;
        if let Some(version) = found.version {
            architecture = Architecture::named(&version.architecture).unwrap_or(architecture);
        }
        if function.image.digest.as_ref() == Some(&stored.digest) {
            changes.push(change(resource, Action::Unchanged, old));
        } else {
            let git = stored.git.as_ref().map(|git| format!(", git {git}")).unwrap_or_default();
            let new = format!("{} ({}{git})", stored.tag, stored.digest.short());
            changes.push(change(resource, Action::Update, format!("{old} → {new}")));
        }
        ImagePlan::Stored(stored)
    } else {
        changes.push(change(resource, Action::Unchanged, old));
        ImagePlan::Keep
    };
    let (configuration, env) = if parts.env() {
        let env = environment(&name, to, &found)?;
        let diff = envfile::diff(&env, function.env.as_ref());
        (FunctionChange { env: Some(env), ..FunctionChange::default() }, diff)
    } else {
        (FunctionChange::default(), EnvDiff::default())
    };
    let mut row = release::configuration(&name, Some(function), &configuration, &env);
    if let (Some(version), true) = (found.version, parts.env()) {
        let unfinished = if version.finished() { "" } else { " (no change of Callboard's finished it)" };
        let from = format!("environment of version {}{unfinished}", version.number);
        row.detail = if row.detail.is_empty() { from } else { format!("{from}; {}", row.detail) };
    }
    changes.push(row);
    let release =
        Release { function_name: name, image, architecture, configuration, whole: false, errors: false };
    Ok(Parts { work: Work::Release(release), changes, env })
}

fn find<'a>(
    stage: StageName,
    to: &Target,
    parts: crate::domain::Parts,
    function: &Function,
    world: &'a World,
) -> Result<Found<'a>, Problem> {
    let of_version = |version: &'a Version| {
        let image = world.images.iter().find(|image| version.digest.as_ref() == Some(&image.digest));
        Found { digest: version.digest.clone(), image, version: Some(version) }
    };
    match to {
        Target::Previous => {
            // What is to come back must differ: with the environment alone, a version with another image is no answer.
            let other = |version: &&Version| {
                (parts.image() && version.digest != function.image.digest)
                    || (parts.env() && version.env != function.env)
            };
            // Newest first; what no change of Callboard's has finished is nobody's idea of what ran before.
            let finished = world.versions.iter().filter(other).find(|version| version.finished());
            let found = finished.or_else(|| world.versions.iter().find(other));
            found.map(of_version).ok_or_else(|| nothing_before(stage, parts))
        }
        Target::Version(number) => {
            let found = world.versions.iter().find(|version| version.number == *number);
            found.map(of_version).ok_or_else(|| {
                let known: Vec<String> =
                    world.versions.iter().take(10).map(|version| version.number.to_string()).collect();
                Problem::new(format!("the function has no version {number}"))
                    .because(format!("it has: {}", known.join(", ")))
                    .fix("name one of those, or an image: `callboard images` lists them")
            })
        }
        Target::Image(text) => {
            let image = image(text, &world.images)?;
            let version =
                world.versions.iter().find(|version| version.digest.as_ref() == Some(&image.digest));
            Ok(Found { digest: Some(image.digest.clone()), image: Some(image), version })
        }
    }
}

fn nothing_before(stage: StageName, parts: crate::domain::Parts) -> Problem {
    let (what, fix) = match parts {
        crate::domain::Parts::Env => {
            ("environment", format!("change its environment file and deploy: callboard deploy {stage}"))
        }
        crate::domain::Parts::Image => ("image", NAME_AN_IMAGE.to_owned()),
        crate::domain::Parts::Both => ("image and no other environment", NAME_AN_IMAGE.to_owned()),
    };
    Problem::new(format!("nothing is known that {stage} ran before"))
        .because(format!("no published version of the function holds another {what}"))
        .fix(fix)
}

const NAME_AN_IMAGE: &str = "name an image: `callboard images` lists them, then --to TAG --image-only";

// By tag, else by the beginning of the digest.
fn image<'a>(text: &str, images: &'a [StoredImage]) -> Result<&'a StoredImage, Problem> {
    if let Some(tagged) = images.iter().find(|image| image.tags.iter().any(|tag| tag == text)) {
        return Ok(tagged);
    }
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let begins = |image: &&StoredImage| {
        hex.len() >= 7 && image.digest.0.strip_prefix("sha256:").is_some_and(|whole| whole.starts_with(hex))
    };
    let found: Vec<&StoredImage> = images.iter().filter(begins).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Problem::new(format!("the repository holds no image {text}"))
            .fix("`callboard images` lists what it holds")),
        several => Err(Problem::new(format!("{} images begin with {text}", several.len()))
            .fix("give more of the digest")),
    }
}

fn stored(found: &Found<'_>, function: &Function) -> Result<Stored, Problem> {
    let digest = found.digest.clone().ok_or_else(|| {
        Problem::new("the version does not say which image it holds").fix("name an image: --to TAG")
    })?;
    let stamp = found.version.map(|version| &version.stamp);
    let running = function.image.tag.as_ref().filter(|_| function.image.digest.as_ref() == Some(&digest));
    let tag = stamp
        .and_then(|stamp| stamp.image_tag.clone())
        .or_else(|| running.cloned())
        .or_else(|| found.image.map(|image| image.name().to_owned()))
        .unwrap_or_else(|| digest.short().to_owned());
    Ok(Stored { tag, git: stamp.and_then(|stamp| stamp.git.clone()), digest })
}

fn environment(name: &str, to: &Target, found: &Found<'_>) -> Result<crate::domain::EnvVars, Problem> {
    let version = found.version.ok_or_else(|| {
        Problem::new(format!("the environment that ran with {to} is not known"))
            .because(format!("no published version of {name} holds that image"))
            .fix("roll back the image alone: --image-only")
    })?;
    version.env.clone().ok_or_else(|| {
        Problem::new(format!("AWS cannot decrypt the environment of version {}", version.number)).fix(
            "give yourself kms:Decrypt on the function's KMS key, or roll back the image alone: --image-only",
        )
    })
}

/// A gateway's roll back.
pub(super) fn gateway(
    stage: StageName,
    wanted: Option<&str>,
    deployments: &[Deployment],
    world: &World,
) -> Result<Parts, Problem> {
    let current = world.stage.as_ref().ok_or_else(|| {
        Problem::new(format!("the gateway has no stage {stage}"))
            .fix(format!("deploy it first: callboard deploy {stage}"))
    })?;
    let now = deployments.iter().find(|one| one.id == current.deployment_id);
    let target = match wanted {
        Some(id) => deployments.iter().find(|one| one.id == id).ok_or_else(|| {
            let known: Vec<&str> = deployments.iter().take(10).map(|one| one.id.as_str()).collect();
            Problem::new(format!("the API has no deployment {id}"))
                .because(format!("it has: {}", known.join(", ")))
                .fix("name one of those")
        })?,
        None => {
            let since = now.and_then(|now| now.created_at);
            let earlier = |one: &&Deployment| one.id != current.deployment_id && one.created_at <= since;
            // AWS does not say what a stage answered with before. What another stage answers with was made for that one.
            let elsewhere = |one: &&Deployment| {
                world.stages.iter().any(|other| other.name != stage.as_str() && other.deployment_id == one.id)
            };
            let own = deployments.iter().filter(earlier).find(|one| !elsewhere(one));
            own.ok_or_else(|| {
                Problem::new(format!("nothing is known that {stage} answered with before {}", current.deployment_id))
                    .because("every earlier deployment of the API is what another stage answers with, or there is none")
                    .fix("name one with --to ID: the screen g, and `aws apigateway get-deployments`, list them")
            })?
        }
    };
    let resource = format!("gateway stage {stage}");
    let told = |one: &Deployment| match one.created_at {
        Some(at) => format!("{} of {}", one.id, at.strftime("%Y-%m-%d %H:%M:%SZ")),
        None => one.id.clone(),
    };
    let old = now.map_or_else(|| current.deployment_id.clone(), told);
    let mut parts = Vec::new();
    if target.id != current.deployment_id {
        parts.push(format!("deployment {old} → {}", told(target)));
    }
    parts.extend(variable_change(stage, current));
    let change = match parts.as_slice() {
        [] => change(resource, Action::Unchanged, format!("deployment {old}")),
        some => change(resource, Action::Update, some.join("; ")),
    };
    Ok(Parts { work: Work::Gateway(target.id.clone()), changes: vec![change], env: EnvDiff::default() })
}
