//! Log streams.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_token, group, group_name, invalid, limit, missing, name_of, stream_name, text};
use crate::account;
use crate::cloud::Cloud;
use crate::events::StreamSummary;
use crate::services::paging::page;
use crate::wire::checks::Checks;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    log_group_name: String,
    log_stream_name: String,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    let name = &input.log_stream_name;
    if name.len() > 512 {
        return Err(invalid(
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
        ));
    }
    let mut checks = Checks::new(Service::Logs);
    checks.length("logStreamName", name, 1, 512).pattern("logStreamName", name, "[^:*]*").end()?;
    group(&cloud.world.snapshot(), &input.log_group_name)?;
    match cloud.events.create_stream(&input.log_group_name, name)? {
        true => Ok(Answer::empty(200)),
        false => {
            Err(Fault::new(400, "ResourceAlreadyExistsException", "The specified log stream already exists"))
        }
    }
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    let mut checks = Checks::new(Service::Logs);
    group_name(&mut checks, "logGroupName", &input.log_group_name);
    stream_name(&mut checks, "logStreamName", &input.log_stream_name);
    checks.end()?;
    group(&cloud.world.snapshot(), &input.log_group_name)?;
    match cloud.events.delete_stream(&input.log_group_name, &input.log_stream_name)? {
        true => Ok(Answer::empty(200)),
        false => Err(missing("stream")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) fn describe(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Describe = call.input()?;
    let name = name_of(input.log_group_name, input.log_group_identifier)?;
    group(&cloud.world.snapshot(), &name)?;
    let by_time = match input.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if input.log_stream_name_prefix.is_some() => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some("LastEventTime") => true,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [LogStreamName, LastEventTime]";
            return Err(Fault::validations(Service::Logs, &[broken("orderBy", other, constraint)]));
        }
    };
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    // The key both orders and pages: the time first when that is asked for.
    let key = |stream: &StreamSummary| match by_time {
        true => format!("{:020} {}", stream.span.map_or(0, |(_, last)| last), stream.name),
        false => stream.name.to_string(),
    };
    let mut streams: Vec<(String, StreamSummary)> = cloud
        .events
        .streams(&name)
        .into_iter()
        .filter(|stream| text(&stream.name).starts_with(&prefix))
        .map(|stream| (key(&stream), stream))
        .collect();
    streams.sort_by(|one, other| one.0.cmp(&other.0));
    if input.descending {
        streams.reverse();
    }
    // A page goes on behind its last key, so keys that fall are numbered as keys that rise.
    let numbered = streams.into_iter().enumerate().map(|(number, (_, stream))| (number, stream));
    let page = page(
        numbered,
        |(number, _)| format!("{number:010}"),
        input.next_token.as_deref(),
        limit(input.limit, 50)?,
    )
    .ok_or_else(bad_token)?;
    let streams: Vec<Value> = page.items.iter().map(|(_, stream)| described(&name, stream)).collect();
    let mut members = json!({ "logStreams": streams });
    if let Some(next) = page.next {
        members["nextToken"] = next.into();
    }
    Ok(Answer::ok(members))
}

fn described(group: &str, stream: &StreamSummary) -> Value {
    let mut members = json!({
        "arn": format!("{}:log-stream:{}", account::log_group_arn(group), stream.name),
        "creationTime": stream.created,
        "logStreamName": text(&stream.name),
        "storedBytes": 0,
    });
    if let Some((first, last)) = stream.span {
        members["firstEventTimestamp"] = first.into();
        members["lastEventTimestamp"] = last.into();
    }
    if let Some(ingested) = stream.last_ingestion {
        members["lastIngestionTime"] = ingested.into();
        members["uploadSequenceToken"] = super::put::SEQUENCE_TOKEN.into();
    }
    members
}
