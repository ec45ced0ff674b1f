//! How the values of one metric are spread over one minute, or over several.

use serde::{Deserialize, Serialize};

/// How much wider each bucket is than the one before. A percentile is told as the middle of its bucket, so it is within
/// 0.5 % of a value that was recorded.
const GROWTH: f64 = 1.01;
/// The bucket of zero, which no logarithm reaches. Those below it are of negative values.
const ZERO: i32 = i16::MIN as i32;
/// The widest bucket of a positive value.
const WIDEST: f64 = i16::MAX as f64;

/// A sparse histogram with buckets that grow, as CloudWatch itself keeps metrics. The histograms of crates are dense:
/// each minute of each metric would take a kilobyte and more, where most hold one or two values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    count: f64,
    sum: f64,
    least: f64,
    most: f64,
    /// Bucket and how many values are in it, sorted by bucket. Values of which only their number and sum were told
    /// ([`Distribution::add_set`]) are in none.
    buckets: Vec<(i32, f64)>,
}

/// What a distribution is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// From 0 to 100.
    Percentile(f64),
}

impl Distribution {
    /// Takes in one value.
    pub(super) fn add(&mut self, value: f64) {
        self.add_times(value, 1.0);
    }

    /// Takes in one value so many times.
    pub(super) fn add_times(&mut self, value: f64, times: f64) {
        if times > 0.0 {
            self.take(times, value * times, value, value);
            self.put(bucket_of(value), times);
        }
    }

    /// Takes in values of which only this is known. How they are spread is known when they are all alike.
    pub(super) fn add_set(&mut self, count: f64, sum: f64, least: f64, most: f64) {
        self.take(count, sum, least, most);
        if least == most {
            self.put(bucket_of(least), count);
        }
    }

    fn take(&mut self, count: f64, sum: f64, least: f64, most: f64) {
        (self.least, self.most) = match self.is_empty() {
            true => (least, most),
            false => (self.least.min(least), self.most.max(most)),
        };
        self.count += count;
        self.sum += sum;
    }

    /// Takes in all values of another one.
    pub(super) fn merge(&mut self, other: &Distribution) {
        if other.is_empty() {
            return;
        }
        self.take(other.count, other.sum, other.least, other.most);
        other.buckets.iter().for_each(|(bucket, count)| self.put(*bucket, *count));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0.0
    }

    /// Whether the statistic can be told: a percentile cannot when it is not known how values are spread, as on AWS.
    pub(crate) fn knows(&self, statistic: Statistic) -> bool {
        match statistic {
            Statistic::Percentile(_) => {
                self.buckets.iter().map(|(_, count)| count).sum::<f64>() >= self.count
            }
            _ => true,
        }
    }

    /// The statistic; only of a distribution that is not empty.
    pub(crate) fn statistic(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::SampleCount => self.count,
            Statistic::Average => self.sum / self.count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.least,
            Statistic::Maximum => self.most,
            Statistic::Percentile(percent) => self.percentile(percent),
        }
    }

    /// The smallest value that so many per cent of all values do not exceed.
    fn percentile(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.count).ceil().max(1.0);
        let mut passed = 0.0;
        for (bucket, count) in &self.buckets {
            passed += count;
            if passed >= rank {
                return middle_of(*bucket).clamp(self.least, self.most);
            }
        }
        self.most
    }

    fn put(&mut self, bucket: i32, count: f64) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(index) => self.buckets[index].1 += count,
            Err(index) => self.buckets.insert(index, (bucket, count)),
        }
    }
}

fn bucket_of(value: f64) -> i32 {
    if value < 0.0 {
        return 2 * ZERO - bucket_of(-value);
    }
    if value == 0.0 {
        return ZERO;
    }
    (value.ln() / GROWTH.ln()).floor().clamp(f64::from(ZERO + 1), WIDEST) as i32
}

fn middle_of(bucket: i32) -> f64 {
    match bucket {
        ZERO => 0.0,
        below if below < ZERO => -middle_of(2 * ZERO - below),
        above => GROWTH.powf(f64::from(above) + 0.5),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Distribution {
        let mut all = Distribution::default();
        values.iter().for_each(|value| all.add(*value));
        all
    }

    /// By sorting, which is what the sketch stands for.
    fn exact(values: &[f64], percent: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0);
        sorted[rank as usize - 1]
    }

    #[test]
    fn the_plain_statistics_are_exact() {
        // The values and answers recorded of AWS (test_get_metric_data_stats, …_with_zero_and_labels).
        let eleven: Vec<f64> = (1..=11).map(f64::from).collect();
        let all = of(&eleven);
        let told = [
            Statistic::Average,
            Statistic::Maximum,
            Statistic::Minimum,
            Statistic::SampleCount,
            Statistic::Sum,
        ]
        .map(|statistic| all.statistic(statistic));
        assert_eq!(told, [6.0, 11.0, 1.0, 11.0, 66.0]);
        let with_zero = of(&[0.0, 100.0, 16.5]);
        assert_eq!(with_zero.statistic(Statistic::Minimum), 0.0);
        assert_eq!(with_zero.statistic(Statistic::Percentile(1.0)), 0.0);
        assert_eq!(of(&[14.0; 3]).statistic(Statistic::Percentile(95.0)), 14.0);
    }

    #[test]
    fn negative_values_and_sets_that_do_not_tell_how_they_are_spread() {
        let mut all = of(&[-10.0, -1.0, 0.0, 5.0]);
        let near = |told: f64, wanted: f64| (told - wanted).abs() <= wanted.abs() * 0.005;
        assert!(near(all.statistic(Statistic::Percentile(25.0)), -10.0));
        assert!(near(all.statistic(Statistic::Percentile(50.0)), -1.0));
        all.add_set(2.0, 4.0, 2.0, 2.0);
        assert!(all.knows(Statistic::Percentile(50.0)), "two values that are both 2");
        all.add_set(2.0, 4.0, 1.0, 3.0);
        assert!(!all.knows(Statistic::Percentile(50.0)) && all.knows(Statistic::Average));
        assert_eq!((all.statistic(Statistic::SampleCount), all.statistic(Statistic::Sum)), (8.0, 2.0));
    }

    #[test]
    fn what_was_stored_when_counts_were_whole_numbers_is_read() {
        let stored = r#"{"count":2,"sum":3.0,"least":1.0,"most":2.0,"buckets":[[-32768,1],[69,1]]}"#;
        let read: Distribution = serde_json::from_str(stored).unwrap();
        assert_eq!(read.statistic(Statistic::SampleCount), 2.0);
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_half_a_per_cent_and_merging_changes_nothing(
            values in proptest::collection::vec(0.01_f64..900_000.0, 1..200),
            percent in 0.0_f64..=100.0,
            cut in 0_usize..200,
        ) {
            let whole = of(&values);
            let told = whole.statistic(Statistic::Percentile(percent));
            let true_one = exact(&values, percent);
            prop_assert!((told - true_one).abs() <= true_one * 0.005, "{told} and not {true_one}");
            let (one, other) = values.split_at(cut.min(values.len()));
            let mut merged = of(one);
            merged.merge(&of(other));
            prop_assert_eq!(&merged.buckets, &whole.buckets);
            prop_assert_eq!((merged.count, merged.least, merged.most), (whole.count, whole.least, whole.most));
            prop_assert!((merged.sum - whole.sum).abs() < 1e-3);
        }
    }
}
