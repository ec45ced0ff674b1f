//! Managed policies on roles: the account's, and AWS's own by name. Of those the text of a few is known (`access/managed.rs`);
//! a role with another one serves a function, but nobody can take it on through STS.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_marker, limit, role, role_mut};
use crate::access::is_managed_by_aws;
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// How many a role may have, as on AWS.
const MOST: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleAndPolicy {
    role_name: String,
    policy_arn: String,
}

pub(super) fn attach(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: RoleAndPolicy = call.input()?;
    check_arn(&input.policy_arn)?;
    cloud.world.change(|state| {
        let known = is_managed_by_aws(&input.policy_arn) || state.policies.contains_key(&input.policy_arn);
        let role = role_mut(state, &input.role_name)?;
        if !known {
            let message = format!("Policy {} does not exist or is not attachable.", input.policy_arn);
            return Err(Fault::new(404, "NoSuchEntity", message));
        }
        role.attached_policies.insert(input.policy_arn);
        if role.attached_policies.len() > MOST {
            let message = format!("Cannot exceed quota for PoliciesPerRole: {MOST}");
            return Err(Fault::new(409, "LimitExceeded", message));
        }
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn check_arn(arn: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", _, resource] if resource.starts_with("policy/") => Ok(()),
        _ => Err(Fault::new(400, "ValidationError", "Invalid ARN:  Could not be parsed!")),
    }
}

pub(super) fn detach(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: RoleAndPolicy = call.input()?;
    check_arn(&input.policy_arn)?;
    cloud.world.change(|state| {
        match role_mut(state, &input.role_name)?.attached_policies.remove(&input.policy_arn) {
            true => Ok(()),
            false => {
                Err(Fault::new(404, "NoSuchEntity", format!("Policy {} was not found.", input.policy_arn)))
            }
        }
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListAttached {
    role_name: String,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListAttached = call.input()?;
    let state = cloud.world.snapshot();
    let attached = &role(&state, &input.role_name)?.attached_policies;
    told(attached, input.path_prefix.as_deref(), input.marker.as_deref(), input.max_items.as_deref())
}

/// A page of the policies that are attached to a role or a user.
pub(super) fn told(
    attached: &BTreeSet<String>,
    path_prefix: Option<&str>,
    marker: Option<&str>,
    max_items: Option<&str>,
) -> Result<Answer, Fault> {
    let wanted =
        attached.iter().filter(|arn| path_prefix.is_none_or(|prefix| path_of(arn).starts_with(prefix)));
    let page = page(wanted, |arn| (*arn).clone(), marker, limit(max_items)?).ok_or_else(bad_marker)?;
    let policies: Value = page
        .items
        .into_iter()
        .map(|arn| json!({ "PolicyArn": arn, "PolicyName": arn.rsplit('/').next() }))
        .collect();
    Ok(Answer::ok(json!({
        "AttachedPolicies": policies,
        "IsTruncated": page.next.is_some(),
        "Marker": page.next,
    })))
}

/// The path in a policy's ARN.
fn path_of(arn: &str) -> &str {
    let resource = arn.split_once(":policy").map_or("/", |(_, resource)| resource);
    resource.rfind('/').map_or("/", |end| &resource[..=end])
}
