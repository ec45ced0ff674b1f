//! What a client's part of the account looks like from outside, in plain words: the client's own idea of it is written in
//! the same words.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_apigateway::types::{Deployment, Resource};
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::FunctionConfiguration;

use super::process::At;

/// All that is there of one client's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) roles: BTreeSet<String>,
    /// By name.
    pub(super) functions: BTreeMap<String, Function>,
    /// Tag → digest.
    pub(super) images: BTreeMap<String, String>,
    pub(super) api: Option<Api>,
    /// Stream → its messages; `None` while there is no group.
    pub(super) streams: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Function {
    pub(super) settings: Settings,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) concurrency: Option<i32>,
    /// By number.
    pub(super) versions: BTreeMap<u64, Settings>,
    /// Statement ids.
    pub(super) policy: BTreeSet<String>,
}

/// What a version keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) memory: i32,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) digest: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Api {
    /// Paths, without the root.
    pub(super) resources: BTreeSet<String>,
    /// Their descriptions.
    pub(super) deployments: BTreeSet<String>,
    pub(super) stages: BTreeMap<String, Stage>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stage {
    /// Its deployment's description.
    pub(super) deployment: String,
    pub(super) variables: BTreeMap<String, String>,
}

impl Seen {
    /// Looks. Functions are waited for until they have settled.
    pub(super) async fn of(at: &At, client: &str) -> Seen {
        Seen {
            roles: roles(at, client).await,
            functions: functions(at, client).await,
            images: images(at, client).await,
            api: api(at, client).await,
            streams: streams(at, client).await,
        }
    }
}

async fn roles(at: &At, client: &str) -> BTreeSet<String> {
    let found = at.iam.list_roles().max_items(1000).send().await.unwrap();
    let names = found.roles().iter().map(|role| role.role_name().to_owned());
    names.filter(|name| name.starts_with(client)).collect()
}

async fn functions(at: &At, client: &str) -> BTreeMap<String, Function> {
    let listed = at.lambda.list_functions().max_items(50).send().await.unwrap();
    let mut found = BTreeMap::new();
    for name in listed.functions().iter().filter_map(|function| function.function_name()) {
        if name.starts_with(client) {
            found.insert(name.to_owned(), function(&at.lambda, name).await);
        }
    }
    found
}

async fn function(lambda: &aws_sdk_lambda::Client, name: &str) -> Function {
    let latest = settled(lambda, name).await;
    let mut versions = BTreeMap::new();
    let listed = lambda.list_versions_by_function().function_name(name).max_items(50).send().await.unwrap();
    for version in listed.versions() {
        if let Ok(number) = version.version().unwrap().parse::<u64>() {
            versions.insert(number, settings(version));
        }
    }
    let policy = match lambda.get_policy().function_name(name).send().await {
        Ok(policy) => statements(policy.policy().unwrap()),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            BTreeSet::new()
        }
        Err(error) => panic!("{error:?}"),
    };
    Function {
        settings: settings(latest.configuration().unwrap()),
        tags: latest.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect(),
        concurrency: latest.concurrency().and_then(|set| set.reserved_concurrent_executions()),
        versions,
        policy,
    }
}

/// The function once it is neither Pending nor being updated: it must come to that, and to a good end.
pub(super) async fn settled(lambda: &aws_sdk_lambda::Client, name: &str) -> GetFunctionOutput {
    let waiting = async {
        let mut poll = tokio::time::interval(Duration::from_millis(2));
        loop {
            poll.tick().await;
            let got = lambda.get_function().function_name(name).send().await.unwrap();
            let of = got.configuration().unwrap();
            let state = of.state().unwrap().as_str();
            match (state, of.last_update_status().map(|status| status.as_str())) {
                ("Active", Some("Successful")) => return got,
                ("Pending", _) | (_, Some("InProgress")) => {}
                other => panic!("{name} is {other:?}: {:?}", of.state_reason()),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it settles")
}

fn settings(of: &FunctionConfiguration) -> Settings {
    let variables = of.environment().and_then(|environment| environment.variables());
    Settings {
        memory: of.memory_size().unwrap(),
        environment: variables
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        // Of an image it is the manifest's digest.
        digest: format!("sha256:{}", of.code_sha256().unwrap()),
    }
}

fn statements(policy: &str) -> BTreeSet<String> {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().map(|statement| statement["Sid"].as_str().unwrap().to_owned()).collect()
}

async fn images(at: &At, client: &str) -> BTreeMap<String, String> {
    let found = at.ecr.describe_images().repository_name(client).send().await;
    let details = found.unwrap().image_details.unwrap_or_default();
    let tagged = details.into_iter().flat_map(|image| {
        let digest = image.image_digest.unwrap();
        image.image_tags.unwrap_or_default().into_iter().map(move |tag| (tag, digest.clone()))
    });
    tagged.collect()
}

async fn api(at: &At, client: &str) -> Option<Api> {
    let gateway = &at.gateway;
    let id = api_id(gateway, client).await?;
    let resources = gateway.get_resources().rest_api_id(&id).limit(500).send().await.unwrap();
    let deployments = gateway.get_deployments().rest_api_id(&id).limit(500).send().await.unwrap();
    let stages = gateway.get_stages().rest_api_id(&id).send().await.unwrap();
    let described = |deployment: &Deployment| deployment.description().unwrap().to_owned();
    let description_of = |id: Option<&str>| {
        let deployment = deployments.items().iter().find(|deployment| deployment.id() == id);
        described(deployment.expect("a stage's deployment is there"))
    };
    let path = |resource: &Resource| resource.path().unwrap().to_owned();
    let stage = |stage: &aws_sdk_apigateway::types::Stage| {
        let variables = stage.variables().into_iter().flatten();
        let variables = variables.map(|(key, value)| (key.clone(), value.clone())).collect();
        (
            stage.stage_name().unwrap().to_owned(),
            Stage { deployment: description_of(stage.deployment_id()), variables },
        )
    };
    Some(Api {
        resources: resources.items().iter().map(path).filter(|path| path != "/").collect(),
        deployments: deployments.items().iter().map(described).collect(),
        stages: stages.item().iter().map(stage).collect(),
    })
}

/// The id of the one API of that name.
pub(super) async fn api_id(gateway: &aws_sdk_apigateway::Client, name: &str) -> Option<String> {
    let found = gateway.get_rest_apis().limit(500).send().await.unwrap();
    let mut ids =
        found.items().iter().filter(|api| api.name() == Some(name)).map(|api| api.id().unwrap().to_owned());
    let id = ids.next();
    assert_eq!(ids.next(), None, "two APIs are called {name}");
    id
}

async fn streams(at: &At, client: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let logs = &at.logs;
    let groups = logs.describe_log_groups().log_group_name_prefix(client).send().await.unwrap();
    groups.log_groups().first()?;
    let streams = logs.describe_log_streams().log_group_name(client).send().await.unwrap();
    let mut found: BTreeMap<String, Vec<String>> = streams
        .log_streams()
        .iter()
        .map(|stream| (stream.log_stream_name().unwrap().to_owned(), Vec::new()))
        .collect();
    let mut pages = logs.filter_log_events().log_group_name(client).into_paginator().send();
    while let Some(page) = pages.next().await {
        for event in page.unwrap().events() {
            let stream =
                found.get_mut(event.log_stream_name().unwrap()).expect("an event's stream is listed");
            stream.push(event.message().unwrap().to_owned());
        }
    }
    Some(found)
}
