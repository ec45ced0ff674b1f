//! Repositories, the images in them, and the token that opens the registry.

mod images;
mod lifecycle;
mod needs;
mod policies;
mod put_image;
mod repositories;
mod tags;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::repositories::Repository;

pub(crate) use needs::needs;

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "CreateRepository" => repositories::create(cloud, call),
        "DescribeRepositories" => repositories::describe(cloud, call),
        "DeleteRepository" => repositories::delete(cloud, call),
        "PutImageTagMutability" => repositories::put_mutability(cloud, call),
        "PutImageScanningConfiguration" => repositories::put_scanning(cloud, call),
        "GetRepositoryPolicy" => policies::get(cloud, call),
        "SetRepositoryPolicy" => policies::set(cloud, call),
        "DeleteRepositoryPolicy" => policies::delete(cloud, call),
        "GetLifecyclePolicy" => lifecycle::get(cloud, call),
        "PutLifecyclePolicy" => lifecycle::put(cloud, call),
        "DeleteLifecyclePolicy" => lifecycle::delete(cloud, call),
        "ListTagsForResource" => tags::list(cloud, call),
        "TagResource" => tags::tag(cloud, call),
        "UntagResource" => tags::untag(cloud, call),
        "PutImage" => put_image::put(cloud, call),
        "BatchCheckLayerAvailability" => put_image::layers(cloud, call),
        "DescribeImages" => images::describe(cloud, call),
        "ListImages" => images::list(cloud, call),
        "BatchGetImage" => images::batch_get(cloud, call),
        "BatchDeleteImage" => images::batch_delete(cloud, call),
        "GetAuthorizationToken" => authorization_token(cloud, call),
        _ => Err(call.not_offered()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationToken {
    #[serde(default)]
    registry_ids: Vec<String>,
}

fn authorization_token(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: AuthorizationToken = call.input()?;
    input.registry_ids.iter().try_for_each(|id| check_registry(Some(id)))?;
    let (password, expires) = cloud.tokens.issue_to(call.caller.clone());
    Ok(Answer::ok(json!({ "authorizationData": [{
        "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
        "expiresAt": seconds(expires.as_millisecond()),
        "proxyEndpoint": format!("http://127.0.0.1:{}", cloud.port),
    }] })))
}

/// Epoch seconds with their thousandths.
fn seconds(epoch_ms: i64) -> f64 {
    epoch_ms as f64 / 1000.0
}

/// The account has one registry, its own.
fn check_registry(id: Option<&String>) -> Result<(), Fault> {
    match id {
        Some(id) if id != account::ACCOUNT_ID => Err(Fault::new(
            400,
            "InvalidParameterException",
            format!("Callboard's local cloud has one registry, {}; '{id}' is not it", account::ACCOUNT_ID),
        )),
        _ => Ok(()),
    }
}

fn repository<'a>(state: &'a State, name: &str) -> Result<&'a Repository, Fault> {
    state.repositories.get(name).ok_or_else(|| no_such_repository(name))
}

fn repository_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Repository, Fault> {
    state.repositories.get_mut(name).ok_or_else(|| no_such_repository(name))
}

fn no_such_repository(name: &str) -> Fault {
    Fault::new(
        400,
        "RepositoryNotFoundException",
        format!(
            "The repository with name '{name}' does not exist in the registry with id '{}'",
            account::ACCOUNT_ID
        ),
    )
}

fn invalid(member: &str, constraint: &str) -> Fault {
    Fault::new(
        400,
        "InvalidParameterException",
        format!("Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'"),
    )
}

fn limit(max_results: Option<u32>) -> Result<usize, Fault> {
    match max_results {
        None => Ok(100),
        Some(number @ 1..=1000) => Ok(number as usize),
        Some(_) => Err(invalid("maxResults", "must be between 1 and 1000")),
    }
}

fn described(cloud: &Cloud, repository: &Repository) -> Value {
    json!({
        "createdAt": seconds(repository.created_ms),
        "encryptionConfiguration": { "encryptionType": "AES256" },
        "imageScanningConfiguration": { "scanOnPush": repository.scan_on_push },
        "imageTagMutability": repository.tag_mutability,
        "registryId": account::ACCOUNT_ID,
        "repositoryArn": account::repository_arn(&repository.name),
        "repositoryName": repository.name,
        "repositoryUri": cloud.repository_uri(&repository.name),
    })
}
