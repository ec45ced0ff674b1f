//! What is known about functions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::constraints::Constraints;
use super::describe::{self, One};
use super::{function_not_found, invalid, target};
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

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

fn read(cloud: &Cloud, call: &Call, tell: impl Fn(One<'_>, &str) -> Value) -> Result<Answer, Fault> {
    let input: Get = call.input()?;
    let target = target::of(call, input.qualifier.as_deref())?;
    let state = cloud.world.snapshot();
    Ok(Answer::ok(tell(target.one(&state)?, &target.arn())))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    function_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Paging {
    pub(super) marker: Option<String>,
    max_items: Option<i64>,
}

/// How many items a page has: what was asked for, up to `most`, but never more than 50.
pub(super) fn limit(paging: &Paging, most: i64, constraints: &mut Constraints) -> usize {
    constraints.between("maxItems", paging.max_items, 1, most);
    paging.max_items.map_or(50, |items| usize::try_from(items.clamp(1, 50)).unwrap_or(50))
}

/// What MaxItems may be in the long lists.
const MOST_ITEMS: i64 = 10_000;

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (input, paging): (List, Paging) = call.inputs(&["FunctionVersion"])?;
    let mut constraints = Constraints::default();
    constraints.one_of("functionVersion", input.function_version.as_deref(), &["ALL"]);
    let limit = limit(&paging, MOST_ITEMS, &mut constraints);
    constraints.verdict()?;
    let all_versions = input.function_version.is_some();
    let state = cloud.world.snapshot();
    let functions = state.functions.values();
    if all_versions {
        listed("Functions", functions.flat_map(One::all), One::qualified_arn, &paging, limit)
    } else {
        listed("Functions", functions.map(One::latest), One::arn, &paging, limit)
    }
}

pub(super) fn list_versions(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paging = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    let limit = limit(&input, MOST_ITEMS, &mut constraints);
    constraints.verdict()?;
    let target = target::resolve(call, None)?.latest()?;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&target.name).ok_or_else(|| function_not_found(&target.name))?;
    listed("Versions", One::all(function), One::qualified_arn, &input, limit)
}

/// A page of a list, without the states.
fn listed<'a>(
    member: &str,
    all: impl Iterator<Item = One<'a>>,
    arn: impl Fn(&One<'a>) -> String,
    paging: &Paging,
    limit: usize,
) -> Result<Answer, Fault> {
    let page =
        page(all, One::key, paging.marker.as_deref(), limit).ok_or_else(|| invalid("Invalid marker"))?;
    let items: Vec<Value> = page.items.into_iter().map(|one| describe::settings(one, &arn(&one))).collect();
    let mut members = json!({ member: items });
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
