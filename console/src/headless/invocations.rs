//! `callboard invocations`

mod row;

use std::io::{ErrorKind, IsTerminal, Write};

use jiff::Timestamp;

use super::logs::history::{self, Item, Past};
use super::logs::{Closed, PATIENCE};
use super::signals::Signals;
use super::{Exit, output, reader, span};
use crate::cli;
use crate::cloud::Cloud;
use crate::domain::{Problem, StageName};
use crate::logs::invocations::{Invocation, Table, Turn, Window};
use crate::settings::Settings;

/// What is written at once at most, bytes.
const BATCH: usize = 64 << 10;

pub(super) async fn run(
    cloud: &Cloud,
    settings: &Settings,
    arguments: &cli::Invocations,
) -> Result<Exit, Problem> {
    let now = Timestamp::now();
    let Some((since, until)) = span::asked(arguments.since, arguments.until, now) else {
        return Ok(Exit::Usage);
    };
    let until = until.unwrap_or(now.as_millisecond());
    let mut signals = Signals::take()?;
    let mut writer = Writer::new(arguments);
    tokio::select! {
        // A signal ends who reads, too: it is what counts then.
        biased;
        exit = signals.next() => return Ok(exit),
        () = reader::gone() => return Ok(Exit::Done),
        ended = read(cloud, settings, arguments.stages.names(), (since, until), &mut writer) => ended?,
    }
    writer.problem.map_or(Ok(Exit::Done), Err)
}

/// Reads the lines of the range and writes each invocation once no line of it is expected any more, the oldest first.
async fn read(
    cloud: &Cloud,
    settings: &Settings,
    stages: &[StageName],
    (since, until): (i64, i64),
    writer: &mut Writer,
) -> Result<(), Problem> {
    let mut table = Table::default();
    let mut take = |item: Item<'_>| {
        let line = match item {
            Item::Line(line) => line,
            Item::Pause => return writer.flush(),
            // Nobody asked for markers.
            Item::Marker(_) => return Ok(()),
        };
        // What would have to go to stay within the bound is written too, so nothing is lost.
        let mut gone = |turn: Turn, one: Invocation<'_>| {
            if turn == Turn::Gone {
                writer.one(&one);
            }
        };
        table.take(line, &mut gone);
        table.take_settled(line.timestamp_ms, &mut gone);
        if writer.batch.len() >= BATCH { writer.flush() } else { Ok(()) }
    };
    let no_markers = std::future::ready(Vec::new());
    let past = Past { stages, from: since, to: until, patience: Some(PATIENCE) };
    if history::merge(cloud, settings, past, no_markers, &mut take).await?.is_none() {
        return Ok(());
    }
    table.take_all(&mut |_, one| writer.one(&one));
    if writer.flush().is_ok() {
        // That nobody reads the rest is the end of it.
        let _ = writer.figures(stages, (since, until));
    }
    Ok(())
}

struct Writer {
    batch: Vec<u8>,
    arguments: cli::Invocations,
    colour: bool,
    head: bool,
    windows: [Window; 2],
    problem: Option<Problem>,
}

impl Writer {
    fn new(arguments: &cli::Invocations) -> Writer {
        // https://no-color.org: set and not empty.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Writer {
            batch: Vec::new(),
            arguments: arguments.clone(),
            colour: std::io::stdout().is_terminal() && !plain,
            head: !arguments.json && !arguments.summary,
            windows: Default::default(),
            problem: None,
        }
    }

    fn one(&mut self, one: &Invocation<'_>) {
        if !self.arguments.filter.holds(one) {
            return;
        }
        self.windows[one.stage() as usize].add(one);
        if self.arguments.summary {
            return;
        }
        if std::mem::take(&mut self.head) {
            self.batch.extend_from_slice(row::HEAD.as_bytes());
        }
        if self.arguments.json {
            row::json(&mut self.batch, one);
        } else {
            row::text(&mut self.batch, one, self.colour);
        }
    }

    /// The figures of those that were let through: with `--summary` on stdout, beside a table on stderr, beside JSON not.
    fn figures(&mut self, stages: &[StageName], range: (i64, i64)) -> Result<(), Closed> {
        for stage in stages {
            let figures = self.windows[*stage as usize].summary();
            match (self.arguments.summary, self.arguments.json) {
                (true, true) => row::figures_json(&mut self.batch, *stage, range, &figures),
                (true, false) => self.batch.extend_from_slice(row::figures(*stage, &figures).as_bytes()),
                (false, false) => output::aside(row::figures(*stage, &figures).trim_end()),
                (false, true) => {}
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Closed> {
        let mut out = std::io::stdout().lock();
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
