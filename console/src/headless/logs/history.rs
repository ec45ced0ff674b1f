//! The past of log groups, read page by page with FilterLogEvents and merged by time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::patience::Patience;
use super::{Closed, no_logs};
use crate::cloud::{Cloud, LogRange};
use crate::domain::{LogLine, Problem, StageName};
use crate::headless::output;
use crate::markers::Marker;
use crate::settings::Settings;

/// What is read.
#[derive(Clone, Copy)]
pub(in crate::headless) struct Past<'a> {
    pub(in crate::headless) stages: &'a [StageName],
    /// Epoch milliseconds, inclusive.
    pub(in crate::headless) from: i64,
    /// Epoch milliseconds, inclusive.
    pub(in crate::headless) to: i64,
    /// How long a page is asked for when nothing but failures come; for ever if `None`.
    pub(in crate::headless) patience: Option<Duration>,
}

/// A log group that is read page by page.
struct Source {
    stage: StageName,
    group: String,
    lines: VecDeque<LogLine>,
    /// What the next page is asked for with.
    token: Option<String>,
    ended: bool,
    exists: bool,
    patience: Patience,
}

impl Source {
    fn new(settings: &Settings, stage: StageName, patience: Option<Duration>) -> Source {
        let (group, lines) = (settings.log_group(stage), VecDeque::new());
        let patience = Patience::new(stage, patience);
        Source { stage, group, lines, token: None, ended: false, exists: true, patience }
    }

    /// Whether a line is wanted that was not read yet.
    fn is_short(&self) -> bool {
        self.lines.is_empty() && !self.ended
    }

    /// Reads until there is a line or there are no more. Pages may be empty and still have a successor.
    async fn fill(&mut self, cloud: &Cloud, from: i64, to: i64) -> Result<(), Problem> {
        let range = LogRange { end_ms: Some(to), ..LogRange::from(&self.group, from) };
        while self.is_short() {
            // The token stays until its page is there: a page that did not come is asked for again.
            let page = match cloud.log_page(&range, self.token.clone()).await {
                Ok(page) => page,
                Err(fault) => {
                    tokio::time::sleep(self.patience.after(fault, Instant::now())?).await;
                    continue;
                }
            };
            self.patience.renew();
            let stage = self.stage;
            self.lines.extend(page.events.into_iter().map(|event| event.into_line(stage)));
            self.exists = page.group_exists;
            self.token = page.next_token;
            self.ended = self.token.is_none();
        }
        Ok(())
    }
}

/// What is handed over.
pub(in crate::headless) enum Item<'a> {
    /// A line of a log group.
    Line(&'a LogLine),
    /// A marker of a deploy.
    Marker(&'a Marker),
    /// No more for now: AWS is asked for the next page, and what was handed over must not wait for it.
    Pause,
}

/// Hands the lines of all stages, and the markers among them, to `take` in order of time, a page at a time. The markers, oldest
/// first, are asked for beside the first page. Returns the stages that have no log group; `None` when `take` wants no more.
pub(in crate::headless) async fn merge(
    cloud: &Cloud,
    settings: &Settings,
    past: Past<'_>,
    markers: impl Future<Output = Vec<Marker>>,
    take: &mut (dyn FnMut(Item<'_>) -> Result<(), Closed> + Send),
) -> Result<Option<Vec<StageName>>, Problem> {
    let Past { stages, from, to, patience } = past;
    let mut sources: Vec<Source> =
        stages.iter().map(|stage| Source::new(settings, *stage, patience)).collect();
    let first = try_join_all(sources.iter_mut().map(|source| source.fill(cloud, from, to)));
    let (filled, markers) = tokio::join!(first, markers);
    filled?;
    let mut markers = VecDeque::from(markers);
    loop {
        // Each source has a line or has ended, so the oldest of these lines is the oldest of all.
        loop {
            let waiting = sources.iter_mut().filter(|source| !source.lines.is_empty());
            let oldest = waiting.min_by_key(|source| source.lines.front().map(|line| line.timestamp_ms));
            let Some(source) = oldest else {
                for marker in &markers {
                    if take(Item::Marker(marker)).is_err() {
                        return Ok(None);
                    }
                }
                let missing = sources.iter().filter(|source| !source.exists).map(|source| source.stage);
                let missing: Vec<StageName> = missing.collect();
                missing.iter().for_each(|stage| output::aside(no_logs(*stage)));
                return Ok(Some(missing));
            };
            if let Some(line) = source.lines.pop_front() {
                while let Some(marker) = markers.pop_front_if(|marker| marker.at_ms <= line.timestamp_ms) {
                    if take(Item::Marker(&marker)).is_err() {
                        return Ok(None);
                    }
                }
                if take(Item::Line(&line)).is_err() {
                    return Ok(None);
                }
            }
            if source.is_short() {
                break;
            }
        }
        if take(Item::Pause).is_err() {
            return Ok(None);
        }
        try_join_all(sources.iter_mut().map(|source| source.fill(cloud, from, to))).await?;
    }
}
