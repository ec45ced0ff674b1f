//! Customer managed policies, of one version each.

use serde::Deserialize;
use serde_json::{Value, json};

use super::users::{check_name, time};
use super::{encoded, path};
use crate::access::{Policy, Unusable};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::users::ManagedPolicy;

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

fn no_such_policy(arn: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("Policy {arn} was not found."))
}

fn described(state: &State, arn: &str, policy: &ManagedPolicy) -> Value {
    let users = state.users.values().filter(|user| user.attached_policies.contains(arn)).count();
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": arn,
        "Path": policy.path,
        "DefaultVersionId": "v1",
        "AttachmentCount": users,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": time(policy.created_ms),
        "UpdateDate": time(policy.created_ms),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreatePolicy {
    policy_name: String,
    policy_document: String,
    path: Option<String>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: CreatePolicy = call.input()?;
    check_name("policyName", &input.policy_name)?;
    let path = path(input.path)?;
    check(call, &input.policy_document)?;
    if size(&input.policy_document) > MOST {
        return Err(Fault::new(409, "LimitExceeded", format!("Cannot exceed quota for PolicySize: {MOST}")));
    }
    let policy = ManagedPolicy {
        id: format!("ANPA{}", crate::cloud::short_id(17).to_uppercase()),
        path,
        created_ms: now_ms(),
        document: input.policy_document,
        name: input.policy_name,
    };
    let arn = account::policy_arn(&policy.path, &policy.name);
    cloud.world.change(|state| {
        if state.policies.values().any(|other| other.name == policy.name) {
            let message =
                format!("A policy called {} already exists. Duplicate names are not allowed.", policy.name);
            return Err(Fault::new(409, "EntityAlreadyExists", message));
        }
        state.policies.insert(arn.clone(), policy.clone());
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "Policy": described(&cloud.world.snapshot(), &arn, &policy) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyArn {
    policy_arn: String,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PolicyArn = call.input()?;
    let state = cloud.world.snapshot();
    let policy = state.policies.get(&input.policy_arn).ok_or_else(|| no_such_policy(&input.policy_arn))?;
    Ok(Answer::ok(json!({ "Policy": described(&state, &input.policy_arn, policy) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyVersion {
    policy_arn: String,
    version_id: String,
}

pub(super) fn version(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PolicyVersion = call.input()?;
    let state = cloud.world.snapshot();
    let policy = state.policies.get(&input.policy_arn).ok_or_else(|| no_such_policy(&input.policy_arn))?;
    if input.version_id != "v1" {
        let message = format!(
            "Policy {} version {} does not exist or is not attachable.",
            input.policy_arn, input.version_id
        );
        return Err(Fault::new(404, "NoSuchEntity", message));
    }
    Ok(Answer::ok(json!({ "PolicyVersion": {
        "Document": encoded(&policy.document),
        "VersionId": "v1",
        "IsDefaultVersion": true,
        "CreateDate": time(policy.created_ms),
    } })))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PolicyArn = call.input()?;
    cloud.world.change(|state| {
        if state.users.values().any(|user| user.attached_policies.contains(&input.policy_arn)) {
            let message = "Cannot delete a policy attached to entities.";
            return Err(Fault::new(409, "DeleteConflict", message));
        }
        state.policies.remove(&input.policy_arn).map(drop).ok_or_else(|| no_such_policy(&input.policy_arn))
    })?;
    Ok(Answer::empty(200))
}
