//! What is taken out on purpose: a stream, and events that their group's retention does not keep.

use super::super::journal::Written;
use super::{Index, Position};

impl Index {
    /// Forgets a stream and its events; `None` when there is none of that name.
    pub(in super::super) fn delete_stream(&mut self, group: &str, stream: &str) -> Option<Written> {
        let gone = self.groups.get_mut(group)?.streams.remove(stream)?;
        let of_it = self.events.iter().filter(|(_, event)| event.stream == gone).map(|(number, _)| *number);
        let numbers: Vec<u64> = of_it.collect();
        let mut written = Written { gone_streams: vec![gone], ..Written::default() };
        for number in numbers {
            self.forget(group, number, &mut written);
        }
        self.streams.remove(&gone);
        Some(written)
    }

    /// Forgets the events of a group that are from before that time, epoch milliseconds. Streams stay, as on AWS. `None`
    /// when there are none.
    pub(in super::super) fn expire(&mut self, group: &str, since: i64) -> Option<Written> {
        let old = self.groups.get(group)?.by_time.range(..Position::before(since));
        let numbers: Vec<u64> = old.map(|position| position.number).collect();
        if numbers.is_empty() {
            return None;
        }
        let mut written = Written::default();
        for number in numbers {
            self.forget(group, number, &mut written);
        }
        Some(written)
    }

    fn forget(&mut self, group: &str, number: u64, written: &mut Written) {
        let Some(event) = self.events.remove(&number) else { return };
        let size = event.size();
        self.bytes -= size;
        if let Some(stream) = self.streams.get_mut(&event.stream) {
            stream.events -= 1;
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.by_time.remove(&event.position(number));
            group.bytes -= size;
        }
        written.gone_events.push(number);
    }
}
