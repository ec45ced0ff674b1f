//! IAM roles as the account keeps them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Name, unique in the account.
    pub name: String,
    /// `AROA…`, 21 characters.
    pub id: String,
    /// `/` unless set.
    pub path: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Who may take the role on: a JSON text.
    pub trust_policy: String,
    /// Free text.
    pub description: Option<String>,
    /// Seconds, 3,600 unless set.
    pub max_session_duration_s: u32,
    /// ARNs of the managed policies that are attached.
    pub attached_policies: BTreeSet<String>,
    /// Inline policies: name → JSON text.
    pub inline_policies: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}
