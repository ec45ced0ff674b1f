//! The query language: the first line is a query, the others are log lines that it is asked of.
#![no_main]

use fuzz::domain::StageName;
use fuzz::logs::query::{Query, Subject};
use fuzz::logs::reading;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (first, others) = text.split_once('\n').unwrap_or((&text, ""));
    let query = match Query::parse(first) {
        Ok(query) => query,
        Err(mistake) => {
            assert!(mistake.at.start < mistake.at.end, "nothing is pointed at: {mistake:?}");
            assert!(first.get(mistake.at.clone()).is_some(), "it points between letters: {mistake:?}");
            return;
        }
    };
    let written = query.to_string();
    assert_eq!(Query::parse(&written).as_ref(), Ok(&query), "written out as {written:?}");

    // Escaped lines are never searched many at once: the store asks them one by one.
    let lines: Vec<&str> = others.lines().filter(|line| !reading::is_escaped(line)).collect();
    let subject = |index: usize| -> Subject<'_> {
        let raw = lines[index];
        let read = reading::read(raw);
        Subject { stage: StageName::ALL[index % 2], level: read.level, platform: read.platform, raw }
    };
    let one_by_one: Vec<u32> =
        (0..lines.len()).filter(|index| query.matches(&subject(*index))).map(|index| index as u32).collect();
    let all = lines.concat();
    let ends: Vec<usize> = lines
        .iter()
        .scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        })
        .collect();
    let at_once = query.scan(
        &all,
        lines.len(),
        |index| Subject { raw: &all[ends[index] - lines[index].len()..ends[index]], ..subject(index) },
        |index| ends[index],
    );
    assert_eq!(at_once, one_by_one, "of {lines:?}");

    for index in 0..lines.len() {
        let shown = reading::text(lines[index]);
        let spans = query.spans(&shown);
        assert!(spans.iter().all(|span| shown.get(span.clone()).is_some_and(|found| !found.is_empty())));
        assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "they lie in each other");
        let subject = subject(index);
        assert!(!(query.excludes(&subject) && query.matches(&subject)), "excluded and let through");
    }
});
