//! Log groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_token, group, group_mut, invalid, limit, missing};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};
use crate::world::log_groups::LogGroup;

/// The retentions that CloudWatch Logs knows, days.
const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    log_group_name: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    log_group_class: Option<String>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    check_name(&input.log_group_name)?;
    if input.log_group_class.is_some_and(|class| class != "STANDARD") {
        return Err(call.parameter_not_offered("a logGroupClass other than STANDARD"));
    }
    let mut created = LogGroup::new(&input.log_group_name, now_ms());
    created.tags = input.tags;
    cloud.world.change(|state| {
        if state.log_groups.contains_key(&created.name) {
            return Err(Fault::new(
                400,
                "ResourceAlreadyExistsException",
                "The specified log group already exists",
            ));
        }
        state.log_groups.insert(created.name.clone(), created);
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.len() > 512 {
        return Err(invalid(
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
        ));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) {
        let constraint = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+";
        return Err(Fault::validations(Service::Logs, &[broken("logGroupName", name, constraint)]));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) fn describe(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Describe = call.input()?;
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let prefix = input.log_group_name_prefix.unwrap_or_default();
    let pattern = input.log_group_name_pattern;
    let by_pattern = pattern.is_some();
    let pattern = pattern.unwrap_or_default().to_lowercase();
    let state = cloud.world.snapshot();
    let wanted = state
        .log_groups
        .values()
        .filter(|group| group.name.starts_with(&prefix) && group.name.to_lowercase().contains(&pattern));
    let page = page(wanted, |group| group.name.clone(), input.next_token.as_deref(), limit(input.limit, 50)?)
        .ok_or_else(bad_token)?;
    let groups: Vec<Value> = page
        .items
        .into_iter()
        .map(|group| {
            let mut members = described(group);
            // Asked for by pattern, CloudWatch leaves these two out (as recorded).
            if !by_pattern {
                members["storedBytes"] = cloud.events.stored_bytes(&group.name).into();
                members["deletionProtectionEnabled"] = false.into();
            }
            members
        })
        .collect();
    let mut members = json!({ "logGroups": groups });
    if let Some(next) = page.next {
        members["nextToken"] = next.into();
    }
    Ok(Answer::ok(members))
}

fn described(group: &LogGroup) -> Value {
    let arn = account::log_group_arn(&group.name);
    let mut members = json!({
        "arn": format!("{arn}:*"),
        "creationTime": group.created_ms,
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "logGroupName": group.name,
        "metricFilterCount": 0,
    });
    if let Some(days) = group.retention_days {
        members["retentionInDays"] = days.into();
    }
    members
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    log_group_name: String,
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Name = call.input()?;
    group(&cloud.world.snapshot(), &input.log_group_name)?;
    // Events first: cut off in between, the group is empty but there, and can be deleted again.
    cloud.events.delete_group(&input.log_group_name)?;
    cloud.world.change(|state| {
        state.log_groups.remove(&input.log_group_name).map(drop).ok_or_else(|| missing("group"))
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutRetention {
    log_group_name: String,
    retention_in_days: u32,
}

pub(super) fn put_retention(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: PutRetention = call.input()?;
    if !RETENTIONS.contains(&input.retention_in_days) {
        let error = broken(
            "retentionInDays",
            &input.retention_in_days.to_string(),
            "Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]",
        );
        return Err(Fault::validations(Service::Logs, &[error]));
    }
    retain(cloud, &input.log_group_name, Some(input.retention_in_days))
}

pub(super) fn delete_retention(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Name = call.input()?;
    retain(cloud, &input.log_group_name, None)
}

fn retain(cloud: &Cloud, name: &str, days: Option<u32>) -> Result<Answer, Fault> {
    cloud.world.change(|state| {
        group_mut(state, name)?.retention_days = days;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(200))
}
