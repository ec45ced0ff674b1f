//! The log store beside `grep`, ripgrep and lnav on the same bytes in the same run: each in turn, medians. Prints Markdown.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use log_bench::domain::LogLine;
use log_bench::logs::filter::Filter;
use log_bench::logs::query::Query;
use log_bench::logs::store::Store;
use log_bench::{FIRST_MS, PAGE, json, line, plain};

/// Bytes that the store may keep: more than there are.
const BUDGET: usize = 4 << 30;
/// How often each is measured, in turn with the others; the median counts.
const TIMES: usize = 5;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let count: usize = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    match arguments.get(2).map(String::as_str) {
        Some("plain") => measure("plain", plain, "status=500", count),
        Some("JSON") => measure("JSON", json, "\"status\":500", count),
        _ => {
            println!("| {count} lines, medians of {TIMES} in turn | figure |\n|---|---|");
            // Each in a process of its own, so that what one has freed is not what the other takes.
            for kind in ["plain", "JSON"] {
                Command::new(&arguments[0]).args([&count.to_string(), kind]).status()?;
            }
            Ok(())
        }
    }
}

fn measure(name: &str, make: fn(usize) -> String, needle: &str, count: usize) -> std::io::Result<()> {
    let path = std::env::temp_dir().join(format!("log-bench-{}.log", std::process::id()));
    let mut bytes = 0;
    let mut file = BufWriter::new(File::create(&path)?);
    for index in 0..count {
        let text = make(index);
        bytes += text.len();
        writeln!(file, "{text}")?;
    }
    file.flush()?;
    drop(file);
    let mut store = ingest(name, make, count, bytes);
    beside_others(name, &mut store, needle, &path)?;
    filters(name, &mut store, needle);
    late(&mut store, name, count);
    std::fs::remove_file(&path)
}

/// A store with all lines in it, as pages of CloudWatch bring them; what they cost is printed.
fn ingest(name: &str, make: fn(usize) -> String, count: usize, bytes: usize) -> Store {
    let before = resident();
    let mut store = Store::new(BUDGET);
    let mut spent = Duration::ZERO;
    for page in 0..count.div_ceil(PAGE) {
        let lines: Vec<LogLine> =
            (page * PAGE..count.min((page + 1) * PAGE)).map(|index| line(index, make(index))).collect();
        let began = Instant::now();
        for line in &lines {
            store.insert_line(line);
        }
        spent += began.elapsed();
    }
    let taken = resident().saturating_sub(before);
    row(name, "ingest", format!("{:.0} lines/s", count as f64 / spent.as_secs_f64()));
    let times = store.bytes() as f64 / bytes as f64;
    row(
        name,
        "memory",
        format!(
            "{:.1} bytes a line for {:.1} bytes of text: {times:.2} × (resident {:.2} ×), goal 1.3 ×: {}",
            store.bytes() as f64 / count as f64,
            bytes as f64 / count as f64,
            taken as f64 / bytes as f64,
            met(times <= 1.3),
        ),
    );
    store
}

/// The filter by a text beside grep and ripgrep, and opening a file and filtering it beside lnav.
fn beside_others(name: &str, store: &mut Store, needle: &str, path: &Path) -> std::io::Result<()> {
    let text = quoted(needle);
    let exclusive = format!(":filter-in {needle}");
    let others: [(&str, Vec<&str>); 5] = [
        ("grep", vec!["-c", needle]),
        ("grep", vec!["-ci", needle]),
        ("rg", vec!["-c", needle]),
        ("rg", vec!["-ci", needle]),
        ("lnav", vec!["-n", "-c", &exclusive]),
    ];
    let mut theirs = vec![Vec::new(); others.len()];
    let (mut filtered, mut opened) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        for (times, (program, arguments)) in theirs.iter_mut().zip(&others) {
            times.extend(run(program, arguments, path));
        }
        filtered.push(filter(store, &text).0);
        opened.push(open(path, &text)?);
    }
    let (filtered, opened) = (median(filtered), median(opened));
    for (times, (program, arguments)) in theirs.into_iter().zip(&others) {
        let what = format!("`{program} {}`", arguments.join(" "));
        if times.is_empty() {
            row(name, &what, "is not installed".to_owned());
            continue;
        }
        let time = median(times);
        let (ours, times) = match *program {
            "lnav" => ("open and filter", time.as_secs_f64() / opened.as_secs_f64()),
            _ => ("filter", filtered.as_secs_f64() / time.as_secs_f64()),
        };
        let verdict = match (*program, arguments[0]) {
            ("lnav", _) => format!("{ours} is {times:.1} times faster, goal 10: {}", met(times >= 10.0)),
            ("rg", "-ci") => format!("{ours} takes {times:.2} × that, goal 2: {}", met(times <= 2.0)),
            _ => format!("{ours} takes {times:.2} × that"),
        };
        row(name, &what, format!("{}; {verdict}", ms(time)));
    }
    row(name, &format!("filter `{text}`, in any case"), ms(filtered));
    row(name, &format!("open the file and filter `{text}`"), ms(opened));
    Ok(())
}

/// Reads a file of lines into a new store and filters it.
fn open(path: &Path, query: &str) -> std::io::Result<Duration> {
    let began = Instant::now();
    let mut store = Store::new(BUDGET);
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    // One event after the other in the same memory: what making them costs is not what is measured.
    let mut events: Vec<LogLine> = (0..8).map(|index| line(index, String::new())).collect();
    for index in 0.. {
        let event = &mut events[index % 8];
        event.message.clear();
        if file.read_line(&mut event.message)? == 0 {
            break;
        }
        event.timestamp_ms = FIRST_MS + index as i64;
        event.event_id.clear();
        // Writing to memory does not fail.
        let _ = write!(event.event_id, "{index}");
        store.insert_line(event);
    }
    filter(&mut store, query);
    Ok(began.elapsed())
}

/// How long the filter takes, and how long until the first lines are shown.
fn filter(store: &mut Store, query: &str) -> (Duration, Duration) {
    let filter = Filter { query: Query::parse(query).unwrap_or_default(), ..Filter::default() };
    let began = Instant::now();
    store.set_filter(filter);
    let first = began.elapsed();
    while store.work() {}
    (began.elapsed(), first)
}

fn filters(name: &str, store: &mut Store, needle: &str) {
    let text = quoted(needle);
    let capital = text.replace('s', "S");
    let others = ["took", "nowhere", "/status\\W+5\\d\\d/", "level>=error", "http.status>=500", "-status"];
    for query in [text.as_str(), &capital].into_iter().chain(others) {
        let (all, first): (Vec<_>, Vec<_>) = (0..TIMES).map(|_| filter(store, query)).unzip();
        // The longest that a key waits while the rest is looked through: the loop asks for one part after the other.
        let mut longest = Duration::ZERO;
        store.set_filter(Filter { query: Query::parse(query).unwrap_or_default(), ..Filter::default() });
        loop {
            let began = Instant::now();
            let more = store.work();
            longest = longest.max(began.elapsed());
            if !more {
                break;
            }
        }
        let (all, first) = (ms(median(all)), ms(median(first)));
        let figure =
            format!("{all}, newest lines after {first}, longest step {}, {} hits", ms(longest), store.hits());
        row(name, &format!("filter `{query}`"), figure);
    }
}

/// Lines that belong far behind the newest.
fn late(store: &mut Store, name: &str, count: usize) {
    store.set_filter(Filter::default());
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
    let rate = PAGE as f64 / began.elapsed().as_secs_f64();
    row(name, "late lines put in their place", format!("{rate:.0} lines/s"));
}

fn quoted(needle: &str) -> String {
    format!("\"{}\"", needle.replace('"', "\\\""))
}

/// How long a program takes; `None` where there is none.
fn run(program: &str, arguments: &[&str], path: &Path) -> Option<Duration> {
    let began = Instant::now();
    // Read, not thrown away: to /dev/null grep stops at the first hit.
    let output = Command::new(program).args(arguments).arg(path).stdin(Stdio::null()).output().ok()?;
    let spent = began.elapsed();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(spent)
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

fn row(name: &str, what: &str, figure: String) {
    println!("| {name}: {what} | {figure} |");
}

fn met(is: bool) -> &'static str {
    if is { "reached" } else { "NOT reached" }
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

/// Resident bytes of this process.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
