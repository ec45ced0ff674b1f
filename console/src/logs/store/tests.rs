use proptest::prelude::*;

use super::*;
use crate::logs::query::Query;

pub(super) fn line(id: usize, timestamp_ms: i64, stream: &str, message: &str) -> LogLine {
    LogLine {
        stage: StageName::ALL[id % 2],
        timestamp_ms,
        ingested_ms: timestamp_ms,
        event_id: id.to_string(),
        stream: stream.to_owned(),
        message: message.to_owned(),
    }
}

pub(super) fn asked(query: &str) -> Filter {
    Filter { query: Query::parse(query).expect("a query"), ..Filter::default() }
}

pub(super) fn texts(store: &Store) -> Vec<String> {
    (0..store.shown_len()).filter_map(|row| store.shown(row)).map(|entry| entry.text()).collect()
}

#[test]
fn a_line_that_comes_twice_is_there_once() {
    let mut store = Store::new(1 << 20);
    assert_eq!(store.insert_line(&line(1, 10, "s", "a")), Some(true));
    assert_eq!(store.insert_line(&line(1, 10, "s", "a")), None);
    assert_eq!(store.len(), 1);
}

#[test]
fn a_late_line_is_in_its_place_and_marked() {
    let mut store = Store::new(1 << 20);
    for (id, at) in [(0, 10_000), (2, 60_000), (4, 20_000), (1, 20_000)] {
        store.insert_line(&line(id, at, "s", &format!("line {id}")));
    }
    assert_eq!(texts(&store), ["line 0", "line 4", "line 1", "line 2"]);
    let late: Vec<bool> = (0..4).filter_map(|row| store.shown(row)).map(|entry| entry.late).collect();
    assert_eq!(late, [false, true, false, false], "the first line of a stage is never late");
}

#[test]
fn a_filter_that_hits_one_line_of_a_panic_shows_all_of_it() {
    let panic = [
        "thread 'main' panicked at src/main.rs:3:5:",
        "index out of bounds",
        "stack backtrace:",
        "   0: rust_begin_unwind",
        "note: run with more",
    ];
    let mut store = Store::new(1 << 20);
    store.insert_line(&line(100, 0, "a", "before"));
    for (step, text) in panic.iter().enumerate() {
        store.insert_line(&line(200 + step * 2, 1, "a", text));
        store.insert_line(&line(300 + step * 2, 1, "b", "another environment"));
    }
    store.insert_line(&line(400, 2, "a", "after"));
    for query in ["bounds", "level:error", "rust_begin"] {
        store.set_filter(asked(query));
        assert_eq!(texts(&store), panic.map(|text| text.to_owned()), "{query}");
    }
    store.set_filter(asked("-bounds"));
    assert!(!texts(&store).iter().any(|text| text.contains("panicked")), "{:?}", texts(&store));
    assert_eq!(texts(&store).len(), 7);
}

#[test]
fn hits_and_errors_are_found_among_their_context() {
    let mut store = Store::new(1 << 20);
    for (id, text) in ["a", "ERROR b", "hit", "c", "ERROR hit", "d"].into_iter().enumerate() {
        store.insert_line(&line(id * 2, id as i64 * 1000, "s", text));
    }
    store.set_filter(asked("hit"));
    assert_eq!(store.shown_len(), 2);
    store.set_context(true);
    assert_eq!((store.shown_len(), store.hits()), (6, 2));
    assert_eq!(store.find(Wanted::Hit, 2, false), Some(4));
    assert_eq!(store.find(Wanted::Hit, 2, true), None);
    assert_eq!(store.find(Wanted::Error, 4, true), Some(1));
    assert_eq!(store.find(Wanted::Error, 4, false), None);
    assert!(store.shown(2).is_some_and(|entry| entry.hit) && store.shown(3).is_some_and(|entry| !entry.hit));
}

#[test]
fn a_new_filter_is_asked_of_the_newest_lines_first() {
    let mut store = Store::new(64 << 10);
    for id in 0..800 {
        store.insert_line(&line(id * 2, id as i64, "s", "some text of a line"));
    }
    let all = store.len();
    store.set_filter(asked("text"));
    assert!(store.progress().is_some() && store.shown_len() < all);
    let newest = store.shown(store.shown_len() - 1).map(|entry| entry.anchor).expect("an entry");
    while store.work() {}
    assert_eq!((store.shown_len(), store.progress()), (all, None));
    assert_eq!(store.row_of(newest), all - 1);
}

pub(super) fn any_line() -> impl Strategy<Value = (i64, String, &'static str)> {
    let text = prop_oneof![
        4 => "[ab]{1,8}",
        1 => Just("thread 'a' panicked at b:".to_owned()),
        1 => Just("   ab".to_owned()),
        1 => Just("at bb".to_owned()),
        1 => Just("{\"msg\":\"\\u0061b\"}".to_owned()),
    ];
    (0i64..120, text, prop_oneof![Just("x"), Just("y")])
}

#[test]
fn what_is_kept_besides_the_text_is_small_and_comes_out_as_it_went_in() {
    assert_eq!(size_of::<Meta>(), 32);
    for link in [Link::None, Link::Opens, Link::Continues, Link::Closes] {
        for (late, escaped) in [(false, false), (true, false), (false, true), (true, true)] {
            let meta = Meta::new(0, 0, StageName::Prod, Kind::Service, None).marked(late, escaped, link);
            assert_eq!((meta.late(), meta.escaped(), meta.link()), (late, escaped, link));
        }
    }
}

proptest! {
    /// However lines come and whatever is dropped: in order of time, within the budget, and what is shown is what the
    /// plainest search of the entries finds.
    #[test]
    fn what_is_shown_is_what_a_search_finds(
        lines in proptest::collection::vec(any_line(), 1..120),
        budget in 500usize..20_000,
        query in prop_oneof![Just("ab"), Just("-bb"), Just("a -level:error"), Just("stage:prod"), Just("/b$/")],
        when in 0usize..120,
    ) {
        let mut store = Store::new(budget);
        for (id, (at, text, stream)) in lines.iter().enumerate() {
            if id == when {
                store.set_filter(asked(query));
                while store.work() {}
            }
            store.insert_line(&line(id, *at, stream, text));
            let all: Vec<(usize, usize)> = store.chunks.iter().enumerate()
                .flat_map(|(chunk, one)| (0..one.metas.len()).map(move |entry| (chunk, entry)))
                .collect();
            let stamps: Vec<i64> = all.iter().map(|(c, e)| store.chunks[*c].metas[*e].timestamp_ms).collect();
            prop_assert!(stamps.is_sorted());
            prop_assert_eq!(stamps.len(), store.len());
            let found: Vec<_> = all.iter().filter(|place| store.shows(**place))
                .map(|(c, e)| store.chunks[*c].metas[*e].anchor()).collect();
            let shown: Vec<_> = (0..store.shown_len()).filter_map(|row| store.shown(row)).map(|one| one.anchor).collect();
            prop_assert_eq!(&found, &shown);
            for (row, anchor) in shown.iter().enumerate() {
                prop_assert_eq!(store.row_of(*anchor), row);
            }
            prop_assert!(store.bytes() <= budget || store.chunks.len() == 1);
            prop_assert_eq!(store.bytes(), store.chunks.iter().map(Chunk::cost).sum::<usize>());
            prop_assert_eq!(store.linked, store.chunks.iter().map(Chunk::linked).sum::<usize>());
        }
        prop_assert_eq!(store.len() as u64 + store.dropped(), lines.len() as u64);
    }
}
