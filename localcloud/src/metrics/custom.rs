//! The metrics that somebody put: by namespace, name, dimensions and unit, each value at its second or minute.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;

/// How long values are kept, seconds: 15 days, as AWS keeps those of one-minute resolution.
const KEPT: i64 = 15 * 24 * 3600;
/// How many points are kept in all; then the oldest go. At some hundred bytes each that is a few megabytes.
const MOST: usize = 20_000;

/// What a metric is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Sorted by name: their order does not make another metric.
    pub(crate) dimensions: Vec<(String, String)>,
}

/// Series, unit, and the second since the epoch.
pub(super) type Key = (Series, String, i64);

/// What is put at once under one name and time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Datum {
    pub(crate) series: Series,
    pub(crate) unit: String,
    /// Seconds since the epoch: of a whole minute, but for a metric of high resolution.
    pub(crate) at: i64,
    pub(crate) values: Values,
}

/// The values of a [`Datum`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    /// Each so many times.
    Each(Vec<(f64, f64)>),
    /// Only what they come to.
    Set {
        /// How many.
        count: f64,
        sum: f64,
        least: f64,
        most: f64,
    },
}

/// The values of all series.
#[derive(Debug, Default)]
pub(super) struct Custom {
    series: BTreeMap<Series, BTreeMap<String, BTreeMap<i64, Distribution>>>,
    points: BTreeSet<(i64, Series, String)>,
}

impl Custom {
    /// Takes in a point from the disk.
    pub(super) fn restore(&mut self, (series, unit, at): Key, values: Distribution) {
        self.points.insert((at, series.clone(), unit.clone()));
        self.series.entry(series).or_default().entry(unit).or_default().insert(at, values);
    }

    pub(super) fn put(&mut self, datum: &Datum) -> Key {
        let Datum { series, unit, at, values } = datum;
        self.points.insert((*at, series.clone(), unit.clone()));
        let units = self.series.entry(series.clone()).or_default();
        let point = units.entry(unit.clone()).or_default().entry(*at).or_default();
        match values {
            Values::Each(values) => values.iter().for_each(|(value, times)| point.add_times(*value, *times)),
            Values::Set { count, sum, least, most } => point.add_set(*count, *sum, *least, *most),
        }
        (series.clone(), unit.clone(), *at)
    }

    /// Forgets what is too old or too much; what that was.
    pub(super) fn prune(&mut self, now_s: i64) -> Vec<Key> {
        let mut gone = Vec::new();
        while let Some((at, _, _)) = self.points.first() {
            if *at >= now_s - KEPT && self.points.len() <= MOST {
                break;
            }
            let Some((at, series, unit)) = self.points.pop_first() else { break };
            if let Some(units) = self.series.get_mut(&series) {
                if let Some(points) = units.get_mut(&unit) {
                    points.remove(&at);
                }
                units.retain(|_, points| !points.is_empty());
                if units.is_empty() {
                    self.series.remove(&series);
                }
            }
            gone.push((series, unit, at));
        }
        gone
    }

    /// A point to be saved; `None` when it is no longer kept.
    pub(super) fn get(&self, (series, unit, at): &Key) -> Option<&Distribution> {
        self.series.get(series)?.get(unit)?.get(at)
    }

    /// The values of a series by unit, from second `from` up to but without second `to`, in periods of so many seconds
    /// that are counted from `from`, oldest first. Units and periods without a value are left out.
    pub(super) fn read(
        &self,
        series: &Series,
        (from, to): (i64, i64),
        period: i64,
    ) -> BTreeMap<String, Vec<(i64, Distribution)>> {
        let mut found = BTreeMap::new();
        let Some(units) = self.series.get(series).filter(|_| from < to) else { return found };
        for (unit, points) in units {
            let mut periods: Vec<(i64, Distribution)> = Vec::new();
            for (at, values) in points.range(from..to) {
                let start = at - (at - from) % period;
                match periods.last_mut() {
                    Some((last, merged)) if *last == start => merged.merge(values),
                    _ => periods.push((start, values.clone())),
                }
            }
            if !periods.is_empty() {
                found.insert(unit.clone(), periods);
            }
        }
        found
    }

    /// The series that have values from second `from` on, sorted.
    pub(super) fn known(&self, from: i64) -> Vec<Series> {
        let has = |units: &BTreeMap<String, BTreeMap<i64, Distribution>>| {
            units.values().any(|points| points.range(from..).next().is_some())
        };
        self.series.iter().filter(|(_, units)| has(units)).map(|(series, _)| series.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Statistic;

    fn datum(name: &str, unit: &str, at: i64, value: f64) -> Datum {
        let series = Series { namespace: "n".to_owned(), name: name.to_owned(), dimensions: Vec::new() };
        Datum { series, unit: unit.to_owned(), at, values: Values::Each(vec![(value, 1.0)]) }
    }

    #[test]
    fn units_are_kept_apart_and_periods_gather() {
        let mut custom = Custom::default();
        for (unit, at, value) in [("Seconds", 60, 1.0), ("Seconds", 120, -3.0), ("Count", 60, 7.0)] {
            custom.put(&datum("m", unit, at, value));
        }
        let series = datum("m", "", 0, 0.0).series;
        let read = custom.read(&series, (60, 180), 120);
        assert_eq!(read.keys().collect::<Vec<_>>(), ["Count", "Seconds"]);
        let [(at, seconds)] = read["Seconds"].as_slice() else { panic!("{read:?}") };
        assert_eq!((*at, seconds.statistic(Statistic::Sum)), (60, -2.0));
        assert!(custom.read(&series, (180, 60), 60).is_empty());
        assert_eq!((custom.known(120), custom.known(121)), (vec![series], vec![]));
    }

    #[test]
    fn what_is_old_and_what_is_too_much_goes() {
        let mut custom = Custom::default();
        custom.put(&datum("old", "None", 0, 1.0));
        for at in 0..MOST as i64 {
            custom.put(&datum("m", "None", KEPT + at, 1.0));
        }
        custom.put(&datum("m", "Count", KEPT, 1.0));
        let gone = custom.prune(KEPT + 60);
        assert_eq!(gone.iter().map(|(series, _, _)| series.name.as_str()).collect::<Vec<_>>(), ["old", "m"]);
        assert_eq!(custom.points.len(), MOST);
    }
}
