//! Session tags: those that are asked for, and those that go on from session to session.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::access::Caller;
use crate::wire::fault::Fault;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// The tags of a session.
#[derive(Debug, Default)]
pub(super) struct Tags {
    pub(super) all: BTreeMap<String, String>,
    /// Keys of those that sessions hand on which begin from this one.
    pub(super) transitive: BTreeSet<String>,
}

/// The tags that the caller's own session hands on.
pub(super) fn inherited(state: &State, caller: &Caller) -> Tags {
    let Caller::Session { key, .. } = caller else { return Tags::default() };
    let Some(session) = state.sessions.get(key) else { return Tags::default() };
    let handed_on = session.tags.iter().filter(|(key, _)| session.transitive.contains(*key));
    Tags {
        all: handed_on.map(|(key, value)| (key.clone(), value.clone())).collect(),
        transitive: session.transitive.clone(),
    }
}

/// The new session's tags. Keys know no case (the sentences are AWS's).
pub(super) fn checked(tags: &[Tag], transitive: &[String], inherited: &Tags) -> Result<Tags, Fault> {
    let refused = |message: &str| Err(Fault::new(400, "InvalidParameterValue", message));
    let mut keys: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return refused("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    if !transitive.iter().all(|key| keys.contains(&key.to_lowercase())) {
        return refused("The specified transitive tag key must be included in the requested tags.");
    }
    if inherited.all.keys().any(|key| keys.contains(&key.to_lowercase())) {
        return refused(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        );
    }
    let mut all = inherited.all.clone();
    let mut handed_on = inherited.transitive.clone();
    for tag in tags {
        all.insert(tag.key.clone(), tag.value.clone());
        if transitive.iter().any(|key| key.eq_ignore_ascii_case(&tag.key)) {
            handed_on.insert(tag.key.clone());
        }
    }
    Ok(Tags { all, transitive: handed_on })
}
