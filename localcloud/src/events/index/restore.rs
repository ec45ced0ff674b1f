//! What is read from the journal at the start: all at once, since to put a budget's worth of events into trees one by one would
//! be waited for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::journal::{WrittenEvent, WrittenStream};
use super::{Index, Position, Stored, Stream, is_due};

impl Index {
    /// Takes in a stream.
    pub(in super::super) fn restore_stream(&mut self, stream: WrittenStream) {
        self.next_stream = self.next_stream.max(stream.id + 1);
        let group: Arc<str> = stream.group.into();
        let name: Arc<str> = stream.name.into();
        self.groups.entry(Arc::clone(&group)).or_default().streams.insert(Arc::clone(&name), stream.id);
        self.streams.insert(
            stream.id,
            Stream { group, name, created: stream.created, span: None, last_ingestion: None, events: 0 },
        );
    }

    /// Takes in all events, by number, into an index that has their streams and no events yet. Returns the numbers of those whose
    /// stream is not there. What nobody saw when the program ended becomes visible when it was to.
    pub(in super::super) fn restore_events(&mut self, events: Vec<WrittenEvent>, now: i64) -> Vec<u64> {
        let mut orphans = Vec::new();
        let mut stored: Vec<(u64, Stored)> = Vec::with_capacity(events.len());
        let mut seen: BTreeMap<Arc<str>, Vec<Position>> = BTreeMap::new();
        self.next_event = events.last().map_or(self.next_event, |last| self.next_event.max(last.number + 1));
        for event in events {
            let Some((number, kept)) = self.count(&event) else {
                orphans.push(event.number);
                continue;
            };
            if !is_due(&event, now) {
                self.pending.push(event.ingested, number);
            } else if let Some(stream) = self.streams.get_mut(&event.stream) {
                stream.see(&kept);
                match seen.get_mut(&stream.group) {
                    Some(positions) => positions.push(kept.position(number)),
                    None => drop(seen.insert(Arc::clone(&stream.group), vec![kept.position(number)])),
                }
            }
            stored.push((number, kept));
        }
        self.events = stored.into_iter().collect();
        for (name, positions) in seen {
            if let Some(group) = self.groups.get_mut(&name) {
                group.by_time = positions.into_iter().collect();
            }
        }
        orphans
    }
}
