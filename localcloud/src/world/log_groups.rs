//! CloudWatch log groups as the account keeps them. Streams and events lie in tables of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Such as `/aws/lambda/hello-stage`.
    pub name: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Days that events are kept; `None` keeps them.
    pub retention_days: Option<u32>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl LogGroup {
    /// A group without retention or tags.
    pub fn new(name: &str, created_ms: i64) -> LogGroup {
        LogGroup { name: name.to_owned(), created_ms, retention_days: None, tags: BTreeMap::new() }
    }
}
