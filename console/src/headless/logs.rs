//! `callboard logs`

mod history;
mod line;
mod printer;

use std::collections::HashSet;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::signals::Signals;
use super::{Exit, output};
use crate::app::{News, TailState};
use crate::cli;
use crate::cloud::Cloud;
use crate::domain::{LogLine, Problem, StageName};
use crate::logs::tail::{self, Source};
use crate::settings::Settings;

use printer::Printer;

/// How far a tail that goes on from the history reads it again, milliseconds: events come seconds late.
const OVERLAP_MS: i64 = 60_000;
/// News that may wait to be printed.
const QUEUE: usize = 16;

/// Whoever reads has gone away: there is nothing more to do.
struct Closed;

pub(super) async fn run(cloud: &Cloud, settings: &Settings, arguments: &cli::Logs) -> Result<Exit, Problem> {
    let now = Timestamp::now();
    let since = arguments.since.milliseconds(now);
    let until = arguments.until.map(|until| until.milliseconds(now));
    if until.is_some_and(|until| until < since) {
        output::aside("callboard: --until is before --since: there is nothing between them");
        return Ok(Exit::Usage);
    }
    let mut signals = Signals::take()?;
    let mut printer = Printer::new(arguments);
    tokio::select! {
        exit = signals.next() => return Ok(exit),
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
    let mut take = |line: &LogLine| {
        if arguments.follow && line.timestamp_ms >= again {
            seen.insert((line.stage, line.event_id.clone()));
        }
        printer.line(line)
    };
    let merged = history::merge(cloud, settings, stages, since, end, &mut take).await?;
    let Some(missing) = merged else { return Ok(()) };
    if printer.flush().is_err() || !arguments.follow {
        return Ok(());
    }
    follow(cloud, settings, stages, again, seen, &missing, printer).await
}

/// Prints what comes, until nobody reads it any more.
async fn follow(
    cloud: &Cloud,
    settings: &Settings,
    stages: &[StageName],
    from: i64,
    mut seen: HashSet<(StageName, String)>,
    missing: &[StageName],
    printer: &mut Printer,
) -> Result<(), Problem> {
    let (send, mut news) = mpsc::channel(QUEUE);
    let mut tails = JoinSet::new();
    for &stage in stages {
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
    let mut tails_are = Tails { quiet: missing.iter().copied().collect(), broken: HashSet::new() };
    while let Some((stage, news)) = news.recv().await {
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
    Ok(())
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
