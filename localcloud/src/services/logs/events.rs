//! Reading events: over a group ([`filter`]) and within a stream ([`get`]).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern;
use super::{bad_token, group, invalid, kept_since, limit, missing, name_of, text};
use crate::cloud::{Cloud, now_ms};
use crate::events::{Event, Page, Position, Scan};
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
    /// Without meaning here: nothing is masked.
    #[serde(rename = "unmask")]
    _unmask: Option<bool>,
    /// Without meaning since 2019: events always come interleaved.
    #[serde(rename = "interleaved")]
    _interleaved: Option<bool>,
}

/// Both ends of the time range are inclusive. A page may be empty and have a next one [FACTS §5].
pub(super) fn filter(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Filter = call.input()?;
    let name = name_of(input.log_group_name, input.log_group_identifier)?;
    let limit = limit(input.limit, 10_000)?;
    let mut checks = Checks::new(Service::Logs);
    checks.length("filterPattern", input.filter_pattern.as_deref().unwrap_or_default(), 0, 1024);
    times(&mut checks, input.start_time, input.end_time);
    if let Some(names) = &input.log_stream_names {
        if names.is_empty() {
            checks.least("logStreamNames", 1);
        }
        checks.count("logStreamNames", &format!("[{}]", names.join(", ")), names.len(), 100);
    }
    checks.end()?;
    let state = cloud.world.snapshot();
    let kept_since = kept_since(group(&state, &name)?, now_ms());
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
    }
    if let Some(names) = &input.log_stream_names
        && !names.iter().all(|stream| cloud.events.has_stream(&name, stream))
    {
        return Err(missing("stream"));
    }
    let pattern = pattern::parse(call, input.filter_pattern.as_deref().unwrap_or_default())?;
    let after =
        input.next_token.as_deref().map(|token| page_start(token).ok_or_else(bad_token)).transpose()?;
    let wanted = |stream: &str, message: &str| {
        input.log_stream_names.as_ref().is_none_or(|names| names.iter().any(|name| name == stream))
            && input.log_stream_name_prefix.as_deref().is_none_or(|prefix| stream.starts_with(prefix))
            && pattern.matches(message)
    };
    let rule = cloud.faults.dealer().filter_page(limit);
    let scan = Scan {
        start: input.start_time.unwrap_or(0).max(kept_since),
        end: input.end_time.unwrap_or(i64::MAX),
        after,
        newest_first: input.start_from_head == Some(false),
        wanted: &wanted,
        limit: rule.limit,
    };
    let page = match rule.empty {
        true => Page { events: Vec::new(), next: Some(scan.here()) },
        false => cloud.events.scan(&name, &scan),
    };
    let events: Vec<Value> = page
        .events
        .iter()
        .map(|event| {
            let mut members = told(event);
            members["eventId"] = event_id(event.position).into();
            members["logStreamName"] = text(&event.stream).into();
            members
        })
        .collect();
    let mut members = json!({ "events": events, "searchedLogStreams": [] });
    if let Some(next) = page.next {
        // No two alike, as an empty page stays where it was, and the SDKs take the token that they sent for the end.
        members["nextToken"] = format!("{}.{}", token(next), rule.page).into();
    }
    Ok(Answer::ok(members))
}

/// Times are epoch milliseconds, from 0 on.
fn times(checks: &mut Checks, start: Option<i64>, end: Option<i64>) -> &mut Checks {
    for (member, time) in [("startTime", start), ("endTime", end)] {
        if let Some(time) = time {
            checks.range(member, time, 0, i64::MAX);
        }
    }
    checks
}

fn told(event: &Event) -> Value {
    json!({
        "ingestionTime": event.position.ingested,
        "message": &*event.message,
        "timestamp": event.position.timestamp,
    })
}

/// 56 digits, as CloudWatch's: in the order of the events.
fn event_id(position: Position) -> String {
    format!("{:020}{:016}{:020}", position.timestamp, position.ingested, position.number)
}

fn token(position: Position) -> String {
    let Position { timestamp, ingested, number } = position;
    URL_SAFE_NO_PAD.encode(format!("{timestamp}/{ingested}/{number}"))
}

/// Where the page begins that FilterLogEvents gave a token for.
fn page_start(token: &str) -> Option<Position> {
    let (position, page) = token.split_once('.')?;
    page.parse::<u64>().ok()?;
    read_token(position)
}

fn read_token(token: &str) -> Option<Position> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.split('/');
    let (timestamp, ingested) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let number = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some(Position { timestamp, ingested, number })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Get {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
    /// Without meaning here: nothing is masked.
    #[serde(rename = "unmask")]
    _unmask: Option<bool>,
}

/// The end of the time range is exclusive. Tokens are never absent: at an end the same one comes back [FACTS §5].
pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Get = call.input()?;
    let name = name_of(input.log_group_name, input.log_group_identifier)?;
    let limit = limit(input.limit, 10_000)?;
    times(&mut Checks::new(Service::Logs), input.start_time, input.end_time).end()?;
    let state = cloud.world.snapshot();
    let kept_since = kept_since(group(&state, &name)?, now_ms());
    if !cloud.events.has_stream(&name, &input.log_stream_name) {
        return Err(missing("stream"));
    }
    let given =
        input.next_token.as_deref().map(|token| direction(token).ok_or_else(bad_token)).transpose()?;
    let (newest_first, after) = match given {
        Some((newest_first, position)) => (newest_first, Some(position)),
        None => (!input.start_from_head, None),
    };
    let end = input.end_time.map_or(i64::MAX, |end| end.saturating_sub(1));
    let wanted = |stream: &str, _: &str| stream == input.log_stream_name;
    let mut scan = Scan {
        start: input.start_time.unwrap_or(0).max(kept_since),
        end,
        after,
        newest_first,
        wanted: &wanted,
        limit: cloud.faults.dealer().stream_page(limit),
    };
    // With nothing found, both tokens stay where the scan began.
    let here = scan.here();
    let mut events = Vec::new();
    // Other streams of the group may fill whole pages of the scan; this answer is one page of one stream.
    loop {
        let page = cloud.events.scan(&name, &scan);
        events.extend(page.events);
        match page.next {
            Some(next) if events.is_empty() => scan.after = Some(next),
            _ => break,
        }
    }
    if newest_first {
        events.reverse();
    }
    let first = events.first().map_or(here, |event| event.position);
    let last = events.last().map_or(here, |event| event.position);
    Ok(Answer::ok(json!({
        "events": events.iter().map(told).collect::<Vec<_>>(),
        "nextBackwardToken": format!("b/{}", token(first)),
        "nextForwardToken": format!("f/{}", token(last)),
    })))
}

/// Whether it leads backward, and from where.
fn direction(text: &str) -> Option<(bool, Position)> {
    let (kind, position) = text.split_once('/')?;
    Some((
        match kind {
            "b" => true,
            "f" => false,
            _ => return None,
        },
        read_token(position)?,
    ))
}
