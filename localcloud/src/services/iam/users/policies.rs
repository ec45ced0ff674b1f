//! Policies of users: inline ones, and those that are attached.

use serde::Deserialize;
use serde_json::json;

use super::{bad_marker, check_name, encoded, limit, user, user_mut};
use crate::access::{is_managed_by_aws, managed_rule};
use crate::cloud::Cloud;
use crate::services::iam::{attached, managed};
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// Characters that all inline policies of a user may have together, without white space, as on AWS.
const INLINE: usize = 2048;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutUserPolicy {
    user_name: String,
    policy_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserAndPolicy {
    user_name: String,
    policy_name: String,
}

pub(in super::super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PutUserPolicy = call.input()?;
    check_name("policyName", &input.policy_name)?;
    managed::check(call, &input.policy_document)?;
    cloud.world.change(|state| {
        let policies = &mut user_mut(state, call, &input.user_name)?.inline_policies;
        policies.insert(input.policy_name, input.policy_document);
        if policies.values().map(|text| managed::size(text)).sum::<usize>() > INLINE {
            let message =
                format!("Maximum policy size of {INLINE} bytes exceeded for user {}", input.user_name);
            return Err(Fault::new(409, "LimitExceeded", message));
        }
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

fn no_such_policy(name: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("The user policy with name {name} cannot be found."))
}

pub(in super::super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: UserAndPolicy = call.input()?;
    let state = cloud.world.snapshot();
    let document = user(&state, call, &input.user_name)?
        .inline_policies
        .get(&input.policy_name)
        .ok_or_else(|| no_such_policy(&input.policy_name))?;
    Ok(Answer::ok(json!({
        "UserName": input.user_name,
        "PolicyName": input.policy_name,
        "PolicyDocument": encoded(document),
    })))
}

pub(in super::super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: UserAndPolicy = call.input()?;
    cloud.world.change(|state| {
        let policies = &mut user_mut(state, call, &input.user_name)?.inline_policies;
        policies.remove(&input.policy_name).map(drop).ok_or_else(|| no_such_policy(&input.policy_name))
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListOfUser {
    user_name: String,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(in super::super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListOfUser = call.input()?;
    let state = cloud.world.snapshot();
    let names = user(&state, call, &input.user_name)?.inline_policies.keys();
    let page =
        page(names, |name| (*name).clone(), input.marker.as_deref(), limit(input.max_items.as_deref())?)
            .ok_or_else(bad_marker)?;
    Ok(Answer::ok(
        json!({ "PolicyNames": page.items, "IsTruncated": page.next.is_some(), "Marker": page.next }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    user_name: String,
    policy_arn: String,
}

pub(in super::super) fn attach(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Attachment = call.input()?;
    attached::check_arn(&input.policy_arn)?;
    let known = managed_rule(&input.policy_arn).is_some();
    if is_managed_by_aws(&input.policy_arn) && !known {
        let what = format!("{}: this one of AWS's own policies cannot be evaluated, ", input.policy_arn);
        return Err(call.parameter_not_offered(&what));
    }
    cloud.world.change(|state| {
        match state.policies.get(&input.policy_arn) {
            Some(policy) => managed::check(call, &policy.document)?,
            None if known => {}
            None => {
                let message = format!("Policy {} does not exist or is not attachable.", input.policy_arn);
                return Err(Fault::new(404, "NoSuchEntity", message));
            }
        }
        user_mut(state, call, &input.user_name)?.attached_policies.insert(input.policy_arn);
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

pub(in super::super) fn detach(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Attachment = call.input()?;
    attached::check_arn(&input.policy_arn)?;
    cloud.world.change(|state| {
        match user_mut(state, call, &input.user_name)?.attached_policies.remove(&input.policy_arn) {
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
    user_name: String,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(in super::super) fn list_attached(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListAttached = call.input()?;
    let state = cloud.world.snapshot();
    let arns = &user(&state, call, &input.user_name)?.attached_policies;
    attached::told(arns, input.path_prefix.as_deref(), input.marker.as_deref(), input.max_items.as_deref())
}
