//! The resource policy of a function: who may call it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::update::stale;
use super::{function_not_found, invalid, new_revision, not_found, target, user_fault};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};
use crate::world::functions::Statement;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Add {
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    qualifier: Option<String>,
    revision_id: Option<String>,
}

pub(super) fn add(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Add = call.input()?;
    let target = unqualified(cloud, call, input.qualifier.as_deref())?;
    let mut errors = Vec::new();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if input.statement_id.is_empty() || !input.statement_id.bytes().all(word) {
        let constraint = "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)";
        errors.push(broken("statementId", &input.statement_id, constraint));
    }
    let verb = input.action.strip_prefix("lambda:").unwrap_or(&input.action);
    let is_verb =
        !verb.is_empty() && verb.bytes().all(|byte| byte.is_ascii_alphabetic()) && verb != input.action;
    if verb != "*" && !is_verb {
        let constraint = r"Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])";
        errors.push(broken("action", &input.action, constraint));
    }
    if !errors.is_empty() {
        return Err(Fault::validations(Service::Lambda, &errors));
    }
    let statement = Statement {
        id: input.statement_id,
        principal: input.principal,
        action: input.action,
        source_arn: input.source_arn,
        source_account: input.source_account,
    };
    let told = tell(&statement, &target)?;
    cloud.world.change(|state| {
        let function = state.functions.get_mut(&target).ok_or_else(|| function_not_found(&target))?;
        if input.revision_id.is_some_and(|revision| revision != function.policy_revision_id) {
            return Err(stale("GetPolicy"));
        }
        if function.policy.iter().any(|other| other.id == statement.id) {
            let message = format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
                statement.id
            );
            return Err(user_fault(409, "ResourceConflictException", message));
        }
        function.policy.push(statement);
        function.policy_revision_id = new_revision();
        Ok(())
    })?;
    Ok(Answer::with_status(201, json!({ "Statement": told.to_string() })))
}

/// On AWS a version has a policy of its own; here only functions have.
fn unqualified(cloud: &Cloud, call: &Call, qualifier: Option<&str>) -> Result<String, Fault> {
    let target = target::of(call, qualifier)?;
    match (target.version()?, &target.qualifier) {
        (None, None) => Ok(target.name),
        (None, Some(_)) => Err(invalid("We currently do not support adding policies for $LATEST.")),
        (Some(number), _) => {
            let state = cloud.world.snapshot();
            let function = state.functions.get(&target.name);
            match function.is_some_and(|function| function.versions.contains_key(&number)) {
                true => Err(call.parameter_not_offered("the policy of a version (Qualifier)")),
                false => Err(not_found(&target.arn())),
            }
        }
    }
}

/// A statement as the policy has it.
fn tell(statement: &Statement, function: &str) -> Result<Value, Fault> {
    let named = &statement.principal;
    let principal = match named.as_str() {
        "*" => json!("*"),
        service if service.ends_with(".amazonaws.com") => json!({ "Service": service }),
        id if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!({ "AWS": format!("arn:aws:iam::{id}:root") })
        }
        arn if arn.starts_with("arn:") => json!({ "AWS": arn }),
        _ => {
            return Err(invalid(
                "The provided principal was invalid. Please check the principal and try again.",
            ));
        }
    };
    let mut told = json!({
        "Sid": statement.id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": statement.action,
        "Resource": account::function_arn(function),
    });
    if let Some(id) = &statement.source_account {
        told["Condition"]["StringEquals"]["AWS:SourceAccount"] = json!(id);
    }
    if let Some(arn) = &statement.source_arn {
        told["Condition"]["ArnLike"]["AWS:SourceArn"] = json!(arn);
    }
    Ok(told)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Remove {
    qualifier: Option<String>,
    revision_id: Option<String>,
}

pub(super) fn remove(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Remove = call.input()?;
    let target = unqualified(cloud, call, input.qualifier.as_deref())?;
    let id = call.path("StatementId")?;
    cloud.world.change(|state| {
        let function = state.functions.get_mut(&target).ok_or_else(|| function_not_found(&target))?;
        let found = function.policy.iter().position(|statement| statement.id == id).ok_or_else(|| {
            user_fault(
                404,
                "ResourceNotFoundException",
                format!("Statement {id} is not found in resource policy."),
            )
        })?;
        if input.revision_id.is_some_and(|revision| revision != function.policy_revision_id) {
            return Err(stale("GetPolicy"));
        }
        function.policy.remove(found);
        function.policy_revision_id = new_revision();
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    qualifier: Option<String>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Get = call.input()?;
    let target = target::of(call, input.qualifier.as_deref())?;
    let state = cloud.world.snapshot();
    let function = state
        .functions
        .get(&target.name)
        .filter(|function| !function.policy.is_empty() && target.qualifier.is_none())
        .ok_or_else(|| {
            user_fault(404, "ResourceNotFoundException", "The resource you requested does not exist.")
        })?;
    let statements: Result<Vec<Value>, Fault> =
        function.policy.iter().map(|statement| tell(statement, &function.name)).collect();
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements? });
    Ok(Answer::ok(json!({ "Policy": policy.to_string(), "RevisionId": function.policy_revision_id })))
}
