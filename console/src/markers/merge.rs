//! Which traces are of one change.

use std::cmp::Reverse;

use super::text::sentence;
use super::trace::{Trace, What};
use super::{MOST, Marker};

/// How far apart two traces of one change may lie, milliseconds: a deploy publishes a version, writes tags and deploys the API
/// within seconds, and a laptop's clock may be off.
const SLACK_MS: i64 = 60_000;
/// The same where both name the same version of the function.
const SLACK_OF_VERSION_MS: i64 = 15 * 60_000;

/// Every change once, in order of time; the newest [`MOST`]. It does not matter in which order the traces come.
///
/// Two traces are of one change when they are of the same stage, lie in the same minute, and nothing tells them apart:
/// neither image (tag, else digest), version or deployment, nor who did it.
pub fn merge(traces: &[Trace]) -> Vec<Marker> {
    let mut sorted: Vec<&Trace> = traces.iter().collect();
    sorted.sort_by_key(|trace| {
        let ids = (
            trace.stage,
            trace.version,
            &trace.tag,
            &trace.digest,
            &trace.deployment,
            &trace.who,
            &trace.git,
        );
        // Of two that tell the same, the one that names a version leads.
        (
            trace.what.rank(),
            trace.version.is_none(),
            trace.from_ms,
            trace.to_ms,
            ids,
            format!("{:?}", trace.what),
        )
    });
    sorted.dedup();
    let mut changes: Vec<Change<'_>> = Vec::new();
    for trace in sorted {
        let near = changes.iter_mut().filter(|change| change.is_of(trace));
        let best = near.min_by_key(|change| {
            let lead = change.lead();
            // A change that has ended is known to have done it.
            (lead.distance(trace), lead.what.is_begun(), Reverse(lead.from_ms))
        });
        match best {
            Some(change) => change.traces.push(trace),
            None => changes.push(Change { traces: vec![trace] }),
        }
    }
    let mut markers: Vec<Marker> = changes.iter().map(Change::marker).collect();
    markers.sort_by(|one, other| {
        (one.at_ms, one.stage, &one.text).cmp(&(other.at_ms, other.stage, &other.text))
    });
    markers.drain(..markers.len().saturating_sub(MOST));
    markers
}

/// A change, by what it left; never empty. Each trace is measured against the first, so that changes do not grow together.
struct Change<'a> {
    traces: Vec<&'a Trace>,
}

impl<'a> Change<'a> {
    fn lead(&self) -> &'a Trace {
        self.traces[0]
    }

    fn find<T: PartialEq>(&self, of: impl Fn(&'a Trace) -> Option<T>) -> Option<T> {
        self.traces.iter().find_map(|trace| of(trace))
    }

    fn is_of(&self, trace: &Trace) -> bool {
        let lead = self.lead();
        let same_stage = lead.stage == trace.stage || (trace.stage.is_none() && lead.stage.is_some());
        if !same_stage || !self.may_have(trace) {
            return false;
        }
        let version = self.find(|own| own.version);
        let named = version.is_some() && version == trace.version;
        lead.distance(trace) <= if named { SLACK_OF_VERSION_MS } else { SLACK_MS }
    }

    /// Whether nothing tells `trace` apart from this change.
    fn may_have(&self, trace: &Trace) -> bool {
        let releases = match &self.lead().what {
            What::Change { verb, .. } => verb != "tear down" && verb != "roll back gateway",
            what => matches!(what, What::Release { .. }),
        };
        let of_gateway = match &self.lead().what {
            What::Change { verb, .. } => verb != "tear down",
            what => matches!(what, What::Release { .. } | What::Deployed),
        };
        let apart = |own: Option<&String>, other: &Option<String>| {
            own.zip(other.as_ref()).map(|(own, other)| own != other)
        };
        match trace.what {
            // Each is a change of its own, whoever made it and however soon.
            What::Change { .. } | What::Kept | What::Published => false,
            What::Release { .. } => {
                let tag = apart(self.find(|own| own.tag.as_ref()), &trace.tag);
                let image = tag.or_else(|| apart(self.find(|own| own.digest.as_ref()), &trace.digest));
                let version =
                    self.find(|own| own.version).zip(trace.version).is_some_and(|(own, other)| own != other);
                let who = apart(self.find(|own| own.who.as_ref()), &trace.who);
                releases && image != Some(true) && who != Some(true) && !version
            }
            // On its way, or left in the middle: the journal says so itself.
            What::Drifted => releases && self.lead().what.is_unfinished(),
            What::Deployed => {
                of_gateway && apart(self.find(|own| own.deployment.as_ref()), &trace.deployment) != Some(true)
            }
            What::Restaged => of_gateway,
        }
    }

    fn marker(&self) -> Marker {
        let lead = self.lead();
        // AWS's own clock is that of the log lines; the journal's is the laptop's.
        let seen = || self.traces.iter().filter(|trace| matches!(trace.what, What::Release { .. }));
        let in_force = seen().find(|trace| trace.version.is_some()).or_else(|| seen().next());
        let what = match &lead.what {
            What::Change { verb, .. } => verb,
            What::Release { again: false } => "deploy",
            What::Release { again: true } => "roll back",
            What::Kept => "kept",
            What::Published | What::Drifted => "outside",
            What::Deployed | What::Restaged => "gateway",
        };
        Marker {
            stage: lead.stage,
            at_ms: in_force
                .map_or(if lead.what.is_begun() { lead.from_ms } else { lead.to_ms }, |trace| trace.to_ms),
            text: sentence(&self.traces),
            what: what.to_owned(),
            releases: in_force.is_some() || !matches!(lead.what, What::Deployed | What::Restaged),
            who: self.find(|trace| trace.who.clone()),
            tag: self.find(|trace| trace.tag.clone()),
            digest: self.find(|trace| trace.digest.clone()),
            version: self.find(|trace| trace.version),
            git: self.find(|trace| trace.git.clone()),
            deployment: self.find(|trace| trace.deployment.clone()),
        }
    }
}
