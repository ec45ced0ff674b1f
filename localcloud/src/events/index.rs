//! The events in memory: by time within their group, by age over all.

mod position;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

pub(crate) use position::Position;

use super::feed::{Feed, Feeds, Wanted};
use super::journal::{Written, WrittenEvent, WrittenStream};
use super::pending::Pending;
use crate::faults::MOST_DELAY_MS;

/// What CloudWatch adds to an event's length when it counts bytes.
pub(super) const EVENT_OVERHEAD: u64 = 26;
/// How many bytes of messages one page holds at most, as FilterLogEvents (1 MB).
const PAGE_BYTES: u64 = 1_000_000;
/// How many events one page looks at before it hands over, found something or not.
const PAGE_LOOKS: usize = 50_000;

/// One event as readers get it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) position: Position,
    pub(crate) stream: Arc<str>,
    pub(crate) message: Arc<str>,
}

/// Which events are wanted.
pub(crate) struct Scan<'a> {
    /// Epoch milliseconds, inclusive.
    pub(crate) start: i64,
    /// Epoch milliseconds, inclusive.
    pub(crate) end: i64,
    /// Go on behind this event (in the direction of the scan).
    pub(crate) after: Option<Position>,
    pub(crate) newest_first: bool,
    /// Whether an event of this stream with this message is wanted.
    pub(crate) wanted: &'a dyn Fn(&str, &str) -> bool,
    /// How many events a page holds at most.
    pub(crate) limit: usize,
}

impl Scan<'_> {
    /// Where it stands before it begins.
    pub(crate) fn here(&self) -> Position {
        self.after.unwrap_or(match self.newest_first {
            true => Position::behind(self.end),
            false => Position::before(self.start),
        })
    }
}

/// What a scan found.
#[derive(Debug)]
pub(crate) struct Page {
    /// In the order of the scan.
    pub(crate) events: Vec<Event>,
    /// The last event looked at; `None` when nothing is left behind it.
    pub(crate) next: Option<Position>,
}

/// A stream and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamSummary {
    pub(crate) name: Arc<str>,
    pub(crate) created: i64,
    /// Earliest and latest time of its events.
    pub(crate) span: Option<(i64, i64)>,
    pub(crate) last_ingestion: Option<i64>,
}

struct Stored {
    stream: u32,
    timestamp: i64,
    ingested: i64,
    message: Arc<str>,
}

impl Stored {
    fn position(&self, number: u64) -> Position {
        Position { timestamp: self.timestamp, ingested: self.ingested, number }
    }

    /// Bytes, counted as CloudWatch does.
    fn size(&self) -> u64 {
        self.message.len() as u64 + EVENT_OVERHEAD
    }
}

struct Stream {
    group: Arc<str>,
    name: Arc<str>,
    created: i64,
    span: Option<(i64, i64)>,
    last_ingestion: Option<i64>,
    events: usize,
}

impl Stream {
    /// Notes that readers see one of its events.
    fn see(&mut self, event: &Stored) {
        let at = event.timestamp;
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        self.last_ingestion = self.last_ingestion.max(Some(event.ingested));
    }
}

/// Whether readers see it at `now`. A clock that was set back must not hide what was seen: nothing is meant to be later than the
/// latest.
fn is_due(event: &WrittenEvent, now: i64) -> bool {
    !(1..=MOST_DELAY_MS).contains(&(event.ingested - now))
}

#[derive(Default)]
struct Group {
    /// What is visible.
    by_time: BTreeSet<Position>,
    streams: BTreeMap<Arc<str>, u32>,
    bytes: u64,
}

/// All events, those that nobody sees yet included.
pub(super) struct Index {
    budget: u64,
    bytes: u64,
    next_event: u64,
    next_stream: u32,
    events: BTreeMap<u64, Stored>,
    streams: BTreeMap<u32, Stream>,
    groups: BTreeMap<Arc<str>, Group>,
    pending: Pending,
    feeds: Feeds,
}

impl Index {
    pub(super) fn new(budget: u64) -> Index {
        Index {
            budget,
            bytes: 0,
            next_event: 1,
            next_stream: 0,
            events: BTreeMap::new(),
            streams: BTreeMap::new(),
            groups: BTreeMap::new(),
            pending: Pending::default(),
            feeds: Feeds::default(),
        }
    }

    /// Takes in what is written now; the event at each place becomes visible so many milliseconds later, at once
    /// without `delays`.
    pub(super) fn append(
        &mut self,
        group: &str,
        stream: &str,
        events: Vec<(i64, String)>,
        delays: Option<&[i64]>,
        now: i64,
    ) -> Written {
        let mut written = self.create_stream(group, stream, now).unwrap_or_default();
        let Some(&id) = self.groups.get(group).and_then(|group| group.streams.get(stream)) else {
            return written;
        };
        for (place, (timestamp, message)) in events.into_iter().enumerate() {
            let number = self.next_event;
            self.next_event += 1;
            let ingested = now + delays.and_then(|delays| delays.get(place)).copied().unwrap_or(0);
            let event = WrittenEvent { number, stream: id, timestamp, ingested, message: message.into() };
            self.insert(&event, now);
            written.events.push(event);
        }
        self.evict(self.budget, Some(id), &mut written);
        written
    }

    /// Makes visible what is due.
    pub(super) fn deliver(&mut self, now: i64) {
        while let Some(number) = self.pending.pop(now) {
            self.show(number);
        }
    }

    pub(super) fn listen(&mut self, wanted: Wanted) -> Feed {
        self.feeds.open(wanted)
    }

    /// How many events nobody sees yet.
    pub(super) fn pending(&mut self) -> usize {
        self.pending.retain(|number| self.events.contains_key(&number));
        self.pending.len()
    }

    /// When the last of them becomes visible, epoch milliseconds.
    pub(super) fn last_due(&self) -> Option<i64> {
        self.pending.last()
    }

    /// `None` when the stream is there already.
    pub(super) fn create_stream(&mut self, group: &str, stream: &str, now: i64) -> Option<Written> {
        if self.has_stream(group, stream) {
            return None;
        }
        let created =
            WrittenStream { id: self.next_stream, group: group.into(), name: stream.into(), created: now };
        self.restore_stream(created.clone());
        Some(Written { streams: vec![created], ..Written::default() })
    }

    pub(super) fn delete_group(&mut self, group: &str) -> Written {
        let mut written = Written::default();
        if let Some(gone) = self.groups.remove(group) {
            self.bytes -= gone.bytes;
            written.gone_streams = gone.streams.into_values().collect();
            written.gone_events = gone.by_time.into_iter().map(|position| position.number).collect();
            written.gone_streams.iter().for_each(|id| drop(self.streams.remove(id)));
            let streams = &self.streams;
            self.pending.retain(|number| match self.events.get(&number) {
                Some(event) if !streams.contains_key(&event.stream) => {
                    written.gone_events.push(number);
                    false
                }
                event => event.is_some(),
            });
            written.gone_events.iter().for_each(|number| drop(self.events.remove(number)));
        }
        written
    }

    fn insert(&mut self, event: &WrittenEvent, now: i64) {
        let Some((number, stored)) = self.count(event) else { return };
        self.events.insert(number, stored);
        match is_due(event, now) {
            true => self.show(number),
            false => self.pending.push(event.ingested, number),
        }
    }

    /// Counts it in; what is to be kept of it, by its number. `None`: its stream is not there.
    fn count(&mut self, event: &WrittenEvent) -> Option<(u64, Stored)> {
        let stream = self.streams.get_mut(&event.stream)?;
        stream.events += 1;
        let stored = Stored {
            stream: event.stream,
            timestamp: event.timestamp,
            ingested: event.ingested,
            message: Arc::clone(&event.message),
        };
        if let Some(group) = self.groups.get_mut(&stream.group) {
            group.bytes += stored.size();
        }
        self.bytes += stored.size();
        Some((event.number, stored))
    }

    /// From now on readers see it, if the budget has not taken it.
    fn show(&mut self, number: u64) {
        let Some(event) = self.events.get(&number) else { return };
        let Some(stream) = self.streams.get_mut(&event.stream) else { return };
        stream.see(event);
        if let Some(group) = self.groups.get_mut(&stream.group) {
            group.by_time.insert(event.position(number));
        }
        self.feeds.tell(&stream.group, &stream.name, event.position(number), &event.message);
    }

    /// Drops the oldest until so many bytes are left at most, and the streams that this empties.
    pub(super) fn shrink(&mut self, budget: u64, written: &mut Written) {
        self.evict(budget, None, written);
    }

    /// Bytes of all events, counted as CloudWatch does.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Drops the oldest until the budget is kept, and the streams that this empties, but not the one being written.
    fn evict(&mut self, budget: u64, writing: Option<u32>, written: &mut Written) {
        while self.bytes > budget {
            let Some((number, event)) = self.events.pop_first() else { break };
            written.gone_events.push(number);
            let size = event.size();
            self.bytes -= size;
            let Some(stream) = self.streams.get_mut(&event.stream) else { continue };
            stream.events -= 1;
            let Some(group) = self.groups.get_mut(&stream.group) else { continue };
            group.by_time.remove(&event.position(number));
            group.bytes -= size;
            if stream.events == 0 && Some(event.stream) != writing {
                group.streams.remove(&stream.name);
                self.streams.remove(&event.stream);
                written.gone_streams.push(event.stream);
            }
        }
        if self.pending.is_stale(self.events.len()) {
            self.pending.retain(|number| self.events.contains_key(&number));
        }
    }

    pub(super) fn has_stream(&self, group: &str, stream: &str) -> bool {
        self.groups.get(group).is_some_and(|group| group.streams.contains_key(stream))
    }

    pub(super) fn stored_bytes(&self, group: &str) -> u64 {
        self.groups.get(group).map_or(0, |group| group.bytes)
    }

    pub(super) fn streams(&self, group: &str) -> Vec<StreamSummary> {
        let ids = self.groups.get(group).into_iter().flat_map(|group| group.streams.values());
        ids.filter_map(|id| self.streams.get(id))
            .map(|stream| StreamSummary {
                name: Arc::clone(&stream.name),
                created: stream.created,
                span: stream.span,
                last_ingestion: stream.last_ingestion,
            })
            .collect()
    }

    pub(super) fn scan(&self, group: &str, scan: &Scan<'_>) -> Page {
        let nothing = Page { events: Vec::new(), next: None };
        let Some(group) = self.groups.get(group) else { return nothing };
        let mut from = Bound::Included(Position::before(scan.start));
        let mut to = Bound::Included(Position::behind(scan.end));
        if let Some(after) = scan.after {
            if (after.timestamp < scan.start && scan.newest_first)
                || (after.timestamp > scan.end && !scan.newest_first)
            {
                return nothing;
            }
            match scan.newest_first {
                true if after.timestamp <= scan.end => to = Bound::Excluded(after),
                false if after.timestamp >= scan.start => from = Bound::Excluded(after),
                _ => {}
            }
        }
        if scan.start > scan.end || from == to {
            return nothing;
        }
        let range = group.by_time.range((from, to));
        match scan.newest_first {
            true => self.page(range.rev(), scan),
            false => self.page(range, scan),
        }
    }

    fn page<'a>(&self, range: impl Iterator<Item = &'a Position>, scan: &Scan<'_>) -> Page {
        let mut page = Page { events: Vec::new(), next: None };
        let mut bytes = 0;
        let mut range = range.peekable();
        let mut looks = 0;
        while let Some(&position) = range.next() {
            looks += 1;
            let Some(event) = self.events.get(&position.number) else { continue };
            let Some(stream) = self.streams.get(&event.stream) else { continue };
            if (scan.wanted)(&stream.name, &event.message) {
                bytes += event.size();
                page.events.push(Event {
                    position,
                    stream: Arc::clone(&stream.name),
                    message: Arc::clone(&event.message),
                });
            }
            let full = page.events.len() >= scan.limit || bytes >= PAGE_BYTES || looks >= PAGE_LOOKS;
            if full && range.peek().is_some() {
                page.next = Some(position);
                break;
            }
        }
        page
    }
}

mod removal;
mod restore;
#[cfg(test)]
mod tests;
