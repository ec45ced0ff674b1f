//! `stats`: groups of records, and what is counted up for each.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::evaluate::evaluate;
use super::record::Record;
use super::run::{MOST_KEPT, TooMuch};
use super::syntax::{Aggregate, AggregateKind, Stats};
use super::value::Value;

/// The groups so far.
#[derive(Debug)]
pub(super) struct Table {
    stats: Stats,
    groups: Vec<Group>,
    /// By what the values of `by` are told as.
    places: HashMap<Vec<Option<Arc<str>>>, usize>,
    /// How many values `pct` and `count_distinct` remember.
    kept: usize,
}

#[derive(Debug)]
struct Group {
    by: Vec<Value>,
    counted: Vec<Counted>,
}

/// What one aggregate has seen.
#[derive(Debug)]
enum Counted {
    Count(u64),
    Distinct(HashSet<Arc<str>>),
    /// Count, sum, and the sum of squared distances from the mean with that mean (Welford's method).
    Sum {
        count: u64,
        sum: f64,
        mean: f64,
        squares: f64,
    },
    Best(Value),
    Numbers(Vec<f64>),
    /// The value at the earliest or latest time.
    At(Option<(i64, Value)>),
}

impl Counted {
    fn new(kind: AggregateKind) -> Counted {
        match kind {
            AggregateKind::Count => Counted::Count(0),
            AggregateKind::CountDistinct => Counted::Distinct(HashSet::new()),
            AggregateKind::Sum | AggregateKind::Average | AggregateKind::Deviation => {
                Counted::Sum { count: 0, sum: 0.0, mean: 0.0, squares: 0.0 }
            }
            AggregateKind::Min | AggregateKind::Max => Counted::Best(Value::Missing),
            AggregateKind::Percentile(_) => Counted::Numbers(Vec::new()),
            AggregateKind::Earliest | AggregateKind::Latest => Counted::At(None),
        }
    }

    /// Whether one more value is remembered.
    fn add(&mut self, kind: AggregateKind, value: Value, record: &Record) -> bool {
        match self {
            Counted::Count(count) => *count += 1,
            Counted::Distinct(values) => return value.told().is_some_and(|text| values.insert(text)),
            Counted::Sum { count, sum, mean, squares } => {
                if let Some(number) = value.number() {
                    *count += 1;
                    *sum += number;
                    let distance = number - *mean;
                    *mean += distance / *count as f64;
                    *squares += distance * (number - *mean);
                }
            }
            Counted::Best(best) => {
                let wanted = if kind == AggregateKind::Min { Ordering::Less } else { Ordering::Greater };
                if *best == Value::Missing || value.compare(best) == Some(wanted) {
                    *best = value;
                }
            }
            Counted::Numbers(numbers) => {
                if let Some(number) = value.number() {
                    numbers.push(number);
                    return true;
                }
            }
            Counted::At(found) => {
                if let Value::Time(at) = record.field("@timestamp") {
                    let better = |(old, _): &(i64, Value)| match kind {
                        AggregateKind::Earliest => at <= *old,
                        _ => at > *old,
                    };
                    if found.as_ref().is_none_or(better) {
                        *found = Some((at, value));
                    }
                }
            }
        }
        false
    }

    fn result(&self, kind: AggregateKind) -> Value {
        match self {
            Counted::Count(count) => Value::Number(*count as f64),
            Counted::Distinct(values) => Value::Number(values.len() as f64),
            Counted::Sum { count: 0, .. } => Value::Missing,
            Counted::Sum { count, sum, mean, squares } => Value::Number(match kind {
                AggregateKind::Average => *mean,
                AggregateKind::Deviation => (squares / *count as f64).sqrt(),
                _ => *sum,
            }),
            // The least and the greatest time are told as numbers.
            Counted::Best(Value::Time(at)) => Value::Number(*at as f64),
            Counted::Best(best) => best.clone(),
            Counted::Numbers(numbers) => match kind {
                AggregateKind::Percentile(of) => percentile(numbers, of),
                _ => Value::Missing,
            },
            Counted::At(found) => found.as_ref().map_or(Value::Missing, |(_, value)| value.clone()),
        }
    }
}

/// Between the two nearest values, in proportion.
fn percentile(numbers: &[f64], of: f64) -> Value {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return Value::Missing };
    let place = of / 100.0 * last as f64;
    let low = sorted.get(place.floor() as usize).copied();
    let high = sorted.get(place.ceil() as usize).copied();
    match low.zip(high) {
        Some((low, high)) => Value::Number(low + (high - low) * place.fract()),
        None => Value::Missing,
    }
}

impl Table {
    pub(super) fn new(stats: Stats) -> Table {
        Table { stats, groups: Vec::new(), places: HashMap::new(), kept: 0 }
    }

    pub(super) fn add(&mut self, record: &Record) -> Result<(), TooMuch> {
        let by: Vec<Value> = self.stats.by.iter().map(|one| evaluate(&one.expression, record, &[])).collect();
        let key: Vec<Option<Arc<str>>> = by.iter().map(Value::told).collect();
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                let counted = self.stats.aggregates.iter().map(|one| Counted::new(one.kind)).collect();
                self.groups.push(Group { by, counted });
                self.places.insert(key, self.groups.len() - 1);
                self.kept += 1;
                self.groups.len() - 1
            }
        };
        let Some(group) = self.groups.get_mut(place) else { return Ok(()) };
        for (Aggregate { kind, argument }, counted) in self.stats.aggregates.iter().zip(&mut group.counted) {
            // `count(*)` has no argument and counts everything.
            let value = argument.as_ref().map_or(Value::Number(1.0), |of| evaluate(of, record, &[]));
            if value != Value::Missing && counted.add(*kind, value, record) {
                self.kept += 1;
            }
        }
        if self.kept > MOST_KEPT { Err(TooMuch) } else { Ok(()) }
    }

    /// A record for each group, in the order in which they came.
    pub(super) fn rows(self) -> Vec<Record> {
        let Table { stats, groups, .. } = self;
        let row = |group: Group| {
            let mut row = Record::default();
            for (named, value) in stats.by.iter().zip(group.by) {
                row.set(&named.name, value);
            }
            let aggregates: Vec<Value> = stats
                .aggregates
                .iter()
                .zip(&group.counted)
                .map(|(aggregate, counted)| counted.result(aggregate.kind))
                .collect();
            for item in &stats.items {
                let value = evaluate(&item.expression, &row, &aggregates);
                row.set(&item.name, value);
            }
            row
        };
        groups.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_and_percentiles_are_those_of_the_numbers(numbers in proptest::collection::vec(-1e6..1e6f64, 1..50)) {
            let mut sum = Counted::new(AggregateKind::Sum);
            let record = Record::default();
            for number in &numbers {
                sum.add(AggregateKind::Sum, Value::Number(*number), &record);
            }
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
            let near = |kind, wanted: f64| match sum.result(kind) {
                Value::Number(got) => (got - wanted).abs() <= 1e-6 * (1.0 + wanted.abs()),
                _ => false,
            };
            prop_assert!(near(AggregateKind::Average, mean) && near(AggregateKind::Deviation, variance.sqrt()));
            let (least, most) = (numbers.iter().copied().fold(f64::MAX, f64::min), numbers.iter().copied().fold(f64::MIN, f64::max));
            prop_assert_eq!(percentile(&numbers, 0.0), Value::Number(least));
            prop_assert_eq!(percentile(&numbers, 100.0), Value::Number(most));
            let Value::Number(middle) = percentile(&numbers, 50.0) else { panic!("a number") };
            let below = numbers.iter().filter(|number| **number <= middle).count();
            prop_assert!(below * 2 >= numbers.len() && least <= middle && middle <= most);
        }
    }
}
