//! What becomes of events: calls that nobody waits for.

use serde::{Deserialize, Serialize};

/// How often and how long an event is tried, for a function, a version or an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventConfig {
    /// How often one that failed is tried again, 0 to 2; `None` is the default, 2.
    pub retries: Option<u32>,
    /// Seconds after which an event is given up, 60 to 21,600; `None` is the default, 21,600.
    pub max_age_s: Option<u32>,
    /// When it was last set, epoch milliseconds.
    pub last_modified_ms: i64,
}
