//! The log pipeline of the console, compiled in by path so that nothing of the AWS SDK is built, and lines to measure it with.

#![allow(
    dead_code,
    unused_imports,
    reason = "of the sources that are compiled in, only the pipeline is measured"
)]

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

pub use console::{domain, logs};

use domain::{LogLine, StageName};

/// Lines that are handed over at once, as a page of CloudWatch.
pub const PAGE: usize = 10_000;

/// A line of about 150 bytes as plain-text loggers write them; one in a hundred has `status=500`.
pub fn plain(index: usize) -> String {
    let (status, level) = outcome(index);
    format!(
        "2026-11-22T12:{:02}:{:02}.{:03}Z  {level} request id={index:08x} method=GET path=/api/v0/items/{:06} status={status} took={}ms user=someone@example.org region=us",
        index / 60_000 % 60,
        index / 1000 % 60,
        index % 1000,
        index % 999_983,
        index % 300
    )
}

/// A JSON line of about 140 bytes; one in a hundred has `"status":500`.
pub fn json(index: usize) -> String {
    let (status, level) = outcome(index);
    format!(
        r#"{{"level":"{level}","message":"GET /api/v0/items/{:06} took {} ms","request_id":"{index:08x}-0000-4000-8000-000000000000","http":{{"status":{status}}}}}"#,
        index % 999_983,
        index % 300
    )
}

fn outcome(index: usize) -> (usize, &'static str) {
    if index % 100 == 7 { (500, "ERROR") } else { (200 + index % 4, "INFO") }
}

/// When the first event was stamped, epoch milliseconds.
pub const FIRST_MS: i64 = 1_700_000_000_000;

/// An event with that text: one each millisecond, stages in turn, eight log streams.
pub fn line(index: usize, message: String) -> LogLine {
    let timestamp_ms = FIRST_MS + index as i64;
    LogLine {
        stage: StageName::ALL[index % 2],
        timestamp_ms,
        ingested_ms: timestamp_ms,
        // Not of 56 digits: to write these takes longer than to take the line in.
        event_id: index.to_string(),
        stream: format!("2026/11/22/[$LATEST]{:032x}", index % 8),
        message,
    }
}
