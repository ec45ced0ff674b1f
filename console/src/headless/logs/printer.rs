use std::collections::HashMap;
use std::io::{ErrorKind, IsTerminal, Write};

use super::Closed;
use crate::cli;
use crate::domain::{LogLine, Problem, StageName};
use crate::logs::line::Style;
use crate::logs::query::{Query, Subject};
use crate::logs::reading::{self, Link, Parsed};
use crate::markers::Marker;

/// What is written at once at most, bytes; less is written before anything is waited for.
const BATCH: usize = 64 << 10;
/// The longest time between two lines of a panic or a trace, milliseconds.
const GAP_MS: i64 = 50;
/// Log streams of which the last line is remembered.
const STREAMS: usize = 1024;

/// Writes those lines that the query lets through, and those that go on with one that it did.
pub(super) struct Printer {
    out: std::io::Stdout,
    batch: Vec<u8>,
    query: Query,
    style: Style,
    /// Of each log stream the last line: when, what belongs to it, and whether it was printed.
    last: HashMap<(StageName, String), (i64, Link, bool)>,
    /// Whether a line passed.
    found: bool,
    problem: Option<Problem>,
}

impl Printer {
    pub(super) fn new(arguments: &cli::Logs) -> Printer {
        let out = std::io::stdout();
        // https://no-color.org: set and not empty.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let style =
            Style { json: arguments.json, colour: out.is_terminal() && !plain, masked: !arguments.no_mask };
        Printer {
            out,
            batch: Vec::new(),
            query: arguments.filter.clone(),
            style,
            last: HashMap::new(),
            found: false,
            problem: None,
        }
    }

    pub(super) fn line(&mut self, line: &LogLine) -> Result<(), Closed> {
        let raw = reading::keep(&line.message);
        let parsed = Parsed::of(&raw);
        let read = parsed.reading();
        if !self.query.is_empty() && !self.passes(line, &raw, read) {
            return Ok(());
        }
        self.found = true;
        self.style.write(&mut self.batch, line, &parsed, read);
        if self.batch.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// A marker is of use whatever is looked for.
    pub(super) fn marker(&mut self, marker: &Marker) -> Result<(), Closed> {
        self.style.write_marker(&mut self.batch, marker);
        if self.batch.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn passes(&mut self, line: &LogLine, raw: &str, read: reading::Reading) -> bool {
        let subject = Subject { stage: line.stage, level: read.level, platform: read.platform, raw };
        let stream = (line.stage, line.stream.clone());
        let goes_on = self.last.get(&stream).is_some_and(|(at, link, printed)| {
            *printed && link.joins(read.link) && (line.timestamp_ms - at).abs() <= GAP_MS
        });
        let passes = self.query.matches(&subject) || (goes_on && !self.query.excludes(&subject));
        if self.last.len() >= STREAMS {
            self.last.clear();
        }
        self.last.insert(stream, (line.timestamp_ms, read.link, passes));
        passes
    }

    /// What the query may have meant, where no line passed it.
    pub(super) fn hint(&self) -> Option<String> {
        if self.found { None } else { self.query.hint() }
    }

    /// Why nothing more can be written; that nobody reads any more is none.
    pub(super) fn problem(self) -> Option<Problem> {
        self.problem
    }

    /// Writes what was not written yet.
    pub(super) fn flush(&mut self) -> Result<(), Closed> {
        let mut out = self.out.lock();
        let written = out.write_all(&self.batch).and_then(|()| out.flush());
        self.batch.clear();
        written.map_err(|error| {
            if error.kind() != ErrorKind::BrokenPipe {
                self.problem = Some(Problem::new("stdout cannot be written to").because(error));
            }
            Closed
        })
    }
}
