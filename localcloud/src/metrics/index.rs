//! The figures in memory: by function and minute.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use super::{Metric, Ran};

/// How long figures are kept, minutes: a day, where AWS keeps them for 15 days at this resolution.
const KEPT: i64 = 24 * 60;
/// How many minutes of functions are kept in all; then the oldest go. At some hundred bytes each (a minute of very many
/// different durations up to 30 kB) that is a few megabytes, and a whole day of seven functions that are never idle.
const MOST: usize = 10_000;

/// What happened to a function in one minute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Minute {
    invocations: Distribution,
    errors: Distribution,
    throttles: Distribution,
    duration: Distribution,
    concurrent_executions: Distribution,
}

impl Minute {
    fn of(&self, metric: Metric) -> &Distribution {
        match metric {
            Metric::Invocations => &self.invocations,
            Metric::Errors => &self.errors,
            Metric::Throttles => &self.throttles,
            Metric::Duration => &self.duration,
            Metric::ConcurrentExecutions => &self.concurrent_executions,
        }
    }
}

/// Function and minute since the epoch.
pub(super) type Key = (String, i64);

/// The figures of all functions.
#[derive(Debug, Default)]
pub(super) struct Index {
    functions: BTreeMap<String, BTreeMap<i64, Minute>>,
    minutes: usize,
}

impl Index {
    /// Takes in a minute from the disk.
    pub(super) fn restore(&mut self, function: &str, minute: i64, figures: Minute) {
        let minutes = self.functions.entry(function.to_owned()).or_default();
        if minutes.insert(minute, figures).is_none() {
            self.minutes += 1;
        }
    }

    /// An invocation has ended. Lambda gives each a value of every metric, so that "no error" is a zero and not a gap.
    pub(super) fn ran(&mut self, function: &str, ran: &Ran) -> Key {
        let (key, minute) = self.minute(function, ran.began_ms);
        minute.invocations.add(1.0);
        minute.errors.add(if ran.failed { 1.0 } else { 0.0 });
        minute.throttles.add(0.0);
        minute.duration.add(ran.duration_ms);
        minute.concurrent_executions.add(f64::from(ran.concurrent));
        key
    }

    /// An invocation was refused.
    pub(super) fn throttled(&mut self, function: &str, at_ms: i64) -> Key {
        let (key, minute) = self.minute(function, at_ms);
        minute.throttles.add(1.0);
        key
    }

    fn minute(&mut self, function: &str, at_ms: i64) -> (Key, &mut Minute) {
        let number = at_ms.div_euclid(60_000);
        let minutes = self.functions.entry(function.to_owned()).or_default();
        if !minutes.contains_key(&number) {
            self.minutes += 1;
        }
        ((function.to_owned(), number), minutes.entry(number).or_default())
    }

    /// Forgets what is too old or too much; what that was.
    pub(super) fn prune(&mut self, now_ms: i64) -> Vec<Key> {
        let from = now_ms.div_euclid(60_000) - KEPT;
        let mut gone = Vec::new();
        loop {
            let firsts =
                self.functions.iter().filter_map(|(name, minutes)| Some((*minutes.keys().next()?, name)));
            let Some((minute, name)) = firsts.min().map(|(minute, name)| (minute, name.clone())) else {
                break;
            };
            if minute >= from && self.minutes <= MOST {
                break;
            }
            if let Some(minutes) = self.functions.get_mut(&name) {
                minutes.remove(&minute);
                self.minutes -= 1;
                if minutes.is_empty() {
                    self.functions.remove(&name);
                }
            }
            gone.push((name, minute));
        }
        gone
    }

    /// A minute to be saved; `None` when it is no longer kept.
    pub(super) fn get(&self, function: &str, minute: i64) -> Option<&Minute> {
        self.functions.get(function)?.get(&minute)
    }

    /// The values of a metric from minute `from` up to but without minute `to`, in periods of so many minutes that are
    /// counted from `from`, oldest first. A period without a value is left out.
    pub(super) fn read(
        &self,
        function: &str,
        metric: Metric,
        (from, to): (i64, i64),
        period: i64,
    ) -> Vec<(i64, Distribution)> {
        let mut periods: Vec<(i64, Distribution)> = Vec::new();
        let Some(minutes) = self.functions.get(function) else { return periods };
        if from >= to {
            return periods;
        }
        for (minute, figures) in minutes.range(from..to) {
            let values = figures.of(metric);
            if values.is_empty() {
                continue;
            }
            let start = minute - (minute - from) % period;
            match periods.last_mut() {
                Some((last, merged)) if *last == start => merged.merge(values),
                _ => periods.push((start, values.clone())),
            }
        }
        periods
    }

    /// The functions and metrics that have values from minute `from` on, sorted.
    pub(super) fn known(&self, from: i64) -> Vec<(String, Metric)> {
        let has = |minutes: &BTreeMap<i64, Minute>, metric| {
            minutes.range(from..).any(|(_, figures)| !figures.of(metric).is_empty())
        };
        let of = |(name, minutes): (&String, &BTreeMap<i64, Minute>)| {
            let metrics = Metric::ALL.into_iter().filter(|metric| has(minutes, *metric));
            metrics.map(|metric| (name.clone(), metric)).collect::<Vec<_>>()
        };
        self.functions.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Statistic;

    fn ran(minute: i64, duration_ms: f64, failed: bool) -> Ran {
        Ran { began_ms: minute * 60_000 + 59_999, duration_ms, failed, concurrent: 2 }
    }

    #[test]
    fn periods_gather_minutes_and_leave_gaps_out() {
        let mut index = Index::default();
        for (minute, failed) in [(100, false), (100, true), (101, false), (107, true)] {
            index.ran("f", &ran(minute, 10.0, failed));
        }
        index.throttled("f", 103 * 60_000);
        let sums = |metric, range, period| -> Vec<(i64, f64)> {
            let read = index.read("f", metric, range, period);
            read.into_iter().map(|(at, values)| (at, values.statistic(Statistic::Sum))).collect()
        };
        assert_eq!(sums(Metric::Invocations, (100, 108), 1), [(100, 2.0), (101, 1.0), (107, 1.0)]);
        assert_eq!(
            sums(Metric::Errors, (100, 107), 1),
            [(100, 1.0), (101, 0.0)],
            "the end is not part of it"
        );
        assert_eq!(sums(Metric::Throttles, (100, 108), 5), [(100, 1.0), (105, 0.0)]);
        assert_eq!(
            sums(Metric::Invocations, (99, 108), 5),
            [(99, 3.0), (104, 1.0)],
            "periods begin at the start"
        );
        assert!(sums(Metric::Duration, (108, 100), 1).is_empty());
        let concurrent = &index.read("f", Metric::ConcurrentExecutions, (100, 101), 1)[0].1;
        assert_eq!(concurrent.statistic(Statistic::Maximum), 2.0);
        assert_eq!(index.known(0).len(), 5);
        assert!(index.known(108).is_empty());
    }

    #[test]
    fn a_day_and_a_number_of_minutes_are_kept() {
        let mut index = Index::default();
        index.ran("old", &ran(0, 1.0, false));
        index.ran("f", &ran(1, 1.0, false));
        assert_eq!(index.prune((KEPT + 1) * 60_000), [("old".to_owned(), 0)]);
        for minute in 0..KEPT {
            for function in ["a", "b", "c", "d", "e", "f", "g"] {
                index.ran(function, &ran(minute, 1.0, false));
            }
        }
        let gone = index.prune(KEPT * 60_000);
        assert_eq!((gone.len(), index.minutes), (7 * KEPT as usize - MOST, MOST));
        assert!(gone.iter().all(|(_, minute)| *minute < 12), "the oldest went");
    }
}
