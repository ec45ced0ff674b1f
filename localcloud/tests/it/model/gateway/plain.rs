//! The model: what an API is, in plain words.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use crate::model::Outcome;

/// All paths that a resource may have, each behind its parent.
const PATHS: [&str; 5] = ["/", "/a", "/a/b", "/a/{x}", "/{proxy+}"];
pub(super) const STAGES: [&str; 2] = ["one", "two"];
const METHODS: [&str; 2] = ["GET", "ANY"];

/// What is asked for, and which resources answer it, the best first.
pub(super) const PROBES: [(&str, &[&str]); 5] = [
    ("/", &["/"]),
    ("/a", &["/a", "/{proxy+}"]),
    ("/a/b", &["/a/b", "/a/{x}", "/{proxy+}"]),
    ("/a/c", &["/a/{x}", "/{proxy+}"]),
    ("/z/y", &["/{proxy+}"]),
];

/// Where a method leads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    Echo,
    /// A function that the gateway may not call.
    Shut,
    /// The one that the stage's variable names.
    Variable,
}

/// Path → method → target.
pub(super) type Resources = BTreeMap<&'static str, BTreeMap<&'static str, Target>>;

#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) deployment: usize,
    pub(super) variable: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) resources: Resources,
    /// In the order in which they were made; `None` where one was deleted.
    deployments: Vec<Option<Resources>>,
    pub(super) stages: BTreeMap<&'static str, Stage>,
    pub(super) last: Outcome,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    CreateResource(&'static str),
    DeleteResource(&'static str),
    PutMethod(&'static str, &'static str, Target),
    DeleteMethod(&'static str, &'static str),
    Deploy(&'static str),
    MoveStage(&'static str, usize),
    DeleteDeployment(usize),
    SetVariable(&'static str, Option<&'static str>),
    DeleteStage(&'static str),
}

pub(super) fn parent_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

impl Api {
    fn change(&mut self, change: &Change) -> Outcome {
        match *change {
            Change::CreateResource(path) => {
                if self.resources.contains_key(path) {
                    return Outcome::Conflict;
                }
                self.resources.insert(path, BTreeMap::new());
            }
            Change::DeleteResource(path) => {
                let below = format!("{path}/");
                self.resources.retain(|other, _| *other != path && !other.starts_with(&below));
            }
            Change::PutMethod(path, method, target) => {
                let Some(methods) = self.resources.get_mut(path) else { return Outcome::NotFound };
                if methods.contains_key(method) {
                    return Outcome::Conflict;
                }
                methods.insert(method, target);
            }
            Change::DeleteMethod(path, method) => {
                let Some(methods) = self.resources.get_mut(path) else { return Outcome::NotFound };
                if methods.remove(method).is_none() {
                    return Outcome::NotFound;
                }
            }
            Change::Deploy(stage) => {
                if self.resources.values().all(BTreeMap::is_empty) {
                    return Outcome::BadRequest;
                }
                let deployment = self.deployments.len();
                self.deployments.push(Some(self.resources.clone()));
                self.stages.entry(stage).or_insert(Stage { deployment, variable: None }).deployment =
                    deployment;
            }
            Change::MoveStage(stage, deployment) => {
                let Some(stage) = self.stages.get_mut(stage) else { return Outcome::NotFound };
                if self.deployments[deployment].is_none() {
                    return Outcome::BadRequest;
                }
                stage.deployment = deployment;
            }
            Change::DeleteDeployment(deployment) => {
                if self.deployments[deployment].is_none() {
                    return Outcome::NotFound;
                }
                if self.stages.values().any(|stage| stage.deployment == deployment) {
                    return Outcome::BadRequest;
                }
                self.deployments[deployment] = None;
            }
            Change::SetVariable(stage, variable) => {
                let Some(stage) = self.stages.get_mut(stage) else { return Outcome::NotFound };
                stage.variable = variable;
            }
            Change::DeleteStage(stage) => {
                if self.stages.remove(stage).is_none() {
                    return Outcome::NotFound;
                }
            }
        }
        Outcome::Done
    }

    /// Status of the answer and, where a function gives it, the resource and the deployment that it was called through.
    pub(super) fn answer(
        &self,
        stage: &str,
        method: &str,
        probe: &[&'static str],
    ) -> (u16, Option<(&'static str, usize)>) {
        let Some(stage) = self.stages.get(stage) else { return (403, None) };
        let resources = self.deployments[stage.deployment].as_ref().expect("a stage's deployment is there");
        let answers = |path: &&&str| resources.get(**path).is_some_and(|methods| !methods.is_empty());
        let Some(path) = probe.iter().find(answers) else { return (403, None) };
        let methods = &resources[path];
        let target = match methods.get(method).or(methods.get("ANY")) {
            None => return (403, None),
            Some(Target::Variable) => stage.variable,
            Some(Target::Echo) => Some("echo"),
            Some(Target::Shut) => Some("shut"),
        };
        match target {
            Some("echo") => (200, Some((*path, stage.deployment))),
            _ => (500, None),
        }
    }
}

pub(super) struct Model;

impl ReferenceStateMachine for Model {
    type State = Api;
    type Transition = Change;

    fn init_state() -> BoxedStrategy<Api> {
        let resources = BTreeMap::from([("/", BTreeMap::new())]);
        let empty = Api { resources, deployments: Vec::new(), stages: BTreeMap::new(), last: Outcome::Done };
        Just(empty).boxed()
    }

    fn transitions(state: &Api) -> BoxedStrategy<Change> {
        let path = || prop::sample::select(&PATHS[..]);
        let below = || prop::sample::select(&PATHS[1..]);
        let stage = || prop::sample::select(&STAGES[..]);
        let method = || prop::sample::select(&METHODS[..]);
        let target = prop::sample::select(vec![Target::Echo, Target::Shut, Target::Variable]);
        let variable = prop::sample::select(vec![Some("echo"), Some("shut"), None]);
        let deployment = || 0..state.deployments.len().max(1);
        prop_oneof![
            4 => below().prop_map(Change::CreateResource),
            1 => below().prop_map(Change::DeleteResource),
            5 => (path(), method(), target).prop_map(|(path, method, to)| Change::PutMethod(path, method, to)),
            1 => (path(), method()).prop_map(|(path, method)| Change::DeleteMethod(path, method)),
            4 => stage().prop_map(Change::Deploy),
            2 => (stage(), deployment()).prop_map(|(stage, to)| Change::MoveStage(stage, to)),
            1 => deployment().prop_map(Change::DeleteDeployment),
            2 => (stage(), variable).prop_map(|(stage, variable)| Change::SetVariable(stage, variable)),
            1 => stage().prop_map(Change::DeleteStage),
        ]
        .boxed()
    }

    fn preconditions(state: &Api, change: &Change) -> bool {
        // Without an id there is nothing to call.
        match change {
            Change::CreateResource(path) => state.resources.contains_key(parent_of(path)),
            Change::DeleteResource(path) | Change::PutMethod(path, ..) | Change::DeleteMethod(path, _) => {
                state.resources.contains_key(path)
            }
            Change::MoveStage(_, deployment) | Change::DeleteDeployment(deployment) => {
                *deployment < state.deployments.len()
            }
            _ => true,
        }
    }

    fn apply(mut state: Api, change: &Change) -> Api {
        state.last = state.change(change);
        state
    }
}
