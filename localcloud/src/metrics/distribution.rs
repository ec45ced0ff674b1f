//! How the values of one metric are spread over one minute, or over several.

use serde::{Deserialize, Serialize};

/// How much wider each bucket is than the one before. A percentile is told as the middle of its bucket, so it is within
/// 0.5 % of a value that was recorded.
const GROWTH: f64 = 1.01;
/// The bucket of zero, which no logarithm reaches.
const ZERO: i16 = i16::MIN;

/// A sparse histogram with buckets that grow, as CloudWatch itself keeps metrics. The histograms of crates are dense:
/// each minute of each metric would take a kilobyte and more, where most hold one or two values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    count: u64,
    sum: f64,
    least: f64,
    most: f64,
    /// Bucket and how many values are in it, sorted by bucket.
    buckets: Vec<(i16, u64)>,
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
    /// Takes in one value, which is not negative.
    pub(super) fn add(&mut self, value: f64) {
        (self.least, self.most) = match self.count {
            0 => (value, value),
            _ => (self.least.min(value), self.most.max(value)),
        };
        self.count += 1;
        self.sum += value;
        self.put(bucket_of(value), 1);
    }

    /// Takes in all values of another one.
    pub(super) fn merge(&mut self, other: &Distribution) {
        if other.count == 0 {
            return;
        }
        (self.least, self.most) = match self.count {
            0 => (other.least, other.most),
            _ => (self.least.min(other.least), self.most.max(other.most)),
        };
        self.count += other.count;
        self.sum += other.sum;
        other.buckets.iter().for_each(|(bucket, count)| self.put(*bucket, *count));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The statistic; only of a distribution that is not empty.
    pub(crate) fn statistic(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::SampleCount => self.count as f64,
            Statistic::Average => self.sum / self.count as f64,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.least,
            Statistic::Maximum => self.most,
            Statistic::Percentile(percent) => self.percentile(percent),
        }
    }

    /// The smallest value that so many per cent of all values do not exceed.
    fn percentile(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.count as f64).ceil().max(1.0);
        let mut passed = 0;
        for (bucket, count) in &self.buckets {
            passed += count;
            if passed as f64 >= rank {
                return middle_of(*bucket).clamp(self.least, self.most);
            }
        }
        self.most
    }

    fn put(&mut self, bucket: i16, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(index) => self.buckets[index].1 += count,
            Err(index) => self.buckets.insert(index, (bucket, count)),
        }
    }
}

fn bucket_of(value: f64) -> i16 {
    if value <= 0.0 {
        return ZERO;
    }
    // A cast from a float takes the nearest number that fits.
    ((value.ln() / GROWTH.ln()).floor() as i16).max(ZERO + 1)
}

fn middle_of(bucket: i16) -> f64 {
    if bucket == ZERO { 0.0 } else { GROWTH.powf(f64::from(bucket) + 0.5) }
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
