//! One query at work: the events of its groups, merged by time, newest first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::{Figures, Group, LONGEST, Queries, Status, Wanted};
use crate::events::{Event, LogEvents, Position, Scan};
use crate::insights::{Row, Run, Source, TooMuch};

/// How many events are read at once: what is told between two looks at whether the query goes on.
const PAGE: usize = 2000;

/// Carries a query out when it is its turn.
pub(super) async fn carry_out(
    queries: Queries,
    number: u64,
    events: LogEvents,
    wanted: Wanted,
    stop: CancellationToken,
) {
    let place = tokio::select! {
        place = Arc::clone(&queries.inner.places).acquire_owned() => place,
        () = stop.cancelled() => return queries.tell(number, |entry| entry.standing.status = Status::Cancelled),
    };
    let on_thread = queries.clone();
    let done = tokio::task::spawn_blocking(move || read(&on_thread, number, &events, wanted, &stop)).await;
    drop(place);
    if let Err(error) = done {
        tracing::error!(%error, "a Logs Insights query was cut off");
        queries.tell(number, |entry| entry.standing.status = Status::Failed);
    }
}

fn read(queries: &Queries, number: u64, events: &LogEvents, wanted: Wanted, stop: &CancellationToken) {
    queries.tell(number, |entry| entry.standing.status = Status::Running);
    let began = Instant::now();
    let mut run = Run::new(wanted.query, wanted.limit);
    let mut sources: Vec<Reading> = wanted.groups.into_iter().map(Reading::new).collect();
    let mut figures = Figures::default();
    let mut told = 0;
    loop {
        if stop.is_cancelled() {
            return queries.tell(number, |entry| entry.standing.status = Status::Cancelled);
        }
        if began.elapsed() >= LONGEST {
            return queries.tell(number, |entry| entry.standing.status = Status::Timeout);
        }
        let waiting = sources.iter_mut().filter(|source| source.waiting.is_empty() && !source.ended);
        waiting.for_each(|source| source.fill(events, wanted.start, wanted.end));
        let taken = merge(&mut sources, &mut run, &mut figures);
        figures.matched = run.matched();
        let fresh: Vec<Row> = run.rows_so_far().iter().skip(told).cloned().collect();
        told += fresh.len();
        queries.tell(number, |entry| {
            entry.standing.figures = figures;
            entry.bytes += size(&fresh);
            entry.rows.extend(fresh);
        });
        match taken {
            Ok(true) => break,
            Ok(false) => {}
            Err(TooMuch) => return fail(queries, number),
        }
    }
    match run.finish() {
        Ok(rows) => queries.tell(number, |entry| {
            entry.bytes = size(&rows);
            entry.rows = rows;
            entry.standing.status = Status::Complete;
        }),
        Err(TooMuch) => fail(queries, number),
    }
}

/// GetQueryResults has no place for why; the local cloud's own log has.
fn fail(queries: &Queries, number: u64) {
    tracing::warn!(number, "a Logs Insights query asks for more than the local cloud keeps");
    queries.tell(number, |entry| entry.standing.status = Status::Failed);
}

fn size(rows: &[Row]) -> usize {
    rows.iter().flatten().map(|(name, value)| name.len() + value.len()).sum()
}

/// Hands over events in the order of their time until a page must be read; `true` when there are no more.
fn merge(sources: &mut [Reading], run: &mut Run, figures: &mut Figures) -> Result<bool, TooMuch> {
    loop {
        if sources.iter().any(|source| source.waiting.is_empty() && !source.ended) {
            return Ok(false);
        }
        let newest = sources
            .iter_mut()
            .filter_map(|source| Some((source.waiting.front()?.position, source)))
            .max_by_key(|(position, _)| *position);
        let Some((_, source)) = newest else { return Ok(true) };
        let Some(event) = source.waiting.pop_front() else { return Ok(true) };
        figures.scanned += 1;
        figures.bytes += event.message.len() as u64;
        run.take(Source {
            group: Arc::clone(&source.group.name),
            stream: event.stream,
            number: event.position.number,
            timestamp: event.position.timestamp,
            ingested: event.position.ingested,
            message: event.message,
        })?;
    }
}

/// A log group that is read page by page, newest first.
struct Reading {
    group: Group,
    waiting: VecDeque<Event>,
    after: Option<Position>,
    ended: bool,
}

impl Reading {
    fn new(group: Group) -> Reading {
        Reading { group, waiting: VecDeque::new(), after: None, ended: false }
    }

    fn fill(&mut self, events: &LogEvents, start: i64, end: i64) {
        let scan = Scan {
            start: start.max(self.group.since),
            end,
            after: self.after,
            newest_first: true,
            wanted: &|_, _| true,
            limit: PAGE,
        };
        let page = events.scan(&self.group.name, &scan);
        self.waiting.extend(page.events);
        self.after = page.next;
        self.ended = page.next.is_none();
    }
}
