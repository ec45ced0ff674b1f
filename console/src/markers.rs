//! Deploy markers: what changed a stage, when, and by whom, for the log stream.
//!
//! ```text
//! .callboard/journal.jsonl ─┐
//! tags, versions (Lambda) ──┼─▶ Trace ─▶ merge ─▶ Marker ─▶ the stream, `callboard logs`
//! deployments (gateway) ────┘
//! ```
//!
//! One change leaves several traces: the journal of the folder that made it, the function's tags, a published version, a
//! deployment of the API. [`merge`] knows which are of one change, so that it is one marker.

mod gateway;
mod journal;
mod lambda;
mod merge;
mod read;
mod text;
mod trace;

use std::collections::BTreeMap;

use crate::domain::{Function, Problem, StageName};

pub use merge::merge;
pub use read::{follow, read};
pub use trace::{Trace, What};

/// The most markers that are kept, the newest: an AWS account keeps thousands of versions and deployments.
pub const MOST: usize = 500;

/// Something that changed a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Whose; `None` where nobody can say any more: a deployment of the API that no stage answers with now.
    pub stage: Option<StageName>,
    /// Epoch milliseconds: since when it was in force, as far as that is known.
    pub at_ms: i64,
    /// Harmless, masked: `prod deployed 20261121_181202 by ops`.
    pub text: String,
    /// What was done: `deploy`, `promote`, `roll back` …, `tear down` as in the journal; `outside`, `kept`, `gateway`.
    pub what: String,
    /// Whether the stage runs another image, or another environment, since then.
    pub releases: bool,
    /// ARN of who did it.
    pub who: Option<String>,
    /// Tag of the image.
    pub tag: Option<String>,
    /// Digest of the image.
    pub digest: Option<String>,
    /// Number of the function's published version.
    pub version: Option<u64>,
    /// Abbreviated git commit.
    pub git: Option<String>,
    /// Id of the API's deployment.
    pub deployment: Option<String>,
}

/// Who tells of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The journal of this folder.
    Journal,
    /// The function's tags, as the board reads them.
    Stamp(StageName),
    /// The function and its published versions.
    Function(StageName),
    /// The API's deployments and stages.
    Gateway,
}

/// What one source told, or why it could not be asked.
pub type Heard = (Source, Result<Vec<Trace>, Problem>);

/// What is known of changes. What a source told last stays while it cannot be asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    traces: BTreeMap<Source, Vec<Trace>>,
    problems: BTreeMap<Source, Problem>,
}

impl Known {
    /// Takes in what sources told. `true`: something of it is new.
    pub fn take(&mut self, heard: Vec<Heard>) -> bool {
        let mut news = false;
        for (source, told) in heard {
            match told {
                Ok(traces) => {
                    self.problems.remove(&source);
                    news |= self.traces.get(&source) != Some(&traces);
                    self.traces.insert(source, traces);
                }
                Err(problem) => {
                    self.problems.insert(source, problem);
                }
            }
        }
        news
    }

    /// Takes in what the function's tags say, which come with each look at the board.
    pub fn take_stamp(&mut self, stage: StageName, function: Option<&Function>) -> bool {
        let stamp = function.and_then(|function| lambda::of_stamp(stage, function));
        self.take(vec![(Source::Stamp(stage), Ok(stamp.into_iter().collect()))])
    }

    /// Every change once, in order of time; the newest [`MOST`].
    pub fn markers(&self) -> Vec<Marker> {
        let all: Vec<Trace> = self.traces.values().flatten().cloned().collect();
        merge(&all)
    }

    /// Why changes may be missing.
    pub fn problem(&self) -> Option<&Problem> {
        self.problems.values().next()
    }
}

#[cfg(test)]
mod tests;
