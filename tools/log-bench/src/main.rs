//! Ingest, memory and filters of the log store, beside `grep` (and `rg`, where it is) on the same bytes in the same run. Prints
//! Markdown.

#![allow(dead_code, unused_imports, reason = "of the sources that are compiled in, only the pipeline is measured")]

#[path = "../../../console/src"]
mod console {
    pub mod domain;
    pub mod logs {
        pub mod filter;
        pub mod mask;
        pub mod query;
        pub mod reading;
        pub mod store;
    }
}

use console::{domain, logs};

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use domain::{LogLine, StageName};
use logs::filter::Filter;
use logs::query::Query;
use logs::store::Store;

/// Lines that are handed over at once, as a page of CloudWatch.
const PAGE: usize = 10_000;
/// How often each filter is measured; the median counts.
const TIMES: usize = 5;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let count: usize = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    match arguments.get(2).map(String::as_str) {
        Some("plain") => measure("plain", plain, "status=500", count),
        Some("JSON") => measure("JSON", json, "\"status\":500", count),
        _ => {
            println!("| {count} lines | figure |\n|---|---|");
            // Each in a process of its own, so that what one has freed is not what the other takes.
            for kind in ["plain", "JSON"] {
                Command::new(&arguments[0]).args([&count.to_string(), kind]).status()?;
            }
            Ok(())
        }
    }
}

/// A line of about 150 bytes; one in a hundred has `status=500`.
fn plain(index: usize) -> String {
    let status = if index % 100 == 7 { 500 } else { 200 + index % 4 };
    let level = if status == 500 { "ERROR" } else { "INFO" };
    format!(
        "2026-11-22T12:{:02}:{:02}.{:03}Z  {level} request id={index:08x} method=GET path=/api/v0/items/{:06} status={status} took={}ms user=someone@example.org region=us",
        index / 60_000 % 60,
        index / 1000 % 60,
        index % 1000,
        index % 999_983,
        index % 300
    )
}

fn json(index: usize) -> String {
    let status = if index % 100 == 7 { 500 } else { 200 + index % 4 };
    let level = if status == 500 { "ERROR" } else { "INFO" };
    format!(
        r#"{{"level":"{level}","message":"GET /api/v0/items/{:06} took {} ms","request_id":"{index:08x}-0000-4000-8000-000000000000","http":{{"status":{status}}}}}"#,
        index % 999_983,
        index % 300
    )
}

fn measure(name: &str, make: fn(usize) -> String, needle: &str, count: usize) -> std::io::Result<()> {
    let path = std::env::temp_dir().join(format!("log-bench-{}", std::process::id()));
    let mut file = BufWriter::new(File::create(&path)?);
    let before = resident();
    let mut store = Store::new(4 << 30);
    let mut spent = Duration::ZERO;
    let mut bytes = 0;
    for page in 0..count.div_ceil(PAGE) {
        let lines: Vec<LogLine> =
            (page * PAGE..count.min((page + 1) * PAGE)).map(|index| line(index, make(index))).collect();
        for line in &lines {
            bytes += line.message.len();
            writeln!(file, "{}", line.message)?;
        }
        let began = Instant::now();
        for line in &lines {
            store.insert_line(line);
        }
        spent += began.elapsed();
    }
    file.flush()?;
    let taken = resident().saturating_sub(before);
    let rate = count as f64 / spent.as_secs_f64();
    println!("| {name}: ingest | {rate:.0} lines/s |");
    println!(
        "| {name}: memory | {:.1} bytes a line for {:.1} bytes of text: {:.2} × (resident {:.2} ×) |",
        store.bytes() as f64 / count as f64,
        bytes as f64 / count as f64,
        store.bytes() as f64 / bytes as f64,
        taken as f64 / bytes as f64
    );
    let floor = median(|| command("grep", &["-c", needle], &path));
    println!("| {name}: grep -c {needle} | {} |", ms(floor));
    println!("| {name}: grep -ci {needle} | {} |", ms(median(|| command("grep", &["-ci", needle], &path))));
    if Command::new("rg").arg("--version").stdout(Stdio::null()).status().is_ok() {
        println!("| {name}: rg -c {needle} | {} |", ms(median(|| command("rg", &["-c", needle], &path))));
        println!("| {name}: rg -ci {needle} | {} |", ms(median(|| command("rg", &["-ci", needle], &path))));
    }
    let text = format!("\"{}\"", needle.replace('"', "\\\""));
    let capital = text.replace('s', "S");
    for query in
        [&text, &capital, "took", "/status\\W+5\\d\\d/", "level>=error", "http.status>=500", "-status"]
    {
        let mut first = Duration::ZERO;
        let spent = median(|| {
            let filter = Filter { stage: None, query: Query::parse(query).unwrap_or_default() };
            let began = Instant::now();
            store.set_filter(filter);
            first = began.elapsed();
            while store.work() {}
            began.elapsed()
        });
        let times = spent.as_secs_f64() / floor.as_secs_f64();
        println!(
            "| {name}: filter `{query}` | {} ({times:.2} × grep -c), newest lines after {}, {} hits |",
            ms(spent),
            ms(first),
            store.hits()
        );
    }
    late(&mut store, name, count);
    std::fs::remove_file(&path)
}

/// Lines that belong far behind the newest.
fn late(store: &mut Store, name: &str, count: usize) {
    let late: Vec<LogLine> = (0..PAGE)
        .map(|index| {
            let place = (index * 7919) % count;
            LogLine { event_id: format!("late {index}"), ..line(place, plain(place)) }
        })
        .collect();
    let began = Instant::now();
    late.iter().for_each(|line| {
        store.insert_line(line);
    });
    println!(
        "| {name}: late lines put in their place | {:.0} lines/s |",
        PAGE as f64 / began.elapsed().as_secs_f64()
    );
}

fn line(index: usize, message: String) -> LogLine {
    let timestamp_ms = 1_700_000_000_000 + index as i64;
    LogLine {
        stage: StageName::ALL[index % 2],
        timestamp_ms,
        ingested_ms: timestamp_ms,
        event_id: format!("{index:056}"),
        stream: format!("2026/11/22/[$LATEST]{:032x}", index % 8),
        message,
    }
}

fn command(program: &str, arguments: &[&str], path: &Path) -> Duration {
    let began = Instant::now();
    // Read, not thrown away: to /dev/null grep stops at the first hit.
    let output = Command::new(program).args(arguments).arg(path).output();
    let spent = began.elapsed();
    assert!(output.is_ok(), "{program} does not run");
    spent
}

fn median(mut once: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..TIMES).map(|_| once()).collect();
    all.sort();
    all[TIMES / 2]
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

/// Resident bytes of this process.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
