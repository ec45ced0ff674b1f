//! How often the account may be asked: a call waits for its turn instead of being refused.

use std::num::NonZeroU32;

use governor::clock::MonotonicClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// Regions in which FilterLogEvents may be called 5 times a second (FACTS §5).
const SLOW: [&str; 5] = ["eu-central-1", "ca-west-1", "il-central-1", "ap-northeast-3", "ap-southeast-3"];

/// The turns of all calls of one kind that this process makes.
pub(super) struct Turns(RateLimiter<NotKeyed, InMemoryState, MonotonicClock>);

impl Turns {
    /// For FilterLogEvents in `region`. The account's quota is 25 a second in us-east-1, 5 in some regions and 10 in the others
    /// (FACTS §5); half of it is taken, so that a second operator can read too.
    pub(super) fn of_filter_log_events(region: &str) -> Turns {
        let each_second = match region {
            "us-east-1" => 12,
            slow if SLOW.contains(&slow) => 2,
            _ => 5,
        };
        let each_second = NonZeroU32::new(each_second).unwrap_or(NonZeroU32::MIN);
        Turns(RateLimiter::direct_with_clock(Quota::per_second(each_second), MonotonicClock))
    }

    /// Waits until a call may be made.
    pub(super) async fn next(&self) {
        self.0.until_ready().await;
    }
}
