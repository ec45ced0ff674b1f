//! Throttling: a token bucket for each resource of a stage, as the method settings `*/*` are each method's own limit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::world::apis::{Stage, Throttle};

/// The account's own limits in a new AWS account: requests a second, and at once.
const RATE: f64 = 10_000.0;
const BURST: f64 = 5_000.0;

/// The buckets of an API, by stage and resource: as many as its stages have resources that were asked for. They go with the
/// API's listener.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<HashMap<(String, String), Bucket>>);

#[derive(Debug)]
struct Bucket {
    limits: Throttle,
    tokens: f64,
    at: Instant,
}

impl Buckets {
    /// Whether the stage takes one more request for this resource. New limits begin with a full bucket.
    pub(super) fn admit(&self, stage: &Stage, resource_id: &str, now: Instant) -> bool {
        let limits = stage.throttle;
        // AWS: -1 is no limit.
        let unlimited = |limit: Option<f64>| limit.is_some_and(|limit| limit < 0.0);
        if limits == Throttle::default() || unlimited(limits.rate) || unlimited(limits.burst.map(f64::from)) {
            return true;
        }
        let (rate, burst) = (limits.rate.unwrap_or(RATE), limits.burst.map_or(BURST, f64::from));
        let full = || Bucket { limits, tokens: burst, at: now };
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((stage.name.clone(), resource_id.to_owned())).or_insert_with(full);
        if bucket.limits != limits {
            *bucket = full();
        }
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * rate).min(burst);
        bucket.at = now;
        // A rate of nothing closes the stage, whatever may come at once.
        let admitted = bucket.tokens >= 1.0 && rate > 0.0;
        if admitted {
            bucket.tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stage(rate: Option<f64>, burst: Option<i32>) -> Stage {
        Stage {
            name: "stage".to_owned(),
            deployment_id: String::new(),
            description: None,
            variables: Default::default(),
            created_ms: 0,
            updated_ms: 0,
            tags: Default::default(),
            throttle: Throttle { rate, burst },
        }
    }

    #[test]
    fn so_many_at_once_and_then_so_many_a_second() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        let slow = stage(Some(2.0), Some(3));
        let admitted = |millis| {
            let now = start + Duration::from_millis(millis);
            (0..10).filter(|_| buckets.admit(&slow, "root", now)).count()
        };
        assert_eq!([0, 0, 500, 1000, 60_000].map(admitted), [3, 0, 1, 1, 3]);
        assert!(buckets.admit(&slow, "proxy", start), "each resource has a bucket of its own");
    }

    #[test]
    fn limits_of_nothing_close_and_limits_that_are_gone_open() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let admits = |rate, burst| buckets.admit(&stage(rate, burst), "root", now);
        assert!(!admits(Some(0.0), Some(5)) && !admits(Some(5.0), Some(0)) && !admits(None, Some(0)));
        assert!(admits(None, None) && admits(Some(-1.0), Some(0)) && admits(Some(0.0), Some(-1)));
        assert!(admits(Some(0.5), Some(1)) && !admits(Some(0.5), Some(1)));
        assert!(admits(Some(0.5), Some(2)), "new limits begin anew");
    }
}
