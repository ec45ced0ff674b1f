//! The method settings of a stage. Throttling is enforced; caching changes nothing, as on AWS without a cache cluster;
//! execution logs and detailed metrics are not offered.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::bad_request;
use super::patch::Operation;
use crate::wire::Call;
use crate::wire::fault::Fault;
use crate::world::apis::MethodSettings;

/// The settings of all methods.
const ALL: &str = "*/*";

/// Changes one setting, of the method that the first two words of the path name; `false` when the path is of no setting.
pub(super) fn set(
    call: &Call,
    settings: &mut BTreeMap<String, MethodSettings>,
    operation: &Operation,
) -> Result<bool, Fault> {
    // As it stands in the path: `~1` is part of the name by which AWS tells it again.
    let path = operation.path_text();
    let words: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let [resource, method, group, setting] = words.as_slice() else { return Ok(false) };
    let place = format!("{resource}/{method}");
    // What a method gets of its own begins as what all methods have (recorded).
    let mut changed = settings.get(&place).or_else(|| settings.get(ALL)).cloned().unwrap_or_default();
    if !apply(call, &mut changed, (group, setting), operation)? {
        return Ok(false);
    }
    settings.insert(place, changed);
    Ok(true)
}

fn apply(
    call: &Call,
    settings: &mut MethodSettings,
    setting: (&str, &str),
    operation: &Operation,
) -> Result<bool, Fault> {
    let on = operation.is_on();
    let not_offered = || call.parameter_not_offered(&format!("the patch path {}", operation.path_text()));
    match setting {
        ("throttling", "rateLimit") => {
            let rate = operation.value()?.parse::<f64>().ok();
            let rate = rate.filter(|rate| rate.is_finite() && *rate >= -1.0);
            settings.throttle.rate = Some(rate.ok_or_else(|| invalid(operation, "a number, -1 or more"))?);
        }
        ("throttling", "burstLimit") => {
            let burst = operation.value()?.parse::<i32>().ok().filter(|burst| *burst >= -1);
            settings.throttle.burst = Some(burst.ok_or_else(|| invalid(operation, "a number, -1 or more"))?);
        }
        ("caching", "enabled") => settings.caching = on,
        ("caching", "dataEncrypted") => settings.cache_encrypted = on,
        ("caching", "requireAuthorizationForCacheControl") => settings.cache_control_authorized = on,
        ("caching", "ttlInSeconds") => {
            let seconds = operation.value()?.parse().ok().filter(|seconds| (0..=3600).contains(seconds));
            settings.cache_ttl_s = seconds.ok_or_else(|| invalid(operation, "a number from 0 to 3600"))?;
        }
        ("caching", "unauthorizedCacheControlHeaderStrategy") => {
            let all = ["FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"];
            let value = Some(operation.value()?).filter(|value| all.contains(value));
            let value = value.ok_or_else(|| invalid(operation, &format!("one of {}", all.join(", "))))?;
            settings.cache_control_strategy = value.to_owned();
        }
        ("logging", "loglevel") if operation.value()? == "OFF" => {
            settings.logging_level = Some("OFF".to_owned());
        }
        ("logging", "dataTrace") | ("metrics", "enabled") if !on => {}
        ("logging", "loglevel" | "dataTrace") | ("metrics", "enabled") => return Err(not_offered()),
        _ => return Ok(false),
    }
    Ok(true)
}

fn invalid(operation: &Operation, wanted: &str) -> Fault {
    let value = operation.value.as_deref().unwrap_or_default();
    bad_request(format!("Invalid value {value:?} for {}: it is {wanted}", operation.path_text()))
}

/// `methodSettings` as GetStage says them: all settings of each method that has some, with AWS's defaults for those that were
/// not set (recorded).
pub(super) fn described(settings: &BTreeMap<String, MethodSettings>) -> Value {
    let told = |settings: &MethodSettings| {
        let mut members = json!({
            "cacheDataEncrypted": settings.cache_encrypted,
            "cacheTtlInSeconds": settings.cache_ttl_s,
            "cachingEnabled": settings.caching,
            "dataTraceEnabled": false,
            "metricsEnabled": false,
            "requireAuthorizationForCacheControl": settings.cache_control_authorized,
            "throttlingBurstLimit": settings.throttle.burst.unwrap_or(5000),
            "throttlingRateLimit": settings.throttle.rate.unwrap_or(10_000.0),
            "unauthorizedCacheControlHeaderStrategy": settings.cache_control_strategy,
        });
        if let Some(level) = &settings.logging_level {
            members["loggingLevel"] = level.as_str().into();
        }
        members
    };
    let all: Map<String, Value> = settings.iter().map(|(place, one)| (place.clone(), told(one))).collect();
    Value::Object(all)
}
