//! What the identity may do of what the console does: asked of IAM, and where IAM may not be asked, learned from reads.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::json;

use super::policy::Policy;
use super::reads;
use crate::cloud::{Cloud, Fault, FaultKind};
use crate::domain::{Area, Finding, Identity, one_line};
use crate::settings::Settings;

/// How many questions IAM is asked at a time.
const AT_ONCE: usize = 4;

pub(super) async fn look(cloud: &Cloud, settings: &Settings, identity: &Identity) -> Vec<Finding> {
    let policy = match Policy::for_service(settings, identity, cloud.region()) {
        Ok(policy) => policy,
        Err(problem) => return vec![Finding::of(Area::Permissions, &problem)],
    };
    let Some(principal) = cloud.principal(&identity.arn).await else {
        return vec![Finding::warn(
            Area::Permissions,
            "this is the account's root user, to whom nothing is denied",
            "operate as a user or a role with the least policy: callboard doctor --policy prints it",
        )];
    };
    match simulated(cloud, settings, &policy, &principal).await {
        Ok(missing) if missing.is_empty() => {
            let count = policy.statement.iter().map(|one| one.action.all().len()).sum::<usize>();
            vec![Finding::ok(
                Area::Permissions,
                format!("IAM allows all {count} actions of the least policy"),
            )]
        }
        Ok(missing) => {
            missing.iter().map(|(actions, resource)| lacking(actions, resource, &identity.arn)).collect()
        }
        Err(fault) => from_reads(cloud, settings, &policy, identity, &principal, &fault).await,
    }
}

/// What IAM says is not allowed: actions, and the pattern of what they are about.
async fn simulated(
    cloud: &Cloud,
    settings: &Settings,
    policy: &Policy,
    principal: &str,
) -> Result<Vec<(Vec<String>, String)>, Fault> {
    // A policy for one API names its id; until there is one, or where it cannot be seen, the pattern itself is asked about.
    let api = cloud.api(&settings.name).await.ok().flatten().map(|api| api.id);
    let questions = policy.statement.iter().enumerate().flat_map(|(index, statement)| {
        let ask = move |resource: String| (index, statement.action.all(), resource);
        statement.examples(api.as_deref()).into_iter().map(ask)
    });
    let answers = stream::iter(questions).map(|(index, actions, resource)| async move {
        cloud.not_allowed(principal, actions, &resource).await.map(|missing| (index, missing))
    });
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    let mut missing = vec![BTreeSet::new(); policy.statement.len()];
    for answer in answers {
        let (index, actions) = answer?;
        if let Some(of_statement) = missing.get_mut(index) {
            of_statement.extend(actions);
        }
    }
    let named = policy.statement.iter().zip(missing).filter(|(_, missing)| !missing.is_empty());
    Ok(named
        .map(|(statement, missing)| {
            let in_order = statement.action.all().iter().filter(|action| missing.contains(*action));
            (in_order.cloned().collect(), statement.resource.clone())
        })
        .collect())
}

fn lacking(actions: &[String], resource: &str, who: &str) -> Finding {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
    Finding::fail(
        Area::Permissions,
        format!("{who} may not {} on {resource}", actions.join(", ")),
        format!("add to its policy {statement}"),
    )
}

/// What reads that change nothing were denied; and which actions nobody could say anything about.
async fn from_reads(
    cloud: &Cloud,
    settings: &Settings,
    policy: &Policy,
    identity: &Identity,
    principal: &str,
    fault: &Fault,
) -> Vec<Finding> {
    let learned = reads::ask(cloud, settings).await;
    let mut findings = Vec::new();
    let mut unknown = Vec::new();
    for statement in &policy.statement {
        let (denied, rest): (Vec<String>, Vec<String>) =
            statement.action.all().iter().cloned().partition(|action| {
                learned.denied.iter().any(|(named, on)| named == action && statement.is_about(on))
            });
        if !denied.is_empty() {
            findings.push(lacking(&denied, &statement.resource, &identity.arn));
        }
        let known = |action: &String| {
            learned.allowed.contains(action.as_str())
                || learned.denied.iter().any(|(named, _)| named == action)
        };
        unknown.extend(rest.into_iter().filter(|action| !known(action)));
    }
    unknown.sort();
    unknown.dedup();
    if !learned.allowed.is_empty() {
        let allowed: Vec<&str> = learned.allowed.iter().copied().collect();
        findings.push(Finding::ok(Area::Permissions, format!("allowed: {}", allowed.join(", "))));
    }
    let why = match fault.kind {
        FaultKind::Denied => "iam:SimulatePrincipalPolicy is denied".to_owned(),
        _ => one_line(&format!("{}: {}", fault.problem.summary, fault.problem.detail), 300),
    };
    let statement =
        json!({ "Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": principal });
    findings.push(Finding::warn(
        Area::Permissions,
        format!("of {} actions it could not be known ({why}): {}", unknown.len(), unknown.join(", ")),
        format!("add {statement} to its policy, or compare it with what callboard doctor --policy prints"),
    ));
    findings
}
