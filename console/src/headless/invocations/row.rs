use std::io::Write;

use serde::Serialize;
use serde_json::json;

use crate::domain::{StageName, harmless_json, plain};
use crate::logs::invocations::{Invocation, Outcome, Summary};
use crate::logs::line::time;
use crate::logs::mask::mask;

/// The names of the columns.
pub(super) const HEAD: &str = "TIME                     STAGE OUTCOME HTTP DURATION_MS BILLED_MS   MEMORY   INIT_MS REQUEST  ASKED FOR\n";

/// A line of `--json`. What is `null` is not said.
#[derive(Serialize)]
struct Document<'a> {
    stage: StageName,
    request_id: &'a str,
    gateway_request_id: Option<&'a str>,
    timestamp: String,
    outcome: &'static str,
    complete: bool,
    status: Option<u16>,
    method: Option<String>,
    path: Option<String>,
    route: Option<String>,
    duration: Option<f64>,
    billed: Option<f64>,
    init: Option<f64>,
    cold: bool,
    memory: Option<u32>,
    size: Option<u32>,
}

/// Appends an invocation as one JSON object and a line break.
pub(super) fn json(out: &mut Vec<u8>, one: &Invocation<'_>) {
    let masked = |text: Option<&str>| text.map(|text| mask(text).into_owned());
    let document = Document {
        stage: one.stage(),
        request_id: one.request_id(),
        gateway_request_id: one.gateway_request_id(),
        timestamp: time(one.at_ms()),
        outcome: one.outcome().as_str(),
        complete: one.is_complete(),
        status: one.status(),
        method: masked(one.method()),
        path: masked(one.path()),
        route: masked(one.route()),
        duration: one.duration_ms(),
        billed: one.billed_ms(),
        init: one.init_ms(),
        cold: one.is_cold(),
        memory: one.used_mb(),
        size: one.size_mb(),
    };
    // Strings and numbers alone cannot fail to be written.
    line(out, &serde_json::to_string(&document).unwrap_or_default());
}

fn line(out: &mut Vec<u8>, json: &str) {
    out.extend_from_slice(harmless_json(json).as_bytes());
    out.push(b'\n');
}

/// Appends an invocation as a row of the table.
pub(super) fn text(out: &mut Vec<u8>, one: &Invocation<'_>, colour: bool) {
    let paint =
        |code: &str, text: String| if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text };
    let outcome = format!("{:<7}", one.outcome());
    let outcome = match one.outcome() {
        Outcome::Ok | Outcome::Running => outcome,
        _ => paint("1;31", outcome),
    };
    let stage =
        paint(if one.stage() == StageName::Prod { "1;31" } else { "36" }, format!("{:<5}", one.stage()));
    let status = one.status().map_or("-".to_owned(), |status| status.to_string());
    let ms = |value: Option<f64>| value.map_or("-".to_owned(), |ms| format!("{ms:.2}"));
    let memory = match (one.used_mb(), one.size_mb()) {
        (Some(used), Some(size)) => format!("{used}/{size}"),
        _ => "-".to_owned(),
    };
    let id: String = plain(one.request_id()).chars().take(8).collect();
    let asked: Vec<String> =
        [one.method(), one.path().or(one.route())].into_iter().flatten().map(plain).collect();
    let asked = asked.join(" ");
    // Writing to memory does not fail.
    let _ = writeln!(
        out,
        "{} {stage} {outcome} {status:>4} {:>11} {:>9} {memory:>8} {:>9} {id:<8} {}",
        time(one.at_ms()),
        ms(one.duration_ms()),
        ms(one.billed_ms()),
        ms(one.init_ms()),
        mask(&asked)
    );
}

/// The figures of a stage as a line.
pub(super) fn figures(stage: StageName, figures: &Summary) -> String {
    let ms = |value: Option<f64>| value.map_or("-".to_owned(), |ms| format!("{ms:.2} ms"));
    let [_, errors, timeouts, crashes, running] = figures.outcomes;
    format!(
        "{stage}: {} invocations, {errors} errors, {timeouts} time-outs, {crashes} crashes, {running} running; p50 {}, p95 {}, p99 {}; cold {}\n",
        figures.count,
        ms(figures.p50_ms),
        ms(figures.p95_ms),
        ms(figures.p99_ms),
        figures.cold_share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0)),
    )
}

/// Appends the figures of a stage as one JSON object and a line break.
pub(super) fn figures_json(
    out: &mut Vec<u8>,
    stage: StageName,
    (since, until): (i64, i64),
    figures: &Summary,
) {
    let [ok, error, timeout, crash, running] = figures.outcomes;
    let document = json!({
        "stage": stage,
        "since": time(since),
        "until": time(until),
        "invocations": figures.count,
        "outcomes": {"ok": ok, "error": error, "timeout": timeout, "crash": crash, "running": running},
        "p50": figures.p50_ms,
        "p95": figures.p95_ms,
        "p99": figures.p99_ms,
        "cold": figures.cold,
        "cold_share": figures.cold_share,
    });
    line(out, &document.to_string());
}
