//! Throttling: a token bucket for each method of a stage, as the settings `*/*` are each method's own limit, and those of one
//! method go before them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::world::apis::{MethodSettings, Stage, Throttle};

/// The account's own limits in a new AWS account: requests a second, and at once.
const RATE: f64 = 10_000.0;
const BURST: f64 = 5_000.0;

/// The buckets of an API, by stage and method: as many as its stages have methods that were asked for. They go with the
/// API's listener.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<HashMap<(String, String), Bucket>>);

/// The limits of a method: its own settings, or else those of all methods. Patch paths name a method by its resource's path,
/// with or without the slash in front and with `~1` for those inside.
fn limits(stage: &Stage, resource_path: &str, method: &str) -> Throttle {
    let own = || {
        let (_, settings) = stage.method_settings.iter().find(|(place, _)| {
            place.rsplit_once('/').is_some_and(|(path, name)| {
                name == method
                    && path.replace("~1", "/").trim_start_matches('/')
                        == resource_path.trim_start_matches('/')
            })
        })?;
        Some(settings)
    };
    let settings: Option<&MethodSettings> = if stage.method_settings.is_empty() {
        None
    } else {
        own().or_else(|| stage.method_settings.get("*/*"))
    };
    settings.map(|settings| settings.throttle).unwrap_or_default()
}

#[derive(Debug)]
struct Bucket {
    limits: Throttle,
    tokens: f64,
    at: Instant,
}

impl Buckets {
    /// Whether the stage takes one more request for this method of a resource. New limits begin with a full bucket.
    pub(super) fn admit(&self, stage: &Stage, resource_path: &str, method: &str, now: Instant) -> bool {
        let limits = limits(stage, resource_path, method);
        // AWS: -1 is no limit.
        let unlimited = |limit: Option<f64>| limit.is_some_and(|limit| limit < 0.0);
        if limits == Throttle::default() || unlimited(limits.rate) || unlimited(limits.burst.map(f64::from)) {
            return true;
        }
        let (rate, burst) = (limits.rate.unwrap_or(RATE), limits.burst.map_or(BURST, f64::from));
        let full = || Bucket { limits, tokens: burst, at: now };
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket =
            buckets.entry((stage.name.clone(), format!("{method} {resource_path}"))).or_insert_with(full);
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

    fn settings(rate: Option<f64>, burst: Option<i32>) -> MethodSettings {
        MethodSettings { throttle: Throttle { rate, burst }, ..MethodSettings::default() }
    }

    fn stage(rate: Option<f64>, burst: Option<i32>) -> Stage {
        let method_settings = [("*/*".to_owned(), settings(rate, burst))].into();
        Stage { name: "stage".to_owned(), method_settings, ..Stage::default() }
    }

    #[test]
    fn so_many_at_once_and_then_so_many_a_second() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        let slow = stage(Some(2.0), Some(3));
        let admitted = |millis| {
            let now = start + Duration::from_millis(millis);
            (0..10).filter(|_| buckets.admit(&slow, "/", "ANY", now)).count()
        };
        assert_eq!([0, 0, 500, 1000, 60_000].map(admitted), [3, 0, 1, 1, 3]);
        assert!(buckets.admit(&slow, "/{proxy+}", "ANY", start), "each method has a bucket of its own");
    }

    #[test]
    fn limits_of_nothing_close_and_limits_that_are_gone_open() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let admits = |rate, burst| buckets.admit(&stage(rate, burst), "/", "ANY", now);
        assert!(!admits(Some(0.0), Some(5)) && !admits(Some(5.0), Some(0)) && !admits(None, Some(0)));
        assert!(admits(None, None) && admits(Some(-1.0), Some(0)) && admits(Some(0.0), Some(-1)));
        assert!(admits(Some(0.5), Some(1)) && !admits(Some(0.5), Some(1)));
        assert!(admits(Some(0.5), Some(2)), "new limits begin anew");
    }

    #[test]
    fn a_methods_own_settings_go_before_those_of_all() {
        let mut stage = stage(Some(1.0), Some(1));
        for (place, burst) in [("test/GET", 2), ("~1a~1b/POST", 3), ("~1/ANY", 4)] {
            stage.method_settings.insert(place.to_owned(), settings(None, Some(burst)));
        }
        let burst = |path, method| limits(&stage, path, method).burst;
        assert_eq!(
            [burst("/test", "GET"), burst("/a/b", "POST"), burst("/", "ANY"), burst("/test", "PUT")],
            [Some(2), Some(3), Some(4), Some(1)]
        );
    }
}
