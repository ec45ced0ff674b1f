//! The invocations of the functions, put together from their log lines by stage and Lambda's request id.
//!
//! Each line is read by itself, and what lines say of one invocation is merged so that neither their order matters nor that
//! one comes twice. A line costs what it says; nothing is ever computed over all that is kept. At most [`MOST`]
//! invocations and [`BUDGET`] bytes are kept; the oldest go first, and are counted.
//!
//! An invocation that Lambda tries again (of an asynchronous event, under the same request id) is one: it has the
//! figures of its last attempt, and its failure.

mod answer;
mod ask;
mod fact;
mod lanes;
mod one;
mod ranked;
mod record;
mod summary;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use slab::Slab;

use crate::domain::{LogLine, StageName};

use super::filter::{Run, stream_id};
use super::reading;

pub use ask::{FIELDS, ask};
pub use one::{Invocation, Outcome};
pub use ranked::Ranked;
pub use summary::{Summary, Window};

use fact::Fact;
use lanes::Lanes;
use record::{Lane, Record};

/// Invocations that are kept at most.
pub const MOST: usize = 100_000;
/// Bytes that they may take.
pub const BUDGET: usize = 64 << 20;
/// What one costs besides its texts: itself, and its places in the indices of time, of streams and of ids, in a list that
/// shows it and in the figures of its stage (24 bytes each, and as much for the room that trees and tables leave free).
const EACH: usize = size_of::<Record>() + 10 * 24;
/// When no line of an invocation is expected any more once its end has come, milliseconds: events come seconds late.
const SETTLED_MS: i64 = 60_000;
/// The longest that an invocation may take (FACTS §3 "timeout": 900 s), and a minute, milliseconds.
pub const LONGEST_MS: i64 = 960_000;

/// What happens to an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is about to change: told as it was.
    Before,
    /// It is new, or has changed: told as it is now.
    After,
    /// It is no longer kept.
    Gone,
}

/// Who is told what happens to which invocation.
pub type Teller<'t> = dyn FnMut(Turn, Invocation<'_>) + 't;

/// The invocations that are kept.
#[derive(Debug)]
pub struct Table {
    records: Slab<Record>,
    /// By Lambda's request id, for each stage.
    ids: [HashMap<Arc<str>, u32>; 2],
    /// By the gateway's request id, for each stage.
    gateways: [HashMap<Arc<str>, u32>; 2],
    /// First line and slot.
    times: BTreeSet<(i64, u32)>,
    lanes: Lanes,
    /// Those that are known to be invocations.
    known: usize,
    bytes: usize,
    dropped: u64,
    most: usize,
    budget: usize,
    /// The newest that is gone: what is older is not taken in again by a late line.
    horizon_ms: i64,
}

impl Default for Table {
    fn default() -> Table {
        Table::bounded(MOST, BUDGET)
    }
}

impl Table {
    /// An empty table that keeps at most so many invocations and about so many bytes.
    pub fn bounded(most: usize, budget: usize) -> Table {
        Table {
            records: Slab::new(),
            ids: Default::default(),
            gateways: Default::default(),
            times: BTreeSet::new(),
            lanes: Lanes::default(),
            known: 0,
            bytes: 0,
            dropped: 0,
            most,
            budget,
            horizon_ms: i64::MIN,
        }
    }

    /// Takes a line in, and tells what changes by it.
    pub fn take(&mut self, line: &LogLine, tell: &mut Teller<'_>) {
        let at_ms = line.timestamp_ms;
        let mut fact = Fact::read(&reading::keep(&line.message), at_ms);
        let stream = stream_id(&line.stream);
        let Some(id) = fact.id.take() else {
            return self.take_stray((line.stage, stream), at_ms, fact, tell);
        };
        let lane = (line.stage, stream);
        let found = self.ids[line.stage as usize].get(&*id).copied();
        if found.is_none() && at_ms <= self.horizon_ms {
            return;
        }
        // The bound keeps slots far below what a number of 32 bits holds.
        let slot = found.unwrap_or(u32::try_from(self.records.vacant_key()).unwrap_or(u32::MAX));
        let touched = self.touched(slot, lane, at_ms);
        touched.iter().for_each(|slot| self.tell(*slot, Turn::Before, tell));
        if found.is_none() {
            self.add(slot, lane, at_ms, &id);
        }
        self.merge(slot, at_ms, stream, fact);
        touched.iter().for_each(|slot| self.tell(*slot, Turn::After, tell));
        while self.records.len() > self.most || (self.bytes > self.budget && self.records.len() > 1) {
            self.dropped += u64::from(self.remove_oldest(tell));
        }
    }

    fn take_stray(&mut self, lane: Lane, at_ms: i64, fact: Fact, tell: &mut Teller<'_>) {
        if let Some(words) = fact.error {
            self.lanes.err(lane, at_ms, words);
        }
        if let Some(micros) = fact.failed_start {
            let at = |(at_ms, lane)| self.lanes.at(lane, at_ms, |slot| self.last_ms(slot));
            let (touched, loses) = (at((at_ms, lane)), self.lanes.next_forgotten().and_then(at));
            let touched = [touched, loses.filter(|slot| touched != Some(*slot))];
            let touched = touched.into_iter().flatten();
            touched.clone().for_each(|slot| self.tell(slot, Turn::Before, tell));
            self.lanes.fail_start(lane, at_ms, micros);
            touched.for_each(|slot| self.tell(slot, Turn::After, tell));
        }
    }

    fn add(&mut self, slot: u32, lane: Lane, at_ms: i64, id: &str) {
        let id: Arc<str> = Arc::from(id);
        let record = Record::new(lane, Arc::clone(&id), at_ms);
        self.bytes += EACH + record.text_len();
        self.records.insert(record);
        self.ids[lane.0 as usize].insert(id, slot);
        self.times.insert((at_ms, slot));
        self.lanes.insert(lane, at_ms, slot);
    }

    /// The invocation that a line is of, and those that run before and behind it in its stream, before and after the line is
    /// merged: which of them a failed start belongs to may change by it.
    fn touched(&self, slot: u32, lane: Lane, at_ms: i64) -> Vec<u32> {
        let mut touched = vec![slot];
        if self.lanes.has_failed_starts() {
            let places = match self.records.get(slot as usize) {
                None => [(lane, at_ms); 2],
                Some(record) => {
                    let moved = (record.lane_with(at_ms, lane.1), record.first_ms.min(at_ms));
                    [(record.lane(), record.first_ms), moved]
                }
            };
            for (lane, first_ms) in places {
                touched.extend(self.lanes.before(lane, first_ms, slot));
                touched.extend(self.lanes.behind(lane, first_ms, slot).map(|(_, slot)| slot));
            }
            touched.sort_unstable();
            touched.dedup();
        }
        touched
    }

    fn merge(&mut self, slot: u32, at_ms: i64, stream: u64, fact: Fact) {
        let Some(record) = self.records.get_mut(slot as usize) else { return };
        let (lane, first_ms) = (record.lane(), record.first_ms);
        let (cost, known) = (record.text_len(), record.known);
        let gateway = record.gateway.clone();
        record.merge(at_ms, stream, fact);
        self.bytes = self.bytes + record.text_len() - cost;
        self.known += usize::from(record.known && !known);
        if record.gateway != gateway {
            let gateways = &mut self.gateways[record.stage as usize];
            if let Some(old) = gateway {
                gateways.remove(&old);
            }
            if let Some(new) = &record.gateway {
                gateways.insert(Arc::clone(new), slot);
            }
        }
        let (new_lane, new_first_ms) = (record.lane(), record.first_ms);
        if (new_lane, new_first_ms) != (lane, first_ms) {
            self.lanes.remove(lane, first_ms, slot);
            self.lanes.insert(new_lane, new_first_ms, slot);
        }
        if new_first_ms != first_ms {
            self.times.remove(&(first_ms, slot));
            self.times.insert((new_first_ms, slot));
        }
    }

    fn tell(&self, slot: u32, turn: Turn, tell: &mut Teller<'_>) {
        if let Some(one) = self.get(slot) {
            tell(turn, one);
        }
    }

    /// Takes the oldest out. The answer is whether it was known to be an invocation.
    fn remove_oldest(&mut self, tell: &mut Teller<'_>) -> bool {
        let Some((first_ms, slot)) = self.times.pop_first() else { return false };
        self.tell(slot, Turn::Gone, tell);
        let last_ms = self.records.get(slot as usize).map_or(first_ms, |record| self.span(record, slot).1);
        let record = self.records.remove(slot as usize);
        self.horizon_ms = self.horizon_ms.max(first_ms);
        self.bytes -= EACH + record.text_len();
        self.known -= usize::from(record.known);
        self.ids[record.stage as usize].remove(&record.id);
        if let Some(gateway) = &record.gateway {
            self.gateways[record.stage as usize].remove(gateway);
        }
        self.lanes.remove(record.lane(), first_ms, slot);
        if self.lanes.has_failed_starts() {
            self.lanes.forget(record.lane(), last_ms);
        }
        record.known
    }

    /// Takes those out of which no line is expected any more at this time (epoch milliseconds), the oldest first, and no
    /// younger one before an older: for who reads lines in order of time and keeps nothing.
    pub fn take_settled(&mut self, at_ms: i64, tell: &mut Teller<'_>) {
        while let Some(record) = self.times.first().and_then(|(_, slot)| self.records.get(*slot as usize)) {
            let ended = record.ended_ms.is_some() && record.last_ms.saturating_add(SETTLED_MS) < at_ms;
            if !ended && record.first_ms.saturating_add(LONGEST_MS) >= at_ms {
                return;
            }
            self.remove_oldest(tell);
        }
    }

    /// Takes all out, the oldest first.
    pub fn take_all(&mut self, tell: &mut Teller<'_>) {
        while !self.times.is_empty() {
            self.remove_oldest(tell);
        }
    }

    fn last_ms(&self, slot: u32) -> i64 {
        self.records.get(slot as usize).map_or(i64::MIN, |record| record.last_ms)
    }

    /// From behind which time and up to which a line of its stream without a request id is this invocation's: from the
    /// end of the one before, since its start is its own, to its newest line; epoch milliseconds. Each line is one's only.
    fn span(&self, record: &Record, slot: u32) -> (i64, i64) {
        let before = self.lanes.before(record.lane(), record.first_ms, slot);
        let next = self.lanes.behind(record.lane(), record.first_ms, slot);
        (
            before.map_or(i64::MIN, |slot| self.last_ms(slot)).min(record.first_ms.saturating_sub(1)),
            next.map_or(i64::MAX, |(first_ms, _)| first_ms.saturating_sub(1)).min(record.last_ms),
        )
    }

    /// The invocation in a slot, if it is known to be one.
    pub fn get(&self, slot: u32) -> Option<Invocation<'_>> {
        let record = self.records.get(slot as usize).filter(|record| record.known)?;
        let failed_start = if self.lanes.has_failed_starts() {
            let (after_ms, last_ms) = self.span(record, slot);
            self.lanes.failed_start(record.lane(), after_ms, last_ms)
        } else {
            None
        };
        Some(Invocation { slot, record, failed_start })
    }

    /// The invocation with Lambda's request id.
    pub fn by_id(&self, stage: StageName, id: &str) -> Option<Invocation<'_>> {
        self.get(*self.ids[stage as usize].get(id)?)
    }

    /// The invocation that API Gateway made for the request with its request id.
    pub fn by_gateway_id(&self, stage: StageName, id: &str) -> Option<Invocation<'_>> {
        self.get(*self.gateways[stage as usize].get(id)?)
    }

    /// What was said of its failure: by Lambda, by the service in its name, and by the service in no name while it ran. Not
    /// harmless.
    pub fn words<'a>(&'a self, one: &Invocation<'a>) -> Vec<&'a str> {
        let record = one.record;
        let last_ms = self.run(one).to_ms;
        let stray = self.lanes.error(record.lane(), self.span(record, one.slot).0, last_ms);
        let mut words: Vec<&str> = record.words().chain(stray).collect();
        words.dedup();
        words
    }

    /// Where and when it runs: from behind the invocation before it in the same environment, since its start is its own.
    pub fn run(&self, one: &Invocation<'_>) -> Run {
        let record = one.record;
        let next = || {
            let next = self.lanes.behind(record.lane(), record.first_ms, one.slot)?;
            Some(next.0.saturating_sub(1).max(record.last_ms))
        };
        Run {
            stage: record.stage,
            stream: record.lane().1,
            from_ms: self.span(record, one.slot).0.saturating_add(1),
            to_ms: match record.ended_ms {
                Some(_) => record.last_ms,
                None => next().unwrap_or(i64::MAX),
            },
        }
    }

    /// The newest one that is older than the one that is named by its first line and its slot.
    pub fn older_than(&self, place: (i64, u32)) -> Option<((i64, u32), Option<Invocation<'_>>)> {
        let found = *self.times.range(..place).next_back()?;
        Some((found, self.get(found.1)))
    }

    /// Those whose first line is of `from_ms` or later, and before `to_ms`; epoch milliseconds.
    pub fn between(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = Invocation<'_>> {
        let places = (from_ms < to_ms).then(|| self.times.range((from_ms, 0)..(to_ms, 0)));
        places.into_iter().flatten().filter_map(|(_, slot)| self.get(*slot))
    }

    /// When the oldest that is kept began, epoch milliseconds.
    pub fn oldest_ms(&self) -> Option<i64> {
        self.times.first().map(|(first_ms, _)| *first_ms)
    }

    /// How many invocations are kept.
    pub fn len(&self) -> usize {
        self.known
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.known == 0
    }

    /// Bytes that are kept, with what the indices cost.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many had to go to stay within the bound.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;
