use jiff::{SignedDuration, Timestamp};

/// How many minutes the figures reach back, the one in hand among them.
pub const MINUTES: usize = 30;

/// A second since the epoch and a value.
pub type Point = (i64, f64);

/// What CloudWatch knows of one stage's function over the last [`MINUTES`] minutes. Lists have one item a minute, oldest
/// first; the last minute is not over yet. On AWS the newest minutes may still be on their way.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// When the first minute began.
    pub from: Timestamp,
    /// Invocations that ran, those that failed among them; 0 where CloudWatch has nothing.
    pub invocations: Vec<u64>,
    /// Invocations that failed: an error, a crash or a time-out of the function.
    pub errors: Vec<u64>,
    /// Invocations that were refused because too many ran. They are not among the invocations.
    pub throttles: Vec<u64>,
    /// The most that ran at the same time; `None` in a minute without an invocation.
    pub concurrency: Vec<Option<u64>>,
    /// 95th percentile of the duration, milliseconds; `None` in a minute without an invocation.
    pub p95_ms: Vec<Option<f64>>,
    /// Median of the duration over all minutes, milliseconds; `None` without an invocation.
    pub overall_p50_ms: Option<f64>,
    /// 95th percentile of the duration over all minutes, milliseconds; `None` without an invocation.
    pub overall_p95_ms: Option<f64>,
}

/// The data points that [`Metrics`] are made of, as CloudWatch gives them: in any order, and none where nothing happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// Sums by the minute.
    pub invocations: Vec<Point>,
    /// Sums by the minute.
    pub errors: Vec<Point>,
    /// Sums by the minute.
    pub throttles: Vec<Point>,
    /// Maxima by the minute.
    pub concurrency: Vec<Point>,
    /// 95th percentiles by the minute, milliseconds.
    pub p95_ms: Vec<Point>,
    /// The median over all minutes, milliseconds.
    pub overall_p50_ms: Vec<Point>,
    /// The 95th percentile over all minutes, milliseconds.
    pub overall_p95_ms: Vec<Point>,
}

impl Metrics {
    /// The minutes that are looked at: when the first begins, and when the one in hand ends.
    pub fn range(now: Timestamp) -> (Timestamp, Timestamp) {
        let minute = now.as_second().div_euclid(60) * 60;
        let end = Timestamp::from_second(minute + 60).unwrap_or(now);
        (end - SignedDuration::from_mins(MINUTES as i64), end)
    }

    /// Fills the minutes from `from` on. A gap is 0 for what is counted, and nothing for what is measured.
    pub fn new(from: Timestamp, series: &Series) -> Metrics {
        let counts = |points: &[Point]| -> Vec<u64> {
            by_minute(from, points).into_iter().map(|value| value.map_or(0, whole)).collect()
        };
        Metrics {
            from,
            invocations: counts(&series.invocations),
            errors: counts(&series.errors),
            throttles: counts(&series.throttles),
            concurrency: by_minute(from, &series.concurrency).into_iter().map(|one| one.map(whole)).collect(),
            p95_ms: by_minute(from, &series.p95_ms),
            overall_p50_ms: highest(&series.overall_p50_ms),
            overall_p95_ms: highest(&series.overall_p95_ms),
        }
    }

    /// Invocations that ran in all minutes.
    pub fn calls(&self) -> u64 {
        self.invocations.iter().sum()
    }

    /// Invocations that failed in all minutes.
    pub fn failed(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// Invocations that were refused in all minutes.
    pub fn refused(&self) -> u64 {
        self.throttles.iter().sum()
    }

    /// The most that ran at the same time in all minutes.
    pub fn most_concurrent(&self) -> Option<u64> {
        self.concurrency.iter().copied().flatten().max()
    }

    /// Invocations a minute, the mean of all minutes.
    pub fn rate(&self) -> f64 {
        self.calls() as f64 / MINUTES as f64
    }

    /// How many per cent of the invocations failed; `None` without an invocation.
    pub fn failed_percent(&self) -> Option<f64> {
        (self.calls() > 0).then(|| self.failed() as f64 * 100.0 / self.calls() as f64)
    }
}

fn by_minute(from: Timestamp, points: &[Point]) -> Vec<Option<f64>> {
    let mut minutes = vec![None; MINUTES];
    for (at, value) in points {
        let minute = usize::try_from((at - from.as_second()).div_euclid(60)).ok();
        if let Some(place) = minute.and_then(|minute| minutes.get_mut(minute)) {
            *place = Some(*value);
        }
    }
    minutes
}

// Counts come as floats. A cast takes the nearest whole number that fits.
fn whole(value: f64) -> u64 {
    value.round() as u64
}

// One point is expected. Should CloudWatch cut the range at one of its own periods there are two, of which no common
// percentile can be made: the worse one is told.
fn highest(points: &[Point]) -> Option<f64> {
    points.iter().map(|(_, value)| *value).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn the_minute_in_hand_is_the_last() {
        let (from, end) = Metrics::range(at("2026-11-22T12:03:15Z"));
        assert_eq!((from, end), (at("2026-11-22T11:34:00Z"), at("2026-11-22T12:04:00Z")));
    }

    #[test]
    fn a_gap_is_zero_for_counts_and_nothing_for_measures() {
        let from = at("2026-11-22T11:34:00Z");
        let minute = |number: i64| from.as_second() + number * 60;
        let series = Series {
            // The newest first, and one that is not of the range.
            invocations: vec![(minute(29), 3.0), (minute(2), 1.0), (minute(-1), 9.0), (minute(30), 9.0)],
            errors: vec![(minute(29), 1.0)],
            concurrency: vec![(minute(2), 2.0)],
            p95_ms: vec![(minute(2), 12.5)],
            overall_p95_ms: vec![(minute(0), 11.0), (minute(10), 12.0)],
            ..Series::default()
        };
        let metrics = Metrics::new(from, &series);
        assert_eq!(metrics.invocations.len(), MINUTES);
        assert_eq!((metrics.calls(), metrics.failed(), metrics.refused()), (4, 1, 0));
        assert_eq!((metrics.invocations[2], metrics.invocations[3], metrics.invocations[29]), (1, 0, 3));
        assert_eq!((metrics.p95_ms[2], metrics.p95_ms[3]), (Some(12.5), None));
        assert_eq!((metrics.most_concurrent(), metrics.overall_p50_ms), (Some(2), None));
        assert_eq!(metrics.overall_p95_ms, Some(12.0));
        assert_eq!(metrics.failed_percent(), Some(25.0));
        assert_eq!(Metrics::new(from, &Series::default()).failed_percent(), None);
    }
}
