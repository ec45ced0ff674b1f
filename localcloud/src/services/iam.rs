//! Roles, users, and the policies of both.

mod attached;
mod inline;
mod managed;
mod needs;
mod roles;
mod simulate;
mod tags;
mod users;
mod versions;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::access::{Policy, Trust, Unusable};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::State;
use crate::world::roles::Role;

pub(crate) use needs::needs;
pub(crate) use users::time;

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "CreateRole" => roles::create(cloud, call),
        "GetRole" => roles::get(cloud, call),
        "ListRoles" => roles::list(cloud, call),
        "DeleteRole" => roles::delete(cloud, call),
        "UpdateAssumeRolePolicy" => roles::update_trust(cloud, call),
        "UpdateRole" => roles::update(cloud, call),
        "UpdateRoleDescription" => roles::update_description(cloud, call),
        // There are no instance profiles and no groups, so that no role and no user is in any.
        "ListInstanceProfilesForRole" => roles::instance_profiles(cloud, call),
        "ListGroupsForUser" => users::groups(cloud, call),
        "TagRole" | "TagUser" | "TagPolicy" => tags::tag(cloud, call),
        "UntagRole" | "UntagUser" | "UntagPolicy" => tags::untag(cloud, call),
        "ListRoleTags" | "ListUserTags" | "ListPolicyTags" => tags::list(cloud, call),
        "AttachRolePolicy" => attached::attach(cloud, call),
        "DetachRolePolicy" => attached::detach(cloud, call),
        "ListAttachedRolePolicies" => attached::list(cloud, call),
        "PutRolePolicy" => inline::put(cloud, call),
        "GetRolePolicy" => inline::get(cloud, call),
        "DeleteRolePolicy" => inline::delete(cloud, call),
        "ListRolePolicies" => inline::list(cloud, call),
        "CreateUser" => users::create(cloud, call),
        "GetUser" => users::get(cloud, call),
        "ListUsers" => users::list(cloud, call),
        "DeleteUser" => users::delete(cloud, call),
        "CreateAccessKey" => users::create_key(cloud, call),
        "ListAccessKeys" => users::list_keys(cloud, call),
        "DeleteAccessKey" => users::delete_key(cloud, call),
        "PutUserPolicy" => users::put_policy(cloud, call),
        "GetUserPolicy" => users::get_policy(cloud, call),
        "DeleteUserPolicy" => users::delete_policy(cloud, call),
        "ListUserPolicies" => users::list_policies(cloud, call),
        "AttachUserPolicy" => users::attach(cloud, call),
        "DetachUserPolicy" => users::detach(cloud, call),
        "ListAttachedUserPolicies" => users::list_attached(cloud, call),
        "CreatePolicy" => managed::create(cloud, call),
        "GetPolicy" => managed::get(cloud, call),
        "ListPolicies" => managed::list(cloud, call),
        "ListEntitiesForPolicy" => managed::entities(cloud, call),
        "GetPolicyVersion" => versions::get(cloud, call),
        "ListPolicyVersions" => versions::list(cloud, call),
        "CreatePolicyVersion" => versions::create(cloud, call),
        "SetDefaultPolicyVersion" => versions::set_default(cloud, call),
        "DeletePolicyVersion" => versions::delete(cloud, call),
        "DeletePolicy" => managed::delete(cloud, call),
        "SimulatePrincipalPolicy" => simulate::simulate(cloud, call),
        _ => Err(call.not_offered()),
    }
}

/// All but the unreserved characters of RFC 3986: policy documents come URL-encoded inside the XML [FACTS §8].
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encoded(document: &str) -> String {
    utf8_percent_encode(document, ENCODED).to_string()
}

/// The path of a new role, user or policy.
fn path(given: Option<String>) -> Result<String, Fault> {
    let path = given.unwrap_or_else(|| "/".to_owned());
    let printable = path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if path.starts_with('/') && path.ends_with('/') && printable && path.len() <= 512 {
        return Ok(path);
    }
    Err(Fault::new(
        400,
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
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

pub(crate) fn arn_of(role: &Role) -> String {
    format!("arn:aws:iam::{}:role{}{}", account::ACCOUNT_ID, role.path, role.name)
}

/// Refuses what is no policy. `Ok(false)`: it has something that is not evaluated here, so that nobody can act under it.
fn check_policy(document: &str) -> Result<bool, Fault> {
    match Policy::parse(document) {
        Ok(_) => Ok(true),
        Err(Unusable::NotEvaluated(_)) => Ok(false),
        Err(Unusable::Malformed(message)) => Err(malformed(message)),
    }
}

fn check_trust(document: &str) -> Result<Trust, Fault> {
    Trust::parse(document).map_err(malformed)
}

/// Refuses roles and users of this account that are not there; those of others cannot be known.
fn check_principals(state: &State, trust: &Trust) -> Result<(), Fault> {
    let own = format!("arn:aws:iam::{}:", account::ACCOUNT_ID);
    let is_missing = |arn: &&str| match arn.strip_prefix(&own) {
        Some(rest) if rest.starts_with("role/") => role_by_arn(state, arn).is_none(),
        Some(rest) if rest.starts_with("user/") => {
            users::by_arn(state, arn).is_none() && *arn != account::arn_of_user("/", account::USER_NAME)
        }
        _ => false,
    };
    match trust.principals().find(is_missing) {
        Some(arn) => Err(malformed(format!("Invalid principal in policy: \"AWS\":\"{arn}\""))),
        None => Ok(()),
    }
}

fn malformed(message: String) -> Fault {
    Fault::new(400, "MalformedPolicyDocument", message)
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
