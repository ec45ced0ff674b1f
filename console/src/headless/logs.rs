//! `callboard logs`

pub(super) mod history;
mod marks;
mod meter;
mod patience;
mod printer;
mod query;

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::signals::Signals;
use super::{Exit, output, reader, span};
use crate::app::{News, TailState};
use crate::cli;
use crate::cloud::Cloud;
use crate::domain::{Problem, StageName};
use crate::logs::tail::{self, Source};
use crate::settings::Settings;

use history::{Item, Past};
use marks::Marks;
use meter::Meter;
use printer::Printer;

/// How far a tail that goes on from the history reads it again, milliseconds: events come seconds late.
const OVERLAP_MS: i64 = 60_000;
/// News that may wait to be printed.
const QUEUE: usize = 16;
/// How long a command that comes to an end bears that AWS answers nothing but that it has no time.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Whoever reads has gone away: there is nothing more to do.
pub(super) struct Closed;

pub(super) async fn run(cloud: &Cloud, settings: &Settings, arguments: &cli::Logs) -> Result<Exit, Problem> {
    if let Some(cli::LogsCommand::Query(arguments)) = &arguments.command {
        return query::run(cloud, settings, arguments).await;
    }
    let now = Timestamp::now();
    let Some((since, until)) = span::asked(arguments.since, arguments.until, now) else {
        return Ok(Exit::Usage);
    };
    let mut signals = Signals::take()?;
    let mut printer = Printer::new(arguments);
    tokio::select! {
        // A signal ends who reads, too: it is what counts then.
        biased;
        exit = signals.next() => return Ok(exit),
        () = reader::gone() => return Ok(Exit::Done),
        ended = print(cloud, settings, arguments, since, until, &mut printer) => ended?,
    }
    printer.problem().map_or(Ok(Exit::Done), Err)
}

async fn print(
    cloud: &Cloud,
    settings: &Settings,
    arguments: &cli::Logs,
    since: i64,
    until: Option<i64>,
    printer: &mut Printer,
) -> Result<(), Problem> {
    let end = until.unwrap_or_else(|| Timestamp::now().as_millisecond());
    let stages = arguments.stages.names();
    // What a tail will read again, so that it is not printed twice.
    let again = end.saturating_sub(OVERLAP_MS).max(since);
    let mut seen = HashSet::new();
    let meter = Meter::new(since, end);
    let mut take = |item: Item<'_>| match item {
        Item::Marker(marker) => printer.marker(marker),
        Item::Line(line) => {
            meter.count(line);
            if arguments.follow && line.timestamp_ms >= again {
                seen.insert((line.stage, line.event_id.clone()));
            }
            printer.line(line)
        }
        Item::Pause => printer.flush(),
    };
    let mut marks = Marks::new(!arguments.no_markers, stages, since);
    let markers = marks.first(cloud, settings, end);
    // A tail goes on until it is ended, whatever AWS says in between.
    let patience = (!arguments.follow).then_some(PATIENCE);
    let past = Past { stages, from: since, to: end, patience };
    let merged = tokio::select! {
        merged = history::merge(cloud, settings, past, markers, &mut take) => merged?,
        () = meter.tell() => None,
    };
    drop(meter);
    let Some(missing) = merged else { return Ok(()) };
    if let Some(hint) = printer.hint() {
        output::aside(format!("callboard: no line passes the filter: {hint}"));
    }
    if printer.flush().is_err() || !arguments.follow {
        return Ok(());
    }
    follow(cloud, settings, again, seen, &missing, marks, printer).await
}

/// Prints what comes, until nobody reads it any more.
async fn follow(
    cloud: &Cloud,
    settings: &Settings,
    from: i64,
    mut seen: HashSet<(StageName, String)>,
    missing: &[StageName],
    mut marks: Marks<'_>,
    printer: &mut Printer,
) -> Result<(), Problem> {
    let (send, mut news) = mpsc::channel(QUEUE);
    let mut tails = JoinSet::new();
    for &stage in marks.stages() {
        let (cloud, send) = (cloud.clone(), send.clone());
        let source = Source { stage, group: settings.log_group(stage), start_ms: from };
        tails.spawn(async move {
            let (_no_live_tail, live) = watch::channel(false);
            let (to, mut own) = mpsc::channel(QUEUE);
            let forward = async {
                while let Some(news) = own.recv().await {
                    if send.send((stage, news)).await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = tail::follow(&cloud, &source, live, &to) => {}
                () = forward => {}
            }
        });
    }
    drop(send);
    let mut told = marks.follow(cloud, settings, &mut tails);
    let mut tails_are = Tails { quiet: missing.iter().copied().collect(), broken: HashSet::new() };
    loop {
        let (stage, news) = tokio::select! {
            news = news.recv() => match news {
                Some(news) => news,
                None => return Ok(()),
            },
            Some(News::Traces(heard)) = told.recv() => {
                for marker in marks.take(heard, i64::MAX) {
                    if printer.marker(&marker).is_err() {
                        return Ok(());
                    }
                }
                if printer.flush().is_err() {
                    return Ok(());
                }
                continue;
            }
        };
        match news {
            News::Lines(lines) => {
                for line in &lines {
                    // Each comes once from the tail, so that what was seen need not be remembered for longer.
                    if !seen.remove(&(stage, line.event_id.clone())) && printer.line(line).is_err() {
                        return Ok(());
                    }
                }
                if printer.flush().is_err() {
                    return Ok(());
                }
            }
            News::Tail(state) => tails_are.note(stage, &state),
            News::Gap(gap) => output::aside(gap.sentence(stage)),
            _ => {}
        }
    }
}

/// How the tails are, so that only a change is told.
struct Tails {
    quiet: HashSet<StageName>,
    broken: HashSet<StageName>,
}

impl Tails {
    fn note(&mut self, stage: StageName, state: &TailState) {
        if let TailState::Broken(trouble, problem) = state {
            if self.broken.insert(stage) {
                output::complain(problem);
                output::aside(format!(
                    "{stage} {}: lines are missing until the log is read again",
                    trouble.badge()
                ));
            }
            return;
        }
        if self.broken.remove(&stage) {
            output::aside(format!("{stage}: the log is read again"));
        }
        if *state == TailState::NoGroup && self.quiet.insert(stage) {
            output::aside(no_logs(stage));
        }
    }
}

fn no_logs(stage: StageName) -> String {
    format!("{stage}: no logs yet: the function has not been called")
}
