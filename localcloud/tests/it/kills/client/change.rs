//! What a client does: a change in words, and what it comes to.

use std::collections::BTreeMap;

use super::super::seen::{Api, Function, Seen, Settings, Stage};
use super::{Client, image};

/// Things of a kind that a client has at most.
const MOST: usize = 3;

/// One change.
#[derive(Debug, Clone)]
pub(super) enum Change {
    CreateRole(String),
    DeleteRole(String),
    CreateFunction(String, Settings, String),
    DeleteFunction(String),
    Configure(String, Settings),
    SetCode(String, String, String),
    Publish(String),
    Tag(String, String, String),
    Untag(String, String),
    Concurrency(String, Option<i32>),
    Permit(String, String),
    Forbid(String, String),
    Push(String, Vec<u8>),
    DeleteImage(String),
    CreateApi,
    DeleteApi,
    CreateResource(String),
    DeleteResource(String),
    Deploy(String, String),
    SetVariable(String, String, String),
    MoveStage(String, String),
    DeleteStage(String),
    CreateGroup,
    DeleteGroup,
    CreateStream(String),
    Put(String, Vec<String>),
}

/// Any key, if there is one.
fn any<'a, V>(client: &mut fastrand::Rng, map: &'a BTreeMap<String, V>) -> Option<&'a String> {
    client.choice(map.keys().collect::<Vec<_>>())
}

impl Change {
    /// A change that makes sense now.
    pub(super) fn random(client: &mut Client) -> Change {
        loop {
            if let Some(change) = Change::maybe(client) {
                return change;
            }
        }
    }

    fn maybe(client: &mut Client) -> Option<Change> {
        let known = client.known.clone();
        let function = any(&mut client.rng, &known.functions).cloned();
        let number = client.rng.u32(0..1_000_000);
        Some(match client.rng.u8(0..30) {
            0 if known.roles.len() < MOST => Change::CreateRole(client.new_name("r")),
            1 => Change::DeleteRole(known.roles.first()?.clone()),
            2 if known.functions.len() < MOST => {
                let (tag, digest) = known.images.first_key_value()?;
                let settings = Settings {
                    memory: 128,
                    environment: [("KEY".to_owned(), number.to_string())].into(),
                    digest: digest.clone(),
                };
                Change::CreateFunction(client.new_name("f"), settings, tag.clone())
            }
            3 if number.is_multiple_of(4) => Change::DeleteFunction(function?),
            4..=6 => {
                let name = function?;
                let environment =
                    [("KEY".to_owned(), number.to_string()), ("LONG".to_owned(), "x".repeat(100))];
                let memory = 128 + (number % 1000) as i32;
                let digest = known.functions[&name].settings.digest.clone();
                Change::Configure(name, Settings { memory, environment: environment.into(), digest })
            }
            7..=8 => {
                let tag = any(&mut client.rng, &known.images)?;
                Change::SetCode(function?, tag.clone(), known.images[tag].clone())
            }
            9..=10 => {
                let name = function?;
                let of = &known.functions[&name];
                let changed = of.versions.last_key_value().is_none_or(|(_, last)| *last != of.settings);
                (changed && of.versions.len() < 2 * MOST).then_some(Change::Publish(name))?
            }
            11..=12 => Change::Tag(function?, format!("key{}", number % 5), number.to_string()),
            13 => {
                let name = function?;
                let key = known.functions[&name].tags.keys().next()?.clone();
                Change::Untag(name, key)
            }
            14 => Change::Concurrency(function?, (!number.is_multiple_of(3)).then_some((number % 50) as i32)),
            15 if function.as_ref().is_some_and(|name| known.functions[name].policy.len() < MOST) => {
                Change::Permit(function?, client.new_name("s"))
            }
            16 => {
                let name = function?;
                let statement = known.functions[&name].policy.first()?.clone();
                Change::Forbid(name, statement)
            }
            17..=18 if known.images.len() < MOST => {
                let size = client.rng.usize(0..100_000);
                let ballast = std::iter::repeat_with(|| client.rng.u8(..)).take(size).collect();
                Change::Push(client.new_name("t"), ballast)
            }
            19 => {
                let used = |digest: &String| {
                    known.functions.values().any(|function| {
                        function.settings.digest == *digest
                            || function.versions.values().any(|version| version.digest == *digest)
                    })
                };
                let (tag, _) = known.images.iter().find(|(_, digest)| !used(digest))?;
                Change::DeleteImage(tag.clone())
            }
            20 => match &known.api {
                None => Change::CreateApi,
                Some(_) => number.is_multiple_of(8).then_some(Change::DeleteApi)?,
            },
            21 => match known.api?.resources.first() {
                Some(path) if number.is_multiple_of(2) => Change::DeleteResource(path.clone()),
                _ => Change::CreateResource(format!("/{}", client.new_name("p"))),
            },
            22..=23 => {
                known.api?;
                Change::Deploy(format!("stage{}", number % 3), client.new_name("d"))
            }
            24 => {
                let api = known.api?;
                let stage = any(&mut client.rng, &api.stages)?.clone();
                Change::SetVariable(stage, format!("key{}", number % 4), number.to_string())
            }
            25 => {
                let api = known.api?;
                let stage = any(&mut client.rng, &api.stages)?.clone();
                match number % 4 {
                    0 => Change::DeleteStage(stage),
                    _ => Change::MoveStage(stage, api.deployments.first()?.clone()),
                }
            }
            26 => match &known.streams {
                None => Change::CreateGroup,
                Some(_) => number.is_multiple_of(8).then_some(Change::DeleteGroup)?,
            },
            27 if known.streams.as_ref()?.len() < MOST => Change::CreateStream(client.new_name("l")),
            28..=29 => {
                let streams = known.streams?;
                let stream = any(&mut client.rng, &streams)?.clone();
                let many = client.rng.usize(1..20);
                let messages = (0..many).map(|at| format!("{number} {at} {}", "y".repeat(at * 10)));
                Change::Put(stream, messages.collect())
            }
            _ => return None,
        })
    }

    /// What it comes to.
    pub(super) fn apply(&self, seen: &mut Seen) {
        let seen_api = &mut seen.api;
        let mut with_api = |change: &dyn Fn(&mut Api)| change(seen_api.as_mut().expect("there is an API"));
        match self.clone() {
            Change::CreateRole(name) => drop(seen.roles.insert(name)),
            Change::DeleteRole(name) => drop(seen.roles.remove(&name)),
            Change::CreateFunction(name, settings, _) => {
                seen.functions.insert(name, Function { settings, ..Function::default() });
            }
            Change::DeleteFunction(name) => drop(seen.functions.remove(&name)),
            Change::Push(tag, ballast) => drop(seen.images.insert(tag, image::digest(&ballast))),
            Change::DeleteImage(tag) => drop(seen.images.remove(&tag)),
            Change::CreateApi => seen.api = Some(Api::default()),
            Change::DeleteApi => seen.api = None,
            Change::CreateResource(path) => with_api(&|api| {
                api.resources.insert(path.clone());
            }),
            Change::DeleteResource(path) => with_api(&|api| {
                api.resources.remove(&path);
            }),
            Change::Deploy(stage, deployment) => with_api(&|api| {
                api.deployments.insert(deployment.clone());
                api.stages.entry(stage.clone()).or_default().deployment = deployment.clone();
            }),
            Change::SetVariable(stage, key, value) => with_api(&|api| {
                let stage: &mut Stage = api.stages.get_mut(&stage).expect("there is that stage");
                stage.variables.insert(key.clone(), value.clone());
            }),
            Change::MoveStage(stage, deployment) => with_api(&|api| {
                api.stages.get_mut(&stage).expect("there is that stage").deployment = deployment.clone();
            }),
            Change::DeleteStage(stage) => with_api(&|api| drop(api.stages.remove(&stage))),
            Change::CreateGroup => seen.streams = Some(BTreeMap::new()),
            Change::DeleteGroup => seen.streams = None,
            Change::CreateStream(stream) => {
                seen.streams.get_or_insert_default().insert(stream, Vec::new());
            }
            Change::Put(stream, messages) => {
                seen.streams.get_or_insert_default().entry(stream).or_default().extend(messages);
            }
            Change::Configure(name, ..)
            | Change::SetCode(name, ..)
            | Change::Publish(name)
            | Change::Tag(name, ..)
            | Change::Untag(name, _)
            | Change::Concurrency(name, _)
            | Change::Permit(name, _)
            | Change::Forbid(name, _) => {
                self.apply_to(seen.functions.get_mut(&name).expect("there is that function"));
            }
        }
    }

    fn apply_to(&self, function: &mut Function) {
        match self.clone() {
            Change::Configure(_, settings) => function.settings = settings,
            Change::SetCode(_, _, digest) => function.settings.digest = digest,
            Change::Publish(_) => {
                let number = function.versions.keys().last().map_or(1, |last| last + 1);
                function.versions.insert(number, function.settings.clone());
            }
            Change::Tag(_, key, value) => drop(function.tags.insert(key, value)),
            Change::Untag(_, key) => drop(function.tags.remove(&key)),
            Change::Concurrency(_, most) => function.concurrency = most,
            Change::Permit(_, statement) => drop(function.policy.insert(statement)),
            Change::Forbid(_, statement) => drop(function.policy.remove(&statement)),
            other => panic!("{other:?} is about no function"),
        }
    }
}
