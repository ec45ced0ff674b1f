//! A sorted set that knows which place each value has.

/// Values of one bucket at most: what is moved when one comes or goes.
const FULL: usize = 512;

/// Values in order, each once, in buckets that follow each other. One comes, goes, or is found by its place at the cost of
/// one bucket and of the number of buckets: 100,000 values lie in some hundreds.
#[derive(Debug, Clone)]
pub struct Ranked<T> {
    /// None is empty.
    buckets: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Ranked<T> {
    fn default() -> Ranked<T> {
        Ranked { buckets: Vec::new(), len: 0 }
    }
}

impl<T: Ord + Copy> Ranked<T> {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first bucket that does not end before `value`.
    fn bucket_of(&self, value: &T) -> usize {
        self.buckets.partition_point(|bucket| bucket.last().is_some_and(|last| last < value))
    }

    /// Puts a value in its place. `false`: it is there already.
    pub fn insert(&mut self, value: T) -> bool {
        let mut bucket = self.bucket_of(&value);
        if bucket == self.buckets.len() {
            // Behind all others: what comes in order fills its buckets.
            match self.buckets.last() {
                Some(last) if last.len() < FULL => bucket -= 1,
                _ => self.buckets.push(Vec::with_capacity(FULL)),
            }
        }
        let values = &mut self.buckets[bucket];
        let Err(at) = values.binary_search(&value) else { return false };
        values.insert(at, value);
        self.len += 1;
        if values.len() > FULL {
            let behind = values.split_off(FULL / 2);
            self.buckets.insert(bucket + 1, behind);
        }
        true
    }

    /// Takes a value away. `false`: it is not there.
    pub fn remove(&mut self, value: &T) -> bool {
        let bucket = self.bucket_of(value);
        let Some(values) = self.buckets.get_mut(bucket) else { return false };
        let Ok(at) = values.binary_search(value) else { return false };
        values.remove(at);
        self.len -= 1;
        if values.is_empty() {
            self.buckets.remove(bucket);
        }
        true
    }

    /// The value before which there are `place` others.
    pub fn nth(&self, place: usize) -> Option<T> {
        let mut before = 0;
        for bucket in &self.buckets {
            if place < before + bucket.len() {
                return Some(bucket[place - before]);
            }
            before += bucket.len();
        }
        None
    }

    /// How many values are smaller than `value`.
    pub fn rank(&self, value: &T) -> usize {
        let bucket = self.bucket_of(value);
        let before: usize = self.buckets[..bucket].iter().map(Vec::len).sum();
        before + self.buckets.get(bucket).map_or(0, |values| values.partition_point(|other| other < value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_set_whose_places_are_known(
            steps in proptest::collection::vec((any::<bool>(), 0u16..3000), 0..4000)
        ) {
            let (mut ranked, mut plain) = (Ranked::default(), BTreeSet::new());
            for (comes, value) in steps {
                if comes {
                    prop_assert_eq!(ranked.insert(value), plain.insert(value));
                } else {
                    prop_assert_eq!(ranked.remove(&value), plain.remove(&value));
                }
            }
            prop_assert_eq!(ranked.len(), plain.len());
            for (place, value) in plain.iter().enumerate() {
                prop_assert_eq!(ranked.nth(place), Some(*value));
                prop_assert_eq!(ranked.rank(value), place);
            }
            prop_assert_eq!(ranked.nth(plain.len()), None);
            prop_assert!(ranked.buckets.iter().all(|bucket| !bucket.is_empty() && bucket.len() <= FULL));
        }
    }
}
