//! The tail against delivery as CloudWatch has it on a bad day: late, out of order, many in a millisecond, in empty pages, throttled and
//! cut. Every event comes once and stands in its place. With the feature `peers` a million events, and `aws logs tail --follow` beside it.

use std::collections::HashSet;
use std::time::Duration;

use callboard::app::{News, TailState, Trouble};
use callboard::cloud::Cloud;
use callboard::domain::StageName;
use callboard::logs::store::Store;
use callboard::logs::tail::{self, Source};
use localcloud::LocalCloud;
use localcloud::faults::{Delivery, Effect, Rule};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};

use crate::project::Project;

pub(crate) const GROUP: &str = "/aws/lambda/hello-stage";

/// How many events are written, and how fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) events: usize,
    /// Written at once; all of one millisecond, in one of three streams.
    pub(crate) at_once: usize,
    pub(crate) every: Duration,
}

/// The text of an event tells its number.
fn text(number: usize) -> String {
    format!(
        "event {number:08} GET /api/v0/items 200 in 3 ms, and some more of what a service says of a request\n"
    )
}

pub(crate) fn number(text: &str) -> Option<usize> {
    text.split_once("event ")?.1.get(..8)?.parse().ok()
}

/// Writes the events while time goes on. Returns the time of each.
pub(crate) fn write(local: &LocalCloud, schedule: Schedule) -> JoinHandle<Vec<i64>> {
    let events = local.log_events().clone();
    tokio::spawn(async move {
        let mut times = Vec::with_capacity(schedule.events);
        let mut beat = interval(schedule.every);
        while times.len() < schedule.events {
            beat.tick().await;
            let now = jiff::Timestamp::now().as_millisecond();
            let some = schedule.at_once.min(schedule.events - times.len());
            let batch = (times.len()..times.len() + some).map(|number| (now, text(number))).collect();
            let stream = format!("2026/11/25/[$LATEST]{}", times.len() / schedule.at_once % 3);
            events.append(GROUP, &stream, batch);
            times.extend(std::iter::repeat_n(now, some));
        }
        times
    })
}

/// What the tail brought.
pub(crate) struct Brought {
    pub(crate) store: Store,
    pub(crate) twice: usize,
    pub(crate) troubles: Vec<Trouble>,
    /// From the first line to the last.
    pub(crate) took: Duration,
    pub(crate) late: usize,
}

/// Follows the group until so many lines have come; fails when nothing comes for `patience`.
pub(crate) async fn follow(cloud: &Cloud, start_ms: i64, events: usize, patience: Duration) -> Brought {
    let (send, mut news) = mpsc::channel(4);
    let (_no_live_tail, live) = watch::channel(false);
    let source = Source { stage: StageName::Stage, group: GROUP.to_owned(), start_ms };
    let cloud = cloud.clone();
    let tail = tokio::spawn(async move { tail::follow(&cloud, &source, live, &send).await });
    let mut seen = HashSet::with_capacity(events);
    let mut brought =
        Brought { store: Store::new(1 << 30), twice: 0, troubles: Vec::new(), took: Duration::ZERO, late: 0 };
    let mut began = None;
    let mut newest = 0;
    let mut last_line = Instant::now();
    while seen.len() < events {
        let next = timeout(patience.saturating_sub(last_line.elapsed()), news.recv()).await;
        let Ok(Some(next)) = next else { panic!("{} of {events} came, then nothing more", seen.len()) };
        match next {
            News::Lines(lines) => {
                began.get_or_insert_with(Instant::now);
                last_line = Instant::now();
                for line in lines {
                    let own = number(&line.message).expect("an event of ours");
                    brought.twice += usize::from(!seen.insert(own));
                    brought.late += usize::from(line.timestamp_ms < newest);
                    newest = newest.max(line.timestamp_ms);
                    brought.store.insert_line(&line);
                }
            }
            News::Tail(TailState::Broken(trouble, _)) => brought.troubles.push(trouble),
            News::Gap(gap) => panic!("a gap: {gap:?}"),
            _ => {}
        }
    }
    brought.took = began.map(|began: Instant| began.elapsed()).unwrap_or_default();
    drop(news);
    tail.await.expect("the tail ends when nobody listens");
    brought
}

/// Every event once, in the order of time.
pub(crate) fn check(brought: &Brought, times: &[i64]) {
    assert_eq!(brought.twice, 0, "none comes twice");
    let store = &brought.store;
    assert_eq!((store.len(), store.dropped()), (times.len(), 0));
    let mut missing: HashSet<usize> = (0..times.len()).collect();
    let mut before = i64::MIN;
    for row in 0..store.shown_len() {
        let entry = store.shown(row).expect("a row");
        let number = number(entry.raw).expect("an event of ours");
        assert!(missing.remove(&number), "{number} is there twice");
        assert_eq!(entry.timestamp_ms, times[number]);
        assert!(before <= entry.timestamp_ms, "{number} is not in its place");
        before = entry.timestamp_ms;
    }
    assert!(missing.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_comes_twice() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    let delivery = Delivery { empty_every: Some(3), page_events: Some(700), ..Delivery::late(2_000, 4) };
    local.faults().deliver(delivery).expect("a delivery");
    // The SDK asks three times by itself.
    let rules = vec![
        Rule::on("FilterLogEvents", Effect::Throttle).from_nth(9).times(4),
        Rule::on("FilterLogEvents", Effect::CutAfter).from_nth(20).times(4),
        Rule::on("FilterLogEvents", Effect::CutBefore).from_nth(30).every(9),
        Rule::on("FilterLogEvents", Effect::Throttle).from_nth(31).every(7),
    ];
    local.faults().set(rules).expect("rules");
    let schedule = Schedule { events: 12_000, at_once: 40, every: Duration::from_millis(20) };
    let start = jiff::Timestamp::now().as_millisecond();
    let writer = write(&local, schedule);
    let brought = follow(&cloud, start, schedule.events, Duration::from_secs(60)).await;
    let times = writer.await.expect("the events are written");
    check(&brought, &times);
    assert!(brought.late > 1_000, "only {} came out of order", brought.late);
    for trouble in [Trouble::Throttled, Trouble::Cut] {
        assert!(brought.troubles.contains(&trouble), "{:?}", brought.troubles);
    }
    cloud.close().await;
    local.stop().await;
}

/// After a burst the head goes through its last second page by page, over and over: what came late before that second is not held
/// up by it. Counted in calls, of which an account may make so many a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_does_not_hold_up_what_comes_late() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    local.faults().deliver(Delivery { page_events: Some(20), ..Delivery::default() }).expect("a delivery");
    let now = jiff::Timestamp::now().as_millisecond();
    // 36 pages of three seconds; the head reads the last 12 of them, the late event comes to stand on page 23.
    let burst =
        (0..720).map(|number| (now - 3_000 + i64::try_from(number).expect("small") * 25 / 6, text(number)));
    local.log_events().append(GROUP, "2026/11/25/[$LATEST]0", burst.collect());

    let (send, mut news) = mpsc::channel(4);
    let (_no_live_tail, live) = watch::channel(false);
    let source = Source { stage: StageName::Stage, group: GROUP.to_owned(), start_ms: now - 10_000 };
    let tail = tokio::spawn({
        let cloud = cloud.clone();
        async move { tail::follow(&cloud, &source, live, &send).await }
    });
    let mut came = 0;
    let mut bring = async |until: usize| {
        while came < until {
            match timeout(Duration::from_secs(60), news.recv()).await {
                Ok(Some(News::Lines(lines))) => came += lines.len(),
                Ok(Some(_)) => {}
                _ => panic!("{came} of {until} came"),
            }
        }
    };
    bring(720).await;
    local.faults().clear_calls();
    let late = vec![(now - 1_100, text(720))];
    local.log_events().append(GROUP, "2026/11/25/[$LATEST]1", late);
    bring(721).await;
    let calls = local.faults().calls().iter().filter(|call| call.operation == "FilterLogEvents").count();
    // Five seconds until the next sweep are 60 calls, then 23 pages beside as many of the head's. One page for eight of the
    // head's would be some 130 calls more.
    assert!(calls < 160, "{calls} calls");
    drop(news);
    tail.await.expect("the tail ends when nobody listens");
    cloud.close().await;
    local.stop().await;
}
