//! What a deploy would change, from what was read. Pure: the same world gives the same plan.

use serde::Serialize;

use super::role::{self, RolePlan};
use super::routes;
use super::source::Source;
use super::world::{Seen, World};
use crate::cloud::{CloudKind, FunctionChange};
use crate::domain::{
    EnvDiff, EnvKeyState, EnvVars, Function, Identity, ImageRef, Problem, StageName, one_line,
};
use crate::envfile;
use crate::settings::{Architecture, Settings};

/// What a deploy to one stage would change, and in which world. Its `Debug` shows no value of the environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(super) stage: StageName,
    /// Local or AWS.
    pub cloud: CloudKind,
    /// Account and caller.
    pub identity: Identity,
    /// Region.
    pub region: String,
    /// The function that is created or updated.
    pub function_name: String,
    /// What the stage runs now; `None` before its first deploy.
    pub running: Option<ImageRef>,
    /// What the image will be built from.
    pub source: Source,
    /// What the function will run on.
    pub architecture: Architecture,
    /// The environment, key by key.
    pub env: EnvDiff,
    pub(super) environment: EnvVars,
    pub(super) seen: Seen,
    changes: Vec<Change>,
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
}

impl Action {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Unchanged => "unchanged",
        }
    }
}

impl Plan {
    /// The stage that is deployed.
    pub fn stage(&self) -> StageName {
        self.stage
    }

    /// Every resource, in the order of the steps.
    pub fn changes(&self) -> Vec<Change> {
        self.changes.clone()
    }

    /// Whether applying it would change anything.
    pub fn changes_anything(&self) -> bool {
        self.changes.iter().any(|change| change.action != Action::Unchanged)
    }

    pub(super) fn new(
        cloud: CloudKind,
        region: &str,
        settings: &Settings,
        stage: StageName,
        environment: EnvVars,
        source: Source,
        world: &World,
    ) -> Result<Plan, Problem> {
        let function_name = settings.function_name(stage);
        let function = world.function.as_ref();
        if function.is_some_and(|function| function.env.is_none()) {
            return Err(Problem::new(format!("AWS cannot decrypt the environment of {function_name}"))
                .because("a deploy would replace what it cannot read")
                .fix("give the function's role and yourself kms:Decrypt on its KMS key"));
        }
        let architecture = architecture(settings, function)?;
        let env = envfile::diff(&environment, function.and_then(|function| function.env.as_ref()));
        let mut changes = vec![
            repository(settings, world),
            image(settings, function, &source),
            role_change(settings, world)?,
            function_change(&function_name, function, architecture),
            configuration(&function_name, function, settings, &environment, &env),
        ];
        changes.extend(gateway(settings, stage, world, region));
        Ok(Plan {
            stage,
            cloud,
            identity: world.identity.clone(),
            region: region.to_owned(),
            function_name,
            running: function.map(|function| function.image.clone()),
            source,
            architecture,
            env,
            environment,
            seen: world.seen(),
            changes,
        })
    }
}

fn change(resource: impl Into<String>, action: Action, detail: impl Into<String>) -> Change {
    Change { resource: resource.into(), action, detail: detail.into() }
}

fn architecture(settings: &Settings, function: Option<&Function>) -> Result<Architecture, Problem> {
    let there = function.and_then(|function| {
        [Architecture::X86_64, Architecture::Arm64]
            .into_iter()
            .find(|one| one.as_str() == function.architecture)
    });
    settings.function.architecture.or(there).or_else(Architecture::of_this_machine).ok_or_else(|| {
        Problem::new(format!("Lambda has no {} functions", std::env::consts::ARCH))
            .fix("set `architecture` in callboard.toml, [function]")
    })
}

fn repository(settings: &Settings, world: &World) -> Change {
    let resource = format!("repository {}", settings.name);
    match &world.repository {
        Some(found) => change(resource, Action::Unchanged, &found.uri),
        None => change(resource, Action::Create, "scan on push, tags can be moved"),
    }
}

// Whether the built image will be another one is only known once it is built. A clean tree at the commit that the
// function was stamped with builds the same image again; anything else may build another.
fn image(settings: &Settings, function: Option<&Function>, source: &Source) -> Change {
    let resource = format!("image {}", settings.name);
    let new = source
        .stamp()
        .map_or_else(|| "a source that git does not know".to_owned(), |git| format!("git {git}"));
    let Some(function) = function else {
        return change(resource, Action::Create, format!("built from {new}"));
    };
    let tag = function.image.tag.as_deref().unwrap_or("no tag");
    let digest = function.image.digest.as_ref().map_or("no digest", |digest| digest.short());
    let old = match &function.stamp.git {
        Some(git) => format!("{tag} ({digest}, git {git})"),
        None => format!("{tag} ({digest})"),
    };
    if source.commit.is_some() && !source.dirty && function.stamp.git == source.stamp() {
        change(resource, Action::Unchanged, old)
    } else {
        change(
            resource,
            Action::Update,
            format!("{old} → built from {new}; unchanged if its digest is the same"),
        )
    }
}

fn role_change(settings: &Settings, world: &World) -> Result<Change, Problem> {
    let name = super::world::role_name(settings);
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

fn configuration(
    name: &str,
    function: Option<&Function>,
    settings: &Settings,
    environment: &EnvVars,
    env: &EnvDiff,
) -> Change {
    let resource = format!("configuration of {name}");
    let mut parts = Vec::new();
    let limits = [
        ("memory", settings.function.memory_mb, function.map(|function| function.memory_mb), "MB"),
        ("timeout", settings.function.timeout_s, function.map(|function| function.timeout_s), "s"),
    ];
    for (what, wanted, there, unit) in limits {
        match (wanted, there) {
            (Some(new), Some(old)) if new != old => parts.push(format!("{what} {old} → {new} {unit}")),
            (Some(new), None) => parts.push(format!("{what} {new} {unit}")),
            _ => {}
        }
    }
    let keys = |state: EnvKeyState| -> Vec<&str> {
        env.keys.iter().filter(|key| key.state == state).map(|key| key.key.as_str()).collect()
    };
    let kinds = [
        ("added", EnvKeyState::OnlyInFile),
        ("changed", EnvKeyState::Changed),
        ("DELETED", EnvKeyState::OnlyDeployed),
    ];
    for (word, state) in kinds {
        let keys = keys(state);
        if !keys.is_empty() {
            parts.push(format!("env {word}: {}", keys.join(", ")));
        }
    }
    let action = match function {
        None => Action::Create,
        Some(function) if needed_change(function, settings, environment) == FunctionChange::default() => {
            Action::Unchanged
        }
        Some(_) => Action::Update,
    };
    change(resource, action, parts.join("; "))
}

/// What must be changed in the function's configuration. Limits that the settings do not name are left alone.
pub(super) fn needed_change(
    function: &Function,
    settings: &Settings,
    environment: &EnvVars,
) -> FunctionChange {
    FunctionChange {
        memory_mb: settings.function.memory_mb.filter(|wanted| *wanted != function.memory_mb),
        timeout_s: settings.function.timeout_s.filter(|wanted| *wanted != function.timeout_s),
        env: (function.env.as_ref() != Some(environment)).then(|| environment.clone()),
    }
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
    vec![
        api,
        resources,
        integration,
        permission(settings, stage, world, region),
        deployment(stage, world, &wanted),
    ]
}

fn permission(settings: &Settings, stage: StageName, world: &World, region: &str) -> Change {
    let resource = format!("permission for {stage}");
    let Some(api) = &world.api else { return change(resource, Action::Create, "the gateway may invoke") };
    let arn = routes::source_arn(&world.identity, region, &api.id, stage.as_str());
    let id = super::gateway::statement_id(stage);
    match world.permissions.iter().find(|one| one.covers(&arn)) {
        Some(found) => change(resource, Action::Unchanged, &found.id),
        None if world.permissions.iter().any(|one| one.id == id) => change(resource, Action::Update, &id),
        None => change(resource, Action::Create, format!("{id} on {}", settings.function_name(stage))),
    }
}

fn deployment(stage: StageName, world: &World, wanted: &crate::cloud::Integration) -> Change {
    let resource = format!("gateway stage {stage}");
    let Some(found) = &world.stage else { return change(resource, Action::Create, format!("env={stage}")) };
    let mut parts = Vec::new();
    if !super::gateway::is_of(world.deployment.as_ref(), &routes::description(&world.resources, wanted)) {
        parts.push(format!(
            "deployment {} → a new one, of the resources as they are then",
            found.deployment_id
        ));
    }
    if found.variables.get("env").map(String::as_str) != Some(stage.as_str()) {
        let old = found.variables.get("env").map_or("unset", String::as_str);
        parts.push(format!("env {} → {stage}", one_line(old, 60)));
    }
    if parts.is_empty() {
        change(resource, Action::Unchanged, format!("deployment {}", found.deployment_id))
    } else {
        change(resource, Action::Update, parts.join("; "))
    }
}
