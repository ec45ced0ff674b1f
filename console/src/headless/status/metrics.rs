//! The figures of CloudWatch in `callboard status`.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{METRIC_MINUTES, Metrics};

/// The figures of a stage; what is `null` was not there to be measured.
#[derive(Serialize)]
pub(super) struct Figures {
    from: Timestamp,
    minutes: usize,
    invocations: u64,
    errors: u64,
    throttles: u64,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    concurrency: Option<u64>,
    per_minute: PerMinute,
}

/// One item a minute, oldest first.
#[derive(Serialize)]
struct PerMinute {
    invocations: Vec<u64>,
    errors: Vec<u64>,
    throttles: Vec<u64>,
    p95_ms: Vec<Option<f64>>,
    concurrency: Vec<Option<u64>>,
}

impl Figures {
    pub(super) fn of(metrics: &Metrics) -> Figures {
        Figures {
            from: metrics.from,
            minutes: METRIC_MINUTES,
            invocations: metrics.calls(),
            errors: metrics.failed(),
            throttles: metrics.refused(),
            p50_ms: metrics.overall_p50_ms,
            p95_ms: metrics.overall_p95_ms,
            concurrency: metrics.most_concurrent(),
            per_minute: PerMinute {
                invocations: metrics.invocations.clone(),
                errors: metrics.errors.clone(),
                throttles: metrics.throttles.clone(),
                p95_ms: metrics.p95_ms.clone(),
                concurrency: metrics.concurrency.clone(),
            },
        }
    }

    /// As one line of text.
    pub(super) fn line(&self) -> String {
        let mut text = match self.invocations {
            0 => format!("none in the last {} min", self.minutes),
            calls => {
                let percent = self.errors as f64 * 100.0 / calls as f64;
                format!("{calls} in the last {} min, {} failed ({percent:.1} %)", self.minutes, self.errors)
            }
        };
        if self.throttles > 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, ", {} throttled", self.throttles);
        }
        if let (Some(p50), Some(p95)) = (self.p50_ms, self.p95_ms) {
            let _ = write!(text, ", p50 {p50:.1} ms, p95 {p95:.1} ms");
        }
        if let Some(most) = self.concurrency {
            let _ = write!(text, ", concurrency {most}");
        }
        text
    }
}
