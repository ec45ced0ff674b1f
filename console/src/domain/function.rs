use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::image::ImageRef;

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
    /// The function's revision: an update that carries an old one is refused.
    pub revision_id: String,
    /// When its code or configuration was last changed.
    pub last_modified: Option<Timestamp>,
    /// What the last deploy wrote into its tags.
    pub stamp: Stamp,
}
