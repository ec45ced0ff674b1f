//! Repository policies: kept and told. Calls within the account are decided by its own policies (`access.rs`).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_registry, invalid, repository, repository_mut};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// Characters that a policy has at most.
const MOST: usize = 10_240;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    registry_id: Option<String>,
    repository_name: String,
}

fn told(name: &str, policy: Option<String>) -> Result<Answer, Fault> {
    let policy = policy.ok_or_else(|| {
        let message = format!(
            "Repository policy does not exist for the repository with name '{name}' in the registry with id '{}'",
            account::ACCOUNT_ID
        );
        Fault::new(400, "RepositoryPolicyNotFoundException", message)
    })?;
    let members = json!({ "registryId": account::ACCOUNT_ID, "repositoryName": name, "policyText": policy });
    Ok(Answer::ok(members))
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Name = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let state = cloud.world.snapshot();
    told(&input.repository_name, repository(&state, &input.repository_name)?.policy.clone())
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Name = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let policy = cloud
        .world
        .change(|state| Ok::<_, Fault>(repository_mut(state, &input.repository_name)?.policy.take()))?;
    told(&input.repository_name, policy)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Set {
    registry_id: Option<String>,
    repository_name: String,
    policy_text: String,
    /// Lets a policy lock out who sets it; nobody is locked out here.
    #[serde(rename = "force")]
    _force: Option<bool>,
}

pub(super) fn set(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Set = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let text = input.policy_text;
    let readable = serde_json::from_str::<Value>(&text).is_ok_and(|policy| policy.is_object());
    if !readable || text.chars().count() > MOST {
        return Err(invalid("PolicyText", "Invalid repository policy provided"));
    }
    cloud.world.change(|state| {
        repository_mut(state, &input.repository_name)?.policy = Some(text.clone());
        Ok::<_, Fault>(())
    })?;
    told(&input.repository_name, Some(text))
}
