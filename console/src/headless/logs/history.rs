use std::collections::VecDeque;

use futures_util::future::try_join_all;

use super::{Closed, no_logs};
use crate::cloud::{Cloud, LogRange};
use crate::domain::{LogLine, Problem, StageName};
use crate::headless::output;
use crate::markers::Marker;
use crate::settings::Settings;

/// A log group that is read page by page.
struct Source {
    stage: StageName,
    group: String,
    lines: VecDeque<LogLine>,
    /// What the next page is asked for with.
    token: Option<String>,
    ended: bool,
    exists: bool,
}

impl Source {
    fn new(settings: &Settings, stage: StageName) -> Source {
        let (group, lines) = (settings.log_group(stage), VecDeque::new());
        Source { stage, group, lines, token: None, ended: false, exists: true }
    }

    /// Reads until there is a line or there are no more. Pages may be empty and still have a successor.
    async fn fill(&mut self, cloud: &Cloud, from: i64, to: i64) -> Result<(), Problem> {
        let range = LogRange { end_ms: Some(to), ..LogRange::from(&self.group, from) };
        while self.lines.is_empty() && !self.ended {
            let page = cloud.log_page(&range, self.token.take()).await?;
            let stage = self.stage;
            self.lines.extend(page.events.into_iter().map(|event| event.into_line(stage)));
            self.exists = page.group_exists;
            self.token = page.next_token;
            self.ended = self.token.is_none();
        }
        Ok(())
    }
}

/// What is printed.
pub(in crate::headless) enum Item<'a> {
    /// A line of a log group.
    Line(&'a LogLine),
    /// A marker of a deploy.
    Marker(&'a Marker),
}

/// Hands the lines of all stages, and the markers among them, to `take` in order of time, a page at a time. The markers, oldest
/// first, are asked for beside the first page. Returns the stages that have no log group; `None` when `take` wants no more.
pub(in crate::headless) async fn merge(
    cloud: &Cloud,
    settings: &Settings,
    stages: &[StageName],
    from: i64,
    to: i64,
    markers: impl Future<Output = Vec<Marker>>,
    take: &mut (dyn FnMut(Item<'_>) -> Result<(), Closed> + Send),
) -> Result<Option<Vec<StageName>>, Problem> {
    let mut sources: Vec<Source> = stages.iter().map(|stage| Source::new(settings, *stage)).collect();
    let first = try_join_all(sources.iter_mut().map(|source| source.fill(cloud, from, to)));
    let (filled, markers) = tokio::join!(first, markers);
    filled?;
    let mut markers = VecDeque::from(markers);
    loop {
        try_join_all(sources.iter_mut().map(|source| source.fill(cloud, from, to))).await?;
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
            if source.lines.is_empty() && !source.ended {
                break;
            }
        }
    }
}
