//! Repositories and their settings.

use serde::Deserialize;
use serde_json::{Value, json};

use super::tags::{self, Tag};
use super::{check_registry, described, invalid, limit, no_such_repository, repository, repository_mut};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::repositories::Repository;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Scanning {
    scan_on_push: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encryption {
    encryption_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    registry_id: Option<String>,
    repository_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
    image_tag_mutability: Option<String>,
    #[serde(default)]
    image_scanning_configuration: Scanning,
    encryption_configuration: Option<Encryption>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    if !is_name(&input.repository_name) {
        return Err(invalid(
            "repositoryName",
            "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'",
        ));
    }
    if input.encryption_configuration.is_some_and(|wanted| wanted.encryption_type != "AES256") {
        return Err(call.parameter_not_offered("encryption by KMS (encryptionConfiguration)"));
    }
    let mut repository = Repository::new(&input.repository_name, now_ms());
    repository.tag_mutability = mutability(call, input.image_tag_mutability.as_deref().unwrap_or("MUTABLE"))?;
    repository.scan_on_push = input.image_scanning_configuration.scan_on_push;
    repository.tags = tags::checked(Default::default(), input.tags)?;
    cloud.world.change(|state| {
        if state.repositories.contains_key(&repository.name) {
            return Err(Fault::new(
                400,
                "RepositoryAlreadyExistsException",
                format!(
                    "The repository with name '{}' already exists in the registry with id '{}'",
                    repository.name,
                    account::ACCOUNT_ID
                ),
            ));
        }
        state.repositories.insert(repository.name.clone(), repository.clone());
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "repository": described(cloud, &repository) })))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` between slashes, 2 to 256 characters in all.
fn is_name(name: &str) -> bool {
    let separator =
        |run: &str| matches!(run, "." | "_" | "__") || (!run.is_empty() && run.bytes().all(|b| b == b'-'));
    let is_part = |part: &str| {
        let edge =
            |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        edge(part.bytes().next())
            && edge(part.bytes().next_back())
            && part
                .split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
                .all(|run| run.is_empty() || separator(run))
    };
    (2..=256).contains(&name.len()) && name.split('/').all(is_part)
}

fn mutability(call: &Call, wanted: &str) -> Result<String, Fault> {
    match wanted {
        "MUTABLE" | "IMMUTABLE" => Ok(wanted.to_owned()),
        "MUTABLE_WITH_EXCLUSION" | "IMMUTABLE_WITH_EXCLUSION" => {
            Err(call.parameter_not_offered(&format!("imageTagMutability {wanted}")))
        }
        _ => Err(invalid(
            "imageTagMutability",
            "must satisfy enum value set: [MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]",
        )),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    registry_id: Option<String>,
    repository_names: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<u32>,
}

pub(super) fn describe(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Describe = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let state = cloud.world.snapshot();
    if let Some(names) = input.repository_names {
        let found: Result<Vec<Value>, Fault> =
            names.iter().map(|name| Ok(described(cloud, repository(&state, name)?))).collect();
        return Ok(Answer::ok(json!({ "repositories": found? })));
    }
    let all = state.repositories.values();
    let page = page(all, |one| one.name.clone(), input.next_token.as_deref(), limit(input.max_results)?)
        .ok_or_else(|| invalid("nextToken", "Invalid token"))?;
    let found: Vec<Value> = page.items.into_iter().map(|one| described(cloud, one)).collect();
    let mut members = json!({ "repositories": found });
    if let Some(next) = page.next {
        members["nextToken"] = next.into();
    }
    Ok(Answer::ok(members))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delete {
    registry_id: Option<String>,
    repository_name: String,
    #[serde(default)]
    force: bool,
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Delete = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let gone = cloud.world.change(|state| {
        if !repository(state, &input.repository_name)?.images.is_empty() && !input.force {
            return Err(Fault::new(
                400,
                "RepositoryNotEmptyException",
                format!(
                    "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
                    input.repository_name,
                    account::ACCOUNT_ID
                ),
            ));
        }
        state
            .repositories
            .remove(&input.repository_name)
            .ok_or_else(|| no_such_repository(&input.repository_name))
    })?;
    cloud.collector.collect_soon();
    Ok(Answer::ok(json!({ "repository": described(cloud, &gone) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutMutability {
    registry_id: Option<String>,
    repository_name: String,
    image_tag_mutability: String,
}

pub(super) fn put_mutability(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PutMutability = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let wanted = mutability(call, &input.image_tag_mutability)?;
    cloud.world.change(|state| {
        repository_mut(state, &input.repository_name)?.tag_mutability = wanted;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::ok(json!({
        "registryId": account::ACCOUNT_ID,
        "repositoryName": input.repository_name,
        "imageTagMutability": input.image_tag_mutability,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutScanning {
    registry_id: Option<String>,
    repository_name: String,
    image_scanning_configuration: Scanning,
}

/// Kept and told; nothing is scanned, and findings are refused by name.
pub(super) fn put_scanning(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PutScanning = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let on_push = input.image_scanning_configuration.scan_on_push;
    cloud.world.change(|state| {
        repository_mut(state, &input.repository_name)?.scan_on_push = on_push;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::ok(json!({
        "registryId": account::ACCOUNT_ID,
        "repositoryName": input.repository_name,
        "imageScanningConfiguration": { "scanOnPush": on_push },
    })))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names() {
        for name in ["hello", "a1", "team/hello-api", "a--b", "a__b", "a.b/c_d"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a", "Hello", "a..b", "-a", "a-", "a/", "/a", "a//b", "a___b", "a b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
