//! Lambda functions as the account keeps them.

mod alias;
mod event_config;
mod policy;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use alias::{Alias, LATEST, Qualified, Share};
pub use event_config::EventConfig;
pub use policy::{Conditions, Policy, Statement};

/// A function made from a container image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Name, unique in the account.
    pub name: String,
    /// Free text.
    pub description: String,
    /// ARN of the execution role.
    pub role: String,
    /// What the next invocation will run once the update that is in progress (if any) has settled.
    pub configuration: Configuration,
    /// What invocations run now: during an update this is still the old configuration. `None` while the function has
    /// never been Active.
    pub live: Option<Configuration>,
    /// `Pending`, `Active`, `Inactive` or `Failed`, with its reason.
    pub state: Status,
    /// `InProgress`, `Successful` or `Failed`; `None` until the creation has settled.
    pub last_update: Option<Status>,
    /// Changes at each call that changes the function and again when the change settles.
    pub revision_id: String,
    /// When the function was last changed, epoch milliseconds.
    pub last_modified_ms: i64,
    /// The resource policy, by statement id, in the order of being added.
    pub policy: Vec<Statement>,
    /// The policy's own revision, independent of the function's.
    pub policy_revision_id: String,
    /// Reserved concurrent executions, if set.
    pub reserved_concurrency: Option<u32>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The versions that were published and not deleted, by number. State from before there were any has none.
    #[serde(default)]
    pub versions: BTreeMap<u64, Version>,
    /// Names for versions, by name.
    #[serde(default)]
    pub aliases: BTreeMap<String, Alias>,
    /// The policies of versions and aliases, by number or name; the function's own is `policy`.
    #[serde(default)]
    pub qualified_policies: BTreeMap<String, Policy>,
    /// What becomes of events, by number or name, `$LATEST` being the function's own.
    #[serde(default)]
    pub event_configs: BTreeMap<String, EventConfig>,
    /// Whether it may be called again and again in one chain of calls.
    #[serde(default)]
    pub recursion_allowed: bool,
}

/// A published version: what `$LATEST` was then, for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Counts up from 1 and is never given twice, not even to a later function of the same name.
    pub number: u64,
    /// Free text of its own, or else the function's at that time.
    pub description: String,
    /// The function's description at that time: one that has changed since is a reason for another version.
    pub source_description: String,
    /// ARN of the execution role.
    pub role: String,
    /// What its invocations run.
    pub configuration: Configuration,
    /// `Pending` while the change that it was published with settles, then `Active` or `Failed`.
    pub state: Status,
    /// `None` while it is pending.
    pub last_update: Option<Status>,
    /// Its own, apart from the function's.
    pub revision_id: String,
    /// When it was published, epoch milliseconds.
    pub last_modified_ms: i64,
}

/// What decides how an invocation runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// The image as the caller named it (by tag or by digest).
    pub image_uri: String,
    /// The repository that holds the image.
    pub repository: String,
    /// `sha256:…` of the manifest that the name stood for when it was given.
    pub digest: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Megabytes.
    pub memory_mb: u32,
    /// Seconds before an invocation is ended.
    pub timeout_s: u32,
    /// The environment; the values are the operator's and never go into a log.
    pub environment: BTreeMap<String, String>,
    /// Whether an environment was ever given: answers show one that is empty only then.
    #[serde(default)]
    pub environment_given: bool,
    /// `PassThrough` or `Active`.
    pub tracing_mode: String,
    /// ENTRYPOINT, CMD and WORKDIR that override the image's own.
    pub image_config: Option<ImageConfig>,
    /// `Text` or `JSON`.
    pub log_format: String,
    /// The log group; `/aws/lambda/NAME` unless set.
    pub log_group: String,
    /// `/tmp` in megabytes.
    pub ephemeral_storage_mb: u32,
}

/// Overrides of an image's own ENTRYPOINT, CMD and WORKDIR.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// Replaces ENTRYPOINT.
    pub entry_point: Option<Vec<String>>,
    /// Replaces CMD.
    pub command: Option<Vec<String>>,
    /// Replaces WORKDIR.
    pub working_directory: Option<String>,
}

/// The reason code of a function that was Inactive and is Pending because it was called.
pub const RESTORING: &str = "Restoring";

/// A state with the sentence and the code that explain it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `Pending`, `Active`, `InProgress`, `Successful`, `Failed` …
    pub value: String,
    /// A sentence.
    pub reason: Option<String>,
    /// A code such as `Creating`.
    pub code: Option<String>,
}

impl Status {
    /// A state that needs no explanation.
    pub fn plain(value: &str) -> Status {
        Status { value: value.to_owned(), reason: None, code: None }
    }

    /// What a function, a version or an update is until it has settled.
    pub fn creating(value: &str) -> Status {
        Status {
            value: value.to_owned(),
            reason: Some("The function is being created.".to_owned()),
            code: Some("Creating".to_owned()),
        }
    }
}
