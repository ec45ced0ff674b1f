//! The figures of one stage from a point of time on, kept up to date with each invocation that comes, changes or goes.

use super::ranked::Ranked;
use super::{Invocation, Outcome};

/// How many of which kind, and the durations in order: what a figure costs does not go by how many invocations there are.
#[derive(Debug, Default)]
pub struct Window {
    outcomes: [usize; 5],
    cold: usize,
    ended: usize,
    /// Microseconds and slot.
    durations: Ranked<(u32, u32)>,
}

/// Figures of a stage.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Summary {
    /// Invocations, also those that run.
    pub count: usize,
    /// Those that failed: errors, time-outs and crashes.
    pub failed: usize,
    /// Those of each [`Outcome`], in the order of [`Outcome::ALL`].
    pub outcomes: [usize; 5],
    /// Those that ended and had to wait for a start.
    pub cold: usize,
    /// Their share of those that ended, 0 to 1; `None` when none ended.
    pub cold_share: Option<f64>,
    /// Median duration, milliseconds.
    pub p50_ms: Option<f64>,
    /// 19 in 20 took at most so long, milliseconds.
    pub p95_ms: Option<f64>,
    /// 99 in 100 took at most so long, milliseconds.
    pub p99_ms: Option<f64>,
}

impl Window {
    /// Counts an invocation.
    pub fn add(&mut self, one: &Invocation<'_>) {
        self.outcomes[one.outcome() as usize] += 1;
        self.cold += usize::from(one.is_cold() && one.has_ended());
        self.ended += usize::from(one.has_ended());
        if let Some(duration) = one.record.figures.and_then(|figures| figures.duration) {
            self.durations.insert((duration, one.slot));
        }
    }

    /// Counts an invocation no longer; it must be as it was when it was counted.
    pub fn remove(&mut self, one: &Invocation<'_>) {
        self.outcomes[one.outcome() as usize] -= 1;
        self.cold -= usize::from(one.is_cold() && one.has_ended());
        self.ended -= usize::from(one.has_ended());
        if let Some(duration) = one.record.figures.and_then(|figures| figures.duration) {
            self.durations.remove(&(duration, one.slot));
        }
    }

    /// The figures. A percentile is the smallest duration that so many do not exceed (nearest rank), so it is one that was
    /// measured.
    pub fn summary(&self) -> Summary {
        let percentile = |percent: usize| {
            let rank = (self.durations.len() * percent).div_ceil(100);
            let (micros, _) = self.durations.nth(rank.checked_sub(1)?)?;
            Some(f64::from(micros) / 1000.0)
        };
        let of = |outcome: Outcome| self.outcomes[outcome as usize];
        Summary {
            count: self.outcomes.iter().sum(),
            failed: of(Outcome::Error) + of(Outcome::Timeout) + of(Outcome::Crash),
            outcomes: self.outcomes,
            cold: self.cold,
            cold_share: (self.ended > 0).then(|| self.cold as f64 / self.ended as f64),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
        }
    }
}
