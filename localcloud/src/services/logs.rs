//! Log groups, streams and events.

mod events;
mod groups;
mod live_tail;
mod metric_filters;
mod needs;
mod pattern;
mod put;
mod queries;
mod streams;
mod tags;

use std::sync::Arc;

use crate::account;
use crate::cloud::Cloud;
use crate::wire::checks::Checks;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};
use crate::world::State;
use crate::world::log_groups::LogGroup;

pub(crate) use needs::needs;

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "CreateLogGroup" => groups::create(cloud, call),
        "DescribeLogGroups" => groups::describe(cloud, call),
        "DeleteLogGroup" => groups::delete(cloud, call),
        "PutRetentionPolicy" => groups::put_retention(cloud, call),
        "DeleteRetentionPolicy" => groups::delete_retention(cloud, call),
        "ListLogGroups" => groups::list(cloud, call),
        "ListTagsLogGroup" | "ListTagsForResource" => tags::list(cloud, call),
        "TagLogGroup" | "TagResource" => tags::tag(cloud, call),
        "UntagLogGroup" | "UntagResource" => tags::untag(cloud, call),
        "PutMetricFilter" => metric_filters::put(cloud, call),
        "DescribeMetricFilters" => metric_filters::describe(cloud, call),
        "DeleteMetricFilter" => metric_filters::delete(cloud, call),
        "DeleteLogStream" => streams::delete(cloud, call),
        "CreateLogStream" => streams::create(cloud, call),
        "DescribeLogStreams" => streams::describe(cloud, call),
        "PutLogEvents" => put::put(cloud, call),
        "FilterLogEvents" => events::filter(cloud, call),
        "StartLiveTail" => live_tail::start(cloud, call),
        "GetLogEvents" => events::get(cloud, call),
        "StartQuery" => queries::start(cloud, call),
        "GetQueryResults" => queries::results(cloud, call),
        "StopQuery" => queries::stop(cloud, call),
        "DescribeQueries" => queries::describe(cloud, call),
        _ => Err(call.not_offered()),
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(400, "InvalidParameterException", message)
}

fn missing(what: &str) -> Fault {
    Fault::new(400, "ResourceNotFoundException", format!("The specified log {what} does not exist."))
}

fn group<'a>(state: &'a State, name: &str) -> Result<&'a LogGroup, Fault> {
    state.log_groups.get(name).ok_or_else(|| missing("group"))
}

fn group_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut LogGroup, Fault> {
    state.log_groups.get_mut(name).ok_or_else(|| missing("group"))
}

/// The constraints of the service's model on names.
fn group_name(checks: &mut Checks, member: &str, name: &str) {
    checks.length(member, name, 1, 512).pattern(member, name, r"[\.\-_/#A-Za-z0-9]+");
}

/// The same for a stream's name, or for the beginning of one.
fn stream_name(checks: &mut Checks, member: &str, name: &str) {
    checks.length(member, name, 1, 512).pattern(member, name, "[^:*]*");
}

/// A group's name, given as such or inside an identifier (a name or an ARN).
fn name_of(name: Option<String>, identifier: Option<String>) -> Result<String, Fault> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => {
            let named = identifier.strip_prefix(account::log_group_arn("").as_str()).unwrap_or(&identifier);
            Ok(named.trim_end_matches(":*").to_owned())
        }
        (None, None) => Err(invalid("Either logGroupName or logGroupIdentifier must be specified")),
        (Some(_), Some(_)) => {
            Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters."))
        }
    }
}

/// A number of items that was asked for, between 1 and `most`; `most` unless asked.
fn limit(wanted: Option<i64>, most: usize) -> Result<usize, Fault> {
    let Some(wanted) = wanted else { return Ok(most) };
    let constraint = match usize::try_from(wanted) {
        Ok(number) if (1..=most).contains(&number) => return Ok(number),
        Ok(number) if number > most => format!("Member must have value less than or equal to {most}"),
        _ => "Member must have value greater than or equal to 1".to_owned(),
    };
    let error = broken("limit", &wanted.to_string(), &constraint);
    Err(Fault::validations(Service::Logs, &[error]))
}

fn bad_token() -> Fault {
    invalid("The specified nextToken is invalid.")
}

/// From when on events of a group are still told, epoch milliseconds.
fn kept_since(group: &LogGroup, now: i64) -> i64 {
    group.kept_since(now).unwrap_or(0)
}

/// Stream names come as shared text.
fn text(name: &Arc<str>) -> &str {
    name
}
