//! Live Tail and the tails beside it, on the local cloud through the SDK.

use std::time::Duration;

use callboard::app::{LiveTailState, News, Trouble};
use callboard::domain::{LogLine, StageName};
use callboard::logs::store::Store;
use callboard::logs::tail::Source;
use callboard::logs::{live_tail, tail};
use localcloud::LocalCloud;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::project::Project;

const STAGE: &str = "/aws/lambda/hello-stage";
const PROD: &str = "/aws/lambda/hello-prod";

/// Both ways at once, as the console has them.
struct Both {
    live: mpsc::Receiver<News>,
    polled: mpsc::Receiver<News>,
    pushed: watch::Receiver<bool>,
}

impl Both {
    async fn start(project: &Project, start_ms: i64) -> Both {
        let cloud = project.cloud().await;
        let (to_live, live) = mpsc::channel(4);
        let (to_polled, polled) = mpsc::channel(4);
        let (is_live, pushed) = watch::channel(false);
        let source = Source { stage: StageName::Stage, group: STAGE.to_owned(), start_ms };
        let watched = pushed.clone();
        tokio::spawn(async move {
            let groups = [(StageName::Stage, STAGE.to_owned()), (StageName::Prod, PROD.to_owned())];
            tokio::join!(
                live_tail::follow(&cloud, &groups, &is_live, &to_live),
                tail::follow(&cloud, &source, watched, &to_polled),
            );
        });
        Both { live, polled, pushed }
    }

    /// How Live Tail is next.
    async fn state(&mut self) -> LiveTailState {
        loop {
            if let News::LiveTail(state) = next(&mut self.live).await {
                return state;
            }
        }
    }

    /// The next second in which lines came, and whether some were left out.
    async fn second(&mut self) -> (Vec<LogLine>, bool) {
        loop {
            match next(&mut self.live).await {
                News::LiveLines { lines, sampled } if !lines.is_empty() => return (lines, sampled),
                _ => {}
            }
        }
    }
}

async fn next(news: &mut mpsc::Receiver<News>) -> News {
    timeout(Duration::from_secs(60), news.recv()).await.expect("something comes").expect("it goes on")
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn write(local: &LocalCloud, count: usize, first: usize) {
    let events = (first..first + count).map(|number| (now(), format!("line {number}\n"))).collect();
    local.log_events().append(STAGE, "a stream", events);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_pushed_and_polled_and_there_once() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let start = now();
    write(&local, 1, 0);
    let mut both = Both::start(&project, start).await;
    // Prod was never called: its group is not there, and the session is over stage's alone.
    assert_eq!(both.state().await, LiveTailState::On);
    assert!(*both.pushed.borrow());
    write(&local, 3, 1);
    let (mut lines, sampled) = both.second().await;
    while lines.len() < 3 {
        lines.extend(both.second().await.0);
    }
    assert!(!sampled && lines.iter().all(|line| line.event_id.is_empty() && line.stage == StageName::Stage));
    // More than a second holds: what is left out is polled.
    write(&local, 900, 4);
    let (many, sampled) = both.second().await;
    assert_eq!((many.len(), sampled), (500, true));
    lines.extend(many);
    let mut store = Store::new(1 << 20);
    for line in &lines {
        store.insert_live_line(line);
    }
    while store.len() < 904 {
        if let News::Lines(lines) = next(&mut both.polled).await {
            for line in &lines {
                store.insert_line(line);
            }
        }
    }
    let mut texts: Vec<String> = (0..904).filter_map(|row| store.shown(row)).map(|one| one.text()).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 904, "each once");
    drop(both);
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_breaks_is_begun_anew_and_meanwhile_lines_are_polled() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let start = now();
    write(&local, 1, 0);
    let mut both = Both::start(&project, start).await;
    assert_eq!(both.state().await, LiveTailState::On);
    local.live_tails().cut();
    let LiveTailState::Off(trouble, problem) = both.state().await else { panic!("it was cut") };
    assert_eq!(trouble, Trouble::Cut, "{problem}");
    assert!(problem.hint.contains("polling goes on"), "{problem}");
    write(&local, 1, 1);
    let mut polled = Vec::new();
    while polled.len() < 2 {
        if let News::Lines(lines) = next(&mut both.polled).await {
            polled.extend(lines);
        }
    }
    assert_eq!(both.state().await, LiveTailState::On, "by itself");
    // AWS ends a session after three hours: the next one begins at once, and nobody is told of trouble.
    local.live_tails().set_length(Duration::from_millis(200));
    local.live_tails().cut();
    assert!(matches!(both.state().await, LiveTailState::Off(Trouble::Cut, _)));
    for _ in 0..2 {
        assert_eq!(both.state().await, LiveTailState::On);
    }
    drop(both);
    local.stop().await;
}
