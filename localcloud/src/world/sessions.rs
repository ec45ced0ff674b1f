//! Temporary credentials that STS gave out: who calls with them, and until when.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// A session of a role, by its access key id.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Told once, with the token. Neither opens anything but this machine's loopback.
    pub secret: String,
    /// What every call must bring beside its signature.
    pub token: String,
    /// Epoch milliseconds.
    pub expires_ms: i64,
    /// Name of the role.
    pub role: String,
    /// `AROA…`: a role of the same name that was made later is another one.
    pub role_id: String,
    /// What the caller named the session.
    pub name: String,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// Keys of the tags that go on into sessions that are begun from this one.
    pub transitive: BTreeSet<String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session")
            .field("role", &self.role)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
