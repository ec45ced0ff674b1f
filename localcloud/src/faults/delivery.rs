//! Log events delivered the way CloudWatch delivers them on a bad day: late, out of order, in pages that are small or empty.
//!
//! Every event that is written is drawn a delay, by a seeded generator: the same seed and the same events give the same
//! delays. Until it is over nobody sees the event; its ingestion time is then. What is drawn stays drawn, whatever is
//! set later.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use serde::{Deserialize, Serialize};

/// How late an event can be at most, milliseconds.
pub(crate) const MOST_DELAY_MS: i64 = 10 * 60 * 1000;

/// How log events come. The default is at once and in pages as full as they can be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// An event becomes visible 0 to so many milliseconds after it was written, each delay as likely as the other. At
    /// most 600 000.
    pub max_delay_ms: u64,
    /// Which delays: the same seed gives the same ones, counted from when this was set.
    pub seed: u64,
    /// Every so many-th page of FilterLogEvents is empty and has a `nextToken`; 2 or more, or no page at all. Counted
    /// from when this was set, over all callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_every: Option<u64>,
    /// A page of FilterLogEvents or GetLogEvents holds so many events at most, whatever the caller asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_events: Option<usize>,
}

/// A delivery that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("delivery: {0}")]
pub struct BadDelivery(String);

impl Delivery {
    /// Delays of 0 to `max_delay_ms`, by this seed; pages as always.
    pub fn late(max_delay_ms: u64, seed: u64) -> Delivery {
        Delivery { max_delay_ms, seed, ..Delivery::default() }
    }

    pub(super) fn check(&self) -> Result<(), BadDelivery> {
        if !i64::try_from(self.max_delay_ms).is_ok_and(|most| most <= MOST_DELAY_MS) {
            return Err(BadDelivery(format!("max_delay_ms is at most {MOST_DELAY_MS}")));
        }
        if self.empty_every.is_some_and(|every| every < 2) {
            return Err(BadDelivery("empty_every is at least 2, or no page would hold anything".to_owned()));
        }
        if self.page_events == Some(0) {
            return Err(BadDelivery("page_events is at least 1".to_owned()));
        }
        Ok(())
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max_delay_ms {
            0 => formatter.write_str("at once")?,
            most => write!(formatter, "0 to {most} ms late, seed {}", self.seed)?,
        }
        if let Some(every) = self.empty_every {
            write!(formatter, ", one page in {every} empty")?;
        }
        if let Some(most) = self.page_events {
            write!(formatter, ", at most {most} on a page")?;
        }
        Ok(())
    }
}

/// The delivery that is set, and what it has dealt out so far. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Dealer {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    delivery: Delivery,
    delays: Rng,
    pages: u64,
}

/// How one page of events is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageRule {
    /// Which page it is, counted from 1 since the delivery was set.
    pub(crate) page: u64,
    /// Nothing on it, and more to come.
    pub(crate) empty: bool,
    /// How many events at most.
    pub(crate) limit: usize,
}

impl Dealer {
    pub(crate) fn new() -> Dealer {
        Dealer { state: Arc::new(Mutex::new(State::new(Delivery::default()))) }
    }

    pub(super) fn set(&self, delivery: Delivery) {
        *self.lock() = State::new(delivery);
    }

    pub(super) fn delivery(&self) -> Delivery {
        self.lock().delivery.clone()
    }

    /// The delays of so many events in the order in which they were written, milliseconds; `None` when nothing is late.
    pub(crate) fn delays(&self, events: usize) -> Option<Vec<i64>> {
        let mut state = self.lock();
        let most = i64::try_from(state.delivery.max_delay_ms).ok().filter(|most| *most > 0)?;
        Some((0..events).map(|_| state.delays.i64(0..=most)).collect())
    }

    /// How the next page of FilterLogEvents is to be.
    pub(crate) fn filter_page(&self, limit: usize) -> PageRule {
        let mut state = self.lock();
        state.pages += 1;
        let empty = state.delivery.empty_every.is_some_and(|every| state.pages.is_multiple_of(every));
        PageRule { page: state.pages, empty, limit: state.limit(limit) }
    }

    /// How many events the next page of GetLogEvents may hold.
    pub(crate) fn stream_page(&self, limit: usize) -> usize {
        self.lock().limit(limit)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(delivery: Delivery) -> State {
        State { delays: Rng::with_seed(delivery.seed), delivery, pages: 0 }
    }

    fn limit(&self, wanted: usize) -> usize {
        self.delivery.page_events.map_or(wanted, |most| wanted.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_deals_the_same_delays() {
        let dealer = Dealer::new();
        assert_eq!(dealer.delays(3), None);
        dealer.set(Delivery::late(1000, 7));
        let first = dealer.delays(500).unwrap();
        assert!(first.iter().all(|delay| (0..=1000).contains(delay)) && !first.is_sorted());
        // In one go or one by one.
        dealer.set(Delivery::late(1000, 7));
        let again: Vec<i64> = (0..500).flat_map(|_| dealer.delays(1).unwrap()).collect();
        assert_eq!(again, first);
        dealer.set(Delivery::late(1000, 8));
        assert_ne!(dealer.delays(500).unwrap(), first);
    }

    #[test]
    fn pages_are_small_and_some_empty() {
        let dealer = Dealer::new();
        assert_eq!(dealer.filter_page(10_000), PageRule { page: 1, empty: false, limit: 10_000 });
        dealer.set(Delivery { empty_every: Some(3), page_events: Some(50), ..Delivery::default() });
        let pages: Vec<PageRule> = (0..6).map(|_| dealer.filter_page(100)).collect();
        assert_eq!(pages.iter().map(|page| page.empty).collect::<Vec<_>>(), [false, false, true].repeat(2));
        assert!(pages.iter().all(|page| page.limit == 50));
        assert_eq!((dealer.filter_page(10).limit, dealer.stream_page(1000)), (10, 50));
    }

    #[test]
    fn it_says_what_it_does() {
        let both = Delivery { empty_every: Some(3), page_events: Some(50), ..Delivery::late(45_000, 7) };
        let said = "0 to 45000 ms late, seed 7, one page in 3 empty, at most 50 on a page";
        assert_eq!((both.to_string().as_str(), Delivery::default().to_string().as_str()), (said, "at once"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (text, why) in [
            (r#"{"max_delay_ms": 600001}"#, "max_delay_ms is at most 600000"),
            (r#"{"empty_every": 1}"#, "empty_every is at least 2"),
            (r#"{"page_events": 0}"#, "page_events is at least 1"),
        ] {
            let said = serde_json::from_str::<Delivery>(text).unwrap().check().unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        assert_eq!(Delivery::late(600_000, 1).check(), Ok(()));
    }
}
