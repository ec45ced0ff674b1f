//! Which times of a log group were read, so that they are not read again.

/// Times of which every event is known, as intervals with both ends in them, epoch milliseconds. They lie apart, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered {
    intervals: Vec<(i64, i64)>,
}

/// Intervals that are remembered; more would need that many ranges which do not touch.
const MOST: usize = 16;

impl Covered {
    /// Notes that all from `from` to `to` is known.
    pub fn add(&mut self, from: i64, to: i64) {
        if from > to {
            return;
        }
        let (mut from, mut to) = (from, to);
        self.intervals.retain(|(first, last)| {
            let apart = *last < from.saturating_sub(1) || *first > to.saturating_add(1);
            if !apart {
                from = from.min(*first);
                to = to.max(*last);
            }
            apart
        });
        let at = self.intervals.partition_point(|(first, _)| *first < from);
        self.intervals.insert(at, (from, to));
        let surplus = self.intervals.len().saturating_sub(MOST);
        self.intervals.drain(..surplus);
    }

    /// Notes that nothing before `from` is known any more.
    pub fn forget_before(&mut self, from: i64) {
        self.cut(|(first, last)| (first.max(from), last));
    }

    /// Notes that of each interval the newest `milliseconds` are not sure: events come late.
    pub fn unsettle(&mut self, milliseconds: i64) {
        self.cut(|(first, last)| (first, last - milliseconds));
    }

    fn cut(&mut self, cut: impl Fn((i64, i64)) -> (i64, i64)) {
        self.intervals.iter_mut().for_each(|interval| *interval = cut(*interval));
        self.intervals.retain(|(first, last)| first <= last);
    }

    /// The newest part of `from` to `to` of which not all is known.
    pub fn newest_gap(&self, from: i64, to: i64) -> Option<(i64, i64)> {
        let mut end = to;
        for &(first, last) in self.intervals.iter().rev() {
            if first > end {
                continue;
            }
            if last < end {
                let gap = (from.max(last.saturating_add(1)), end);
                return (gap.0 <= gap.1).then_some(gap);
            }
            end = first.saturating_sub(1);
        }
        (from <= end).then_some((from, end))
    }

    /// How many milliseconds of `from` to `to` are known.
    pub fn within(&self, from: i64, to: i64) -> i64 {
        let part = |(first, last): &(i64, i64)| (*last.min(&to) - *first.max(&from) + 1).max(0);
        self.intervals.iter().map(part).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_left_is_read_newest_first() {
        let mut covered = Covered::default();
        assert_eq!(covered.newest_gap(0, 99), Some((0, 99)));
        covered.add(40, 60);
        assert_eq!(covered.newest_gap(0, 99), Some((61, 99)));
        covered.add(61, 99);
        assert_eq!((covered.newest_gap(0, 99), covered.newest_gap(50, 99)), (Some((0, 39)), None));
        covered.unsettle(10);
        assert_eq!(covered.newest_gap(50, 99), Some((90, 99)));
        covered.forget_before(70);
        assert_eq!((covered.newest_gap(0, 89), covered.within(0, 89)), (Some((0, 69)), 20));
    }

    proptest! {
        /// However intervals are added: what is known is what a set of single times would say.
        #[test]
        fn it_knows_what_a_set_of_times_knows(
            added in proptest::collection::vec((0i64..60, 0i64..12), 0..8), from in 0i64..60, length in 0i64..60
        ) {
            let (mut covered, mut known) = (Covered::default(), [false; 200]);
            for (first, length) in added {
                covered.add(first, first + length);
                (first..=first + length).for_each(|at| known[at as usize] = true);
            }
            let to = from + length;
            let newest = (from..=to).rev().find(|at| !known[*at as usize]);
            let gap = newest.map(|end| {
                let first = (from..=end).rev().take_while(|at| !known[*at as usize]).last();
                (first.unwrap_or(end), end)
            });
            prop_assert_eq!(covered.newest_gap(from, to), gap);
            let count = (from..=to).filter(|at| known[*at as usize]).count();
            prop_assert_eq!(covered.within(from, to), count as i64);
        }
    }
}
