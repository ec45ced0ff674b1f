//! StartLiveTail: events as they become visible, told once a second until somebody ends it.

mod updates;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::pattern;
use super::{group, invalid, missing, text};
use crate::account;
use crate::cloud::Cloud;
use crate::events::{Feed, Heard, LogEvents};
use crate::live_tails::Place;
use crate::wire::fault::{Fault, broken};
use crate::wire::stream::{Frame, Frames};
use crate::wire::{Answer, Body, Call, Service};

use updates::{End, Updates};

/// Between two updates [FACTS §5].
const PERIOD: Duration = Duration::from_secs(1);
/// How many groups one session may follow [FACTS §5].
const MOST_GROUPS: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    log_group_identifiers: Vec<String>,
    #[serde(default)]
    log_stream_names: Vec<String>,
    #[serde(default)]
    log_stream_name_prefixes: Vec<String>,
    log_event_filter_pattern: Option<String>,
}

pub(super) fn start(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Start = call.input()?;
    let groups = input.groups(cloud)?;
    let pattern = pattern::parse(call, input.log_event_filter_pattern.as_deref().unwrap_or_default())?;
    let place = cloud.live_tails.place().ok_or_else(|| {
        Fault::new(400, "LimitExceededException", "The limit of concurrent Live Tail sessions is exceeded.")
    })?;
    let first = Frame::Event { name: "sessionStart", members: input.started() };
    let (names, prefixes) = (input.log_stream_names, input.log_stream_name_prefixes);
    let feed = cloud.events.listen(Box::new(move |group, stream, message| {
        let named = names.is_empty() || names.iter().any(|name| name == stream);
        let begins = prefixes.is_empty() || prefixes.iter().any(|prefix| stream.starts_with(prefix));
        groups.iter().any(|wanted| wanted == group) && named && begins && pattern.matches(message)
    }));
    let (updates, gone) = (Updates::default(), CancellationToken::new());
    tokio::spawn(run(cloud.events.clone(), feed, place, updates.clone(), gone.clone()));
    let frames = Frames::new(updates.frames(first, gone));
    Ok(Answer { status: 200, headers: Vec::new(), body: Body::Frames(frames) })
}

impl Start {
    /// The names of the groups, all of which exist.
    fn groups(&self, cloud: &Cloud) -> Result<Vec<String>, Fault> {
        let identifiers = &self.log_group_identifiers;
        let length = match identifiers.len() {
            0 => Some("Member must have length greater than or equal to 1".to_owned()),
            many if many > MOST_GROUPS => {
                Some(format!("Member must have length less than or equal to {MOST_GROUPS}"))
            }
            _ => None,
        };
        if let Some(constraint) = length {
            let error = broken("logGroupIdentifiers", &format!("[{}]", identifiers.join(", ")), &constraint);
            return Err(Fault::validations(Service::Logs, &[error]));
        }
        let by_stream = !self.log_stream_names.is_empty() || !self.log_stream_name_prefixes.is_empty();
        if !self.log_stream_names.is_empty() && !self.log_stream_name_prefixes.is_empty() {
            return Err(invalid(
                "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.",
            ));
        }
        if by_stream && identifiers.len() > 1 {
            return Err(invalid(
                "logStreamNames and logStreamNamePrefixes can be specified only with one log group.",
            ));
        }
        let state = cloud.world.snapshot();
        let name_of = |identifier: &String| {
            if !identifier.starts_with("arn:") || identifier.ends_with('*') {
                return Err(invalid(format!(
                    "Invalid log group identifier '{identifier}': it must be an ARN that does not end with an asterisk (*)."
                )));
            }
            let name = identifier.strip_prefix(account::log_group_arn("").as_str());
            let name = name.ok_or_else(|| missing("group"))?;
            group(&state, name).map(|group| group.name.clone())
        };
        identifiers.iter().map(name_of).collect()
    }

    fn started(&self) -> Value {
        let mut members = json!({
            "requestId": uuid::Uuid::new_v4().to_string(),
            "sessionId": uuid::Uuid::new_v4().to_string(),
            "logGroupIdentifiers": self.log_group_identifiers,
            "logStreamNames": self.log_stream_names,
            "logStreamNamePrefixes": self.log_stream_name_prefixes,
        });
        if let Some(pattern) = &self.log_event_filter_pattern {
            members["logEventFilterPattern"] = pattern.as_str().into();
        }
        members
    }
}

/// Tells what is heard until the reader is `gone` or something else ends the session; its place is free then.
async fn run(events: LogEvents, feed: Feed, place: Place, updates: Updates, gone: CancellationToken) {
    let mut ticks = tokio::time::interval_at(Instant::now() + PERIOD, PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let over = tokio::time::sleep(place.length);
    tokio::pin!(over);
    let end = loop {
        tokio::select! {
            biased;
            () = gone.cancelled() => break End::Clean,
            () = place.cut.cancelled() => break End::Cut,
            () = place.stopping.cancelled() => break End::Clean,
            () = &mut over => break End::Exception {
                code: "SessionTimeoutException",
                message: "The Live Tail session has timed out.".to_owned(),
            },
            _ = ticks.tick() => updates.push(update(events.heard(&feed))),
        }
    };
    // Before the reader hears of the end, so that who starts anew finds a place.
    drop((feed, place));
    updates.end(end);
}

/// These events carry no id [FACTS §5].
fn update(heard: Heard) -> Frame {
    let results: Vec<Value> = heard
        .events
        .iter()
        .map(|(group, event)| {
            json!({
                "logGroupIdentifier": format!("{}:{group}", account::ACCOUNT_ID),
                "logStreamName": text(&event.stream),
                "message": &*event.message,
                "timestamp": event.position.timestamp,
                "ingestionTime": event.position.ingested,
            })
        })
        .collect();
    let members = json!({ "sessionMetadata": { "sampled": heard.more }, "sessionResults": results });
    Frame::Event { name: "sessionUpdate", members }
}
