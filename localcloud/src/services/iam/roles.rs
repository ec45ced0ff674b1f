//! Roles themselves.

use serde::Deserialize;
use serde_json::{Value, json};

use super::tags::{self, Tag};
use super::{
    RoleName, arn_of, bad_marker, check_principals, check_trust, encoded, limit, no_such_role, path, role,
    role_mut,
};
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::roles::Role;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateRole {
    role_name: String,
    assume_role_policy_document: String,
    path: Option<String>,
    description: Option<String>,
    max_session_duration: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: CreateRole = call.input()?;
    check_name(&input.role_name)?;
    let trust = check_trust(&input.assume_role_policy_document)?;
    let path = path(input.path)?;
    let max_session_duration_s = duration(input.max_session_duration.as_deref())?.unwrap_or(3600);
    check_description(input.description.as_deref())?;
    let role = Role {
        name: input.role_name,
        id: format!("AROA{}", crate::cloud::short_id(17).to_uppercase()),
        path,
        created_ms: now_ms(),
        trust_policy: input.assume_role_policy_document,
        description: input.description,
        max_session_duration_s,
        attached_policies: Default::default(),
        inline_policies: Default::default(),
        tags: tags::checked(Default::default(), input.tags)?,
    };
    cloud.world.change(|state| {
        // Names that differ in case only are the same one.
        if state.roles.keys().any(|other| other.eq_ignore_ascii_case(&role.name)) {
            let message = format!("Role with name {} already exists.", role.name);
            return Err(Fault::new(409, "EntityAlreadyExists", message));
        }
        check_principals(state, &trust)?;
        state.roles.insert(role.name.clone(), role.clone());
        Ok(())
    })?;
    let mut members = described(&role);
    members["Tags"] = tags::told(&role.tags);
    Ok(Answer::ok(json!({ "Role": members })))
}

fn check_name(name: &str) -> Result<(), Fault> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) {
        return Err(Fault::new(
            400,
            "ValidationError",
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    if name.len() > 64 {
        return Err(Fault::validation(
            Service::Iam,
            "roleName",
            name,
            "Member must have length less than or equal to 64",
        ));
    }
    Ok(())
}

/// What CreateRole, GetRole and ListRoles all tell.
fn described(role: &Role) -> Value {
    let created = jiff::Timestamp::from_millisecond(role.created_ms).unwrap_or_default();
    json!({
        "Arn": arn_of(role),
        "AssumeRolePolicyDocument": encoded(&role.trust_policy),
        "CreateDate": created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "Description": role.description,
        "Path": role.path,
        "RoleId": role.id,
        "RoleName": role.name,
    })
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: RoleName = call.input()?;
    let state = cloud.world.snapshot();
    let role = role(&state, &input.role_name)?;
    let mut members = described(role);
    members["MaxSessionDuration"] = role.max_session_duration_s.into();
    members["RoleLastUsed"] = json!({});
    members["Tags"] = tags::told(&role.tags);
    Ok(Answer::ok(json!({ "Role": members })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRoles {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListRoles = call.input()?;
    let prefix = input.path_prefix.unwrap_or_default();
    let state = cloud.world.snapshot();
    let roles = state.roles.values().filter(|role| role.path.starts_with(&prefix));
    let page =
        page(roles, |role| role.name.clone(), input.marker.as_deref(), limit(input.max_items.as_deref())?)
            .ok_or_else(bad_marker)?;
    let roles: Vec<Value> = page
        .items
        .into_iter()
        .map(|role| {
            let mut members = described(role);
            members["MaxSessionDuration"] = role.max_session_duration_s.into();
            members
        })
        .collect();
    Ok(Answer::ok(json!({ "Roles": roles, "IsTruncated": page.next.is_some(), "Marker": page.next })))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: RoleName = call.input()?;
    cloud.world.change(|state| {
        let role = role(state, &input.role_name)?;
        let conflict = |message| Err(Fault::new(409, "DeleteConflict", message));
        if !role.attached_policies.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !role.inline_policies.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        state.roles.remove(&input.role_name).ok_or_else(|| no_such_role(&input.role_name))?;
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateTrust {
    role_name: String,
    policy_document: String,
}

pub(super) fn update_trust(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: UpdateTrust = call.input()?;
    let trust = check_trust(&input.policy_document)?;
    cloud.world.change(|state| {
        check_principals(state, &trust)?;
        role_mut(state, &input.role_name)?.trust_policy = input.policy_document;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    role_name: String,
    description: Option<String>,
    max_session_duration: Option<String>,
}

/// What is not given stays as it is.
pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Update = call.input()?;
    change(cloud, input)?;
    Ok(Answer::ok(json!({})))
}

pub(super) fn update_description(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Update = call.input()?;
    if input.max_session_duration.is_some() {
        return Err(call.parameter_not_offered("the parameter MaxSessionDuration"));
    }
    let role = change(cloud, input)?;
    Ok(Answer::ok(json!({ "Role": described(&role) })))
}

fn change(cloud: &Cloud, input: Update) -> Result<Role, Fault> {
    let seconds = duration(input.max_session_duration.as_deref())?;
    check_description(input.description.as_deref())?;
    cloud.world.change(|state| {
        let role = role_mut(state, &input.role_name)?;
        if let Some(text) = input.description {
            role.description = Some(text).filter(|text| !text.is_empty());
        }
        role.max_session_duration_s = seconds.unwrap_or(role.max_session_duration_s);
        Ok::<_, Fault>(role.clone())
    })
}

/// Seconds, as the form has them.
fn duration(text: Option<&str>) -> Result<Option<u32>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let number: i64 = text
        .parse()
        .map_err(|_| Fault::new(400, "MalformedInput", "MaxSessionDuration is not a whole number"))?;
    Checks::new(Service::Iam).range("maxSessionDuration", number, 3600, 43_200).end()?;
    Ok(u32::try_from(number).ok())
}

fn check_description(text: Option<&str>) -> Result<(), Fault> {
    let text = text.unwrap_or_default();
    let pattern = r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*";
    Checks::new(Service::Iam).length("description", text, 0, 1000).pattern("description", text, pattern).end()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProfilesOfRole {
    role_name: String,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn instance_profiles(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ProfilesOfRole = call.input()?;
    limit(input.max_items.as_deref())?;
    role(&cloud.world.snapshot(), &input.role_name)?;
    Ok(Answer::ok(json!({ "InstanceProfiles": [], "IsTruncated": false })))
}
