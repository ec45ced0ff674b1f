//! Customer managed policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::attached::check_arn;
use super::tags::{self, Tag};
use super::users::{check_name, time};
use super::{bad_marker, check_policy, limit, path};
use crate::access::{Policy, Unusable, is_managed_by_aws};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::roles::Role;
use crate::world::users::{ManagedPolicy, User};

/// Characters that a managed policy may have, without white space, as on AWS.
const MOST: usize = 6144;

/// Refuses what is no policy, and by name what is not evaluated here.
pub(super) fn check(call: &Call, document: &str) -> Result<(), Fault> {
    Policy::parse(document).map(drop).map_err(|unusable| match unusable {
        Unusable::Malformed(message) => Fault::new(400, "MalformedPolicyDocument", message),
        Unusable::NotEvaluated(what) => call.parameter_not_offered(&what),
    })
}

/// How long a policy is as IAM counts.
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

pub(super) fn no_such_policy(arn: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("Policy {arn} was not found."))
}

fn described(state: &State, arn: &str, policy: &ManagedPolicy) -> Value {
    let attached = users_with(state, arn).len() + roles_with(state, arn).len();
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default_version),
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": time(policy.created_ms),
        "UpdateDate": time(policy.versions().values().map(|version| version.created_ms).max().unwrap_or_default()),
    })
}

/// What CreatePolicy and GetPolicy tell, and lists do not.
fn with_tags(state: &State, arn: &str, policy: &ManagedPolicy) -> Value {
    let mut members = described(state, arn, policy);
    members["Description"] = json!(policy.description);
    members["Tags"] = tags::told(&policy.tags);
    members
}

fn users_with<'a>(state: &'a State, arn: &str) -> Vec<&'a User> {
    state.users.values().filter(|user| user.attached_policies.contains(arn)).collect()
}

fn roles_with<'a>(state: &'a State, arn: &str) -> Vec<&'a Role> {
    state.roles.values().filter(|role| role.attached_policies.contains(arn)).collect()
}

/// One of the account's policies; AWS's own are not told here.
pub(super) fn policy<'a>(state: &'a State, call: &Call, arn: &str) -> Result<&'a ManagedPolicy, Fault> {
    check_arn(arn)?;
    if is_managed_by_aws(arn) {
        return Err(call.parameter_not_offered(&format!("{arn}, one of AWS's own policies,")));
    }
    state.policies.get(arn).ok_or_else(|| no_such_policy(arn))
}

/// The same, to be changed.
pub(super) fn policy_mut<'a>(
    state: &'a mut State,
    call: &Call,
    arn: &str,
) -> Result<&'a mut ManagedPolicy, Fault> {
    policy(state, call, arn)?;
    state.policies.get_mut(arn).ok_or_else(|| no_such_policy(arn))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreatePolicy {
    policy_name: String,
    policy_document: String,
    path: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: CreatePolicy = call.input()?;
    check_name("policyName", &input.policy_name)?;
    let path = path(input.path)?;
    check_new(&input.policy_document)?;
    let policy = ManagedPolicy {
        id: format!("ANPA{}", crate::cloud::short_id(17).to_uppercase()),
        path,
        created_ms: now_ms(),
        document: input.policy_document,
        name: input.policy_name,
        description: input.description,
        tags: tags::checked(Default::default(), input.tags)?,
        default_version: 1,
        last_version: 1,
        default_created_ms: None,
        others: Default::default(),
    };
    let arn = account::policy_arn(&policy.path, &policy.name);
    cloud.world.change(|state| {
        if state.policies.values().any(|other| other.name.eq_ignore_ascii_case(&policy.name)) {
            let message =
                format!("A policy called {} already exists. Duplicate names are not allowed.", policy.name);
            return Err(Fault::new(409, "EntityAlreadyExists", message));
        }
        state.policies.insert(arn.clone(), policy.clone());
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "Policy": with_tags(&cloud.world.snapshot(), &arn, &policy) })))
}

/// Refuses a document that is no policy or too long. What is not evaluated here is refused where it would decide.
pub(super) fn check_new(document: &str) -> Result<(), Fault> {
    check_policy(document)?;
    match size(document) > MOST {
        true => Err(Fault::new(409, "LimitExceeded", format!("Cannot exceed quota for PolicySize: {MOST}"))),
        false => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyArn {
    policy_arn: String,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PolicyArn = call.input()?;
    let state = cloud.world.snapshot();
    let policy = policy(&state, call, &input.policy_arn)?;
    Ok(Answer::ok(json!({ "Policy": with_tags(&state, &input.policy_arn, policy) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListPolicies {
    scope: Option<String>,
    only_attached: Option<String>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

/// The account's own. AWS's would be more than a thousand, of which few are known here.
pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListPolicies = call.input()?;
    if input.scope.as_deref() != Some("Local") {
        return Err(call.parameter_not_offered("a Scope other than Local (AWS's own policies)"));
    }
    if input.policy_usage_filter.is_some_and(|filter| filter != "PermissionsPolicy") {
        return Err(call.parameter_not_offered("permissions boundaries (PolicyUsageFilter)"));
    }
    let attached_only = input.only_attached.as_deref() == Some("true");
    let prefix = input.path_prefix.unwrap_or_default();
    let state = cloud.world.snapshot();
    let is_attached = |arn: &str| !users_with(&state, arn).is_empty() || !roles_with(&state, arn).is_empty();
    let wanted = state
        .policies
        .iter()
        .filter(|(arn, policy)| policy.path.starts_with(&prefix) && (!attached_only || is_attached(arn)));
    let most = limit(input.max_items.as_deref())?;
    let page =
        page(wanted, |(arn, _)| (*arn).clone(), input.marker.as_deref(), most).ok_or_else(bad_marker)?;
    let policies: Vec<Value> =
        page.items.into_iter().map(|(arn, policy)| described(&state, arn, policy)).collect();
    Ok(Answer::ok(json!({ "Policies": policies, "IsTruncated": page.next.is_some(), "Marker": page.next })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entities {
    policy_arn: String,
    entity_filter: Option<String>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

/// Who has a policy: users and roles, one list after the other.
pub(super) fn entities(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Entities = call.input()?;
    check_arn(&input.policy_arn)?;
    if input.policy_usage_filter.is_some_and(|filter| filter != "PermissionsPolicy") {
        return Err(call.parameter_not_offered("permissions boundaries (PolicyUsageFilter)"));
    }
    let state = cloud.world.snapshot();
    if !is_managed_by_aws(&input.policy_arn) {
        policy(&state, call, &input.policy_arn)?;
    }
    let filter = input.entity_filter.as_deref();
    let prefix = input.path_prefix.unwrap_or_default();
    let wanted =
        |kind: &str, path: &str| filter.is_none_or(|filter| filter == kind) && path.starts_with(&prefix);
    let users = users_with(&state, &input.policy_arn).into_iter().filter(|user| wanted("User", &user.path));
    let roles = roles_with(&state, &input.policy_arn).into_iter().filter(|role| wanted("Role", &role.path));
    let users = users.map(|user| ("user", json!({ "UserName": user.name, "UserId": user.id })));
    let roles = roles.map(|role| ("role", json!({ "RoleName": role.name, "RoleId": role.id })));
    let all = roles.chain(users);
    let key = |(kind, members): &(&str, Value)| format!("{kind} {members}");
    let page =
        page(all, key, input.marker.as_deref(), limit(input.max_items.as_deref())?).ok_or_else(bad_marker)?;
    let of = |wanted: &str| -> Vec<&Value> {
        page.items.iter().filter(|(kind, _)| *kind == wanted).map(|(_, members)| members).collect()
    };
    Ok(Answer::ok(json!({
        "PolicyGroups": [],
        "PolicyUsers": of("user"),
        "PolicyRoles": of("role"),
        "IsTruncated": page.next.is_some(),
        "Marker": page.next,
    })))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PolicyArn = call.input()?;
    cloud.world.change(|state| {
        let policy = policy(state, call, &input.policy_arn)?;
        let conflict = |message| Err(Fault::new(409, "DeleteConflict", message));
        if !users_with(state, &input.policy_arn).is_empty() || !roles_with(state, &input.policy_arn).is_empty() {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if !policy.others.is_empty() {
            return conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.");
        }
        state.policies.remove(&input.policy_arn).map(drop).ok_or_else(|| no_such_policy(&input.policy_arn))
    })?;
    Ok(Answer::empty(200))
}
