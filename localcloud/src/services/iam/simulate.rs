//! SimulatePrincipalPolicy: what a user may, from the very evaluation that decides about the user's calls.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_marker, limit};
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
    let results: Vec<Value> = page
        .items
        .into_iter()
        .map(|(_, need)| {
            let (decision, named) = access::decide(&policies, &need);
            let matched: Vec<Value> = named
                .into_iter()
                .map(|name| json!({ "SourcePolicyId": name, "SourcePolicyType": "IAM Policy" }))
                .collect();
            json!({
                "EvalActionName": need.action,
                "EvalResourceName": need.resource,
                "EvalDecision": decision.as_str(),
                "MatchedStatements": matched,
                "MissingContextValues": [],
            })
        })
        .collect();
    Ok(Answer::ok(
        json!({ "EvaluationResults": results, "IsTruncated": page.next.is_some(), "Marker": page.next }),
    ))
}

/// The policies of the user of that ARN.
fn policies(state: &State, call: &Call, arn: &str) -> Result<Vec<access::Named>, Fault> {
    if arn == account::user_arn() {
        return Ok(vec![("AdministratorAccess".to_owned(), None)]);
    }
    if !arn.contains(":user/") {
        return Err(call.parameter_not_offered("a PolicySourceArn that is not a user's"));
    }
    let user =
        state.users.values().find(|user| account::arn_of_user(&user.path, &user.name) == arn).ok_or_else(
            || {
                let name = arn.rsplit('/').next().unwrap_or_default();
                Fault::new(404, "NoSuchEntity", format!("The user with name {name} cannot be found."))
            },
        )?;
    Ok(access::policies(state, user))
}
