//! SimulatePrincipalPolicy: what a user or a role may, from the very evaluation that decides about their calls.

use serde::Deserialize;
use serde_json::{Value, json};

use super::users::no_such_user;
use super::{bad_marker, limit, no_such_role, role_by_arn};
use crate::access::{self, Need};
use crate::account;
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simulate {
    policy_source_arn: String,
    #[serde(default)]
    action_names: Vec<String>,
    #[serde(default)]
    resource_arns: Vec<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(super) fn simulate(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Simulate = call.input()?;
    let state = cloud.world.snapshot();
    let policies = policies(&state, call, &input.policy_source_arn)?;
    let wrong =
        |action: &&String| !action.split_once(':').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    if let Some(action) = input.action_names.iter().find(wrong) {
        return Err(Fault::new(400, "InvalidInput", format!("Invalid Action Name: {action}")));
    }
    let resources = match input.resource_arns.is_empty() {
        true => vec!["*".to_owned()],
        false => input.resource_arns,
    };
    let needs = input
        .action_names
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| Need::new(action.clone(), resource.clone())));
    // The place of a result is its key, at a fixed width so that it sorts.
    let results = needs.enumerate().map(|(index, need)| (format!("{index:08}"), need));
    let page =
        page(results, |(key, _)| key.clone(), input.marker.as_deref(), limit(input.max_items.as_deref())?)
            .ok_or_else(bad_marker)?;
    let told_apart = !resources.is_empty() && resources != ["*"];
    let results: Vec<Value> = page
        .items
        .into_iter()
        .map(|(_, need)| {
            let (decision, matched) = access::decide(&policies, &need);
            let matched: Vec<Value> = matched.iter().map(statement).collect();
            let mut members = json!({
                "EvalActionName": need.action,
                "EvalResourceName": need.resource,
                "EvalDecision": decision.as_str(),
                "EvalDecisionDetails": {},
                "MatchedStatements": matched,
                "MissingContextValues": [],
                "OrganizationsDecisionDetail": { "AllowedByOrganizations": true },
            });
            if told_apart {
                members["ResourceSpecificResults"] = json!([{
                    "EvalResourceName": need.resource,
                    "EvalResourceDecision": decision.as_str(),
                    "MatchedStatements": matched,
                    "MissingContextValues": [],
                }]);
            }
            members
        })
        .collect();
    Ok(Answer::ok(
        json!({ "EvaluationResults": results, "IsTruncated": page.next.is_some(), "Marker": page.next }),
    ))
}

/// A statement that decided, by its policy and its place in the policy's text.
fn statement(matched: &access::Matched<'_>) -> Value {
    let (named, place) = matched;
    let mut members = json!({ "SourcePolicyId": named.name, "SourcePolicyType": "IAM Policy" });
    let places = named.document.as_deref().map(access::positions).unwrap_or_default();
    if let Some((start, end)) = places.get(*place) {
        members["StartPosition"] = json!({ "Line": start.line, "Column": start.column });
        members["EndPosition"] = json!({ "Line": end.line, "Column": end.column });
    }
    members
}

/// The policies of the user or role of that ARN.
fn policies(state: &State, call: &Call, arn: &str) -> Result<Vec<access::Named>, Fault> {
    if arn == account::user_arn() {
        let (name, rule) = ("AdministratorAccess".to_owned(), access::Rule::Everything);
        return Ok(vec![access::Named { name, rule, document: None }]);
    }
    let name = arn.rsplit('/').next().unwrap_or_default();
    let policies = if arn.contains(":user/") {
        let user = state.users.get(name).filter(|user| account::arn_of_user(&user.path, &user.name) == arn);
        let user = user.ok_or_else(|| no_such_user(name))?;
        access::policies(state, &user.inline_policies, &user.attached_policies)
    } else if arn.contains(":role/") {
        let role = role_by_arn(state, arn).ok_or_else(|| no_such_role(name))?;
        access::policies(state, &role.inline_policies, &role.attached_policies)
    } else {
        return Err(call.parameter_not_offered("a PolicySourceArn that is neither a user's nor a role's"));
    };
    match policies.iter().find(|named| matches!(named.rule, access::Rule::Unknown)) {
        None => Ok(policies),
        Some(unknown) => {
            let what = format!("the policy {}, which cannot be evaluated here,", unknown.name);
            Err(call.parameter_not_offered(&what))
        }
    }
}
