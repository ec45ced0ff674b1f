//! IAM on a slow day: what was changed there is not known everywhere at once.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How long a role can stay unknown at most, milliseconds.
const MOST_DELAY_MS: u64 = 10 * 60 * 1000;

/// How slow IAM is. The default is not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlowIam {
    /// Lambda takes a role on only so many milliseconds after it was created: before that CreateFunction and
    /// UpdateFunctionConfiguration refuse it with `The role defined for the function cannot be assumed by Lambda.` On AWS 5 to
    /// 20 s were seen. At most 600 000.
    pub role_delay_ms: u64,
}

/// A slowness that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("iam: {0}")]
pub struct BadSlowIam(String);

impl SlowIam {
    pub(super) fn check(&self) -> Result<(), BadSlowIam> {
        match self.role_delay_ms <= MOST_DELAY_MS {
            true => Ok(()),
            false => Err(BadSlowIam(format!("role_delay_ms is at most {MOST_DELAY_MS}"))),
        }
    }

    /// Whether a role that was created then is known to Lambda now; both in epoch milliseconds.
    pub(crate) fn knows_role(&self, created_ms: i64, now_ms: i64) -> bool {
        u64::try_from(now_ms.saturating_sub(created_ms)).unwrap_or(0) >= self.role_delay_ms
    }
}

impl fmt::Display for SlowIam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Lambda takes a role on {} ms after it was created", self.role_delay_ms)
    }
}
