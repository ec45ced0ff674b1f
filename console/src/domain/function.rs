use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::image::{Digest, ImageRef};

/// Environment variables of a function. Its `Debug` shows the keys and never a value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvVars(pub BTreeMap<String, String>);

impl fmt::Debug for EnvVars {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// `State` of a function, as GetFunction says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionState {
    /// Being created.
    Pending,
    /// Answers.
    Active,
    /// Was idle for weeks; the first call wakes it and fails.
    Inactive,
    /// Cannot run; the reason says why.
    Failed,
    /// A state that this program does not know.
    Other(String),
}

impl fmt::Display for FunctionState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            FunctionState::Pending => "Pending",
            FunctionState::Active => "Active",
            FunctionState::Inactive => "Inactive",
            FunctionState::Failed => "Failed",
            FunctionState::Other(other) => other,
        })
    }
}

/// `LastUpdateStatus` of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateState {
    /// An update is on its way; a second one would be refused.
    InProgress,
    /// The last update is what runs.
    Successful,
    /// The last update failed; what ran before still runs.
    Failed,
    /// A status that this program does not know, or none was given.
    Other(String),
}

/// What a deploy writes into the function's tags, so that every operator sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Digest of the image that it is about: a function that runs another one was changed past Callboard.
    pub digest: Option<Digest>,
    /// Tag of the image.
    pub image_tag: Option<String>,
    /// ARN of who deployed.
    pub deployed_by: Option<String>,
    /// Abbreviated git commit that the image was built from, with `+` if the tree was dirty.
    pub git: Option<String>,
    /// When the deploy ended.
    pub deployed_at: Option<Timestamp>,
}

/// A function as it is on AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Such as `hello-stage`.
    pub name: String,
    /// ARN without a qualifier.
    pub arn: String,
    /// Whether it answers.
    pub state: FunctionState,
    /// The sentence behind the state, if it has one.
    pub state_reason: Option<String>,
    /// How the last update went.
    pub update: UpdateState,
    /// The sentence behind the update's status, if it has one.
    pub update_reason: Option<String>,
    /// The image that it was pinned to at its last deploy.
    pub image: ImageRef,
    /// Its environment; `None` when AWS could not decrypt it: writing one would wipe it.
    pub env: Option<EnvVars>,
    /// ARN of the execution role.
    pub role: String,
    /// Megabytes.
    pub memory_mb: i32,
    /// Seconds.
    pub timeout_s: i32,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// X-Ray: `Active` or `PassThrough`.
    pub tracing: String,
    /// The function's revision: an update that carries an old one is refused.
    pub revision_id: String,
    /// When its code or configuration was last changed.
    pub last_modified: Option<Timestamp>,
    /// What the last deploy wrote into its tags.
    pub stamp: Stamp,
}

/// A published version of a function: Lambda's own, unchangeable record of what ran and with which environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counts up from 1.
    pub number: u64,
    /// The image that it holds.
    pub digest: Option<Digest>,
    /// The environment that it holds; `None` when AWS could not decrypt it.
    pub env: Option<EnvVars>,
    /// Megabytes.
    pub memory_mb: i32,
    /// Seconds.
    pub timeout_s: i32,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// X-Ray: `Active` or `PassThrough`.
    pub tracing: String,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// What the deploy that published it wrote into its description.
    pub stamp: Stamp,
    /// Whether a change published it before it began, because no version held what was there.
    pub kept: bool,
}

impl Version {
    /// Whether a change of Callboard's ended in it: one that was stopped half-way, and what somebody else made of the
    /// function, carries no tag.
    pub fn finished(&self) -> bool {
        self.stamp.image_tag.is_some()
    }

    /// Whether it holds what `function` runs now.
    pub fn records(&self, function: &Function) -> bool {
        self.digest == function.image.digest
            && self.env == function.env
            && (self.memory_mb, self.timeout_s) == (function.memory_mb, function.timeout_s)
            && (&self.architecture, &self.tracing) == (&function.architecture, &function.tracing)
    }
}
