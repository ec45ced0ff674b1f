//! Live Tail as a feed: one session over the log groups of both stages, begun anew before it ends and after it broke. Polling goes
//! on beside it, slower while a session runs: it brings what came before the session and what Live Tail leaves out.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use crate::app::{LiveTailState, News, Trouble};
use crate::cloud::{Cloud, Fault, FaultKind, LiveTail};
use crate::domain::{Problem, StageName};

use super::back_off::BackOff;

/// AWS ends a session after three hours (FACTS §5).
const SESSION: Duration = Duration::from_secs(170 * 60);
/// After the first failure. StartLiveTail may be called 5 times a second by all of the account.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// After many.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Nobody listens any more.
struct Closed;

/// Says that lines are pushed for as long as it lives.
struct Pushed<'a>(&'a watch::Sender<bool>);

impl<'a> Pushed<'a> {
    fn on(live: &'a watch::Sender<bool>) -> Pushed<'a> {
        live.send_replace(true);
        Pushed(live)
    }
}

impl Drop for Pushed<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

/// Follows `groups` until nobody listens any more. `live` is true while a session runs.
pub async fn follow(
    cloud: &Cloud,
    groups: &[(StageName, String)],
    live: &watch::Sender<bool>,
    send: &mpsc::Sender<News>,
) {
    let mut back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
    loop {
        let fault = match start(cloud, groups).await {
            Ok(session) => {
                back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
                match run(session, live, send).await {
                    Err(Closed) => return,
                    // It ended in order: the next one begins at once.
                    Ok(None) => continue,
                    Ok(Some(fault)) => fault,
                }
            }
            Err(fault) => fault,
        };
        let off = LiveTailState::Off(Trouble::from(fault.kind), fault.problem);
        if send.send(News::LiveTail(off)).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(back_off.wait()) => {}
            () = send.closed() => return,
        }
    }
}

/// A session over all groups that there are: one that is missing would refuse them all.
async fn start(cloud: &Cloud, groups: &[(StageName, String)]) -> Result<LiveTail, Fault> {
    match cloud.live_tail(groups).await {
        Err(fault) if fault.kind == FaultKind::NotFound => {}
        other => return other,
    }
    let mut there = Vec::new();
    for group in groups {
        if cloud.log_group_size(&group.1).await?.is_some() {
            there.push(group.clone());
        }
    }
    if there.is_empty() {
        let problem = Problem::new("there are no logs yet")
            .fix("Live Tail begins by itself once a function was called");
        return Err(Fault { kind: FaultKind::NotFound, problem });
    }
    cloud.live_tail(&there).await
}

/// Hands over what the session brings, until it ends or breaks.
async fn run(
    mut session: LiveTail,
    live: &watch::Sender<bool>,
    send: &mpsc::Sender<News>,
) -> Result<Option<Fault>, Closed> {
    let ends = Instant::now() + SESSION;
    let _pushed = Pushed::on(live);
    send.send(News::LiveTail(LiveTailState::On)).await.map_err(|_| Closed)?;
    loop {
        let next = tokio::select! {
            next = timeout_at(ends, session.next()) => next,
            () = send.closed() => return Err(Closed),
        };
        match next {
            Err(_) | Ok(Ok(None)) => return Ok(None),
            Ok(Err(fault)) => return Ok(Some(fault)),
            Ok(Ok(Some(update))) => {
                let news = News::LiveLines { lines: update.lines, sampled: update.sampled };
                send.send(news).await.map_err(|_| Closed)?;
            }
        }
    }
}
