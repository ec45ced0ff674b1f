use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the two stages. A function is called `NAME-stage` or `NAME-prod`, and so is the gateway's stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageName {
    /// Where a change is tried.
    Stage,
    /// What customers use.
    Prod,
}

impl StageName {
    /// Both, in the order in which they stand on the screen.
    pub const ALL: [StageName; 2] = [StageName::Stage, StageName::Prod];

    /// The name as AWS knows it: `stage` or `prod`.
    pub fn as_str(self) -> &'static str {
        match self {
            StageName::Stage => "stage",
            StageName::Prod => "prod",
        }
    }

    /// The other one.
    pub fn other(self) -> StageName {
        match self {
            StageName::Stage => StageName::Prod,
            StageName::Prod => StageName::Stage,
        }
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for StageName {
    type Err = String;

    fn from_str(text: &str) -> Result<StageName, String> {
        StageName::ALL
            .into_iter()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| format!("there is no stage {text:?}: it is `stage` or `prod`"))
    }
}
