//! IAM users, their access keys, and the managed policies of the account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Name, unique in the account.
    pub name: String,
    /// `AIDA…`, 21 characters.
    pub id: String,
    /// `/` unless set.
    pub path: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// By access key id; two at most.
    pub access_keys: BTreeMap<String, AccessKey>,
    /// Inline policies: name → JSON text.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs of the managed policies that are attached.
    pub attached_policies: BTreeSet<String>,
}

/// What belongs to an access key id.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Told once, when it is created. It opens nothing but this machine's loopback.
    pub secret: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AccessKey").field("created_ms", &self.created_ms).finish_non_exhaustive()
    }
}

/// A customer managed policy. It has one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// Name, unique in the account.
    pub name: String,
    /// `ANPA…`, 21 characters.
    pub id: String,
    /// `/` unless set.
    pub path: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// JSON text.
    pub document: String,
}
