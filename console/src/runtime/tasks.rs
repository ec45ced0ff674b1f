use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{Answer, Command, Connection, Event, Feed, News, Query, Ticket};
use crate::checks;
use crate::cloud::{Choice, Cloud};
use crate::deploy::{self, Failure};
use crate::domain::{Problem, StageName};
use crate::envfile::EnvFiles;
use crate::logs::export::{Save, Saving};
use crate::logs::store::Snapshot;
use crate::logs::tail::{self, Source};
use crate::logs::{history, live_tail};
use crate::markers;
use crate::settings::Settings;

/// Between reads of a column of the board.
const OVERVIEW_EVERY: Duration = Duration::from_secs(5);
/// Between reads of CloudWatch's figures: they come by the minute, each list that is asked for costs something on AWS, and `R`
/// reads them at once.
const METRICS_EVERY: Duration = Duration::from_secs(60);
/// Between looks at the environment files: an editor's save is on the screen at once.
const ENV_FILES_EVERY: Duration = Duration::from_secs(1);
/// The longest wait between attempts to connect.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(15);
/// How long the local cloud may take to end.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// News of one feed that may wait.
const FEED_QUEUE: usize = 4;

/// What all tasks share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    choice: Choice,
    /// Set once, by the feed that connects.
    cloud: OnceLock<Cloud>,
    /// Whether Live Tail brings lines.
    live: watch::Sender<bool>,
}

/// The tasks that work for the application. Each dies with what it was started for.
#[derive(Debug)]
pub(super) struct Tasks {
    shared: Arc<Shared>,
    events: mpsc::Sender<Event>,
    changes: mpsc::UnboundedSender<Event>,
    reads: BTreeMap<Query, (Ticket, AbortHandle)>,
    feeds: BTreeMap<Feed, AbortHandle>,
    change: Option<(AbortHandle, CancellationToken)>,
    /// Stops the writing of a file.
    saving: Option<CancellationToken>,
}

impl Tasks {
    pub(super) fn new(
        settings: Settings,
        choice: Choice,
        events: mpsc::Sender<Event>,
        changes: mpsc::UnboundedSender<Event>,
    ) -> Tasks {
        let shared =
            Arc::new(Shared { settings, choice, cloud: OnceLock::new(), live: watch::Sender::new(false) });
        let (reads, feeds) = (BTreeMap::new(), BTreeMap::new());
        Tasks { shared, events, changes, reads, feeds, change: None, saving: None }
    }

    /// Reads something; a read of the same thing that is still under way is dropped.
    pub(super) fn read(&mut self, ticket: Ticket, query: Query) {
        let shared = Arc::clone(&self.shared);
        let events = self.events.clone();
        let asked = query.clone();
        let task = tokio::spawn(async move {
            if let Some(answer) = answer(&shared, &asked).await {
                // Nobody listens only when the console is being left.
                let _ = events.send(Event::Answered { ticket, query: asked, answer }).await;
            }
        });
        if let Some((_, older)) = self.reads.insert(query, (ticket, task.abort_handle())) {
            older.abort();
        }
    }

    /// Notes that an answer or the end of a change has been heard.
    pub(super) fn heard(&mut self, event: &Event) {
        match event {
            Event::Answered { ticket, query, .. }
                if self.reads.get(query).is_some_and(|(newest, _)| newest == ticket) =>
            {
                self.reads.remove(query);
            }
            Event::Changed { .. } => self.change = None,
            Event::Saving { saving: Saving::Ended(_), .. } => self.saving = None,
            _ => {}
        }
    }

    /// Starts a change. It runs to its end unless it is stopped between two steps.
    pub(super) fn change(&mut self, ticket: Ticket, command: Command) {
        let shared = Arc::clone(&self.shared);
        let changes = self.changes.clone();
        let stop = CancellationToken::new();
        let token = stop.clone();
        let task = tokio::spawn(async move {
            let result = match (shared.cloud.get(), command) {
                (None, _) => Err(Failure::Refused { problem: not_connected(), moved: false }),
                (Some(cloud), Command::Apply(plan)) => {
                    let progress = |progress| {
                        let _ = changes.send(Event::Progressed { ticket, progress });
                    };
                    deploy::apply(cloud, &shared.settings, &plan, &token, &progress).await
                }
            };
            let result = result.map(Box::new).map_err(Box::new);
            let _ = changes.send(Event::Changed { ticket, result });
        });
        self.change = Some((task.abort_handle(), stop));
    }

    pub(super) fn stop_change(&mut self) {
        if let Some((_, stop)) = &self.change {
            stop.cancel();
        }
    }

    /// Writes a file away from the screen.
    pub(super) fn save(&mut self, ticket: Ticket, save: Save, snapshot: Snapshot) {
        let events = self.events.clone();
        let stop = CancellationToken::new();
        self.saving = Some(stop.clone());
        tokio::task::spawn_blocking(move || {
            // Nobody listens only when the console is being left.
            let tell = |saving| drop(events.blocking_send(Event::Saving { ticket, saving }));
            let ended = save.write(&snapshot, &stop, &|lines| tell(Saving::Lines(lines)));
            tell(Saving::Ended(ended));
        });
    }

    /// Starts the feeds that are wanted and do not run, and drops those that run and are not wanted.
    pub(super) fn sync_feeds(&mut self, wanted: &BTreeSet<Feed>, tail_start: impl Fn(StageName) -> i64) {
        self.feeds.retain(|feed, task| {
            let keep = wanted.contains(feed);
            if !keep {
                task.abort();
            }
            keep
        });
        for feed in wanted {
            if !self.feeds.contains_key(feed) {
                let task = self.feed(feed.clone(), &tail_start);
                self.feeds.insert(feed.clone(), task);
            }
        }
    }

    fn feed(&self, feed: Feed, tail_start: impl Fn(StageName) -> i64) -> AbortHandle {
        let shared = Arc::clone(&self.shared);
        let events = self.events.clone();
        let from = match &feed {
            Feed::Tail(stage) => tail_start(*stage),
            _ => 0,
        };
        let (send, mut news) = mpsc::channel(FEED_QUEUE);
        let what = feed.clone();
        let worker = async move {
            match what {
                Feed::Connect => connect(&shared, &send).await,
                Feed::LiveTail => {
                    if let Some(cloud) = shared.cloud.get() {
                        let groups = StageName::ALL.map(|stage| (stage, shared.settings.log_group(stage)));
                        live_tail::follow(cloud, &groups, &shared.live, &send).await;
                    }
                }
                Feed::Overview(stage) => overviews(&shared, stage, &send).await,
                Feed::Markers(_) => {
                    if let Some(cloud) = shared.cloud.get() {
                        markers::follow(cloud, &shared.settings, &send).await;
                    }
                }
                Feed::Metrics => metrics(&shared, &send).await,
                Feed::EnvFiles(_) => env_files(&shared, &send).await,
                Feed::Tail(stage) => {
                    if let Some(cloud) = shared.cloud.get() {
                        let group = shared.settings.log_group(stage);
                        let source = Source { stage, group, start_ms: from };
                        tail::follow(cloud, &source, shared.live.subscribe(), &send).await;
                    }
                }
                Feed::Past { stage, start_ms, end_ms } => {
                    if let Some(cloud) = shared.cloud.get() {
                        let group = shared.settings.log_group(stage);
                        history::load(cloud, stage, &group, (start_ms, end_ms), &send).await;
                    }
                }
            }
        };
        let forward = async move {
            while let Some(news) = news.recv().await {
                if events.send(Event::Fed { feed: feed.clone(), news }).await.is_err() {
                    return;
                }
            }
        };
        tokio::spawn(async move { tokio::join!(worker, forward) }).abort_handle()
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.reads.is_empty() || self.change.is_some() || self.saving.is_some()
    }

    pub(super) async fn close(self) {
        // What is half written goes away with its task.
        self.saving.iter().for_each(CancellationToken::cancel);
        let reads = self.reads.into_values().map(|(_, task)| task);
        let running = reads.chain(self.feeds.into_values());
        running.chain(self.change.map(|(task, _)| task)).for_each(|task| task.abort());
        if let Some(cloud) = self.shared.cloud.get().cloned() {
            // An AWS account needs no closing; a local cloud that hangs is ended with the process.
            let _ = tokio::time::timeout(CLOSE_WITHIN, cloud.close()).await;
        }
    }
}

async fn answer(shared: &Shared, query: &Query) -> Option<Answer> {
    let cloud = shared.cloud.get()?;
    Some(match query {
        Query::Overview(stage) => Answer::Overview(Box::new(cloud.overview(&shared.settings, *stage).await)),
        Query::Metrics => Answer::Metrics(Box::new(cloud.metrics(&shared.settings, Timestamp::now()).await)),
        Query::Plan(intent) => Answer::Planned(Box::new(deploy::plan(cloud, &shared.settings, intent).await)),
        Query::Images => Answer::Images(cloud.image_rows(&shared.settings).await),
        Query::Gateway => Answer::Gateway(cloud.gateway_view(&shared.settings).await),
        Query::Checks { kinds, stage, url } => Answer::Checked(
            Box::pin(checks::run(cloud, &shared.settings, *stage, url.as_deref(), kinds)).await,
        ),
    })
}

/// Tries to connect until it is done, so that the screen goes on by itself once the operator has signed in.
async fn connect(shared: &Shared, send: &mpsc::Sender<News>) {
    let mut wait = Duration::from_secs(1);
    loop {
        let result = connect_once(shared).await;
        let done = result.is_ok();
        if send.send(News::Connected(result)).await.is_err() || done {
            return;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_BACK_OFF);
    }
}

async fn connect_once(shared: &Shared) -> Result<Connection, Problem> {
    let cloud = match shared.cloud.get() {
        Some(cloud) => cloud.clone(),
        None => {
            let cloud = Cloud::connect(&shared.choice, &shared.settings).await?;
            shared.cloud.get_or_init(|| cloud).clone()
        }
    };
    let identity = cloud.identity().await?;
    Ok(Connection { region: cloud.region().to_owned(), identity })
}

async fn overviews(shared: &Shared, stage: StageName, send: &mpsc::Sender<News>) {
    let Some(cloud) = shared.cloud.get() else { return };
    loop {
        let overview = cloud.overview(&shared.settings, stage).await;
        if send.send(News::Overview(Box::new(overview))).await.is_err() {
            return;
        }
        tokio::time::sleep(OVERVIEW_EVERY).await;
    }
}

async fn metrics(shared: &Shared, send: &mpsc::Sender<News>) {
    let Some(cloud) = shared.cloud.get() else { return };
    loop {
        let metrics = cloud.metrics(&shared.settings, Timestamp::now()).await;
        if send.send(News::Metrics(Box::new(metrics))).await.is_err() {
            return;
        }
        tokio::time::sleep(METRICS_EVERY).await;
    }
}

/// The files when they are first looked at, and whenever they have become others.
async fn env_files(shared: &Shared, send: &mpsc::Sender<News>) {
    let mut known = None;
    loop {
        let settings = shared.settings.clone();
        let Ok(files) = tokio::task::spawn_blocking(move || EnvFiles::read(&settings)).await else { return };
        if known.as_ref() != Some(&files) {
            known = Some(files.clone());
            if send.send(News::EnvFiles(Box::new(files))).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(ENV_FILES_EVERY).await;
    }
}

fn not_connected() -> Problem {
    Problem::new("there is no connection to the cloud yet").fix("wait until the header shows the account")
}
