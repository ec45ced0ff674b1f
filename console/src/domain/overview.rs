use serde::{Deserialize, Serialize};

use super::function::Function;
use super::gateway::GatewayStage;

/// Who Callboard is for AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// ARN of the user or of the assumed role.
    pub arn: String,
}

/// All that one column of the board says of a stage, read at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The function; `None` before the first deploy.
    pub function: Option<Function>,
    /// The gateway's stage; `None` before the first deploy.
    pub gateway: Option<GatewayStage>,
    /// `.env.STAGE` (plus `ENV=STAGE`) against what is deployed.
    pub env: EnvDiff,
}

/// How one key of `.env.STAGE` stands against the deployed environment. Values are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvKeyState {
    /// Same value on both sides.
    InStep,
    /// Other value.
    Changed,
    /// Only in the file: a deploy adds it.
    OnlyInFile,
    /// Only deployed: a deploy deletes it.
    OnlyDeployed,
}

/// One key of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvKey {
    /// The variable's name.
    pub key: String,
    /// How it stands.
    pub state: EnvKeyState,
}

/// `.env.STAGE` against what is deployed, key by key, sorted by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvDiff {
    /// Every key of either side.
    pub keys: Vec<EnvKey>,
    /// Why the file could not be read or compared, as a sentence.
    pub problem: Option<String>,
}

impl EnvDiff {
    /// How many keys stand so.
    pub fn count(&self, state: EnvKeyState) -> usize {
        self.keys.iter().filter(|key| key.state == state).count()
    }

    /// Whether a deploy would change nothing.
    pub fn in_step(&self) -> bool {
        self.problem.is_none() && self.keys.iter().all(|key| key.state == EnvKeyState::InStep)
    }
}
