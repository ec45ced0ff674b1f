//! Tags of repositories.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, repository, repository_mut};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// How many a repository may have, as on AWS.
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// The tags with further ones.
pub(super) fn checked(
    mut tags: BTreeMap<String, String>,
    more: Vec<Tag>,
) -> Result<BTreeMap<String, String>, Fault> {
    let fits = |tag: &Tag| (1..=128).contains(&tag.key.chars().count()) && tag.value.chars().count() <= 256;
    if !more.iter().all(|tag| fits(tag) && !tag.key.to_lowercase().starts_with("aws:")) {
        let message =
            "Invalid tag: keys have 1 to 128 characters and do not begin with aws:, values have up to 256";
        return Err(Fault::new(400, "InvalidTagParameterException", message));
    }
    tags.extend(more.into_iter().map(|tag| (tag.key, tag.value)));
    match tags.len() > MOST {
        true => {
            Err(Fault::new(400, "TooManyTagsException", format!("A repository can have up to {MOST} tags")))
        }
        false => Ok(tags),
    }
}

/// The repository that an ARN names.
fn name(arn: &str) -> Result<&str, Fault> {
    let name = arn.split_once(":repository/").map_or("", |(_, name)| name);
    match account::repository_arn(name) == arn {
        true => Ok(name),
        false => Err(invalid("resourceArn", "Invalid ARN")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    resource_arn: String,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: List = call.input()?;
    let state = cloud.world.snapshot();
    let tags = &repository(&state, name(&input.resource_arn)?)?.tags;
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(Answer::ok(json!({ "tags": tags })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    resource_arn: String,
    tags: Vec<Tag>,
}

pub(super) fn tag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Added = call.input()?;
    let name = name(&input.resource_arn)?;
    cloud.world.change(|state| {
        let tags = &mut repository_mut(state, name)?.tags;
        *tags = checked(std::mem::take(tags), input.tags)?;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::ok(json!({})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) fn untag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Removed = call.input()?;
    let name = name(&input.resource_arn)?;
    cloud.world.change(|state| {
        repository_mut(state, name)?.tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::ok(json!({})))
}
