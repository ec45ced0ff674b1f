use proptest::prelude::*;

use super::*;

fn subject(raw: &str) -> Subject<'_> {
    let read = crate::logs::reading::read(raw);
    Subject { stage: StageName::Prod, level: read.level, platform: read.platform, raw }
}

fn finds(query: &str, raw: &str) -> bool {
    let query = Query::parse(query).unwrap_or_else(|mistake| panic!("{query}: {mistake:?}"));
    query.matches(&subject(raw))
}

#[test]
fn text_is_found_in_any_case_unless_it_has_a_capital() {
    assert!(finds("api/v0", "GET /api/V0"));
    assert!(!finds("GET", "get /api/v0"));
    assert!(finds("ärger", "ÄRGER"));
    assert!(finds("one two", "two, one") && !finds("one three", "two, one"));
    assert!(finds("\"one two\"", "one two") && !finds("\"one two\"", "two one"));
    assert!(
        finds(r#""\"status\":500""#, r#"{"Status":200,"STATUS":500}"#)
            && !finds("e=500", "state=50 e:500 =500")
    );
    assert!(finds("-healthz", "GET /items") && !finds("-healthz", "GET /healthz"));
    assert!(finds(r#""say \"hi\"""#, r#"{"msg":"say \"hi\""}"#), "as it is shown, not as it is written");
}

#[test]
fn a_path_is_text_and_what_stands_between_slashes_an_expression() {
    assert!(finds("/api/v0", "GET /api/v0") && !finds("/api/v0", "GET /apiXv0"));
    assert!(finds(r"/5\d\d in/", "503 in 3 ms") && finds(r"/(get|put) \/api/", "GET /api"));
    assert!(!finds("/GET/", "get") && finds(r"/\W/", "a b"));
    assert!(finds("http://host:80/x", "to http://host:80/x") && finds("std::fmt", "in std::fmt"));
}

#[test]
fn fields_are_found_as_deep_as_they_lie() {
    let line = r#"{"http":{"status":502},"user.id":"A b","ok":true,"list":[{"n":1},{"n":2}],"none":null}"#;
    for query in [
        "http.status:502",
        "http.status>=500",
        "http.status<503",
        "user.id:\"a b\"",
        "ok:true",
        "list.n:2",
        "none:null",
        "-http.status:200",
        "-gone:1",
    ] {
        assert!(finds(query, line), "{query}");
    }
    for query in ["status:502", "http.status:50", "http.status>502", "user.id:b", "gone:1", "http:502"] {
        assert!(!finds(query, line), "{query}");
    }
    assert!(!finds("a:1", "a:1 is no JSON"));
}

#[test]
fn a_report_has_fields_in_text_and_in_json() {
    let text = "REPORT RequestId: 1a2b\tDuration: 600.5 ms\tBilled Duration: 601 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB";
    let json = r#"{"type":"platform.report","record":{"requestId":"1a2b","metrics":{"durationMs":600.5,"billedDurationMs":601,"maxMemoryUsedMB":36}}}"#;
    for line in [text, json] {
        assert!(finds("duration>500 billed>=601 memory<40 request:1a2b", line), "{line}");
        assert!(!finds("duration<500", line) && !finds("init>0", line), "{line}");
    }
}

#[test]
fn levels_requests_and_stages_are_asked_for_by_name() {
    assert!(finds("level>=warn", "[ERROR] x") && finds("level:error", "[ERROR] x"));
    assert!(!finds("level>=warn", "[INFO] x") && !finds("level<error", "no level at all"));
    assert!(finds("request:1A2B", "START RequestId: 1a2b3c4d Version: 1"));
    assert!(
        !finds("request:3c4d", "START RequestId: 1a2b3c4d Version: 1"),
        "from the beginning of the id only"
    );
    assert!(finds("stage:prod", "x") && !finds("stage:stage", "x"));
}

#[test]
fn a_mistake_is_pointed_at() {
    for (query, at, word) in [
        ("ok \"open", 3..8, "no end"),
        ("a duration>fast", 11..15, "numbers"),
        ("level>=loud", 7..11, "warn"),
        ("request:1a", 8..10, "4 characters"),
        ("stage:dev", 6..9, "no stage"),
        ("user:", 0..5, "must follow"),
        ("x /(/", 2..5, "unclosed group"),
        ("stage>prod", 6..10, "only stage:"),
        ("request:é€öß", 8..17, "letters"),
    ] {
        let mistake = Query::parse(query).expect_err(query);
        assert_eq!(mistake.at, at, "{query}: {mistake:?}");
        assert!(mistake.message.contains(word), "{query}: {mistake:?}");
    }
}

#[test]
fn what_was_found_is_marked_where_it_stands() {
    let query = Query::parse("get -x /\\d+/ a").expect("valid");
    assert_eq!(query.spans("GET 404 a"), [0..3, 4..7, 8..9]);
}

/// What a query should find, in the plainest way to say it.
fn naive(terms: &[(bool, Kind)], raw: &str) -> bool {
    terms.iter().all(|(negated, kind)| {
        let value: Option<serde_json::Value> = raw.parse().ok();
        let field = value.as_ref().and_then(|value| value.get("n")).and_then(serde_json::Value::as_i64);
        let found = match kind {
            Kind::Text(text) => raw.to_lowercase().contains(&text.to_lowercase()),
            Kind::More(number) => field.is_some_and(|own| own > *number),
            Kind::Is(number) => field == Some(*number),
        };
        found != *negated
    })
}

#[derive(Debug, Clone)]
enum Kind {
    Text(String),
    More(i64),
    Is(i64),
}

fn terms() -> impl Strategy<Value = Vec<(bool, Kind)>> {
    let kind = prop_oneof![
        "[ab\\. ]{1,3}".prop_map(Kind::Text),
        // Looked for by the part without letters.
        "[ab]?[\\. ]{3,4}[ab]?".prop_map(Kind::Text),
        (-3i64..3).prop_map(Kind::More),
        (-3i64..3).prop_map(Kind::Is)
    ];
    proptest::collection::vec((any::<bool>(), kind), 0..4)
}

fn written(terms: &[(bool, Kind)]) -> String {
    let words = terms.iter().map(|(negated, kind)| {
        let word = match kind {
            Kind::Text(text) => format!("{text:?}"),
            Kind::More(number) => format!("n>{number}"),
            Kind::Is(number) => format!("n:{number}"),
        };
        format!("{}{word}", if *negated { "-" } else { "" })
    });
    words.collect::<Vec<_>>().join(" ")
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![
        "[abAB\\. ]{0,8}",
        "[abAB]{0,2}[\\. ]{2,6}[abAB]{0,2}",
        (-4i64..4, "[abAB ]{0,4}").prop_map(|(n, text)| format!("{{\"n\":{n},\"t\":\"{text}\"}}")),
    ];
    proptest::collection::vec(line, 0..12)
}

proptest! {
    #[test]
    fn no_input_panics_and_what_is_written_out_reads_the_same(
        text in prop_oneof![any::<String>(), "([-a-c:<>=/\"\\\\. é]|level|stage:prod|request:abcd|/a/){0,12}"]
    ) {
        match Query::parse(&text) {
            Ok(query) => {
                let written = query.to_string();
                prop_assert_eq!(Query::parse(&written), Ok(query), "{}", written);
            }
            Err(mistake) => {
                prop_assert!(mistake.at.end <= text.len() && mistake.at.start < mistake.at.end, "{mistake:?}");
                prop_assert!(text.get(mistake.at).is_some());
            }
        }
    }

    #[test]
    fn lines_are_found_as_the_plainest_search_finds_them(terms in terms(), lines in lines()) {
        let query = Query::parse(&written(&terms)).expect("valid");
        let expected: Vec<u32> =
            (0..lines.len()).filter(|index| naive(&terms, &lines[*index])).map(|index| index as u32).collect();
        let one_by_one: Vec<u32> =
            (0..lines.len()).filter(|index| query.matches(&subject(&lines[*index]))).map(|index| index as u32).collect();
        prop_assert_eq!(&one_by_one, &expected);
        let text = lines.concat();
        let ends: Vec<usize> =
            lines.iter().scan(0, |end, line| { *end += line.len(); Some(*end) }).collect();
        let at_once = query.scan(
            &text,
            lines.len(),
            |index| subject(&text[ends[index] - lines[index].len()..ends[index]]),
            |index| ends[index],
        );
        prop_assert_eq!(&at_once, &expected);
    }

    #[test]
    fn marks_lie_between_letters_and_apart(text in any::<String>(), query in "[a-z é/\\.]{1,5}") {
        if let Ok(query) = Query::parse(&query) {
            let spans = query.spans(&text);
            prop_assert!(spans.iter().all(|span| text.get(span.clone()).is_some()));
            prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
}
