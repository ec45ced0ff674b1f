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
    /// Metric filters by name.
    #[serde(default)]
    pub metric_filters: BTreeMap<String, MetricFilter>,
}

/// Makes values of a metric out of a group's events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricFilter {
    /// As it was given.
    pub pattern: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Namespace of the metric.
    pub namespace: String,
    /// Name of the metric.
    pub metric: String,
    /// The value for each event that matches: a number, or a field of the event such as `$.latency`.
    pub value: String,
    /// The value for each event that does not.
    pub default: Option<f64>,
    /// Unit of the values, if one was given.
    pub unit: Option<String>,
}

impl LogGroup {
    /// A group without retention or tags.
    pub fn new(name: &str, created_ms: i64) -> LogGroup {
        LogGroup {
            name: name.to_owned(),
            created_ms,
            retention_days: None,
            tags: BTreeMap::new(),
            metric_filters: BTreeMap::new(),
        }
    }
    /// From when on its events are kept, epoch milliseconds; `None` keeps them all.
    pub fn kept_since(&self, now_ms: i64) -> Option<i64> {
        self.retention_days.map(|days| now_ms - i64::from(days) * 86_400_000)
    }
}
