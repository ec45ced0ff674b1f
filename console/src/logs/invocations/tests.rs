use proptest::prelude::*;

use super::*;

fn line(at_ms: i64, stream: &str, message: &str) -> LogLine {
    LogLine {
        stage: StageName::Prod,
        timestamp_ms: at_ms,
        ingested_ms: at_ms,
        event_id: format!("{at_ms}{message}"),
        stream: stream.to_owned(),
        message: message.to_owned(),
    }
}

/// A stream in which everything happens: a cold start, an error, a panic that ends the process, a failed start, a time-out,
/// one that still runs, and an id of somebody else's.
fn night() -> Vec<LogLine> {
    let report = |id: &str, ms: &str, rest: &str| {
        format!(
            "REPORT RequestId: {id}\tDuration: {ms} ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t{rest}"
        )
    };
    let texts = [
        (0, "INIT_START Runtime Version: container-image\t".to_owned()),
        (10, "START RequestId: aaaa-1 Version: $LATEST".to_owned()),
        (
            12,
            r#"{"level":"INFO","message":"GET /items 200 3 ms","request_id":"aaaa-1","gateway_request_id":"gate-1","method":"GET","path":"/items","route":"/items","status":200}"#
                .to_owned(),
        ),
        (13, "END RequestId: aaaa-1".to_owned()),
        (13, report("aaaa-1", "3.01", "Init Duration: 110.10 ms\t")),
        (20, "START RequestId: bbbb-2 Version: $LATEST".to_owned()),
        (
            21,
            r#"{"level":"ERROR","message":"panicked: no luck","span":{"request_id":"bbbb-2","gateway_request_id":"gate-2"}}"#
                .to_owned(),
        ),
        (
            22,
            r#"{"level":"ERROR","message":"POST /x 500 1 ms","request_id":"bbbb-2","method":"POST","path":"/x","status":500}"#
                .to_owned(),
        ),
        (23, "END RequestId: bbbb-2".to_owned()),
        (23, report("bbbb-2", "2.5", "")),
        (30, "START RequestId: cccc-3 Version: $LATEST".to_owned()),
        (31, "thread 'main' panicked at src/main.rs:3:5:".to_owned()),
        (31, "index out of bounds".to_owned()),
        (32, "RequestId: cccc-3 Error: Runtime exited with error: exit status 101".to_owned()),
        (32, "Runtime.ExitError".to_owned()),
        (32, "END RequestId: cccc-3".to_owned()),
        (32, report("cccc-3", "2", "Status: error\tError Type: Runtime.ExitError\t")),
        (40, "INIT_REPORT Init Duration: 700.5 ms\tPhase: init\tStatus: timeout\t".to_owned()),
        (41, "START RequestId: dddd-4 Version: $LATEST".to_owned()),
        (50, "2026-11-22T12:00:00.000Z dddd-4 Task timed out after 1.00 seconds".to_owned()),
        (50, "END RequestId: dddd-4".to_owned()),
        (50, report("dddd-4", "1000", "Status: timeout\t")),
        (60, "START RequestId: eeee-5 Version: $LATEST".to_owned()),
        (61, "An error occurred (Service: S3, RequestId: FOREIGN1)".to_owned()),
    ];
    texts.iter().map(|(at, text)| line(*at, "s", text)).collect()
}

fn table_of(lines: &[LogLine]) -> (Table, Window) {
    let (mut table, mut window) = (Table::default(), Window::default());
    for line in lines {
        table.take(line, &mut |turn, one| match turn {
            Turn::After => window.add(&one),
            Turn::Before | Turn::Gone => window.remove(&one),
        });
    }
    (table, window)
}

/// All that is known of each, as text.
fn told(table: &Table) -> Vec<String> {
    let all = table.between(i64::MIN, i64::MAX);
    let mut all: Vec<String> = all
        .map(|one| {
            format!(
                "{} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                one.request_id(),
                one.outcome(),
                one.status(),
                one.path(),
                one.duration_ms(),
                one.init_ms(),
                one.gateway_request_id(),
                one.is_complete(),
                table.words(&one),
                table.run(&one)
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn each_outcome_is_known() {
    let (table, window) = table_of(&night());
    let outcome = |id: &str| table.by_id(StageName::Prod, id).map(|one| one.outcome());
    assert_eq!(outcome("aaaa-1"), Some(Outcome::Ok));
    assert_eq!(outcome("bbbb-2"), Some(Outcome::Error));
    assert_eq!(outcome("cccc-3"), Some(Outcome::Crash));
    assert_eq!(outcome("dddd-4"), Some(Outcome::Timeout));
    assert_eq!(outcome("eeee-5"), Some(Outcome::Running));
    assert_eq!(outcome("FOREIGN1"), None, "an id in a text alone is no invocation");
    assert_eq!(table.len(), 5);

    let first = table.by_gateway_id(StageName::Prod, "gate-1").expect("known by the gateway's id");
    assert_eq!((first.request_id(), first.status(), first.path()), ("aaaa-1", Some(200), Some("/items")));
    assert_eq!((first.duration_ms(), first.init_ms(), first.used_mb()), (Some(3.01), Some(110.1), Some(36)));
    assert!(first.is_complete() && table.by_gateway_id(StageName::Stage, "gate-1").is_none());
    let words = |id: &str| table.words(&table.by_id(StageName::Prod, id).expect("known")).join(" | ");
    assert_eq!(words("bbbb-2"), "panicked: no luck");
    assert_eq!(
        words("cccc-3"),
        "Runtime exited with error: exit status 101 | thread 'main' panicked at src/main.rs:3:5:"
    );
    let late = table.by_id(StageName::Prod, "dddd-4").expect("known");
    assert_eq!(late.init_ms(), Some(700.5), "the start that failed before it was its own");
    assert!(table.by_id(StageName::Prod, "cccc-3").is_some_and(|one| !one.is_cold()));

    let figures = window.summary();
    assert_eq!((figures.count, figures.failed, figures.outcomes), (5, 3, [1, 1, 1, 1, 1]));
    assert_eq!((figures.cold, figures.cold_share), (2, Some(0.5)));
    assert_eq!((figures.p50_ms, figures.p95_ms, figures.p99_ms), (Some(2.5), Some(1000.0), Some(1000.0)));
}

#[test]
fn lambdas_json_lines_say_the_same() {
    let texts = [
        (1, r#"{"type":"platform.start","record":{"requestId":"aaaa","version":"1"}}"#),
        (
            2,
            r#"{"type":"platform.report","record":{"requestId":"aaaa","status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":9,"initDurationMs":7}}}"#,
        ),
        (3, r#"{"type":"platform.start","record":{"requestId":"bbbb"}}"#),
        (4, r#"{"type":"platform.report","record":{"requestId":"bbbb","status":"timeout","metrics":{}}}"#),
        (5, r#"{"type":"platform.start","record":{"requestId":"cccc"}}"#),
        (
            6,
            r#"{"type":"platform.runtimeDone","record":{"requestId":"cccc","status":"error","errorType":"Mine"}}"#,
        ),
    ];
    let lines: Vec<LogLine> = texts.iter().map(|(at, text)| line(*at, "s", text)).collect();
    let (table, _) = table_of(&lines);
    let one = |id: &str| table.by_id(StageName::Prod, id).expect("known");
    assert_eq!((one("aaaa").outcome(), one("aaaa").init_ms()), (Outcome::Crash, Some(7.0)));
    assert_eq!((one("bbbb").outcome(), one("cccc").outcome()), (Outcome::Timeout, Outcome::Error));
    assert!(one("aaaa").is_complete() && !one("cccc").is_complete());
}

#[test]
fn invocations_are_asked_by_their_fields() {
    let (table, _) = table_of(&night());
    let found = |query: &str| {
        let query = ask(query).unwrap_or_else(|mistake| panic!("{query}: {mistake:?}"));
        let hits = table.between(i64::MIN, i64::MAX).filter(|one| query.holds(one));
        hits.map(|one| one.request_id().chars().take(1).collect::<String>()).collect::<String>()
    };
    for (query, ids) in [
        ("status>=500", "b"),
        ("status:5xx", "b"),
        ("duration>=1000", "d"),
        ("outcome:timeout", "d"),
        ("-outcome:ok", "bcde"),
        ("cold:true", "ad"),
        ("/items", "a"),
        ("method:post", "b"),
        ("request:cccc", "c"),
        ("request:gate-2", "b"),
        ("exit stage:prod", "c"),
        ("/GET|POST/", "ab"),
        ("stage:stage", ""),
        ("memory>30 -crash", "abd"),
    ] {
        assert_eq!(found(query), ids, "{query}");
    }
    for (query, at) in [
        ("ok level>=warn", 3..14),
        ("colour:red", 0..10),
        ("outcome:fine", 0..12),
        ("status:abc", 0..10),
        ("cold>1", 0..6),
    ] {
        assert_eq!(ask(query).map_err(|mistake| mistake.at), Err(at), "{query}");
    }
}

#[test]
fn more_lines_than_are_kept_stay_within_the_bound() {
    let (mut table, mut window) = (Table::bounded(2000, 1 << 20), Window::default());
    let mut tell = |turn: Turn, one: Invocation<'_>| {
        if turn == Turn::After { window.add(&one) } else { window.remove(&one) }
    };
    for index in 0..200_000_i64 {
        let id = index / 2;
        let text = if index % 2 == 0 {
            format!("START RequestId: id-{id} Version: 1")
        } else {
            format!("REPORT RequestId: id-{id}\tDuration: {} ms\tBilled Duration: 1 ms", id % 1000)
        };
        table.take(&line(index, "s", &text), &mut tell);
        assert!(table.bytes() <= 1 << 20);
    }
    let kept = table.len();
    assert!((1000..=2000).contains(&kept), "{kept}");
    assert_eq!(kept as u64 + table.dropped(), 100_000);
    table.take(&line(5, "s", "END RequestId: id-2"), &mut tell);
    assert_eq!(table.len(), kept, "what is gone does not come back by a late line");
    assert_eq!(window.summary().count, kept);
}

#[test]
fn what_is_settled_goes_out_oldest_first() {
    let mut table = Table::default();
    let mut out = Vec::new();
    for one in night() {
        table.take(&one, &mut |_, _| {});
    }
    let mut tell = |turn: Turn, one: Invocation<'_>| {
        assert_eq!(turn, Turn::Gone);
        out.push(one.request_id().to_owned());
    };
    table.take_settled(60_000, &mut tell);
    table.take_settled(60_030, &mut tell);
    table.take_all(&mut tell);
    assert_eq!(out, ["aaaa-1", "bbbb-2", "cccc-3", "dddd-4", "eeee-5"]);
}

proptest! {
    /// In whatever order lines come, and however often: the same table, and the same figures.
    #[test]
    fn neither_order_nor_doubles_matter(
        order in Just((0..night().len()).collect::<Vec<_>>()).prop_shuffle(),
        doubles in proptest::collection::vec(0..night().len(), 0..20),
    ) {
        let lines = night();
        let (plain, figures) = table_of(&lines);
        let shuffled: Vec<LogLine> = order.into_iter().chain(doubles).map(|index| lines[index].clone()).collect();
        let (table, other) = table_of(&shuffled);
        prop_assert_eq!(told(&plain), told(&table));
        prop_assert_eq!(figures.summary(), other.summary());
    }

    /// Whatever lines say, nothing panics, the bound holds, and the figures are those of what is kept.
    #[test]
    fn the_figures_are_those_of_what_is_kept(
        lines in proptest::collection::vec(
            (0i64..40, "[ab]", "(START RequestId: [a-h]|END RequestId: [a-h]|REPORT RequestId: [a-h]\tDuration: [0-9]{1,3} ms\tBilled Duration: 1 ms|RequestId: [a-h] Error: x|INIT_REPORT Init Duration: [0-9]{1,3} ms|\\{\"request_id\":\"[a-h]\",\"gateway_request_id\":\"[x-z]\",\"status\":[2-5]00,\"method\":\"GET\",\"path\":\"/\"\\})"),
            0..120,
        ),
        most in 1usize..8,
    ) {
        let (mut table, mut window) = (Table::bounded(most, BUDGET), Window::default());
        for (at, stream, text) in lines {
            table.take(&line(at, &stream, &text), &mut |turn, one| {
                if turn == Turn::After { window.add(&one) } else { window.remove(&one) }
            });
            prop_assert!(table.records.len() <= most);
        }
        let mut anew = Window::default();
        table.between(i64::MIN, i64::MAX).for_each(|one| anew.add(&one));
        prop_assert_eq!(anew.summary(), window.summary());
        let bytes: usize = table.records.iter().map(|(_, record)| EACH + record.text_len()).sum();
        prop_assert_eq!(bytes, table.bytes());
    }
}
