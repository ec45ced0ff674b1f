//! A tear down: what one stage has goes; what the stages share goes with the last one.

use super::{Action, Change, Parts, Work, World, change};
use crate::domain::{EnvDiff, StageName, StepId};
use crate::settings::Settings;

/// What is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Extent {
    /// The stages.
    pub(in super::super) stages: Vec<StageName>,
    /// Their log groups, by name.
    pub(in super::super) log_groups: Vec<String>,
    /// The REST API.
    pub(in super::super) api: bool,
    /// The role.
    pub(in super::super) role: bool,
    /// The repository with its images.
    pub(in super::super) repository: bool,
}

impl Extent {
    pub(super) fn steps(&self) -> Vec<StepId> {
        let mut steps = vec![StepId::Identity, StepId::DeleteStage, StepId::DeleteFunction];
        let more = [
            (!self.log_groups.is_empty(), StepId::DeleteLogs),
            (self.api, StepId::DeleteApi),
            (self.role, StepId::DeleteRole),
            (self.repository, StepId::DeleteRepository),
        ];
        steps.extend(more.into_iter().filter(|(wanted, _)| *wanted).map(|(_, step)| step));
        steps
    }
}

/// What is known of the log groups, and whether they are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Logs {
    /// Delete them.
    pub(in super::super) delete: bool,
    /// Those that are there: stage, name, bytes.
    pub(in super::super) groups: Vec<(StageName, String, u64)>,
}

pub(super) fn parts(settings: &Settings, stage: Option<StageName>, logs: Logs, world: &World) -> Parts {
    let stages = stage.map_or(StageName::ALL.to_vec(), |stage| vec![stage]);
    let mut changes = Vec::new();
    for stage in &stages {
        changes.extend(of_stage(settings, *stage, &logs, world));
    }
    let last = stage.is_none_or(|stage| {
        let other = stage.other();
        world.other.is_none() && !world.stages.iter().any(|one| one.name == other.as_str())
    });
    let mut extent = Extent {
        log_groups: if logs.delete {
            logs.groups.iter().map(|(_, name, _)| name.clone()).collect()
        } else {
            Vec::new()
        },
        stages,
        api: false,
        role: false,
        repository: false,
    };
    shared(settings, last, stage, &mut extent, world, &mut changes);
    Parts { work: Work::TearDown(extent), changes, env: EnvDiff::default() }
}

fn of_stage(settings: &Settings, stage: StageName, logs: &Logs, world: &World) -> Vec<Change> {
    let name = settings.function_name(stage);
    let there = world.functions().any(|function| function.name == name);
    let mut changes = Vec::new();
    let resource = format!("gateway stage {stage}");
    changes.push(match world.stages.iter().find(|one| one.name == stage.as_str()) {
        Some(found) => change(resource, Action::Delete, &found.url),
        None => change(resource, Action::Unchanged, "not there"),
    });
    let resource = format!("function {name}");
    changes.push(if there {
        let function = world.functions().find(|function| function.name == name);
        let running = function.map(|one| super::described(&one.image, one.stamp.git.as_deref()));
        let detail = format!("{}; its permission and its versions too", running.unwrap_or_default());
        change(resource, Action::Delete, detail)
    } else {
        change(resource, Action::Unchanged, "not there")
    });
    let resource = format!("log group {}", settings.log_group(stage));
    changes.push(match logs.groups.iter().find(|(of, _, _)| *of == stage) {
        None => change(resource, Action::Unchanged, "not there"),
        Some((_, _, bytes)) => {
            let size = format!("{:.1} MB of log lines", *bytes as f64 / 1e6);
            let (action, word) =
                if logs.delete { (Action::Delete, "") } else { (Action::Unchanged, ", kept") };
            change(resource, action, format!("{size}{word}"))
        }
    });
    changes
}

fn shared(
    settings: &Settings,
    last: bool,
    stage: Option<StageName>,
    extent: &mut Extent,
    world: &World,
    changes: &mut Vec<Change>,
) {
    let kept = |what: String| {
        let other = stage.map_or(StageName::Prod, StageName::other);
        change(what, Action::Unchanged, format!("kept: {other} uses it"))
    };
    let none = |what: String| change(what, Action::Unchanged, "not there");
    let what = format!("API {}", settings.name);
    changes.push(match &world.api {
        None => none(what),
        Some(_) if !last => kept(what),
        Some(api) => {
            let ours = |name: &str| StageName::ALL.into_iter().any(|stage| stage.as_str() == name);
            let foreign: Vec<&str> =
                world.stages.iter().map(|one| one.name.as_str()).filter(|name| !ours(name)).collect();
            if foreign.is_empty() {
                extent.api = true;
                change(what, Action::Delete, format!("{} {}", api.id, api.url))
            } else {
                let detail = format!("kept: it has stages that are not Callboard's: {}", foreign.join(", "));
                change(what, Action::Unchanged, detail)
            }
        }
    });
    let what = format!("role {}", super::super::world::role_name(settings));
    changes.push(match &world.role {
        None => none(what),
        Some(_) if !last => kept(what),
        Some(role) if !role.inline.is_empty() => {
            let detail = format!("kept: somebody wrote policies into it: {}", role.inline.join(", "));
            change(what, Action::Unchanged, detail)
        }
        Some(role) => {
            extent.role = true;
            change(what, Action::Delete, &role.arn)
        }
    });
    let what = format!("repository {}", settings.build.image);
    changes.push(match &world.repository {
        None => none(what),
        Some(_) if !last => kept(what),
        Some(repository) => {
            extent.repository = true;
            let images = world.images.len();
            change(what, Action::Delete, format!("{} with its {images} images", repository.uri))
        }
    });
}
