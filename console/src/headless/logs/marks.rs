//! Deploy markers among the lines.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::app::News;
use crate::cloud::Cloud;
use crate::domain::StageName;
use crate::headless::output;
use crate::markers::{self, Heard, Known, Marker};
use crate::settings::Settings;

/// The longest that the first lines wait for the markers among them. It is seldom waited at all: both are asked at once.
const PATIENCE: Duration = Duration::from_secs(3);

/// The markers that are wanted, and those that were printed.
pub(super) struct Marks<'a> {
    /// Not with `--no-markers`.
    wanted: bool,
    stages: &'a [StageName],
    from_ms: i64,
    known: Known,
    printed: HashSet<(Option<StageName>, i64, String)>,
    complained: bool,
}

impl<'a> Marks<'a> {
    pub(super) fn new(wanted: bool, stages: &'a [StageName], from_ms: i64) -> Marks<'a> {
        Marks { wanted, stages, from_ms, known: Known::default(), printed: HashSet::new(), complained: false }
    }

    /// Whose are wanted.
    pub(super) fn stages(&self) -> &'a [StageName] {
        self.stages
    }

    /// Those up to `until_ms`, oldest first.
    pub(super) async fn first(&mut self, cloud: &Cloud, settings: &Settings, until_ms: i64) -> Vec<Marker> {
        if !self.wanted {
            return Vec::new();
        }
        match tokio::time::timeout(PATIENCE, markers::read(cloud, settings)).await {
            Ok(heard) => self.take(heard, until_ms),
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                output::aside(format!(
                    "callboard: deploys are not marked: nobody told of them within {seconds} s"
                ));
                Vec::new()
            }
        }
    }

    /// Goes on asking who tells of deploys.
    pub(super) fn follow(
        &self,
        cloud: &Cloud,
        settings: &Settings,
        tasks: &mut JoinSet<()>,
    ) -> mpsc::Receiver<News> {
        let (send, news) = mpsc::channel(1);
        if self.wanted {
            let (cloud, settings) = (cloud.clone(), settings.clone());
            tasks.spawn(async move { markers::follow(&cloud, &settings, &send).await });
        }
        news
    }

    /// Those of what was told that were not printed yet.
    pub(super) fn take(&mut self, heard: Vec<Heard>, until_ms: i64) -> Vec<Marker> {
        self.known.take(heard);
        if let Some(problem) = self.known.problem().filter(|_| !self.complained) {
            output::complain(problem);
            output::aside("callboard: deploys may not be marked");
            self.complained = true;
        }
        let all = self.known.markers();
        // What is no longer known of cannot come again, so this does not grow.
        let key = |marker: &Marker| (marker.stage, marker.at_ms, marker.text.clone());
        let known: HashSet<_> = all.iter().map(key).collect();
        self.printed.retain(|printed| known.contains(printed));
        let in_range = |marker: &Marker| {
            (self.from_ms..=until_ms).contains(&marker.at_ms)
                && marker.stage.is_none_or(|stage| self.stages.contains(&stage))
        };
        let mut found: Vec<Marker> = all.into_iter().filter(in_range).collect();
        found.retain(|marker| self.printed.insert(key(marker)));
        found
    }
}
