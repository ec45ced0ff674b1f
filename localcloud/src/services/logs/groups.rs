//! Log groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_token, group_mut, group_name, invalid, limit, missing, name_of, tags};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::checks::Checks;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};
use crate::world::log_groups::LogGroup;

/// The retentions that CloudWatch Logs knows, days.
const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The one class of groups that there is here.
const STANDARD: &str = "STANDARD";

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
    check_class(input.log_group_class.as_deref())?;
    if input.log_group_class.is_some_and(|class| class != STANDARD) {
        return Err(call.parameter_not_offered("a logGroupClass other than STANDARD"));
    }
    let mut created = LogGroup::new(&input.log_group_name, now_ms());
    created.tags = tags::checked(BTreeMap::new(), input.tags)?;
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

fn check_class(class: Option<&str>) -> Result<(), Fault> {
    let Some(class) = class else { return Ok(()) };
    let known = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];
    Checks::new(Service::Logs).one_of("logGroupClass", class, &known).end()
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.len() > 512 {
        return Err(invalid(
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
        ));
    }
    let mut checks = Checks::new(Service::Logs);
    checks.length("logGroupName", name, 1, 512).pattern("logGroupName", name, r"[\.\-_/#A-Za-z0-9]+").end()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_identifiers: Option<Vec<String>>,
    log_group_class: Option<String>,
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
    if input.log_group_identifiers.is_some()
        && (input.log_group_name_prefix.is_some() || input.log_group_name_pattern.is_some())
    {
        return Err(invalid(
            "LogGroup identifiers cannot be given together with a LogGroup name prefix or pattern.",
        ));
    }
    let mut checks = Checks::new(Service::Logs);
    if let Some(prefix) = &input.log_group_name_prefix {
        group_name(&mut checks, "logGroupNamePrefix", prefix);
    }
    if let Some(pattern) = &input.log_group_name_pattern {
        checks.length("logGroupNamePattern", pattern, 0, 512);
        checks.pattern("logGroupNamePattern", pattern, r"[\.\-_/#A-Za-z0-9]*");
    }
    checks.end()?;
    check_class(input.log_group_class.as_deref())?;
    let identified: Option<Vec<String>> = input
        .log_group_identifiers
        .map(|all| all.into_iter().map(|one| name_of(None, Some(one))).collect())
        .transpose()?;
    let prefix = input.log_group_name_prefix.unwrap_or_default();
    let pattern = input.log_group_name_pattern;
    let by_pattern = pattern.is_some();
    let pattern = pattern.unwrap_or_default().to_lowercase();
    let state = cloud.world.snapshot();
    let wanted = state
        .log_groups
        .values()
        .filter(|group| identified.as_ref().is_none_or(|names| names.contains(&group.name)))
        .filter(|_| input.log_group_class.as_deref().is_none_or(|class| class == STANDARD))
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

/// The pattern has up to five parts between bars, each found in a name, or at its beginning after a `^`.
pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: List = call.input()?;
    let pattern = input.log_group_name_pattern.as_deref();
    if let Some(pattern) = pattern {
        let whole = r"(\^?[\.\-_\/#A-Za-z0-9]{3,24})(\|\^?[\.\-_\/#A-Za-z0-9]{3,24}){0,4}";
        let mut checks = Checks::new(Service::Logs);
        checks.length("logGroupNamePattern", pattern, 3, 129).pattern("logGroupNamePattern", pattern, whole);
        checks.end()?;
    }
    check_class(input.log_group_class.as_deref())?;
    let part = |name: &str, part: &str| match part.strip_prefix('^') {
        Some(start) => name.starts_with(start),
        None => name.contains(part),
    };
    let state = cloud.world.snapshot();
    let wanted = state
        .log_groups
        .values()
        .filter(|_| input.log_group_class.as_deref().is_none_or(|class| class == STANDARD))
        .filter(|group| pattern.is_none_or(|all| all.split('|').any(|one| part(&group.name, one))));
    let page = page(wanted, |group| group.name.clone(), input.next_token.as_deref(), limit(input.limit, 50)?)
        .ok_or_else(bad_token)?;
    let groups: Vec<Value> = page
        .items
        .into_iter()
        .map(|group| {
            json!({
                "logGroupArn": account::log_group_arn(&group.name),
                "logGroupClass": STANDARD,
                "logGroupName": group.name,
            })
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
        "logGroupClass": STANDARD,
        "logGroupName": group.name,
        "metricFilterCount": group.metric_filters.len(),
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
    if !cloud.events.delete_group(&input.log_group_name)? {
        return Err(missing("group"));
    }
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
    let group = cloud.world.change(|state| {
        let group = group_mut(state, name)?;
        group.retention_days = days;
        Ok::<_, Fault>(group.clone())
    })?;
    cloud.events.expire(&group);
    Ok(Answer::empty(200))
}
