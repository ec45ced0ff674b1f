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
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
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

/// A customer managed policy.
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
    /// The default version's JSON text: what holds.
    pub document: String,
    /// Free text, given once.
    #[serde(default)]
    pub description: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Number of the default version.
    #[serde(default = "first")]
    pub default_version: u32,
    /// The highest number that was ever given.
    #[serde(default = "first")]
    pub last_version: u32,
    /// When the default version was made, where that is not when the policy was; epoch milliseconds.
    #[serde(default)]
    pub default_created_ms: Option<i64>,
    /// All other versions by number.
    #[serde(default)]
    pub others: BTreeMap<u32, PolicyVersion>,
}

fn first() -> u32 {
    1
}

/// A version of a managed policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// JSON text.
    pub document: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
}

impl ManagedPolicy {
    /// The version that holds.
    pub fn default(&self) -> PolicyVersion {
        let created_ms = self.default_created_ms.unwrap_or(self.created_ms);
        PolicyVersion { document: self.document.clone(), created_ms }
    }

    /// All versions by number.
    pub fn versions(&self) -> BTreeMap<u32, PolicyVersion> {
        let mut all = self.others.clone();
        all.insert(self.default_version, self.default());
        all
    }

    /// Lets another of the versions hold; `false` when there is none of that number.
    pub fn set_default(&mut self, number: u32) -> bool {
        if number == self.default_version {
            return true;
        }
        let Some(version) = self.others.remove(&number) else { return false };
        self.others.insert(self.default_version, self.default());
        self.default_version = number;
        self.document = version.document;
        self.default_created_ms = Some(version.created_ms);
        true
    }
}
