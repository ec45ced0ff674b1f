//! Waits after failures: they double, are capped, and are jittered so that those who were throttled together do not come back together.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// The waits after failures in a row. A new one begins with the first wait again.
#[derive(Debug)]
pub(crate) struct BackOff {
    waits: ExponentialBackoff,
    longest: Duration,
}

impl BackOff {
    /// The least first wait, and the longest before the jitter, which at most doubles it.
    pub(crate) fn new(first: Duration, longest: Duration) -> BackOff {
        let waits = ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest);
        BackOff { waits: waits.with_jitter().without_max_times().build(), longest }
    }

    /// The next wait.
    pub(crate) fn wait(&mut self) -> Duration {
        self.waits.next().unwrap_or(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(30));
        let mut back_off = BackOff::new(first, longest);
        let waits: Vec<Duration> = (0..40).map(|_| back_off.wait()).collect();
        assert!(waits.iter().all(|wait| *wait >= first && *wait <= longest * 2), "{waits:?}");
        assert!(waits[0] <= first * 2 && waits[39] >= longest, "{waits:?}");
    }
}
