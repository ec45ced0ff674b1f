use std::time::Duration;

use serde::Serialize;

use super::problem::Problem;

/// The steps of the changes, in the order in which they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepId {
    /// Who am I, and where?
    Identity,
    /// The service's binary.
    Build,
    /// The image that holds it.
    Image,
    /// The repository that the image goes to.
    Repository,
    /// The image, blob by blob.
    Push,
    /// The role that the function runs under.
    Role,
    /// What ran before, kept as a published version.
    Keep,
    /// The function, created or given the image.
    FunctionCode,
    /// Until the code is what runs.
    WaitForCode,
    /// Environment and limits.
    Configuration,
    /// Until the configuration is what runs.
    WaitForConfiguration,
    /// What runs now, kept as a published version.
    Record,
    /// The REST API.
    Api,
    /// Root and `{proxy+}` resources with ANY.
    Resources,
    /// AWS_PROXY to `NAME-${stageVariables.env}`.
    Integration,
    /// CORS headers on the gateway's own errors.
    ErrorResponses,
    /// The gateway may invoke this stage's function.
    Permission,
    /// The snapshot that answers, and the stage variable.
    Deployment,
    /// The gateway's stage, deleted.
    DeleteStage,
    /// The function with its permission and versions, deleted.
    DeleteFunction,
    /// The log group, deleted.
    DeleteLogs,
    /// The REST API, deleted.
    DeleteApi,
    /// The role, deleted.
    DeleteRole,
    /// The repository with its images, deleted.
    DeleteRepository,
    /// Old images, deleted.
    DeleteImages,
    /// Does it answer?
    Smoke,
    /// Would a browser be let in?
    Cors,
}

impl StepResult {
    /// Whether something in the cloud is other than before.
    pub fn changed(self) -> bool {
        matches!(self, StepResult::Created | StepResult::Updated | StepResult::Deleted)
    }

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            StepResult::Created => "created",
            StepResult::Updated => "updated",
            StepResult::Unchanged => "unchanged",
            StepResult::Deleted => "deleted",
            StepResult::ChecksFailed => "FAILED",
            StepResult::Done => "done",
        }
    }
}

impl StepId {
    /// Those of a whole deploy.
    pub const DEPLOY: [StepId; 20] = [
        StepId::Identity,
        StepId::Build,
        StepId::Image,
        StepId::Repository,
        StepId::Push,
        StepId::Role,
        StepId::Keep,
        StepId::FunctionCode,
        StepId::WaitForCode,
        StepId::Configuration,
        StepId::WaitForConfiguration,
        StepId::Record,
        StepId::Api,
        StepId::Resources,
        StepId::Integration,
        StepId::ErrorResponses,
        StepId::Permission,
        StepId::Deployment,
        StepId::Smoke,
        StepId::Cors,
    ];

    /// As it stands on the screen.
    pub fn title(self) -> &'static str {
        match self {
            StepId::Identity => "identity",
            StepId::Build => "build",
            StepId::Image => "image",
            StepId::Repository => "repository",
            StepId::Push => "push",
            StepId::Role => "role",
            StepId::Keep => "keep what ran",
            StepId::FunctionCode => "function code",
            StepId::WaitForCode => "wait for code",
            StepId::Configuration => "configuration",
            StepId::WaitForConfiguration => "wait for configuration",
            StepId::Record => "record what runs",
            StepId::Api => "API",
            StepId::Resources => "resources",
            StepId::Integration => "integration",
            StepId::ErrorResponses => "gateway's errors",
            StepId::Permission => "permission",
            StepId::Deployment => "deployment",
            StepId::DeleteStage => "gateway stage",
            StepId::DeleteFunction => "function",
            StepId::DeleteLogs => "log group",
            StepId::DeleteApi => "API",
            StepId::DeleteRole => "role",
            StepId::DeleteRepository => "repository",
            StepId::DeleteImages => "images",
            StepId::Smoke => "smoke",
            StepId::Cors => "CORS",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// Was not there.
    Created,
    /// Was there, and other.
    Updated,
    /// Was there, and right.
    Unchanged,
    /// Was there, and is gone.
    Deleted,
    /// It was run, and found something wrong; what comes after it still ran.
    ChecksFailed,
    /// Nothing to create: it was looked at, waited for or run, and is well.
    Done,
}

/// What an operation tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A step began.
    Started(StepId),
    /// A line that a step has to tell: a line of the builder, a state that is waited for.
    Output(StepId, String),
    /// A step waits before it tries again; told each second.
    Countdown {
        /// The step.
        step: StepId,
        /// What it waits for.
        why: String,
        /// How much longer.
        left: Duration,
    },
    /// Something was changed in the cloud: the `aws` command that would have done the same, without a secret.
    Did(String),
    /// How far a step is, in bytes.
    Bytes {
        /// The step.
        step: StepId,
        /// Sent so far.
        done: u64,
        /// To be sent.
        total: u64,
    },
    /// A step ended well.
    Ended {
        /// The step.
        step: StepId,
        /// What it did.
        result: StepResult,
        /// What it did it to, in a few words: an ARN's last part, a digest, a size.
        detail: String,
        /// How long it took.
        took: Duration,
    },
    /// A step failed; none after it was started.
    Failed(StepId, Problem),
}
