//! How far the history is read, told on a terminal when it takes a while.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::LogLine;

/// What is over sooner tells nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two figures.
const EVERY: Duration = Duration::from_millis(250);

/// Counts lines, and tells how many on standard error while that is a terminal and standard output is none: there the lines
/// themselves are seen. What it told is overwritten, and gone when it is dropped.
pub(super) struct Meter {
    from: i64,
    to: i64,
    events: AtomicU64,
    at: AtomicI64,
    told: AtomicBool,
}

impl Meter {
    /// Of a range, epoch milliseconds.
    pub(super) fn new(from: i64, to: i64) -> Meter {
        let (events, told) = (AtomicU64::new(0), AtomicBool::new(false));
        Meter { from, to, events, at: AtomicI64::new(from), told }
    }

    /// Notes a line that was read.
    pub(super) fn count(&self, line: &LogLine) {
        self.events.fetch_add(1, Ordering::Relaxed);
        self.at.store(line.timestamp_ms, Ordering::Relaxed);
    }

    /// Tells until it is dropped.
    pub(super) async fn tell(&self) {
        if !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
            return std::future::pending().await;
        }
        tokio::time::sleep(PATIENCE).await;
        loop {
            self.told.store(true, Ordering::Relaxed);
            overwrite(&self.text());
            tokio::time::sleep(EVERY).await;
        }
    }

    fn text(&self) -> String {
        let (at, events) = (self.at.load(Ordering::Relaxed), self.events.load(Ordering::Relaxed));
        let share = (at - self.from) as f64 / (self.to - self.from).max(1) as f64;
        format!("reading the logs: {:.0} % of the time, {events} events", share.clamp(0.0, 1.0) * 100.0)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.told.load(Ordering::Relaxed) {
            overwrite("");
        }
    }
}

/// That it cannot be written is nobody's loss.
fn overwrite(text: &str) {
    let mut errors = std::io::stderr().lock();
    let _ = write!(errors, "\r{text:<60}\r").and_then(|()| errors.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::StageName;

    #[test]
    fn it_says_how_much_of_the_time_is_read() {
        let meter = Meter::new(1_000, 5_000);
        assert_eq!(meter.text(), "reading the logs: 0 % of the time, 0 events");
        let line = LogLine {
            stage: StageName::Prod,
            timestamp_ms: 2_000,
            ingested_ms: 2_000,
            event_id: String::new(),
            stream: String::new(),
            message: String::new(),
        };
        meter.count(&line);
        assert_eq!(meter.text(), "reading the logs: 25 % of the time, 1 events");
    }
}
