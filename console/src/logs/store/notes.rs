//! Notes and markers in the stream. What is known of a change may grow, so a marker can be taken out again.

use std::hash::BuildHasher;

use super::Store;
use super::chunk::Chunk;
use super::entry::{Kind, Meta};
use crate::domain::StageName;

impl Store {
    /// Puts a note or a marker into the stream; one of no stage is shown with each. `text` must be harmless. `None`: the same one
    /// is there already; else whether it is shown.
    pub fn insert_note(
        &mut self,
        stage: impl Into<Option<StageName>>,
        at_ms: i64,
        kind: Kind,
        text: &str,
    ) -> Option<bool> {
        let stage = stage.into();
        let identity = self.hasher.hash_one((stage, at_ms, text));
        if self.has(at_ms, identity) {
            return None;
        }
        let meta = Meta::new(at_ms, identity, stage.unwrap_or(StageName::Stage), kind, None);
        let meta = if stage.is_none() { meta.of_both() } else { meta };
        Some(self.insert(meta, text))
    }

    /// Takes a note or a marker out of the stream. `false`: it is not there.
    pub fn remove_note(&mut self, stage: impl Into<Option<StageName>>, at_ms: i64, text: &str) -> bool {
        let stage: Option<StageName> = stage.into();
        let identity = self.hasher.hash_one((stage, at_ms, text));
        let place =
            self.at(at_ms).find(|(chunk, entry)| self.chunks[*chunk].metas[*entry].identity == identity);
        let Some((index, entry)) = place else { return false };
        let chunk = &mut self.chunks[index];
        self.bytes -= chunk.cost();
        chunk.remove(entry);
        self.bytes += chunk.cost();
        if chunk.metas.is_empty() {
            self.chunks.remove(index);
        }
        true
    }

    /// How many lines there are from the time on from which entries are shown.
    pub fn lines_in_range(&self) -> usize {
        self.len_in_range() - self.notes(|_, _| true)
    }

    /// How many lines the filter lets through.
    pub fn lines_let_through(&self) -> usize {
        self.hits() - self.notes(|chunk, entry| chunk.hits.has(entry))
    }

    /// How many lines are shown.
    pub fn lines_shown(&self) -> usize {
        self.shown_len() - self.notes(|chunk, entry| chunk.rows(self.context()).has(entry))
    }

    /// How many of those notes in range are meant.
    fn notes(&self, meant: impl Fn(&Chunk, usize) -> bool) -> usize {
        let of_chunk = |chunk: &Chunk| {
            let all = chunk.notes.len(chunk.metas.len());
            // Most chunks have none.
            let from = if all == 0 { 0 } else { self.hidden(chunk, &chunk.notes) };
            let entries = (from..all).filter_map(|note| chunk.notes.entry(note));
            entries.filter(|entry| meant(chunk, *entry)).count()
        };
        self.chunks.iter().map(of_chunk).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::{LogLine, StageName};
    use crate::logs::filter::Filter;
    use crate::logs::query::Query;
    use crate::logs::store::{Kind, Store, Wanted};

    fn line(id: usize, timestamp_ms: i64) -> LogLine {
        LogLine {
            stage: StageName::ALL[id % 2],
            timestamp_ms,
            ingested_ms: timestamp_ms,
            event_id: id.to_string(),
            stream: "s".to_owned(),
            message: format!("line {id}"),
        }
    }

    fn texts(store: &Store) -> Vec<String> {
        (0..store.shown_len()).filter_map(|row| store.shown(row)).map(|entry| entry.text()).collect()
    }

    #[test]
    fn markers_are_gone_to_and_one_of_no_stage_is_shown_with_each() {
        let mut store = Store::new(1 << 20);
        for id in 0..6 {
            store.insert_line(&line(id, id as i64 * 1000));
        }
        assert_eq!(store.oldest_line(), Some(0));
        store.insert_note(None, 2500, Kind::Marker, "gateway");
        store.insert_note(Some(StageName::Prod), -5, Kind::Marker, "prod deployed");
        assert_eq!(
            (store.oldest_line(), store.insert_note(None, 2500, Kind::Marker, "gateway")),
            (Some(0), None)
        );
        assert_eq!(store.find(Wanted::Marker, 7, true), Some(4));
        assert_eq!(store.find(Wanted::Marker, 4, true), Some(0));
        assert_eq!(store.find(Wanted::Marker, 4, false), None);
        store.set_filter(Filter {
            stage: Some(StageName::Stage),
            query: Query::text("line 4"),
            ..Filter::default()
        });
        assert_eq!(texts(&store), ["gateway", "line 4"]);
    }

    proptest! {
        /// However markers come and go, what is left is what was never taken out, and the bytes are counted right.
        #[test]
        fn a_marker_that_is_taken_out_leaves_nothing(
            lines in proptest::collection::vec(0i64..50, 0..60),
            markers in proptest::collection::vec((0i64..50, any::<bool>(), any::<bool>()), 1..12),
            budget in prop_oneof![Just(1usize << 20), 900usize..4000],
            asked in any::<bool>(),
            from in proptest::option::of(0i64..50),
        ) {
            let mut store = Store::new(budget);
            if asked {
                store.set_filter(Filter { stage: Some(StageName::Prod), query: Query::text("1"), ..Filter::default() });
            }
            let text = |index: usize| format!("marker {index}");
            let stage = |both: bool| (!both).then_some(StageName::Prod);
            let half = lines.len() / 2;
            for (id, at) in lines[..half].iter().enumerate() {
                store.insert_line(&line(id, *at));
            }
            for (index, (at, both, _)) in markers.iter().enumerate() {
                store.insert_note(stage(*both), *at, Kind::Marker, &text(index));
            }
            let (late, past) = lines[half..].split_at((lines.len() - half) / 2);
            for (id, at) in late.iter().enumerate() {
                store.insert_line(&line(half + id, *at));
            }
            let past = past.iter().enumerate().map(|(id, at)| line(half + late.len() + id, *at));
            store.insert_past(&past.collect::<Vec<_>>());
            let kept_before: Vec<String> = markers_in(&store);
            for (index, (at, both, goes)) in markers.iter().enumerate() {
                if *goes {
                    let there = kept_before.contains(&text(index));
                    prop_assert_eq!(store.remove_note(stage(*both), *at, &text(index)), there);
                    prop_assert!(!store.remove_note(stage(*both), *at, &text(index)));
                }
            }
            while store.work() {}
            let goes = |name: &String| markers.iter().enumerate().any(|(index, one)| one.2 && text(index) == *name);
            let stay: Vec<String> = kept_before.iter().filter(|name| !goes(name)).cloned().collect();
            prop_assert_eq!(markers_in(&store), stay);
            prop_assert_eq!(store.bytes(), store.chunks.iter().map(|chunk| chunk.cost()).sum::<usize>());
            prop_assert!(store.chunks.iter().all(|chunk| !chunk.metas.is_empty()));
            // The same as a store that is asked anew.
            let shown = texts(&store);
            let filter = store.filter().clone();
            store.set_filter(Filter::default());
            store.set_filter(filter);
            while store.work() {}
            prop_assert_eq!(texts(&store), shown);
            // Lines are counted without them, also where the range begins among them.
            store.set_from(from);
            prop_assert_eq!(store.lines_shown(), counted(&store));
            prop_assert_eq!(store.lines_let_through(), counted(&store));
            store.set_filter(Filter::default());
            prop_assert_eq!(store.lines_in_range(), counted(&store));
        }
    }

    fn counted(store: &Store) -> usize {
        (0..store.shown_len()).filter_map(|row| store.shown(row)).filter(|entry| entry.is_line()).count()
    }

    fn markers_in(store: &Store) -> Vec<String> {
        (0..store.shown_len())
            .filter_map(|row| store.shown(row))
            .filter(|entry| entry.kind == Kind::Marker)
            .map(|entry| entry.text())
            .collect()
    }
}
