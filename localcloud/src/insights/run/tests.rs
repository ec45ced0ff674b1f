use proptest::prelude::*;

use super::*;
use crate::insights::compile;

fn event(number: u64, message: &str) -> Source {
    Source {
        group: "/aws/lambda/f".into(),
        stream: if number.is_multiple_of(2) { "even" } else { "odd" }.into(),
        number,
        timestamp: 1_000_000 + 60_000 * number as i64,
        ingested: 0,
        message: message.into(),
    }
}

fn run(query: &str, messages: &[&str]) -> Run {
    let query = compile(query).unwrap_or_else(|mistake| panic!("{query}: {mistake:?}"));
    let mut run = Run::new(query, None);
    for (number, message) in messages.iter().enumerate().rev() {
        run.take(event(number as u64, message)).unwrap();
    }
    run
}

/// Each row as `name=value, …`, without the pointer.
fn rows(query: &str, messages: &[&str]) -> Vec<String> {
    let told = |row: &Row| {
        let fields = row.iter().filter(|(name, _)| &**name != "@ptr");
        fields.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    run(query, messages).finish().unwrap().iter().map(told).collect()
}

const JSON: [&str; 5] = [
    r#"{"level":"INFO","status":200,"took":10,"path":"/a","user":{"name":"ann"}}"#,
    r#"{"level":"WARN","status":404,"took":20.5,"path":"/b","ok":false}"#,
    r#"{"level":"ERROR","status":500,"took":40,"path":"/a","user":{"name":"bob"}}"#,
    "plain ERROR user=carl age=7 end",
    r#"{"level":"INFO","status":200,"took":30,"path":"/c","ok":true}"#,
];

#[test]
fn filters() {
    for (filter, found) in [
        ("status >= 400", "2 1"),
        ("status = 200 and took > 10", "4"),
        ("status = '200'", "4 0"),
        ("not (status = 200)", "3 2 1"),
        ("status != 200", "3 2 1"),
        ("level in ['WARN', \"ERROR\"]", "2 1"),
        ("level not in ['WARN'] and ispresent(level)", "4 2 0"),
        ("@message like 'ERROR'", "3 2"),
        ("@message like /(?i)error/", "3 2"),
        ("@message =~ /ERROR|WARN/ | filter @message not like /plain/", "2 1"),
        ("level like /^E/ or user.name = 'ann'", "2 0"),
        ("ok = 1", "4"),
        ("ok = 0", "1"),
        ("took / 2 + 1 = 11.25", "1"),
        ("(took - 10) % 20 = 0 and -took < 0", "4 0"),
        ("took ^ 2 = 100", "0"),
        ("strlen(path) = 2 and tolower(level) = 'info' # and nothing else", "4 0"),
        ("coalesce(user.name, 'none') = 'none'", "4 3 1"),
        ("@timestamp >= 1180000 and @logStream = 'odd'", "3"),
        ("@timestamp < '1970-01-01 00:17:40.000'", "0"),
        ("`user`.name = substr('xxbob', 2)", "2"),
        ("1 = 2 or 1 = 1 and 2 = 2", "4 3 2 1 0"),
        ("@message = 5 / 0", ""),
    ] {
        let all: Vec<String> = rows(&format!("fields @timestamp | filter {filter}"), &JSON);
        let index = |row: &String| {
            let at = row.strip_prefix("@timestamp=1970-01-01 00:").unwrap().replace(':', "");
            // 00:16:40 is the time of the first event.
            (at[..2].parse::<u32>().unwrap() - 16).to_string()
        };
        assert_eq!(all.iter().map(index).collect::<Vec<_>>().join(" "), found, "{filter}");
    }
}

#[test]
fn parse_makes_fields() {
    let parsed = |query: &str| rows(&format!("{query} | filter ispresent(u) | display u, age, rest"), &JSON);
    assert_eq!(parsed("parse @message 'user=* age=* *' as u, age, rest"), ["u=carl, age=7, rest=end"]);
    assert_eq!(parsed("parse @message /user=(?<u>\\w+) age=(?<age>\\d+)/"), ["u=carl, age=7"]);
    assert_eq!(parsed("parse @message /user=(\\w+) a(?<rest>g)e/ as u"), ["u=carl, rest=g"]);
    assert_eq!(parsed("parse path '/*' as u | filter u = 'c'"), ["u=c"]);
}

#[test]
fn stats_sort_limit_and_dedup() {
    assert_eq!(
        rows("filter ispresent(level) | stats count(*), avg(took) as mean by level | sort mean desc", &JSON),
        [
            "level=ERROR, count(*)=1, mean=40",
            "level=WARN, count(*)=1, mean=20.5",
            "level=INFO, count(*)=2, mean=20"
        ]
    );
    assert_eq!(
        rows(
            "stats count(took) as n, sum(took), min(took), max(took) as most, pct(took, 50), count_distinct(path), most - n as rest",
            &JSON
        ),
        ["n=4, sum(took)=100.5, min(took)=10, most=40, pct(took, 50)=25.25, count_distinct(path)=3, rest=36"]
    );
    assert_eq!(
        rows("stats count(*) as n by bin(2m) as t, @logStream | filter n = 1 | sort t | limit 2", &JSON),
        ["t=1970-01-01 00:16:00.000, @logStream=odd, n=1", "t=1970-01-01 00:16:00.000, @logStream=even, n=1"]
    );
    assert_eq!(
        rows("stats earliest(path) as first, latest(path) as last, max(@timestamp) as t", &JSON),
        ["first=/a, last=/c, t=1240000"]
    );
    assert_eq!(rows("stats count(*) by level | stats max(`count(*)`) as most", &JSON), ["most=2"]);
    assert_eq!(rows("stats count(*)", &[]), Vec::<String>::new());
    assert_eq!(rows("fields path | sort took desc | limit 2", &JSON), ["path=/a", "path=/c"]);
    // What has no number comes before the numbers, and what has nothing before all.
    assert_eq!(rows("fields took | sort took asc | limit 3", &JSON), ["", "took=10", "took=20.5"]);
    assert_eq!(
        rows("filter ispresent(path) | display path | dedup path | limit 9", &JSON),
        ["path=/c", "path=/a", "path=/b"]
    );
}

#[test]
fn a_report_tells_bytes_and_milliseconds() {
    let report = "REPORT RequestId: 1\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n";
    assert_eq!(
        rows(
            "filter @type = 'REPORT' | stats max(@memorySize / 1000 / 1000) as size, max(@maxMemoryUsed / 1000 / 1000) as used, size - used as rest, avg(@duration)",
            &[report, "START RequestId: 1 Version: $LATEST\n"]
        ),
        ["size=128, used=36, rest=92, avg(@duration)=3.01"]
    );
}

#[test]
fn rows_are_bounded_and_told_before_the_end() {
    let messages: Vec<String> = (0..50).map(|number| format!("message {number}")).collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let mut open = run("fields @message", &messages);
    assert_eq!((open.rows_so_far().len(), open.matched()), (50, 50));
    open.most = 0;
    assert_eq!(open.rows_so_far()[0][0].1.as_ref(), "message 49");
    assert_eq!(open.rows_so_far()[0][1].0.as_ref(), "@ptr");
    let limited = run("filter @message like 'message 1' | limit 3", &messages);
    assert_eq!((limited.rows_so_far().len(), limited.matched()), (3, 11));
    assert_eq!(run("sort @message | limit 3", &messages).rows_so_far().len(), 0);
    let query = compile("fields @message").unwrap();
    let mut few = Run::new(query, Some(2));
    messages
        .iter()
        .enumerate()
        .for_each(|(number, message)| few.take(event(number as u64, message)).unwrap());
    assert_eq!(few.finish().unwrap().len(), 2);
    // 16 MB twice over are too much.
    let query = compile("fields @message, concat(@message, @message)").unwrap();
    let big = "x".repeat(MOST_BYTES / 2);
    assert_eq!(Run::new(query, None).take(event(1, &big)), Err(TooMuch));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    // Sorting keeps only what the limit lets through: the same as sorting all.
    #[test]
    fn a_limited_sort_gives_the_first_of_all(numbers in proptest::collection::vec(0..500u32, 0..3000), limit in 1..20usize) {
        let mut run = Run::new(compile(&format!("fields n | sort n asc | limit {limit}")).unwrap(), None);
        for (at, number) in numbers.iter().enumerate() {
            run.take(event(at as u64, &format!("{{\"n\":{number}}}"))).unwrap();
        }
        let got: Vec<u32> = run.finish().unwrap().iter().map(|row| row[0].1.parse().unwrap()).collect();
        let mut sorted = numbers;
        sorted.sort_unstable();
        sorted.truncate(limit);
        prop_assert_eq!(got, sorted);
    }
}
