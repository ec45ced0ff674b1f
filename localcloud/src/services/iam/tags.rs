//! Tags of roles, users and policies.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::managed::{policy, policy_mut};
use super::users::{user, user_mut};
use super::{bad_marker, limit, role, role_mut};
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::State;

/// How many a thing may have, as on AWS.
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// What has the tags: one of the three.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Whose {
    role_name: Option<String>,
    user_name: Option<String>,
    policy_arn: Option<String>,
}

const WHOSE: [&str; 3] = ["RoleName", "UserName", "PolicyArn"];

impl Whose {
    fn tags<'a>(&self, state: &'a State, call: &Call) -> Result<&'a BTreeMap<String, String>, Fault> {
        match self {
            Whose { role_name: Some(name), .. } => Ok(&role(state, name)?.tags),
            Whose { user_name: Some(name), .. } => Ok(&user(state, call, name)?.tags),
            Whose { policy_arn: Some(arn), .. } => Ok(&policy(state, call, arn)?.tags),
            _ => Err(nobody(call)),
        }
    }

    fn tags_mut<'a>(
        &self,
        state: &'a mut State,
        call: &Call,
    ) -> Result<&'a mut BTreeMap<String, String>, Fault> {
        match self {
            Whose { role_name: Some(name), .. } => Ok(&mut role_mut(state, name)?.tags),
            Whose { user_name: Some(name), .. } => Ok(&mut user_mut(state, call, name)?.tags),
            Whose { policy_arn: Some(arn), .. } => Ok(&mut policy_mut(state, call, arn)?.tags),
            _ => Err(nobody(call)),
        }
    }
}

fn nobody(call: &Call) -> Fault {
    let member = if call.operation.contains("Role") {
        "roleName"
    } else if call.operation.contains("User") {
        "userName"
    } else {
        "policyArn"
    };
    Fault::validation(Service::Iam, member, "null", "Member must not be null")
}

/// The tags with further ones.
pub(super) fn checked(
    mut tags: BTreeMap<String, String>,
    more: Vec<Tag>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut checks = Checks::new(Service::Iam);
    for (index, tag) in more.iter().enumerate() {
        let place = |member| format!("tags.{}.member.{member}", index + 1);
        checks.length(&place("key"), &tag.key, 1, 128).length(&place("value"), &tag.value, 0, 256);
        checks.pattern(&place("key"), &tag.key, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+");
        checks.pattern(&place("value"), &tag.value, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*");
    }
    checks.end()?;
    let mut keys: Vec<String> = more.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(Fault::new(400, "InvalidInput", message));
    }
    // Keys know no case: one that comes again takes the place of the old one.
    tags.retain(|key, _| !keys.contains(&key.to_lowercase()));
    tags.extend(more.into_iter().map(|tag| (tag.key, tag.value)));
    match tags.len() > MOST {
        true => {
            let message = "The number of tags has reached the maximum limit.";
            Err(Fault::new(409, "LimitExceeded", message))
        }
        false => Ok(tags),
    }
}

/// As answers have them; nothing where there are none.
pub(super) fn told(tags: &BTreeMap<String, String>) -> Value {
    match tags.is_empty() {
        true => Value::Null,
        false => tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Added {
    tags: Vec<Tag>,
}

pub(super) fn tag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (whose, Added { tags: more }): (Whose, Added) = call.inputs(&WHOSE)?;
    cloud.world.change(|state| {
        let tags = whose.tags_mut(state, call)?;
        *tags = checked(std::mem::take(tags), more)?;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Removed {
    tag_keys: Vec<String>,
}

pub(super) fn untag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (whose, Removed { tag_keys }): (Whose, Removed) = call.inputs(&WHOSE)?;
    cloud.world.change(|state| {
        let gone = |key: &str| tag_keys.iter().any(|gone| gone.eq_ignore_ascii_case(key));
        whose.tags_mut(state, call)?.retain(|key, _| !gone(key));
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (whose, Page { marker, max_items }): (Whose, Page) = call.inputs(&WHOSE)?;
    let state = cloud.world.snapshot();
    let tags = whose.tags(&state, call)?;
    let page = page(tags, |(key, _)| (*key).clone(), marker.as_deref(), limit(max_items.as_deref())?)
        .ok_or_else(bad_marker)?;
    let tags: Vec<Value> =
        page.items.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(Answer::ok(json!({ "Tags": tags, "IsTruncated": page.next.is_some(), "Marker": page.next })))
}
