//! The events in memory: by time within their group, by age over all.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::journal::{Written, WrittenEvent, WrittenStream};

/// What CloudWatch adds to an event's length when it counts bytes.
const EVENT_OVERHEAD: u64 = 26;
/// How many bytes of messages one page holds at most, as FilterLogEvents (1 MB).
const PAGE_BYTES: u64 = 1_000_000;
/// How many events one page looks at before it hands over, found something or not.
const PAGE_LOOKS: usize = 50_000;

/// Where a scan stands: an event's time and number. Events of one time are in the order of their arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Epoch milliseconds.
    pub(crate) timestamp: i64,
    /// Counts all events of the account, from 1.
    pub(crate) number: u64,
}

/// One event as readers get it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) position: Position,
    pub(crate) stream: Arc<str>,
    pub(crate) ingested: i64,
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

struct Stream {
    group: Arc<str>,
    name: Arc<str>,
    created: i64,
    span: Option<(i64, i64)>,
    last_ingestion: Option<i64>,
    events: usize,
}

#[derive(Default)]
struct Group {
    by_time: BTreeSet<Position>,
    streams: BTreeMap<Arc<str>, u32>,
    bytes: u64,
}

/// All events.
pub(super) struct Index {
    budget: u64,
    bytes: u64,
    next_event: u64,
    next_stream: u32,
    events: BTreeMap<u64, Stored>,
    streams: BTreeMap<u32, Stream>,
    groups: BTreeMap<Arc<str>, Group>,
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
        }
    }

    /// Takes in a stream from the journal.
    pub(super) fn restore_stream(&mut self, stream: WrittenStream) {
        self.next_stream = self.next_stream.max(stream.id + 1);
        let group: Arc<str> = stream.group.into();
        let name: Arc<str> = stream.name.into();
        self.groups.entry(Arc::clone(&group)).or_default().streams.insert(Arc::clone(&name), stream.id);
        self.streams.insert(
            stream.id,
            Stream { group, name, created: stream.created, span: None, last_ingestion: None, events: 0 },
        );
    }

    /// Takes in an event from the journal, whose stream is there already; `false` when it is not.
    pub(super) fn restore_event(&mut self, event: WrittenEvent) -> bool {
        self.next_event = self.next_event.max(event.number + 1);
        if !self.streams.contains_key(&event.stream) {
            return false;
        }
        self.insert(&event);
        true
    }

    pub(super) fn append(
        &mut self,
        group: &str,
        stream: &str,
        events: Vec<(i64, String)>,
        now: i64,
    ) -> Written {
        let mut written = self.create_stream(group, stream, now).unwrap_or_default();
        let Some(&id) = self.groups.get(group).and_then(|group| group.streams.get(stream)) else {
            return written;
        };
        for (timestamp, message) in events {
            let number = self.next_event;
            self.next_event += 1;
            let event =
                WrittenEvent { number, stream: id, timestamp, ingested: now, message: message.into() };
            self.insert(&event);
            written.events.push(event);
        }
        self.evict(id, &mut written);
        written
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
            written.gone_events.iter().for_each(|number| drop(self.events.remove(number)));
        }
        written
    }

    fn insert(&mut self, event: &WrittenEvent) {
        let Some(stream) = self.streams.get_mut(&event.stream) else { return };
        let at = event.timestamp;
        stream.events += 1;
        stream.span = Some(stream.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        stream.last_ingestion = Some(event.ingested);
        let size = event.message.len() as u64 + EVENT_OVERHEAD;
        if let Some(group) = self.groups.get_mut(&stream.group) {
            group.by_time.insert(Position { timestamp: at, number: event.number });
            group.bytes += size;
        }
        self.bytes += size;
        self.events.insert(
            event.number,
            Stored {
                stream: event.stream,
                timestamp: at,
                ingested: event.ingested,
                message: Arc::clone(&event.message),
            },
        );
    }

    /// Drops the oldest until the budget is kept, and the streams that this empties, but not the one being written.
    fn evict(&mut self, writing: u32, written: &mut Written) {
        while self.bytes > self.budget {
            let Some((number, event)) = self.events.pop_first() else { break };
            written.gone_events.push(number);
            let size = event.message.len() as u64 + EVENT_OVERHEAD;
            self.bytes -= size;
            let Some(stream) = self.streams.get_mut(&event.stream) else { continue };
            stream.events -= 1;
            let Some(group) = self.groups.get_mut(&stream.group) else { continue };
            group.by_time.remove(&Position { timestamp: event.timestamp, number });
            group.bytes -= size;
            if stream.events == 0 && event.stream != writing {
                group.streams.remove(&stream.name);
                self.streams.remove(&event.stream);
                written.gone_streams.push(event.stream);
            }
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
        let mut from = Bound::Included(Position { timestamp: scan.start, number: 0 });
        let mut to = Bound::Included(Position { timestamp: scan.end, number: u64::MAX });
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
                bytes += event.message.len() as u64 + EVENT_OVERHEAD;
                page.events.push(Event {
                    position,
                    stream: Arc::clone(&stream.name),
                    ingested: event.ingested,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(index: &Index, group: &str, newest_first: bool) -> Vec<String> {
        let scan = Scan {
            start: 0,
            end: i64::MAX,
            after: None,
            newest_first,
            wanted: &|_, _| true,
            limit: usize::MAX,
        };
        index.scan(group, &scan).events.iter().map(|event| event.message.to_string()).collect()
    }

    #[test]
    fn the_oldest_go_first_and_take_their_stream_along() {
        // Room for three events of four bytes.
        let mut index = Index::new(3 * (4 + EVENT_OVERHEAD));
        let event = |n: i64| (1000 - n, format!("m-{n:02}"));
        index.append("g", "old", vec![event(1), event(2)], 1);
        index.append("g", "new", vec![event(3)], 2);
        assert_eq!(everything(&index, "g", true), ["m-01", "m-02", "m-03"]);
        let written = index.append("other", "o", vec![event(4)], 3);
        // Age is the order of arrival, not the time that an event claims.
        assert_eq!(written.gone_events, [1]);
        assert!(written.gone_streams.is_empty() && index.has_stream("g", "old"));
        let written = index.append("other", "o", vec![event(5)], 4);
        assert_eq!(
            (written.gone_events.as_slice(), written.gone_streams.as_slice()),
            (&[2_u64][..], &[0_u32][..])
        );
        assert!(!index.has_stream("g", "old"));
        assert_eq!(everything(&index, "g", false), ["m-03"]);
        assert_eq!(index.stored_bytes("g") + index.stored_bytes("other"), index.bytes);
    }

    #[test]
    fn one_event_beyond_the_budget_leaves_nothing_behind() {
        let mut index = Index::new(10);
        let written = index.append("g", "s", vec![(1, "far too long".to_owned())], 1);
        assert_eq!(written.gone_events, [1]);
        assert!(index.has_stream("g", "s"), "the stream that is being written stays");
        assert_eq!((index.bytes, everything(&index, "g", false).len()), (0, 0));
    }
}
