//! Versions of customer managed policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::managed::{check_new, policy, policy_mut};
use super::users::time;
use super::{bad_marker, encoded, limit};
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::users::PolicyVersion;

/// How many versions a policy may have, as on AWS.
const MOST: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    policy_arn: String,
    version_id: String,
}

fn no_such_version(arn: &str, version: &str) -> Fault {
    let message = format!("Policy {arn} version {version} does not exist or is not attachable.");
    Fault::new(404, "NoSuchEntity", message)
}

/// `v3` → 3.
fn number(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.parse().ok()
}

fn described(number: u32, version: &PolicyVersion, default: u32) -> Value {
    json!({
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": number == default,
        "CreateDate": time(version.created_ms),
    })
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Version = call.input()?;
    let state = cloud.world.snapshot();
    let policy = policy(&state, call, &input.policy_arn)?;
    let versions = policy.versions();
    let found = number(&input.version_id).and_then(|number| Some((number, versions.get(&number)?)));
    let (number, version) = found.ok_or_else(|| no_such_version(&input.policy_arn, &input.version_id))?;
    let mut members = described(number, version, policy.default_version);
    members["Document"] = encoded(&version.document).into();
    Ok(Answer::ok(json!({ "PolicyVersion": members })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    policy_arn: String,
    marker: Option<String>,
    max_items: Option<String>,
}

/// The newest first.
pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: List = call.input()?;
    let state = cloud.world.snapshot();
    let policy = policy(&state, call, &input.policy_arn)?;
    let key = |(number, _): &(u32, PolicyVersion)| format!("{:010}", u32::MAX - number);
    let most = limit(input.max_items.as_deref())?;
    let page = page(policy.versions().into_iter().rev(), key, input.marker.as_deref(), most)
        .ok_or_else(bad_marker)?;
    let versions: Vec<Value> = page
        .items
        .iter()
        .map(|(number, version)| described(*number, version, policy.default_version))
        .collect();
    Ok(Answer::ok(json!({ "Versions": versions, "IsTruncated": page.next.is_some(), "Marker": page.next })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    policy_arn: String,
    policy_document: String,
    set_as_default: Option<String>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    check_new(&input.policy_document)?;
    let version = PolicyVersion { document: input.policy_document, created_ms: now_ms() };
    let made = cloud.world.change(|state| {
        let policy = policy_mut(state, call, &input.policy_arn)?;
        if policy.others.len() + 1 >= MOST {
            let message = format!("A managed policy can have up to {MOST} versions. Before you create a new version, you must delete an existing version.");
            return Err(Fault::new(409, "LimitExceeded", message));
        }
        policy.last_version += 1;
        let number = policy.last_version;
        policy.others.insert(number, version.clone());
        if input.set_as_default.as_deref() == Some("true") {
            policy.set_default(number);
        }
        Ok(described(number, &version, policy.default_version))
    })?;
    Ok(Answer::ok(json!({ "PolicyVersion": made })))
}

pub(super) fn set_default(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Version = call.input()?;
    cloud.world.change(|state| {
        let policy = policy_mut(state, call, &input.policy_arn)?;
        match number(&input.version_id).is_some_and(|number| policy.set_default(number)) {
            true => Ok(()),
            false => Err(no_such_version(&input.policy_arn, &input.version_id)),
        }
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Version = call.input()?;
    cloud.world.change(|state| {
        let policy = policy_mut(state, call, &input.policy_arn)?;
        let number = number(&input.version_id);
        if number == Some(policy.default_version) {
            let message = "Cannot delete the default version of a policy.";
            return Err(Fault::new(409, "DeleteConflict", message));
        }
        let removed = number.and_then(|number| policy.others.remove(&number));
        removed.map(drop).ok_or_else(|| no_such_version(&input.policy_arn, &input.version_id))
    })?;
    Ok(Answer::empty(200))
}
