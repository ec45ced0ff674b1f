use super::trace::{Trace, What};
use crate::domain::{Identity, StageName};
use crate::journal::{Entry, Outcome};

/// The longest that a change takes, milliseconds: building the image in a container, the first time.
const LONGEST_MS: i64 = 30 * 60_000;

/// The entries about this cloud, account and region. Pruned images change no stage.
pub(super) fn traces(entries: &[Entry], cloud: &str, region: &str, identity: &Identity) -> Vec<Trace> {
    let here =
        |entry: &&Entry| entry.cloud == cloud && entry.region == region && entry.account == identity.account;
    let entries = entries.iter().filter(here).filter(|entry| entry.what != "prune images");
    entries.flat_map(|entry| stages(entry).map(|stage| trace(entry, stage))).collect()
}

fn stages(entry: &Entry) -> impl Iterator<Item = StageName> + '_ {
    let named = |stage: &StageName| entry.stage == stage.as_str() || entry.stage == "both";
    StageName::ALL.into_iter().filter(named)
}

fn trace(entry: &Entry, stage: StageName) -> Trace {
    let from_ms = entry.at.as_millisecond();
    let took_ms = i64::try_from(entry.took_ms).unwrap_or(i64::MAX);
    let what =
        What::Change { verb: entry.what.clone(), outcome: entry.outcome, detail: entry.detail.clone() };
    // Of one that was not seen to end nobody knows how long it went on.
    let took_ms = if entry.outcome == Outcome::Begun { LONGEST_MS } else { took_ms };
    let to = entry.to.as_ref();
    Trace {
        to_ms: from_ms.saturating_add(took_ms),
        tag: to.and_then(|to| to.tag.clone()),
        digest: to.and_then(|to| to.digest.clone()),
        version: to.and_then(|to| to.number),
        who: Some(entry.who.clone()),
        ..Trace::at(Some(stage), from_ms, what)
    }
}
