//! Lifecycle policies; what they do is in [`crate::lifecycle`].

use serde::Deserialize;
use serde_json::json;

use super::{check_registry, invalid, repository, repository_mut, seconds};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::lifecycle::{Lifecycle, Unusable, carry_out};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// Characters that a policy has at least and at most.
const LENGTH: std::ops::RangeInclusive<usize> = 100..=30_720;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    registry_id: Option<String>,
    repository_name: String,
    lifecycle_policy_text: String,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let text = input.lifecycle_policy_text;
    if !LENGTH.contains(&text.chars().count()) {
        return Err(invalid("lifecyclePolicyText", "must have length between 100 and 30720"));
    }
    Lifecycle::parse(&text).map_err(|unusable| match unusable {
        Unusable::Invalid(why) => {
            invalid("LifecyclePolicyText", &format!("Lifecycle policy validation failure: {why}"))
        }
        Unusable::NotOffered(what) => call.parameter_not_offered(&format!("{what} in a lifecycle policy")),
    })?;
    cloud.world.change(|state| {
        let repository = repository_mut(state, &input.repository_name)?;
        repository.lifecycle_policy = Some(text.clone());
        carry_out(repository, &cloud.blobs, now_ms());
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::ok(json!({
        "registryId": account::ACCOUNT_ID,
        "repositoryName": input.repository_name,
        "lifecyclePolicyText": text,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    registry_id: Option<String>,
    repository_name: String,
}

fn told(name: &str, policy: Option<(String, Option<i64>)>) -> Result<Answer, Fault> {
    let (text, evaluated) = policy.ok_or_else(|| {
        let message = format!(
            "Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{}'",
            account::ACCOUNT_ID
        );
        Fault::new(400, "LifecyclePolicyNotFoundException", message)
    })?;
    Ok(Answer::ok(json!({
        "registryId": account::ACCOUNT_ID,
        "repositoryName": name,
        "lifecyclePolicyText": text,
        "lastEvaluatedAt": seconds(evaluated.unwrap_or_default()),
    })))
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Name = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let state = cloud.world.snapshot();
    let repository = repository(&state, &input.repository_name)?;
    let policy = repository.lifecycle_policy.clone();
    told(&input.repository_name, policy.map(|text| (text, repository.lifecycle_evaluated_ms)))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Name = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let policy = cloud.world.change(|state| {
        let repository = repository_mut(state, &input.repository_name)?;
        let evaluated = repository.lifecycle_evaluated_ms.take();
        Ok::<_, Fault>(repository.lifecycle_policy.take().map(|text| (text, evaluated)))
    })?;
    told(&input.repository_name, policy)
}
