//! Inline policies of roles.

use serde::Deserialize;
use serde_json::json;

use super::users::check_name;
use super::{bad_marker, check_policy, encoded, limit, managed, role, role_mut};
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// Characters that all inline policies of a role may have together, without white space, as on AWS.
const MOST: usize = 10_240;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRolePolicy {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleAndPolicy {
    role_name: String,
    policy_name: String,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PutRolePolicy = call.input()?;
    check_name("policyName", &input.policy_name)?;
    // What is not evaluated here may be kept: nobody can take the role on then (STS says so), and Lambda needs no more.
    check_policy(&input.policy_document)?;
    cloud.world.change(|state| {
        let policies = &mut role_mut(state, &input.role_name)?.inline_policies;
        policies.insert(input.policy_name, input.policy_document);
        if policies.values().map(|text| managed::size(text)).sum::<usize>() > MOST {
            let message =
                format!("Maximum policy size of {MOST} bytes exceeded for role {}", input.role_name);
            return Err(Fault::new(409, "LimitExceeded", message));
        }
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

fn no_such_policy(name: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("The role policy with name {name} cannot be found."))
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: RoleAndPolicy = call.input()?;
    let state = cloud.world.snapshot();
    let document = role(&state, &input.role_name)?
        .inline_policies
        .get(&input.policy_name)
        .ok_or_else(|| no_such_policy(&input.policy_name))?;
    Ok(Answer::ok(json!({
        "RoleName": input.role_name,
        "PolicyName": input.policy_name,
        "PolicyDocument": encoded(document),
    })))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: RoleAndPolicy = call.input()?;
    cloud.world.change(|state| {
        let policies = &mut role_mut(state, &input.role_name)?.inline_policies;
        policies.remove(&input.policy_name).map(drop).ok_or_else(|| no_such_policy(&input.policy_name))
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRolePolicies {
    role_name: String,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListRolePolicies = call.input()?;
    let state = cloud.world.snapshot();
    let names = role(&state, &input.role_name)?.inline_policies.keys();
    let page =
        page(names, |name| (*name).clone(), input.marker.as_deref(), limit(input.max_items.as_deref())?)
            .ok_or_else(bad_marker)?;
    Ok(Answer::ok(
        json!({ "PolicyNames": page.items, "IsTruncated": page.next.is_some(), "Marker": page.next }),
    ))
}
