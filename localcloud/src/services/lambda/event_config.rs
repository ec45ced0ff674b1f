//! How often and how long events are tried: the configuration of calls that nobody waits for.

use serde::Deserialize;
use serde_json::{Value, json};

use super::constraints::Constraints;
use super::read::{Paging, limit};
use super::target::{Target, qualified_arn};
use super::{invalid, target, user_fault};
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::functions::{EventConfig, Function, LATEST};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    qualifier: Option<String>,
    maximum_retry_attempts: Option<i64>,
    maximum_event_age_in_seconds: Option<i64>,
    destination_config: Option<Destinations>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destinations {
    on_success: Option<Destination>,
    on_failure: Option<Destination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    destination: Option<String>,
}

impl Input {
    /// What is set, and what it is set for.
    fn checked(self, call: &Call) -> Result<(Target, EventConfig), Fault> {
        let mut constraints = Constraints::default();
        target::constrain(call, self.qualifier.as_deref(), &mut constraints)?;
        constraints.between("maximumRetryAttempts", self.maximum_retry_attempts, 0, 2);
        constraints.between("maximumEventAgeInSeconds", self.maximum_event_age_in_seconds, 60, 21_600);
        constraints.verdict()?;
        let target = target::resolve(call, self.qualifier.as_deref())?;
        let destinations = self.destination_config.as_ref();
        let both = destinations.map(|both| [&both.on_success, &both.on_failure]);
        let named = both.into_iter().flatten().flatten().filter_map(|one| one.destination.as_deref());
        if named.into_iter().any(|arn| !arn.is_empty()) {
            return Err(call.parameter_not_offered("a destination of events (DestinationConfig)"));
        }
        if self.maximum_retry_attempts.is_none()
            && self.maximum_event_age_in_seconds.is_none()
            && destinations.is_none()
        {
            return Err(invalid("You must specify at least one of error handling or destination setting."));
        }
        let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
        let config = EventConfig {
            retries: number(self.maximum_retry_attempts),
            max_age_s: number(self.maximum_event_age_in_seconds),
            last_modified_ms: now_ms(),
        };
        Ok((target, config))
    }
}

/// Sets all of it.
pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (target, config) = call.input::<Input>()?.checked(call)?;
    cloud.world.change(|state| {
        let function = function(state, &target)?;
        function.event_configs.insert(key(&target).to_owned(), config);
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::ok(tell(&target.name, key(&target), &config)))
}

/// Sets what is given and leaves the rest.
pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (target, given) = call.input::<Input>()?.checked(call)?;
    let config = cloud.world.change(|state| {
        let function = function(state, &target)?;
        let config = function.event_configs.get_mut(key(&target)).ok_or_else(|| none(&target))?;
        config.retries = given.retries.or(config.retries);
        config.max_age_s = given.max_age_s.or(config.max_age_s);
        config.last_modified_ms = given.last_modified_ms;
        Ok::<_, Fault>(*config)
    })?;
    Ok(Answer::ok(tell(&target.name, key(&target), &config)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Qualifier {
    qualifier: Option<String>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Qualifier = call.input()?;
    let target = target::of(call, input.qualifier.as_deref())?;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&target.name);
    let config = function.and_then(|function| function.event_configs.get(key(&target)));
    Ok(Answer::ok(tell(&target.name, key(&target), config.ok_or_else(|| none(&target))?)))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Qualifier = call.input()?;
    let target = target::of(call, input.qualifier.as_deref())?;
    cloud.world.change(|state| {
        let function = state.functions.get_mut(&target.name);
        let config = function.and_then(|function| function.event_configs.remove(key(&target)));
        config.map(drop).ok_or_else(|| none(&target))
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paging = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    let limit = limit(&input, 50, &mut constraints);
    constraints.verdict()?;
    let name = target::resolve(call, None)?.name;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&name).ok_or_else(no_function)?;
    let found = function.event_configs.iter();
    let page = page(found, |(qualifier, _)| (*qualifier).clone(), input.marker.as_deref(), limit)
        .ok_or_else(|| invalid("Invalid marker"))?;
    let told: Vec<Value> =
        page.items.into_iter().map(|(qualifier, config)| tell(&name, qualifier, config)).collect();
    let mut members = json!({ "FunctionEventInvokeConfigs": told });
    if let Some(next) = page.next {
        members["NextMarker"] = next.into();
    }
    Ok(Answer::ok(members))
}

fn key(target: &Target) -> &str {
    target.qualifier.as_deref().unwrap_or(LATEST)
}

/// The function, if it has what the qualifier names.
fn function<'a>(state: &'a mut State, target: &Target) -> Result<&'a mut Function, Fault> {
    let function = state.functions.get_mut(&target.name).ok_or_else(no_function)?;
    match function.qualified(target.qualifier.as_deref()) {
        Some(_) => Ok(function),
        None => Err(no_function()),
    }
}

fn no_function() -> Fault {
    user_fault(404, "ResourceNotFoundException", "The function doesn't exist.")
}

fn none(target: &Target) -> Fault {
    let arn = qualified_arn(&target.name, key(target));
    let message = format!("The function {arn} doesn't have an EventInvokeConfig");
    user_fault(404, "ResourceNotFoundException", message)
}

fn tell(function: &str, qualifier: &str, config: &EventConfig) -> Value {
    let seconds = std::time::Duration::from_millis(config.last_modified_ms.unsigned_abs()).as_secs_f64();
    let mut told = json!({
        "DestinationConfig": { "OnFailure": {}, "OnSuccess": {} },
        "FunctionArn": qualified_arn(function, qualifier),
        "LastModified": seconds,
    });
    if let Some(retries) = config.retries {
        told["MaximumRetryAttempts"] = retries.into();
    }
    if let Some(seconds) = config.max_age_s {
        told["MaximumEventAgeInSeconds"] = seconds.into();
    }
    told
}
