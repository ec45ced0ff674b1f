//! Roles and their policies.

mod attached;
mod inline;
mod roles;

use serde::Deserialize;

use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::State;
use crate::world::roles::Role;

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "CreateRole" => roles::create(cloud, call),
        "GetRole" => roles::get(cloud, call),
        "ListRoles" => roles::list(cloud, call),
        "DeleteRole" => roles::delete(cloud, call),
        "UpdateAssumeRolePolicy" => roles::update_trust(cloud, call),
        "TagRole" => roles::tag(cloud, call),
        "AttachRolePolicy" => attached::attach(cloud, call),
        "DetachRolePolicy" => attached::detach(cloud, call),
        "ListAttachedRolePolicies" => attached::list(cloud, call),
        "PutRolePolicy" => inline::put(cloud, call),
        "GetRolePolicy" => inline::get(cloud, call),
        "DeleteRolePolicy" => inline::delete(cloud, call),
        "ListRolePolicies" => inline::list(cloud, call),
        _ => Err(call.not_offered()),
    }
}

/// An operation's whole input, when it is a role's name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleName {
    role_name: String,
}

fn role_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Role, Fault> {
    state.roles.get_mut(name).ok_or_else(|| no_such_role(name))
}

fn role<'a>(state: &'a State, name: &str) -> Result<&'a Role, Fault> {
    state.roles.get(name).ok_or_else(|| no_such_role(name))
}

fn no_such_role(name: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found."))
}

/// The role that an ARN names, whatever its path.
pub(crate) fn role_by_arn<'a>(state: &'a State, arn: &str) -> Option<&'a Role> {
    state.roles.get(arn.rsplit('/').next()?).filter(|role| arn_of(role) == arn)
}

fn arn_of(role: &Role) -> String {
    format!("arn:aws:iam::{}:role{}{}", account::ACCOUNT_ID, role.path, role.name)
}

/// Whether a policy document is JSON at all, and an object.
fn check_policy(document: &str) -> Result<(), Fault> {
    match serde_json::from_str::<serde_json::Value>(document) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        _ => Err(Fault::new(400, "MalformedPolicyDocument", "This policy contains invalid Json")),
    }
}

/// The two members that page a list, as the form has them.
fn limit(max_items: Option<&str>) -> Result<usize, Fault> {
    let Some(text) = max_items else { return Ok(100) };
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err(Fault::validation(
            Service::Iam,
            "maxItems",
            text,
            "Member must have value between 1 and 1000, inclusive",
        )),
    }
}

fn bad_marker() -> Fault {
    Fault::new(400, "ValidationError", "Invalid Marker.")
}
