//! The store: any sequence of lines, notes, filters and looks. What is shown is in order of time, each entry is found again where it is
//! shown, nothing is lost but what is counted as dropped, and what was found line by line is what a new search finds.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::domain::{LogLine, StageName};
use fuzz::logs::filter::Filter;
use fuzz::logs::query::Query;
use fuzz::logs::store::{Anchor, Kind, Store, Wanted};
use libfuzzer_sys::fuzz_target;

/// What is done to the store.
#[derive(Debug, Arbitrary)]
enum Step {
    Line { stage: bool, at: u8, id: u8, stream: bool, text: Text },
    Note { stage: bool, at: u8, gap: bool },
    Filter { stage: Option<bool>, query: Asked },
    Work,
    Context(bool),
    Find { error: bool, from: u8, backwards: bool },
}

/// What lines say: such that filters and groups have something to do.
#[derive(Debug, Arbitrary)]
enum Text {
    Words(u16),
    Panic,
    Frame,
    Exception,
    Escaped,
    Json(u8),
    Report(u8),
    Long(u8),
    Foreign(String),
}

/// What is asked.
#[derive(Debug, Arbitrary)]
enum Asked {
    Nothing,
    Words(u16),
    Not(u16),
    Expression,
    Level,
    Number(u8),
    Foreign(String),
}

#[derive(Debug, Arbitrary)]
struct Run {
    budget: u16,
    steps: Vec<Step>,
}

fuzz_target!(|run: Run| {
    let budget = 300 + usize::from(run.budget);
    let mut store = Store::new(budget);
    let (mut lines, mut all) = (0u64, 0usize);
    for step in run.steps {
        match step {
            Step::Line { stage, at, id, stream, text } => {
                let before = (store.len(), store.dropped());
                let line = LogLine {
                    stage: stage_of(stage),
                    timestamp_ms: i64::from(at) * 20,
                    ingested_ms: i64::from(at) * 20,
                    event_id: id.to_string(),
                    stream: stream.to_string(),
                    message: written(&text),
                };
                if store.insert_line(&line).is_some() {
                    lines += 1;
                    all += 1;
                    // In a full store the oldest line is gone as soon as it has come, and comes again.
                    if store.insert_line(&line).is_some() {
                        assert!(store.dropped() > before.1, "it is there twice");
                        lines += 1;
                        all += 1;
                    }
                } else {
                    assert_eq!((store.len(), store.dropped()), before);
                }
            }
            Step::Note { stage, at, gap } => {
                let kind = if gap { Kind::Gap } else { Kind::Marker };
                all += usize::from(
                    store.insert_note(stage_of(stage), i64::from(at) * 20, kind, "a note").is_some(),
                );
            }
            Step::Filter { stage, query } => {
                store.set_filter(Filter { stage: stage.map(stage_of), query: asked(&query), ..Filter::default() })
            }
            Step::Work => {
                store.work();
            }
            Step::Context(context) => store.set_context(context),
            Step::Find { error, from, backwards } => {
                let wanted = if error { Wanted::Error } else { Wanted::Hit };
                if let Some(row) = store.find(wanted, usize::from(from), backwards) {
                    assert!(if backwards { row < usize::from(from) } else { row > usize::from(from) });
                    assert!(row < store.shown_len());
                }
            }
        }
        assert!(store.len() <= all && store.dropped() <= lines);
        assert!(store.hits() <= store.len() && store.shown_len() <= store.len());
        assert!(store.bytes() <= budget || store.len() >= 1);
    }
    while store.work() {}
    let found = shown(&store);
    assert!(found.is_sorted_by_key(|(at, _)| *at), "not in order of time");
    for (row, (_, anchor)) in found.iter().enumerate() {
        assert_eq!(store.row_of(*anchor), row);
    }
    let filter = store.filter().clone();
    store.set_filter(Filter::default());
    assert_eq!(store.hits(), store.len(), "no filter hides nothing");
    store.set_filter(filter);
    while store.work() {}
    assert_eq!(shown(&store), found, "what was found as lines came is not what a search finds");
});

fn shown(store: &Store) -> Vec<(i64, Anchor)> {
    (0..store.shown_len())
        .map(|row| store.shown(row).expect("a row that is counted is there"))
        .map(|entry| (entry.timestamp_ms, entry.anchor))
        .collect()
}

fn stage_of(prod: bool) -> StageName {
    if prod { StageName::Prod } else { StageName::Stage }
}

/// One of a few words, so that they are often the ones that are asked for.
fn word(number: u16) -> &'static str {
    ["ab", "a b", "b", "AB", "status=500", "\"n\":4"][usize::from(number) % 6]
}

fn written(text: &Text) -> String {
    match text {
        Text::Words(number) => format!("{} and {}", word(*number), word(number / 6)),
        Text::Panic => "thread 'a' panicked at b:".to_owned(),
        Text::Frame => "   at ab".to_owned(),
        Text::Exception => "ab.ValueError: b".to_owned(),
        Text::Escaped => r#"{"msg":"\u0061b","level":"error"}"#.to_owned(),
        Text::Json(number) => format!(r#"{{"n":{number},"msg":"ab"}}"#),
        Text::Report(number) => {
            format!("REPORT RequestId: abcd-{number}\tDuration: {number}.0 ms\tBilled Duration: 4 ms")
        }
        Text::Long(length) => "ab ".repeat(usize::from(*length)),
        Text::Foreign(text) => text.clone(),
    }
}

fn asked(asked: &Asked) -> Query {
    let text = match asked {
        Asked::Nothing => String::new(),
        Asked::Words(number) => format!("{:?}", word(*number)),
        Asked::Not(number) => format!("-{:?}", word(*number)),
        Asked::Expression => "/a.?b$/".to_owned(),
        Asked::Level => "level>=error".to_owned(),
        Asked::Number(number) => format!("n>{number}"),
        Asked::Foreign(text) => text.clone(),
    };
    Query::parse(&text).unwrap_or_default()
}
