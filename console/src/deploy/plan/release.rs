//! A deploy or a promotion: every resource that a stage needs.

use super::super::role::{self, RolePlan};
use super::super::{gateway as gateway_step, routes};
use super::{
    Action, Change, ImagePlan, Parts, Release, Stored, Work, World, change, described, needed_change,
};
use crate::cloud::FunctionChange;
use crate::domain::{
    EnvDiff, EnvKeyState, EnvVars, Function, FunctionState, Problem, StageName, UpdateState,
};
use crate::envfile;
use crate::settings::{Architecture, Settings};

pub(super) fn parts(
    settings: &Settings,
    stage: StageName,
    region: &str,
    environment: EnvVars,
    image: ImagePlan,
    world: &World,
) -> Result<Parts, Problem> {
    let function_name = settings.function_name(stage);
    let function = world.function.as_ref();
    readable(&function_name, function)?;
    let architecture = match &image {
        // The image runs on what it was built for.
        ImagePlan::Stored(_) => of_function(world.other.as_ref())?,
        _ => architecture(settings, function)?,
    };
    let env = envfile::diff(&environment, function.and_then(|function| function.env.as_ref()));
    let wanted = FunctionChange {
        memory_mb: settings.function.memory_mb,
        timeout_s: settings.function.timeout_s,
        tracing: settings.function.tracing.map(|mode| mode.as_str().to_owned()),
        env: Some(environment),
    };
    let mut changes = vec![
        repository(settings, world),
        image_change(settings, function, &image),
        role_change(settings, world)?,
        function_change(&function_name, function, architecture),
        configuration(&function_name, function, &wanted, &env),
    ];
    changes.extend(gateway(settings, stage, world, region));
    let release = Release {
        function_name,
        image,
        architecture,
        configuration: wanted,
        whole: true,
        errors: settings.cors_on_errors,
    };
    Ok(Parts { work: Work::Release(release), changes, env })
}

/// The image that stage runs, for prod.
pub(super) fn promoted(settings: &Settings, world: &World) -> Result<ImagePlan, Problem> {
    let name = settings.function_name(StageName::Stage);
    let stage = world.other.as_ref().ok_or_else(|| {
        Problem::new("there is nothing to promote: stage has no function")
            .fix("deploy stage first: callboard deploy stage")
    })?;
    let well = matches!(stage.state, FunctionState::Active | FunctionState::Inactive);
    if !well || matches!(stage.update, UpdateState::InProgress | UpdateState::Failed) {
        return Err(Problem::new(format!("{name} is not in order: its image is not promoted"))
            .because(stage.update_reason.clone().or(stage.state_reason.clone()).unwrap_or_default())
            .fix("wait until its update is done, or deploy stage again"));
    }
    let digest = stage.image.digest.clone().ok_or_else(|| {
        Problem::new(format!("Lambda does not say which image {name} runs")).fix("deploy stage again")
    })?;
    held(world, &digest)?;
    let tag = stage.image.tag.clone().unwrap_or_else(|| digest.short().to_owned());
    Ok(ImagePlan::Stored(Stored { digest, tag, git: stage.stamp.git.clone() }))
}

/// Refuses an image that the repository no longer holds.
pub(super) fn held(world: &World, digest: &crate::domain::Digest) -> Result<(), Problem> {
    if world.images.iter().any(|image| image.digest == *digest) {
        return Ok(());
    }
    Err(Problem::new(format!("the image {} is no longer in the repository", digest.short()))
        .because("it was pruned, or somebody or a lifecycle policy of the repository deleted it")
        .fix("choose another (`callboard images`), or deploy from the source that it was built from"))
}

/// Refuses a function whose environment cannot be read: what replaces it would wipe it.
pub(super) fn readable(name: &str, function: Option<&Function>) -> Result<(), Problem> {
    if function.is_none_or(|function| function.env.is_some()) {
        return Ok(());
    }
    Err(Problem::new(format!("AWS cannot decrypt the environment of {name}"))
        .because("a change would replace what it cannot read")
        .fix("give the function's role and yourself kms:Decrypt on its KMS key"))
}

/// What a function runs on.
pub(super) fn of_function(function: Option<&Function>) -> Result<Architecture, Problem> {
    let text = function.map_or("x86_64", |function| function.architecture.as_str());
    Architecture::named(text).ok_or_else(|| Problem::new(format!("Lambda has no architecture {text:?}")))
}

fn architecture(settings: &Settings, function: Option<&Function>) -> Result<Architecture, Problem> {
    let there = function.and_then(|function| Architecture::named(&function.architecture));
    settings.function.architecture.or(there).or_else(Architecture::of_this_machine).ok_or_else(|| {
        Problem::new(format!("Lambda has no {} functions", std::env::consts::ARCH))
            .fix("set `architecture` in callboard.toml, [function]")
    })
}

fn repository(settings: &Settings, world: &World) -> Change {
    let resource = format!("repository {}", settings.build.image);
    match &world.repository {
        Some(found) => change(resource, Action::Unchanged, &found.uri),
        None => change(resource, Action::Create, "scan on push, tags can be moved"),
    }
}

// Whether a built image will be another one is only known once it is built. A clean tree at the commit that the function
// was stamped with builds the same image again; anything else may build another.
fn image_change(settings: &Settings, function: Option<&Function>, image: &ImagePlan) -> Change {
    let resource = format!("image {}", settings.build.image);
    let (new, same, sure) = match image {
        ImagePlan::Build(source) => {
            let git = source.stamp().map_or("a source that git does not know".to_owned(), |git| {
                let dirty = if source.dirty { ", with changes that are not committed" } else { "" };
                format!("git {git}{dirty}")
            });
            let same = function.is_some_and(|function| {
                source.commit.is_some() && !source.dirty && function.stamp.git == source.stamp()
            });
            (format!("built from {git}"), same, "; unchanged if its digest is the same")
        }
        ImagePlan::Stored(stored) => {
            let same =
                function.is_some_and(|function| function.image.digest.as_ref() == Some(&stored.digest));
            let git = stored.git.as_ref().map(|git| format!(", git {git}")).unwrap_or_default();
            (format!("{} ({}{git}), not built anew", stored.tag, stored.digest.short()), same, "")
        }
        ImagePlan::Keep => (String::new(), true, ""),
    };
    let Some(function) = function else { return change(resource, Action::Create, new) };
    let old = described(&function.image, function.stamp.git.as_deref());
    if same {
        change(resource, Action::Unchanged, old)
    } else {
        change(resource, Action::Update, format!("{old} → {new}{sure}"))
    }
}

fn role_change(settings: &Settings, world: &World) -> Result<Change, Problem> {
    let name = super::super::world::role_name(settings);
    let resource = format!("role {name}");
    Ok(match role::plan(&name, world)? {
        RolePlan::Create => change(resource, Action::Create, role::POLICY_NAMES.join(", ")),
        RolePlan::Attach(missing) => change(resource, Action::Update, format!("+ {}", missing.join(", "))),
        RolePlan::Keep => change(resource, Action::Unchanged, ""),
        RolePlan::Other(arn) => {
            change(resource, Action::Unchanged, format!("not used: the function runs under {arn}"))
        }
    })
}

fn function_change(name: &str, function: Option<&Function>, architecture: Architecture) -> Change {
    let resource = format!("function {name}");
    let new = architecture.as_str();
    match function {
        None => change(resource, Action::Create, new),
        Some(function) if function.architecture != new => {
            change(resource, Action::Update, format!("{} → {new}", function.architecture))
        }
        // That its code may be changed is said by the image.
        Some(_) => change(resource, Action::Unchanged, new),
    }
}

/// What changes in the configuration of a function.
pub(super) fn configuration(
    name: &str,
    function: Option<&Function>,
    wanted: &FunctionChange,
    env: &EnvDiff,
) -> Change {
    let resource = format!("configuration of {name}");
    let mut parts = Vec::new();
    let number = |value: Option<i32>| value.map(|value| value.to_string());
    let limits = [
        ("memory", number(wanted.memory_mb), function.map(|function| function.memory_mb.to_string()), " MB"),
        ("timeout", number(wanted.timeout_s), function.map(|function| function.timeout_s.to_string()), " s"),
        ("tracing", wanted.tracing.clone(), function.map(|function| function.tracing.clone()), ""),
    ];
    for (what, new, old, unit) in limits {
        match (new, old) {
            (Some(new), Some(old)) if new != old => parts.push(format!("{what} {old} → {new}{unit}")),
            (Some(new), None) => parts.push(format!("{what} {new}{unit}")),
            _ => {}
        }
    }
    // Which keys they are stands below the row.
    let kinds = [
        ("DELETED", EnvKeyState::OnlyDeployed),
        ("changed", EnvKeyState::Changed),
        ("added", EnvKeyState::OnlyInFile),
    ];
    let counts: Vec<String> = kinds
        .into_iter()
        .filter(|(_, state)| env.count(*state) > 0)
        .map(|(word, state)| format!("{} {word}", env.count(state)))
        .collect();
    if !counts.is_empty() {
        parts.push(format!("env: {}", counts.join(", ")));
    }
    let action = match function {
        None => Action::Create,
        Some(function) if needed_change(function, wanted) == FunctionChange::default() => Action::Unchanged,
        Some(_) => Action::Update,
    };
    change(resource, action, parts.join("; "))
}

fn gateway(settings: &Settings, stage: StageName, world: &World, region: &str) -> Vec<Change> {
    let wanted = routes::integration(&world.identity, region, &settings.name);
    let api = match &world.api {
        Some(api) => {
            change(format!("API {}", settings.name), Action::Unchanged, format!("{} {}", api.id, api.url))
        }
        None => change(format!("API {}", settings.name), Action::Create, "regional"),
    };
    let made = if world.api.is_some() { Action::Update } else { Action::Create };
    let list = |resource: &str, paths: Vec<&str>| match paths.as_slice() {
        [] => change(resource, Action::Unchanged, routes::PATHS.join(", ")),
        some => change(resource, made, some.join(", ")),
    };
    let resources = list("resources with ANY", routes::lacking(&world.resources));
    let mut integration = list("integration with the function", routes::astray(&world.resources, &wanted));
    if integration.action != Action::Unchanged {
        integration.detail = format!("{} → {}-${{stageVariables.env}}", integration.detail, settings.name);
    }
    let responses = routes::error_responses(settings, &world.responses);
    let mut changes = vec![api, resources, integration];
    if settings.cors_on_errors {
        let put: Vec<&str> = responses
            .iter()
            .filter(|one| !world.responses.contains(one))
            .map(|one| one.kind.as_str())
            .collect();
        changes.push(match put.as_slice() {
            [] => change("gateway's own errors", Action::Unchanged, "they carry CORS headers"),
            some => change("gateway's own errors", made, format!("{} with CORS headers", some.join(", "))),
        });
    }
    changes.push(permission(settings, stage, world, region));
    changes.push(deployment(stage, world, &routes::description(&world.resources, &wanted, &responses)));
    changes
}

fn permission(settings: &Settings, stage: StageName, world: &World, region: &str) -> Change {
    let resource = format!("permission for {stage}");
    let Some(api) = &world.api else { return change(resource, Action::Create, "the gateway may invoke") };
    let arn = routes::source_arn(&world.identity, region, &api.id, stage.as_str());
    let id = gateway_step::statement_id(stage);
    match world.permissions.iter().find(|one| one.covers(&arn)) {
        Some(found) => change(resource, Action::Unchanged, &found.id),
        None if world.permissions.iter().any(|one| one.id == id) => change(resource, Action::Update, &id),
        None => change(resource, Action::Create, format!("{id} on {}", settings.function_name(stage))),
    }
}

fn deployment(stage: StageName, world: &World, description: &str) -> Change {
    let resource = format!("gateway stage {stage}");
    let Some(found) = &world.stage else { return change(resource, Action::Create, format!("env={stage}")) };
    let mut parts = Vec::new();
    if !gateway_step::is_of(world.deployment.as_ref(), description) {
        parts.push(format!(
            "deployment {} → a new one, of the resources as they are then",
            found.deployment_id
        ));
    }
    parts.extend(gateway_step::variable_change(stage, found));
    if parts.is_empty() {
        change(resource, Action::Unchanged, format!("deployment {}", found.deployment_id))
    } else {
        change(resource, Action::Update, parts.join("; "))
    }
}
