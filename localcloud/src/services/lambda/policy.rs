//! Resource policies: who may call a function, one of its versions, or an alias.

use serde::Deserialize;
use serde_json::{Value, json};

use super::constraints::{Constraints, is_number, is_word};
use super::target::{Target, is_region};
use super::update::stale;
use super::{alias, function_not_found, invalid, new_revision, not_found, target, user_fault};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::functions::{Conditions, Function, LATEST, Policy, Statement};

const SOURCE_ARN: &str = r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";
/// Bytes of a whole policy (AWS's documentation, "Lambda quotas").
const MOST: usize = 20_480;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Add {
    statement_id: Option<String>,
    action: Option<String>,
    principal: Option<String>,
    source_arn: Option<String>,
    source_account: Option<String>,
    event_source_token: Option<String>,
    function_url_auth_type: Option<String>,
    invoked_via_function_url: Option<bool>,
    #[serde(rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
    qualifier: Option<String>,
    revision_id: Option<String>,
}

impl Add {
    fn constrain(&self, constraints: &mut Constraints) {
        constraints.required("statementId", self.statement_id.as_ref());
        if let Some(id) = &self.statement_id {
            constraints.length("statementId", id, 1, 100);
            constraints.pattern("statementId", id, is_word(id, b"-_"), "([a-zA-Z0-9-_]+)");
        }
        constraints.required("action", self.action.as_ref());
        if let Some(action) = &self.action {
            let pattern = "(lambda:[*]|lambda:[a-zA-Z]+|[*])";
            constraints.pattern("action", action, is_action(action), pattern);
        }
        constraints.required("principal", self.principal.as_ref());
        if let Some(principal) = &self.principal {
            let fits = !principal.is_empty() && !principal.contains(char::is_whitespace);
            constraints.length("principal", principal, 0, 2048);
            constraints.pattern("principal", principal, fits, r"[^\s]+");
        }
        if let Some(arn) = &self.source_arn {
            constraints.pattern("sourceArn", arn, is_source_arn(arn), SOURCE_ARN);
        }
        if let Some(id) = &self.source_account {
            constraints.length("sourceAccount", id, 0, 12);
            constraints.pattern("sourceAccount", id, is_account(id), r"\d{12}");
        }
        if let Some(token) = &self.event_source_token {
            constraints.length("eventSourceToken", token, 0, 256);
            constraints.pattern("eventSourceToken", token, is_word(token, b"._-"), r"[a-zA-Z0-9._\-]+");
        }
        let kinds = ["NONE", "AWS_IAM"];
        constraints.one_of("functionUrlAuthType", self.function_url_auth_type.as_deref(), &kinds);
        if let Some(id) = &self.principal_org_id {
            let fits = id.strip_prefix("o-").is_some_and(|rest| {
                let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                (10..=32).contains(&rest.len()) && rest.bytes().all(lower)
            });
            constraints.length("principalOrgID", id, 12, 34);
            constraints.pattern("principalOrgID", id, fits, "o-[a-z0-9]{10,32}");
        }
    }

    fn statement(self) -> Statement {
        Statement {
            id: self.statement_id.unwrap_or_default(),
            principal: self.principal.unwrap_or_default(),
            action: self.action.unwrap_or_default(),
            source_arn: self.source_arn,
            source_account: self.source_account,
            conditions: Conditions {
                principal_org_id: self.principal_org_id,
                event_source_token: self.event_source_token,
                function_url_auth_type: self.function_url_auth_type,
                invoked_via_function_url: self.invoked_via_function_url,
            },
        }
    }
}

/// `lambda:[*]|lambda:[a-zA-Z]+|[*]`
fn is_action(action: &str) -> bool {
    let letters = |verb: &str| !verb.is_empty() && verb.bytes().all(|byte| byte.is_ascii_alphabetic());
    action == "*" || action.strip_prefix("lambda:").is_some_and(|verb| verb == "*" || letters(verb))
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && is_number(id)
}

fn is_source_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, region, id, _] = parts[..] else { return false };
    partition.starts_with("aws")
        && is_word(partition, b"-")
        && is_word(service, b"-")
        && (region.is_empty() || is_region(region))
        && (id.is_empty() || is_account(id))
}

pub(super) fn add(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Add = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, input.qualifier.as_deref(), &mut constraints)?;
    input.constrain(&mut constraints);
    constraints.verdict()?;
    let target = target::resolve(call, input.qualifier.as_deref())?;
    if target.qualifier.as_deref() == Some(LATEST) {
        return Err(invalid("We currently do not support adding policies for $LATEST."));
    }
    let revision = input.revision_id.clone();
    let statement = input.statement();
    let told = tell(&statement, &target.arn())?;
    cloud.world.change(|state| {
        let function =
            state.functions.get_mut(&target.name).ok_or_else(|| function_not_found(&target.name))?;
        exists(function, &target)?;
        let mut policy = current(function, &target);
        if revision.is_some_and(|revision| revision != policy.revision_id) {
            return Err(stale("GetPolicy"));
        }
        if policy.statements.iter().any(|other| other.id == statement.id) {
            let message = format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
                statement.id
            );
            return Err(user_fault(409, "ResourceConflictException", message));
        }
        policy.statements.push(statement);
        let size = document(&policy.statements, &target)?.len();
        if size > MOST {
            let message = format!("The final policy size ({size}) is bigger than the limit ({MOST}).");
            return Err(user_fault(400, "PolicyLengthExceededException", message));
        }
        keep(function, &target, policy);
        Ok(())
    })?;
    Ok(Answer::with_status(201, json!({ "Statement": told.to_string() })))
}

/// 404 where the qualifier names nothing, in the words for versions or for aliases.
fn exists(function: &Function, target: &Target) -> Result<(), Fault> {
    let qualifier = target.qualifier.as_deref();
    match (function.qualified(qualifier), qualifier) {
        (Some(_), _) => Ok(()),
        (None, Some(name)) if is_word(name, b"-_") && !is_number(name) => {
            Err(alias::missing(&target.name, name))
        }
        (None, _) => Err(not_found(&target.arn())),
    }
}

/// The policy of what is meant; one without statements where there is none.
fn current(function: &Function, target: &Target) -> Policy {
    match &target.qualifier {
        None => {
            Policy { statements: function.policy.clone(), revision_id: function.policy_revision_id.clone() }
        }
        Some(qualifier) => {
            let none = || Policy { statements: Vec::new(), revision_id: String::new() };
            function.qualified_policies.get(qualifier).cloned().unwrap_or_else(none)
        }
    }
}

/// Puts a changed policy in the place of the old one.
fn keep(function: &mut Function, target: &Target, policy: Policy) {
    let revision_id = new_revision();
    match &target.qualifier {
        None => {
            function.policy = policy.statements;
            function.policy_revision_id = revision_id;
        }
        Some(qualifier) if policy.statements.is_empty() => {
            function.qualified_policies.remove(qualifier);
        }
        Some(qualifier) => {
            function.qualified_policies.insert(qualifier.clone(), Policy { revision_id, ..policy });
        }
    }
}

/// A statement as the policy has it.
fn tell(statement: &Statement, resource: &str) -> Result<Value, Fault> {
    let principal = match statement.principal.as_str() {
        "*" => json!("*"),
        service if service.ends_with(".amazonaws.com") || service.ends_with(".amazonaws.com.cn") => {
            json!({ "Service": service })
        }
        id if is_account(id) => json!({ "AWS": format!("arn:aws:iam::{id}:root") }),
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
        "Resource": resource,
    });
    let conditions = &statement.conditions;
    let equal = [
        ("AWS:SourceAccount", &statement.source_account),
        ("lambda:EventSourceToken", &conditions.event_source_token),
        ("lambda:FunctionUrlAuthType", &conditions.function_url_auth_type),
        ("aws:PrincipalOrgID", &conditions.principal_org_id),
    ];
    for (key, value) in equal {
        if let Some(value) = value {
            told["Condition"]["StringEquals"][key] = json!(value);
        }
    }
    if let Some(arn) = &statement.source_arn {
        told["Condition"]["ArnLike"]["AWS:SourceArn"] = json!(arn);
    }
    if let Some(through) = conditions.invoked_via_function_url {
        told["Condition"]["Bool"]["lambda:InvokedViaFunctionUrl"] = json!(through.to_string());
    }
    Ok(told)
}

fn document(statements: &[Statement], target: &Target) -> Result<String, Fault> {
    let arn = target.arn();
    let statements: Result<Vec<Value>, Fault> =
        statements.iter().map(|statement| tell(statement, &arn)).collect();
    Ok(json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements? }).to_string())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Remove {
    qualifier: Option<String>,
    revision_id: Option<String>,
}

pub(super) fn remove(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Remove = call.input()?;
    let id = call.path("StatementId")?;
    let mut constraints = Constraints::default();
    target::constrain(call, input.qualifier.as_deref(), &mut constraints)?;
    constraints.length("statementId", id, 1, 100);
    constraints.pattern("statementId", id, is_word(id, b"-_."), "([a-zA-Z0-9-_.]+)");
    constraints.verdict()?;
    let target = target::resolve(call, input.qualifier.as_deref())?;
    let not_found = |message: String| user_fault(404, "ResourceNotFoundException", message);
    cloud.world.change(|state| {
        let function = state
            .functions
            .get_mut(&target.name)
            .ok_or_else(|| not_found(format!("No policy found for: {}", target.arn())))?;
        exists(function, &target)?;
        let mut policy = current(function, &target);
        if policy.statements.is_empty() {
            return Err(not_found("No policy is associated with the given resource.".to_owned()));
        }
        let found = policy.statements.iter().position(|statement| statement.id == id);
        let found =
            found.ok_or_else(|| not_found(format!("Statement {id} is not found in resource policy.")))?;
        if input.revision_id.is_some_and(|revision| revision != policy.revision_id) {
            return Err(stale("GetPolicy"));
        }
        policy.statements.remove(found);
        keep(function, &target, policy);
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
    let policy = state.functions.get(&target.name).map(|function| current(function, &target));
    let policy = policy.filter(|policy| !policy.statements.is_empty()).ok_or_else(|| {
        user_fault(404, "ResourceNotFoundException", "The resource you requested does not exist.")
    })?;
    let document = document(&policy.statements, &target)?;
    Ok(Answer::ok(json!({ "Policy": document, "RevisionId": policy.revision_id })))
}
