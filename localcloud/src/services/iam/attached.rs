//! Managed policies on roles. AWS's own can be attached; those of the account are for users only here, and refused.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_marker, limit, role, role_mut};
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

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
        let role = role_mut(state, &input.role_name)?;
        let managed_by_aws =
            input.policy_arn.strip_prefix("arn:aws:iam::aws:policy/").is_some_and(|name| !name.is_empty());
        if !managed_by_aws {
            let message = format!("Policy {} does not exist or is not attachable.", input.policy_arn);
            return Err(Fault::new(404, "NoSuchEntity", message));
        }
        role.attached_policies.insert(input.policy_arn);
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
    marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListAttached = call.input()?;
    let state = cloud.world.snapshot();
    let attached = &role(&state, &input.role_name)?.attached_policies;
    told(attached, input.marker.as_deref(), input.max_items.as_deref())
}

/// A page of the policies that are attached to a role or a user.
pub(super) fn told(
    attached: &BTreeSet<String>,
    marker: Option<&str>,
    max_items: Option<&str>,
) -> Result<Answer, Fault> {
    let page = page(attached, |arn| (*arn).clone(), marker, limit(max_items)?).ok_or_else(bad_marker)?;
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
