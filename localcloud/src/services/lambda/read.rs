//! What is known about functions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{describe, invalid, not_found, target};
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::functions::Function;

/// How many functions may run at once in the account, as on AWS before anybody raises it.
pub(super) const CONCURRENT_EXECUTIONS: u32 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    qualifier: Option<String>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    read(cloud, call, describe::with_code)
}

pub(super) fn get_configuration(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    read(cloud, call, describe::whole)
}

fn read(cloud: &Cloud, call: &Call, tell: impl Fn(&Function, &str) -> Value) -> Result<Answer, Fault> {
    let input: Get = call.input()?;
    let target = target::of(call, input.qualifier.as_deref())?.latest()?;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&target.name).ok_or_else(|| not_found(&target.arn()))?;
    Ok(Answer::ok(tell(function, &target.arn())))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    function_version: Option<String>,
    marker: Option<String>,
    max_items: Option<i64>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: List = call.input()?;
    let all_versions = match input.function_version.as_deref() {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [ALL]";
            return Err(Fault::validation(Service::Lambda, "functionVersion", other, constraint));
        }
    };
    // At most 50 come back, whatever was asked for.
    let limit = input.max_items.map_or(50, |most| usize::try_from(most.clamp(1, 50)).unwrap_or(50));
    let state = cloud.world.snapshot();
    let page = page(state.functions.values(), |one| one.name.clone(), input.marker.as_deref(), limit)
        .ok_or_else(|| invalid("Invalid marker"))?;
    let functions: Vec<Value> = page
        .items
        .into_iter()
        .map(|function| {
            let arn = describe::arn(function);
            describe::settings(function, &if all_versions { format!("{arn}:$LATEST") } else { arn })
        })
        .collect();
    let mut members = json!({ "Functions": functions });
    if let Some(next) = page.next {
        members["NextMarker"] = next.into();
    }
    Ok(Answer::ok(members))
}

pub(super) fn account_settings(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    #[derive(Deserialize)]
    struct Input {}
    let Input {} = call.input()?;
    let state = cloud.world.snapshot();
    let reserved: u32 = state.functions.values().filter_map(|function| function.reserved_concurrency).sum();
    Ok(Answer::ok(json!({
        "AccountLimit": {
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
            "TotalCodeSize": 80_530_636_800_u64,
            "UnreservedConcurrentExecutions": CONCURRENT_EXECUTIONS.saturating_sub(reserved),
        },
        "AccountUsage": { "FunctionCount": state.functions.len(), "TotalCodeSize": 0 },
    })))
}
