use proptest::prelude::*;

use crate::domain::LogLine;
use crate::logs::store::chunk::Chunk;
use crate::logs::store::entry::Kind;
use crate::logs::store::tests::{any_line, asked, line, texts};
use crate::logs::store::{Store, Wanted};

#[test]
fn a_page_of_the_past_is_in_its_place_and_not_late() {
    let mut store = Store::new(1 << 20);
    for (id, at) in [(0, 50_000), (2, 60_000)] {
        store.insert_line(&line(id, at, "s", &format!("live {id}")));
    }
    let page: Vec<LogLine> = [(8, 55_000), (2, 60_000), (6, 40_000), (4, 30_000), (4, 30_000)]
        .map(|(id, at)| line(id, at, "s", &format!("past {id}")))
        .into();
    assert_eq!(store.insert_past(&page).lines, 3);
    assert_eq!(texts(&store), ["past 4", "past 6", "live 0", "past 8", "live 2"]);
    assert!((0..5).filter_map(|row| store.shown(row)).all(|entry| !entry.late));
    assert_eq!(store.newest(page[0].stage), Some(60_000), "it says nothing of how far the tail came");
    store.insert_line(&line(10, 45_000, "s", "late"));
    assert!(store.shown(2).is_some_and(|entry| entry.late), "{:?}", texts(&store));
}

#[test]
fn nothing_newer_goes_for_what_is_older() {
    let mut store = Store::new(16 << 10);
    let text = "x".repeat(64);
    for id in 0..60 {
        store.insert_line(&line(id * 2, 100_000 + id as i64, "s", &text));
    }
    let page: Vec<LogLine> = (0..200).map(|id| line(1001 + id * 2, 99_999 - id as i64, "s", &text)).collect();
    let taken = store.insert_past(&page);
    assert_eq!((store.dropped(), store.dropped_to()), (0, None));
    assert_eq!(taken.full_ms, Some(99_999 - taken.lines as i64), "the newest of the page are in");
    assert!(taken.lines > 20 && store.bytes() < 16 << 10, "{taken:?}");
    assert_eq!(store.insert_past(&page).lines, 0, "and it stays full");
    for id in 100..160 {
        store.insert_line(&line(id * 2, 200_000 + id as i64, "s", &text));
    }
    assert!(store.dropped_to().is_some_and(|dropped| dropped < 100_000), "the oldest go first");
}

#[test]
fn what_lies_before_the_range_is_not_shown_nor_found() {
    let mut store = Store::new(1 << 20);
    for id in 0..10 {
        let text = if id % 3 == 0 { "ERROR hit" } else { "miss" };
        store.insert_line(&line(id * 2, id as i64 * 10, "s", text));
    }
    store.set_from(Some(35));
    assert_eq!((store.shown_len(), store.len_in_range(), store.len()), (6, 6, 10));
    assert_eq!(store.shown(0).map(|entry| entry.timestamp_ms), Some(40));
    store.set_filter(asked("hit"));
    assert_eq!((store.shown_len(), store.hits()), (2, 2));
    store.set_context(true);
    assert_eq!(store.find(Wanted::Error, 4, true), Some(2));
    assert_eq!(store.find(Wanted::Error, 2, true), None, "the one at 30 is before the range");
    let first = store.shown(0).map(|entry| entry.anchor).expect("an entry");
    store.set_from(None);
    assert_eq!((store.row_of(first), store.shown_len()), (4, 10));
    store.set_from(Some(1000));
    assert_eq!((store.shown_len(), store.hits(), store.row_of(first)), (0, 0, 0));
}

#[test]
fn a_note_is_taken_out_again() {
    let mut store = Store::new(1 << 20);
    store.insert_line(&line(2, 10, "s", "a"));
    let stage = line(2, 0, "", "").stage;
    let before = store.bytes();
    store.insert_note(stage, 5, Kind::Gap, "a gap");
    store.insert_note(stage, 10, Kind::Gap, "another");
    assert_eq!(texts(&store), ["a gap", "a", "another"]);
    assert!(store.remove_note(stage, 5, "a gap") && !store.remove_note(stage, 5, "a gap"));
    assert!(store.remove_note(stage, 10, "another"));
    assert_eq!((texts(&store), store.bytes()), (vec!["a".to_owned()], before));
    let mut empty = Store::new(1 << 20);
    empty.insert_note(stage, 5, Kind::Gap, "alone");
    assert!(empty.remove_note(stage, 5, "alone") && empty.is_empty() && empty.bytes() == 0);
}

/// What is shown of a snapshot.
fn written(store: &Store) -> Vec<String> {
    let snapshot = store.snapshot();
    snapshot.parts().iter().flat_map(|part| part.entries()).map(|entry| entry.text()).collect()
}

#[test]
fn a_snapshot_stays_while_the_store_goes_on() {
    let mut store = Store::new(2000);
    for id in 0..40 {
        store.insert_line(&line(id * 2, id as i64, "s", &format!("text {id}")));
    }
    let (shown, snapshot) = (texts(&store), store.snapshot());
    store.insert_past(&[line(99, 3, "s", "older")]);
    store.set_filter(asked("nothing"));
    for id in 100..300 {
        store.insert_line(&line(id * 2, 1000 + id as i64, "s", "newer"));
    }
    assert_eq!(texts(&store), Vec::<String>::new());
    let kept: Vec<String> =
        snapshot.parts().iter().flat_map(|part| part.entries()).map(|entry| entry.text()).collect();
    assert_eq!(kept, shown);
}

proptest! {
    /// However lines are divided into what comes live and what is read afterwards, with a filter and a range: in order of
    /// time, each once, and what is shown is what the plainest search of the entries finds.
    #[test]
    fn what_is_shown_is_what_a_search_finds(
        pages in proptest::collection::vec((any::<bool>(), proptest::collection::vec((any_line(), 0usize..60), 1..30)), 1..12),
        budget in prop_oneof![500usize..20_000, Just(1 << 20)],
        query in prop_oneof![Just("ab"), Just("-bb"), Just("a -level:error"), Just("stage:prod"), Just("/b$/")],
        when in 0usize..12,
        from in proptest::option::of(0i64..120),
        context in any::<bool>(),
    ) {
        let mut store = Store::new(budget);
        let mut known = std::collections::BTreeMap::new();
        let mut left_out = false;
        for (step, (past, page)) in pages.iter().enumerate() {
            if step == when {
                store.set_filter(asked(query));
                while store.work() {}
                store.set_context(context);
                store.set_from(from);
            }
            // The same id is the same line wherever it comes from.
            let mut lines: Vec<LogLine> = page.iter()
                .map(|((at, text, stream), id)| known.entry(*id).or_insert_with(|| line(*id, *at, stream, text)).clone())
                .collect();
            if *past {
                lines.sort_by_key(|line| std::cmp::Reverse(line.timestamp_ms));
                left_out |= store.insert_past(&lines).full_ms.is_some();
            } else {
                for line in &lines {
                    store.insert_line(line);
                }
            }
            let all: Vec<(usize, usize)> = store.chunks.iter().enumerate()
                .flat_map(|(chunk, one)| (0..one.metas.len()).map(move |entry| (chunk, entry)))
                .collect();
            let stamps: Vec<i64> = all.iter().map(|(c, e)| store.chunks[*c].metas[*e].timestamp_ms).collect();
            prop_assert!(stamps.is_sorted());
            let wanted = |place: &&(usize, usize)| match store.context() {
                false => store.shows(**place),
                true => from.is_none_or(|from| from <= store.chunks[place.0].metas[place.1].timestamp_ms),
            };
            let found: Vec<_> = all.iter().filter(wanted)
                .map(|(c, e)| store.chunks[*c].metas[*e].anchor()).collect();
            let shown: Vec<_> = (0..store.shown_len()).filter_map(|row| store.shown(row)).map(|one| one.anchor).collect();
            prop_assert_eq!(&found, &shown);
            for (row, anchor) in shown.iter().enumerate() {
                prop_assert_eq!(store.row_of(*anchor), row);
            }
            prop_assert_eq!(written(&store), texts(&store));
            prop_assert_eq!(store.bytes(), store.chunks.iter().map(Chunk::cost).sum::<usize>());
            prop_assert_eq!(store.linked, store.chunks.iter().map(Chunk::linked).sum::<usize>());
        }
        if store.dropped() == 0 && !left_out {
            prop_assert_eq!(store.len(), known.len());
        }
    }
}
