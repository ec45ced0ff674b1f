//! Events that were written and that nobody sees yet: a queue by the time at which each becomes visible.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Below so many entries the queue is not worth cleaning.
const FEW: usize = 1024;

/// The queue. It holds 16 bytes for each event, and the events themselves lie in the index.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// When it becomes visible (epoch milliseconds), and its number.
    queue: BinaryHeap<Reverse<(i64, u64)>>,
}

impl Pending {
    pub(super) fn push(&mut self, visible: i64, number: u64) {
        self.queue.push(Reverse((visible, number)));
    }

    /// The number of the next event that is visible by now.
    pub(super) fn pop(&mut self, now: i64) -> Option<u64> {
        match self.queue.peek() {
            Some(Reverse((visible, _))) if *visible <= now => {
                self.queue.pop().map(|Reverse((_, number))| number)
            }
            _ => None,
        }
    }

    /// When the last of them becomes visible, epoch milliseconds.
    pub(super) fn last(&self) -> Option<i64> {
        self.queue.iter().map(|Reverse((visible, _))| *visible).max()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Forgets the events that are no more.
    pub(super) fn retain(&mut self, mut is_there: impl FnMut(u64) -> bool) {
        self.queue.retain(|Reverse((_, number))| is_there(*number));
    }

    /// Whether most of the entries must be of events that the budget has taken since, `kept` being there still.
    pub(super) fn is_stale(&self, kept: usize) -> bool {
        self.queue.len() > FEW && self.queue.len() / 2 > kept
    }
}
