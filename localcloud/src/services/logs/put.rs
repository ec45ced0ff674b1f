//! Events that come through the control plane.

use serde::Deserialize;
use serde_json::json;

use super::{group, group_name, invalid, missing, stream_name};
use crate::cloud::{Cloud, now_ms};
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// Sequence tokens are told and not looked at any more; each stream's is the same here.
pub(super) const SEQUENCE_TOKEN: &str = "49039859625181318990829158106416183000000000000000000000";

/// How late an event may come, and how early, milliseconds.
const LATEST: i64 = 14 * 24 * 3600 * 1000;
const EARLIEST: i64 = 2 * 3600 * 1000;
/// How far the events of one call may lie apart, milliseconds.
const DAY: i64 = 24 * 3600 * 1000;
/// How much one call may bring: events, bytes (26 more for each event), and bytes of one event.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<Event>,
    #[serde(rename = "sequenceToken")]
    _sequence_token: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    timestamp: i64,
    message: String,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let mut checks = Checks::new(Service::Logs);
    group_name(&mut checks, "logGroupName", &input.log_group_name);
    stream_name(&mut checks, "logStreamName", &input.log_stream_name);
    if input.log_events.is_empty() {
        checks.least("logEvents", 1);
    }
    for (index, event) in input.log_events.iter().enumerate() {
        if event.timestamp < 0 {
            let member = format!("logEvents.{}.member.timestamp", index + 1);
            checks.range(&member, event.timestamp, 0, i64::MAX);
        }
        if event.message.is_empty() {
            checks.length(&format!("logEvents.{}.member.message", index + 1), "", 1, MOST_BYTES);
        }
    }
    checks.end()?;
    let state = cloud.world.snapshot();
    let group = group(&state, &input.log_group_name)?;
    if !cloud.events.has_stream(&input.log_group_name, &input.log_stream_name) {
        return Err(missing("stream"));
    }
    if !input.log_events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let bytes: usize = input.log_events.iter().map(|event| event.message.len() + 26).sum();
    if input.log_events.len() > MOST_EVENTS {
        return Err(invalid(format!("A batch holds {MOST_EVENTS} log events at most.")));
    }
    if bytes > MOST_BYTES {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {MOST_BYTES}")));
    }
    let first_and_last = input.log_events.first().zip(input.log_events.last());
    if first_and_last.is_some_and(|(first, last)| last.timestamp - first.timestamp > DAY) {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let now = now_ms();
    let too_old = input.log_events.iter().filter(|event| event.timestamp < now - LATEST).count();
    let in_time = input.log_events.iter().filter(|event| event.timestamp <= now + EARLIEST).count();
    let mut members = json!({ "nextSequenceToken": SEQUENCE_TOKEN });
    if too_old > 0 {
        members["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] = too_old.into();
    }
    let kept_since = group.kept_since(now).unwrap_or(i64::MIN);
    let expired = input.log_events.iter().filter(|event| event.timestamp < kept_since).count();
    if expired > too_old {
        members["rejectedLogEventsInfo"]["expiredLogEventEndIndex"] = expired.into();
    }
    if in_time < input.log_events.len() {
        members["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"] = in_time.into();
    }
    let accepted = input
        .log_events
        .into_iter()
        .take(in_time)
        .skip(too_old.max(expired))
        .map(|event| (event.timestamp, event.message))
        .collect();
    cloud.events.append_durably(&input.log_group_name, &input.log_stream_name, accepted)?;
    Ok(Answer::ok(members))
}
