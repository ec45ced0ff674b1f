//! Users. The owner of the account's own key is one without being stored: everything is allowed to it, so it has no policies.

mod keys;
mod policies;

use serde::Deserialize;
use serde_json::{Value, json};

use super::tags::{self, Tag};
use super::{bad_marker, encoded, limit};
use crate::access::Caller;
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::State;
use crate::world::users::User;

pub(super) use keys::{create as create_key, delete as delete_key, list as list_keys};
pub(super) use policies::{
    attach, delete as delete_policy, detach, get as get_policy, list as list_policies,
};
pub(super) use policies::{list_attached, put as put_policy};

/// An operation's whole input, when it is a user's name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserName {
    user_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OptionalName {
    user_name: Option<String>,
}

pub(super) fn user_mut<'a>(state: &'a mut State, call: &Call, name: &str) -> Result<&'a mut User, Fault> {
    not_the_owner(call, name)?;
    state.users.get_mut(name).ok_or_else(|| no_such_user(name))
}

pub(super) fn user<'a>(state: &'a State, call: &Call, name: &str) -> Result<&'a User, Fault> {
    not_the_owner(call, name)?;
    state.users.get(name).ok_or_else(|| no_such_user(name))
}

/// Keys and policies of the owner would decide nothing.
fn not_the_owner(call: &Call, name: &str) -> Result<(), Fault> {
    match name == account::USER_NAME {
        true => Err(call.parameter_not_offered(&format!(
            "the UserName {name}, to whom everything is allowed and nothing can be changed,"
        ))),
        false => Ok(()),
    }
}

pub(super) fn no_such_user(name: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("The user with name {name} cannot be found."))
}

/// Whom an operation is about that may leave the name out.
fn meant(call: &Call, name: Option<String>) -> Result<String, Fault> {
    match (name, &call.caller) {
        (Some(name), _) => Ok(name),
        (None, Caller::Owner) => Ok(account::USER_NAME.to_owned()),
        (None, Caller::User(name)) => Ok(name.clone()),
        (None, Caller::Session { .. }) => {
            let message = "Must specify userName when calling with non-User credentials";
            Err(Fault::new(400, "ValidationError", message))
        }
    }
}

pub(crate) fn time(epoch_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(epoch_ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn described(user: &User) -> Value {
    json!({
        "Arn": account::arn_of_user(&user.path, &user.name),
        "CreateDate": time(user.created_ms),
        "Path": user.path,
        "UserId": user.id,
        "UserName": user.name,
    })
}

fn owner() -> User {
    User {
        name: account::USER_NAME.to_owned(),
        id: account::USER_ID.to_owned(),
        path: "/".to_owned(),
        created_ms: 0,
        access_keys: Default::default(),
        inline_policies: Default::default(),
        attached_policies: Default::default(),
        tags: Default::default(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateUser {
    user_name: String,
    path: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: CreateUser = call.input()?;
    check_name("userName", &input.user_name)?;
    let path = super::path(input.path)?;
    let id = format!("AIDA{}", crate::cloud::short_id(17).to_uppercase());
    let tags = tags::checked(Default::default(), input.tags)?;
    let user = User { name: input.user_name, id, path, created_ms: now_ms(), tags, ..owner() };
    cloud.world.change(|state| {
        let is_same = |other: &str| other.eq_ignore_ascii_case(&user.name);
        if state.users.keys().any(|other| is_same(other)) || is_same(account::USER_NAME) {
            let message = format!("User with name {} already exists.", user.name);
            return Err(Fault::new(409, "EntityAlreadyExists", message));
        }
        state.users.insert(user.name.clone(), user.clone());
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "User": with_tags(&user) })))
}

/// What CreateUser and GetUser tell, and lists do not.
fn with_tags(user: &User) -> Value {
    let mut members = described(user);
    members["Tags"] = tags::told(&user.tags);
    members
}

pub(super) fn check_name(member: &str, name: &str) -> Result<(), Fault> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) {
        return Err(Fault::new(
            400,
            "ValidationError",
            format!(
                "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
            ),
        ));
    }
    let most = if member == "userName" { 64 } else { 128 };
    if name.len() > most {
        let constraint = format!("Member must have length less than or equal to {most}");
        return Err(Fault::validation(Service::Iam, member, name, &constraint));
    }
    Ok(())
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: OptionalName = call.input()?;
    let name = meant(call, input.user_name)?;
    let state = cloud.world.snapshot();
    let found = match name == account::USER_NAME {
        true => owner(),
        false => user(&state, call, &name)?.clone(),
    };
    Ok(Answer::ok(json!({ "User": with_tags(&found) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListUsers {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListUsers = call.input()?;
    let prefix = input.path_prefix.unwrap_or_default();
    let state = cloud.world.snapshot();
    let mut users: Vec<User> = state.users.values().cloned().chain([owner()]).collect();
    users.sort_by(|one, other| one.name.cmp(&other.name));
    users.retain(|user| user.path.starts_with(&prefix));
    let page =
        page(users, |user| user.name.clone(), input.marker.as_deref(), limit(input.max_items.as_deref())?)
            .ok_or_else(bad_marker)?;
    let users: Vec<Value> = page.items.iter().map(described).collect();
    Ok(Answer::ok(json!({ "Users": users, "IsTruncated": page.next.is_some(), "Marker": page.next })))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: UserName = call.input()?;
    cloud.world.change(|state| {
        let user = user(state, call, &input.user_name)?;
        let conflict = |message| Err(Fault::new(409, "DeleteConflict", message));
        if !user.access_keys.is_empty() {
            return conflict("Cannot delete entity, must delete access keys first.");
        }
        if !user.attached_policies.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !user.inline_policies.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        state.users.remove(&input.user_name);
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupsOfUser {
    user_name: String,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn groups(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: GroupsOfUser = call.input()?;
    limit(input.max_items.as_deref())?;
    user(&cloud.world.snapshot(), call, &input.user_name)?;
    Ok(Answer::ok(json!({ "Groups": [], "IsTruncated": false })))
}

/// The user that an ARN names, whatever its path.
pub(super) fn by_arn<'a>(state: &'a State, arn: &str) -> Option<&'a User> {
    let user = state.users.get(arn.rsplit('/').next()?)?;
    (account::arn_of_user(&user.path, &user.name) == arn).then_some(user)
}
