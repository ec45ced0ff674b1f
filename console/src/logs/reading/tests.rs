use proptest::prelude::*;

use super::plain::link;
use super::*;

mod formats;

#[test]
fn platform_lines_are_told_apart() {
    let text = "REPORT RequestId: 1a2b\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms";
    assert_eq!(read(text), Reading { level: Some(Level::Info), platform: true, link: Link::None });
    assert_eq!(request_id(text).as_deref(), Some("1a2b"));
    let said = report(text).expect("a report");
    assert_eq!((said.duration_ms, said.billed_ms, said.init_ms), (Some(3.01), Some(4.0), Some(110.1)));
    assert_eq!((said.used_mb, said.size_mb), (Some(36.0), Some(128.0)));
    let timed_out = "2026-11-22T12:00:00.000Z 1a2b Task timed out after 1.00 seconds";
    assert_eq!((read(timed_out).platform, read(timed_out).level), (true, Some(Level::Error)));
    assert_eq!(request_id(timed_out).as_deref(), Some("1a2b"));
    let exit = "RequestId: 1a2b Error: Runtime exited with error: exit status 3";
    assert_eq!((read(exit).level, request_id(exit).as_deref()), (Some(Level::Error), Some("1a2b")));
    let start = "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout";
    assert_eq!(read(start).level, Some(Level::Error));
    assert_eq!(report(start).and_then(|report| report.init_ms), Some(9999.79));
    assert!(read("INIT_START Runtime Version: provided:al2023.v1").platform);
    assert!(!read("the batch says: Task timed out after 3 tries").platform);
}

#[test]
fn a_json_line_becomes_its_message() {
    let raw = r#"{"level":"WARN","message":"GET /x 404\u001b[2J","request_id":"77aa"}"#;
    assert_eq!(read(raw).level, Some(Level::Warn));
    assert_eq!(text(raw), "GET /x 404␛[2J");
    assert_eq!(request_id(raw).as_deref(), Some("77aa"));
    assert!(is_escaped(raw) && !is_escaped(r#"{"msg":"plain"}"#));
    assert_eq!(read(r#"{"level":50,"msg":"boom"}"#).level, Some(Level::Error));
    assert_eq!(read(r#"{"severity":"CRITICAL","msg":"boom"}"#).level, Some(Level::Error));
    assert_eq!(text(r#"{"other":1}"#), r#"{"other":1}"#);
    assert_eq!(text(r#"{"broken":"#), r#"{"broken":"#);
}

#[test]
fn plain_text_levels_are_words_in_capitals_near_the_start() {
    let level = |text: &str| read(text).level;
    assert_eq!(level("2026-11-22T12:00:00Z  INFO hello"), Some(Level::Info));
    assert_eq!(level("[ERROR] it broke"), Some(Level::Error));
    assert_eq!(level("ts=1 level=warn msg=slow"), Some(Level::Warn));
    assert_eq!(level("no error here"), None);
    assert_eq!(level("thread 'main' panicked at src/main.rs:1:1:"), Some(Level::Error));
    assert_eq!(&*keep("\u{1b}[32m INFO\u{1b}[0m hello\t\n"), " INFO hello");
    assert_eq!(&*keep("panicked at a: \u{1b}[0m "), "panicked at a:");
}

#[test]
fn request_ids_are_found_in_each_form() {
    let id = "8f507cfc-xmpl-4697-b07a-ac58fc914c95".replace("xmpl", "aaaa");
    for text in [
        format!("START RequestId: {id} Version: $LATEST"),
        format!("2026-11-22T12:00:00.000Z\t{id}\tERROR\tboom"),
        format!("[INFO]\t2026-11-22T12:00:00.000Z\t{id}\thello"),
        format!("INFO Lambda runtime invoke{{requestId=\"{id}\" xrayTraceId=\"Root=1\"}}: hello"),
        format!(r#"{{"time":"t","type":"platform.start","record":{{"requestId":"{id}","version":"1"}}}}"#),
        format!(r#"{{"span":{{"requestId":"{id}"}},"fields":{{"message":"hello"}}}}"#),
        format!(r#"{{"message":"panicked","span":{{"request_id":"{id}","name":"request"}}}}"#),
        format!(r#"{{"span":{{"name":"deep"}},"spans":[{{"requestId":"{id}"}},{{"name":"deep"}}]}}"#),
    ] {
        assert_eq!(request_id(&text), Some(id.clone()), "{text}");
    }
    assert_eq!(request_id("nothing here"), None);
}

#[test]
fn a_platform_report_in_json_is_one_readable_line() {
    let raw = r#"{"time":"t","type":"platform.report","record":{"requestId":"9","status":"timeout","metrics":{"durationMs":3.5,"billedDurationMs":4,"memorySizeMB":128,"maxMemoryUsedMB":3}}}"#;
    assert_eq!(text(raw), "report timeout 3.5 ms, billed 4 ms, 3 of 128 MB");
    assert_eq!(read(raw).level, Some(Level::Error));
    let start = r#"{"type":"platform.initStart","record":{"phase":"init","functionVersion":"$LATEST"}}"#;
    assert_eq!((text(start).as_str(), read(start).platform), ("initStart init", true));
}

#[test]
fn the_lines_of_a_panic_and_of_a_trace_belong_together() {
    let joined = |lines: &[&str]| lines.windows(2).all(|pair| link(pair[0]).joins(link(pair[1])));
    assert!(joined(
        &[
            "thread 'main' panicked at src/main.rs:3:5:",
            "index out of bounds: the len is 0",
            "stack backtrace:",
            "   0: rust_begin_unwind",
            "             at /rustc/library/std/src/panicking.rs:665:5",
            "note: Some details are omitted",
        ]
        .map(|line| if line.starts_with("index") { "   index" } else { line })
    ));
    assert!(link("thread 'main' panicked at src/main.rs:3:5:").joins(link("any message at all")));
    assert!(joined(&[
        "Traceback (most recent call last):",
        "  File \"a.py\", line 1, in f",
        "ValueError: no"
    ]));
    assert!(joined(&["Error: boom", "    at f (a.js:1:2)", "    at g (a.js:2:2)"]));
    assert!(!link("an ordinary line").joins(link("Error: boom")));
    assert!(!link("    at g (a.js:2:2)").joins(link("the next request")));
}

#[test]
fn a_line_that_is_too_long_says_so() {
    let long = "x".repeat(1 << 20);
    let shown = text(&long);
    assert!(shown.len() < 17 << 10 && shown.ends_with("bytes more"), "{}", &shown[shown.len() - 40..]);
}

/// JSON objects with members that the level is read from, and others; some twice, some broken.
fn objects() -> impl Strategy<Value = String> {
    let names = [
        "level",
        "lvl",
        "@l",
        "log_level",
        "severityText",
        "lev\\u0065l",
        "type",
        "record",
        "log",
        "errorType",
        "message",
        "msg",
        "request_id",
        "span",
        "spans",
        "fields",
        "errorMessage",
        "http",
    ];
    let values = [
        r#""WARN""#,
        r#""trace""#,
        "50",
        "3",
        "1.5",
        "null",
        r#""platform.report""#,
        r#""platform.fault""#,
        r#"{"status":"error"}"#,
        r#"{"level":"DEBUG","deeper":[{"level":1}]}"#,
        r#"{"requestId":"1-a","message":"below","metrics":{"durationMs":1.5}}"#,
        r#"[{"request_id":"outer"},{"AWSRequestId":"inner"}]"#,
        r#""Runtime.ExitError""#,
        r#""a \"quoted\" \u00e9""#,
        "[1,{}]",
        "tru",
    ];
    let member = (proptest::sample::select(names.to_vec()), proptest::sample::select(values.to_vec()))
        .prop_map(|(name, value)| format!("\"{name}\":{value}"));
    (proptest::collection::vec(member, 0..6), proptest::sample::select(vec!["}", "} ", "}x", "", ",}"]))
        .prop_map(|(members, end)| format!("{{{}{end}", members.join(",")))
}

proptest! {
    #[test]
    fn the_few_members_that_are_read_say_what_all_of_them_say(raw in objects()) {
        let (whole, few) = (Parsed { raw: &raw, fields: object(&raw) }, Parsed::of(&raw));
        prop_assert_eq!(head::head(&raw).is_some(), whole.fields.is_some());
        prop_assert_eq!(read(&raw), whole.reading());
        prop_assert_eq!(few.reading(), whole.reading());
        prop_assert_eq!(few.text(), whole.text());
        prop_assert_eq!(few.request_id(), whole.request_id());
        prop_assert_eq!(few.report(), whole.report());
    }

    #[test]
    fn no_event_panics_and_none_leaves_what_a_terminal_obeys(
        message in prop_oneof![any::<String>(), "(REPORT|INIT_REPORT|START|RequestId: |thread '|\\{\"msg\":\")[\\x00-\\x7f\u{202e}]{0,60}\"?\\}?"]
    ) {
        let raw = keep(&message);
        let _ = (read(&raw), request_id(&raw), report(&raw));
        let shown = text(&raw);
        prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
    }
}
