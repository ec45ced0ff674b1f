//! What the index keeps, shows and lets go.

use super::*;

fn everything(index: &Index, group: &str, newest_first: bool) -> Vec<String> {
    let scan =
        Scan { start: 0, end: i64::MAX, after: None, newest_first, wanted: &|_, _| true, limit: usize::MAX };
    index.scan(group, &scan).events.iter().map(|event| event.message.to_string()).collect()
}

#[test]
fn the_oldest_go_first_and_take_their_stream_along() {
    // Room for three events of four bytes.
    let mut index = Index::new(3 * (4 + EVENT_OVERHEAD));
    let event = |n: i64| (1000 - n, format!("m-{n:02}"));
    index.append("g", "old", vec![event(1), event(2)], None, 1);
    index.append("g", "new", vec![event(3)], None, 2);
    assert_eq!(everything(&index, "g", true), ["m-01", "m-02", "m-03"]);
    let written = index.append("other", "o", vec![event(4)], None, 3);
    // Age is the order of arrival, not the time that an event claims.
    assert_eq!(written.gone_events, [1]);
    assert!(written.gone_streams.is_empty() && index.has_stream("g", "old"));
    let written = index.append("other", "o", vec![event(5)], None, 4);
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
    let written = index.append("g", "s", vec![(1, "far too long".to_owned())], None, 1);
    assert_eq!(written.gone_events, [1]);
    assert!(index.has_stream("g", "s"), "the stream that is being written stays");
    assert_eq!((index.bytes, everything(&index, "g", false).len()), (0, 0));
}

#[test]
fn late_events_are_unseen_until_they_are_due_and_land_by_time_and_ingestion() {
    let mut index = Index::new(1000);
    let event = |text: &str| (100, text.to_owned());
    let written = index.append("g", "s", vec![event("a"), event("b"), event("c")], Some(&[30, 10, 0]), 1000);
    let ingested: Vec<i64> = written.events.iter().map(|event| event.ingested).collect();
    assert_eq!(ingested, [1030, 1010, 1000], "what is on disk says when it is to be seen");
    assert_eq!((everything(&index, "g", false), index.pending()), (vec!["c".to_owned()], 2));
    assert_eq!(index.streams("g")[0].last_ingestion, Some(1000));
    index.deliver(1009);
    assert_eq!(everything(&index, "g", false), ["c"]);
    index.deliver(1010);
    assert_eq!(everything(&index, "g", false), ["c", "b"]);
    assert_eq!(index.last_due(), Some(1030));
    index.deliver(2000);
    assert_eq!(everything(&index, "g", false), ["c", "b", "a"]);
    assert_eq!((index.pending(), index.last_due()), (0, None));
    assert_eq!(index.streams("g")[0].last_ingestion, Some(1030));
}

#[test]
fn a_page_goes_on_where_it_was_though_events_landed_behind_it() {
    let mut index = Index::new(10_000);
    let events = |texts: [&str; 3]| texts.map(|text| (100, text.to_owned())).to_vec();
    index.append("g", "s", events(["a", "b", "c"]), None, 1000);
    index.append("g", "s", events(["x", "y", "z"]), Some(&[5, 6, 7]), 999);
    let page = |index: &Index, after| {
        let scan = Scan { start: 0, end: 200, after, newest_first: false, wanted: &|_, _| true, limit: 2 };
        let page = index.scan("g", &scan);
        (page.events.iter().map(|event| event.message.to_string()).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(&index, None);
    assert_eq!(first, ["a", "b"]);
    // One earlier in time, which this reader has passed, and three that follow.
    index.append("g", "s", vec![(99, "passed".to_owned())], None, 1001);
    index.deliver(2000);
    let (second, next) = page(&index, next);
    assert_eq!(second, ["c", "x"]);
    let (third, next) = page(&index, next);
    assert_eq!((third, next), (vec!["y".to_owned(), "z".to_owned()], None));
}

#[test]
fn the_budget_and_a_deleted_group_take_pending_events_along() {
    let mut index = Index::new(3 * (1 + EVENT_OVERHEAD));
    let event = |text: &str| vec![(100, text.to_owned())];
    index.append("g", "s", event("a"), Some(&[50]), 1000);
    index.append("g", "s", event("b"), Some(&[50]), 1000);
    index.append("h", "s", event("c"), Some(&[50]), 1000);
    let written = index.append("h", "s", event("d"), None, 1000);
    assert_eq!((written.gone_events, index.pending()), (vec![1], 2));
    let written = index.delete_group("g");
    assert_eq!((written.gone_events, index.pending()), (vec![2], 1));
    assert_eq!(index.stored_bytes("h"), index.bytes);
    index.deliver(1050);
    assert_eq!(everything(&index, "h", false), ["d", "c"]);
    assert!(everything(&index, "g", false).is_empty());
}

#[test]
fn what_was_pending_at_the_end_is_due_when_it_was_to_be() {
    let mut index = Index::new(1000);
    index.restore_stream(WrittenStream { id: 0, group: "g".into(), name: "s".into(), created: 1 });
    let restored =
        |number, ingested| WrittenEvent { number, stream: 0, timestamp: 100, ingested, message: "m".into() };
    let orphan = WrittenEvent { stream: 7, ..restored(4, 900) };
    let all = vec![restored(1, 900), restored(2, 1500), restored(3, 1000 + MOST_DELAY_MS + 1), orphan];
    assert_eq!(index.restore_events(all, 1000), [4]);
    // The third is from before the clock was set back.
    assert_eq!((everything(&index, "g", false).len(), index.pending()), (2, 1));
    index.deliver(1500);
    assert_eq!(everything(&index, "g", false).len(), 3);
}
