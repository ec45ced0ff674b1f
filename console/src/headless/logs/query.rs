//! `callboard logs query`

mod mistake;
mod rows;
mod table;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use jiff::Timestamp;

use super::no_logs;
use crate::cli;
use crate::cloud::{Cloud, QueryFigures, QueryState};
use crate::domain::Problem;
use crate::headless::signals::Signals;
use crate::headless::{Exit, output, span};
use crate::logs::insights::{self, Asked, Found, Start, Started};
use crate::settings::Settings;

/// How long AWS may take to stop a query; it costs no more than what it scans until then.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(
    cloud: &Cloud,
    settings: &Settings,
    arguments: &cli::LogsQuery,
) -> Result<Exit, Problem> {
    let now = Timestamp::now();
    let Some((start, end)) = span::asked(arguments.since, arguments.until, now) else {
        return Ok(Exit::Usage);
    };
    let end = end.unwrap_or(now.as_millisecond());
    let stages = arguments.stages.names().iter().map(|stage| (*stage, settings.log_group(*stage)));
    let asked = Asked {
        text: arguments.query.clone(),
        stages: stages.collect(),
        // AWS counts seconds and takes in both ends.
        start_s: start.div_euclid(1000),
        end_s: end.div_euclid(1000),
        limit: arguments.limit,
    };
    let mut signals = Signals::take()?;
    let mut ended_by = None;
    let mut missing = |stage| output::aside(no_logs(stage));
    let mut starting = Box::pin(insights::start(cloud, &asked, &mut missing));
    let started = loop {
        tokio::select! {
            started = &mut starting => break started?,
            // A query that AWS has begun must be known to be stopped; whoever asks twice leaves at once.
            exit = signals.next() => match ended_by.replace(exit) {
                None => {}
                Some(_) => return Ok(exit),
            },
        }
    };
    drop(starting);
    let started = match started {
        Start::Started(started) => started,
        Start::NoLogs => return Ok(ended_by.unwrap_or(Exit::Done)),
        Start::Mistake(mistake) => {
            output::aside(mistake::told(&arguments.query, &mistake));
            return Ok(Exit::Usage);
        }
    };
    if let Some(exit) = ended_by {
        return stop(cloud, &started, &mut signals, exit).await;
    }
    let mut progress = Progress { live: std::io::stderr().is_terminal(), shown: false };
    let mut tell = |state, figures| progress.tell(state, figures);
    let followed = tokio::select! {
        followed = insights::follow(cloud, &started.id, &mut tell) => Ok(followed),
        exit = signals.next() => Err(exit),
    };
    progress.clear();
    let found = match followed {
        Ok(followed) => followed?,
        Err(exit) => return stop(cloud, &started, &mut signals, exit).await,
    };
    rows::print(arguments, &started, &found.rows)?;
    conclude(&found)
}

/// Has AWS stop the query, unless it is asked once more to leave.
async fn stop(cloud: &Cloud, started: &Started, signals: &mut Signals, exit: Exit) -> Result<Exit, Problem> {
    tokio::select! {
        stopped = tokio::time::timeout(STOP_PATIENCE, cloud.stop_query(&started.id)) => match stopped {
            Ok(Ok(())) => output::aside("the query was stopped at AWS"),
            Ok(Err(problem)) => output::complain(&problem),
            Err(_) => output::complain(&going_on(started).because("AWS did not answer in time")),
        },
        _ = signals.next() => output::complain(&going_on(started)),
    }
    Ok(exit)
}

fn going_on(started: &Started) -> Problem {
    let id = &started.id;
    Problem::new("the query may go on at AWS").fix(format!("stop it: aws logs stop-query --query-id {id}"))
}

/// Says what it took, and how it ended.
fn conclude(found: &Found) -> Result<Exit, Problem> {
    let rows = match found.rows.len() {
        1 => "1 row".to_owned(),
        rows => format!("{} rows", counted(rows as f64)),
    };
    let figures = told(found.figures);
    output::aside(format!("{rows}; {figures}; AWS bills by what is scanned"));
    let early = |summary: &str| Problem::new(summary).because("what it had found until then is above");
    match found.state {
        QueryState::Complete => Ok(Exit::Done),
        QueryState::Failed => Err(early("AWS could not carry the query out")
            .fix("ask for less at a time: a shorter range, or a filter")),
        QueryState::Cancelled => Err(early("somebody stopped the query")),
        QueryState::TimedOut => Err(early("the query took longer than AWS lets it take")
            .fix("ask for a shorter range, or filter first")),
        QueryState::Scheduled | QueryState::Running | QueryState::Unknown => {
            Err(early("the query ended in a way that is not known here"))
        }
    }
}

fn told(figures: QueryFigures) -> String {
    let QueryFigures { matched, scanned, bytes } = figures;
    let bytes = match bytes {
        1e9.. => format!("{:.2} GB", bytes / 1e9),
        1e6.. => format!("{:.1} MB", bytes / 1e6),
        1e3.. => format!("{:.1} kB", bytes / 1e3),
        _ => format!("{bytes} bytes"),
    };
    format!("{} of {} events matched, {bytes} scanned", counted(matched), counted(scanned))
}

/// With a comma between thousands.
fn counted(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One line on a terminal that overwrites itself.
struct Progress {
    live: bool,
    shown: bool,
}

impl Progress {
    fn tell(&mut self, state: QueryState, figures: QueryFigures) {
        match state {
            QueryState::Scheduled => self.overwrite("waiting for AWS to begin with the query"),
            _ => self.overwrite(&told(figures)),
        }
        self.shown = true;
    }

    fn clear(&mut self) {
        if self.shown {
            self.overwrite("");
        }
    }

    fn overwrite(&self, text: &str) {
        if self.live {
            // A line that wraps could not be overwritten.
            let width = crossterm::terminal::size().map_or(80, |(width, _)| usize::from(width));
            let text = table::cut(text, width.saturating_sub(1));
            let mut errors = std::io::stderr().lock();
            // Erased to its end (ECMA-48 EL). That it cannot be written is nobody's loss.
            let _ = write!(errors, "\r\u{1b}[K{text}\r").and_then(|()| errors.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_to_a_person() {
        let figures = QueryFigures { matched: 12.0, scanned: 1_234_567.0, bytes: 3_456_789_012.0 };
        assert_eq!(told(figures), "12 of 1,234,567 events matched, 3.46 GB scanned");
        assert_eq!(told(QueryFigures::default()), "0 of 0 events matched, 0 bytes scanned");
        assert_eq!(counted(999.0) + " " + &counted(1000.0), "999 1,000");
    }
}
