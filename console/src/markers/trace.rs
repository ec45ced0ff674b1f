use crate::domain::StageName;
use crate::journal::Outcome;

/// What a change has left in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Whose; `None` where nobody can say.
    pub stage: Option<StageName>,
    /// When the change began, epoch milliseconds.
    pub from_ms: i64,
    /// When it ended: the same, where only one point of time is known.
    pub to_ms: i64,
    /// What it tells of.
    pub what: What,
    /// Tag of the image.
    pub tag: Option<String>,
    /// Digest of the image, `sha256:…`.
    pub digest: Option<String>,
    /// Number of the function's published version.
    pub version: Option<u64>,
    /// Id of the API's deployment.
    pub deployment: Option<String>,
    /// ARN of who did it.
    pub who: Option<String>,
    /// Abbreviated git commit.
    pub git: Option<String>,
}

/// What a trace tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The journal: a change from this folder.
    Change {
        /// `deploy`, `promote`, `roll back`, `roll back (image only)` …
        verb: String,
        /// How it ended.
        outcome: Outcome,
        /// The sentence behind an outcome that is not `done`.
        detail: String,
    },
    /// A change of Callboard's gave the function this image and its environment.
    Release {
        /// Whether the function had run this image earlier, and another one in between.
        again: bool,
    },
    /// A state that no finished change had left, published by the next change so that it is not lost.
    Kept,
    /// A version that was published by something else.
    Published,
    /// The function is not as the last finished change left it.
    Drifted,
    /// A deployment of the API was made.
    Deployed,
    /// The gateway's stage was changed without a new deployment.
    Restaged,
}

impl What {
    /// Traces of a lower rank are what the others are joined to: the journal says most.
    pub(super) fn rank(&self) -> u8 {
        match self {
            What::Change { .. } => 0,
            What::Release { .. } => 1,
            What::Kept | What::Published => 2,
            What::Drifted => 3,
            What::Deployed => 4,
            What::Restaged => 5,
        }
    }

    /// Whether nothing is known of the change's end.
    pub(super) fn is_begun(&self) -> bool {
        matches!(self, What::Change { outcome: Outcome::Begun, .. })
    }

    /// Whether the change may have left its work half done.
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(self, What::Change { outcome: Outcome::Begun | Outcome::Failed, .. })
    }
}

impl Trace {
    /// A trace of which only when and what are known.
    pub(super) fn at(stage: Option<StageName>, at_ms: i64, what: What) -> Trace {
        Trace {
            stage,
            from_ms: at_ms,
            to_ms: at_ms,
            what,
            tag: None,
            digest: None,
            version: None,
            deployment: None,
            who: None,
            git: None,
        }
    }

    /// Milliseconds between the two; 0 where they overlap.
    pub(super) fn distance(&self, other: &Trace) -> i64 {
        (self.from_ms - other.to_ms).max(other.from_ms - self.to_ms).max(0)
    }
}
