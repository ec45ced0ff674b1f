//! Following a log group with FilterLogEvents: [`window`] says what is read and why nothing is lost, this file when.
//!
//! A group that a single page holds is swept at each poll. Of a busier one the head is read at each poll and a sweep goes on
//! beside it, a page at a time while the head brings lines, so that old pages never hold up new ones.

mod seen;
mod window;

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::app::{Gap, News, TailState};
use crate::cloud::{Cloud, Fault, FaultKind, LogRange};
use crate::domain::{LogLine, StageName};

use super::back_off::BackOff;
use window::Window;

/// Between polls while lines come.
const BUSY: Duration = Duration::from_millis(500);
/// Between polls when nothing comes.
const IDLE: Duration = Duration::from_secs(2);
/// Between polls while Live Tail brings the lines, and polls only what it leaves out.
const BACK_FILL: Duration = Duration::from_secs(5);
/// The least time between two sweeps of a group that takes more than a page.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(5);
/// After the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// After many.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Pages of a head that are read before a sweep has its turn.
const AT_ONCE: u32 = 8;
/// Lines that are handed over at once: the screen takes them in within a fraction of a frame.
const BATCH: usize = 256;

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The stage whose log group it is.
    pub stage: StageName,
    /// The log group's name.
    pub group: String,
    /// From when on, epoch milliseconds.
    pub start_ms: i64,
}

/// Follows `source` and hands what comes to `send` until nobody listens any more. `live`: whether Live Tail brings lines too.
pub async fn follow(
    cloud: &Cloud,
    source: &Source,
    mut live: watch::Receiver<bool>,
    send: &mpsc::Sender<News>,
) {
    let mut tail = Tail::new(cloud, source, send);
    let mut state = None;
    let mut back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
    let mut pause = BUSY;
    loop {
        let (next, wait) = match tail.round().await {
            Ok(Round { group_exists: false, .. }) => (TailState::NoGroup, IDLE),
            Ok(round) => {
                pause = if round.lines > 0 { BUSY } else { (pause * 3 / 2).min(IDLE) };
                let state = if round.behind {
                    TailState::CatchingUp(tail.window.newest_ms())
                } else {
                    TailState::Live
                };
                let calm = if *live.borrow() { BACK_FILL } else { pause };
                (state, if tail.has_more() { Duration::ZERO } else { calm })
            }
            Err(Stop::Closed) => return,
            Err(Stop::Fault(fault)) => (TailState::Broken(fault.kind.into(), fault.problem), back_off.wait()),
        };
        if !matches!(next, TailState::Broken(..)) {
            back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
        }
        if state.as_ref() != Some(&next) {
            state = Some(next.clone());
            if send.send(News::Tail(next)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // Live Tail came or went. Whoever could say so may be gone: then it never will.
            Ok(()) = live.changed() => {}
            () = send.closed() => return,
        }
    }
}

/// Why a round came to no end.
enum Stop {
    /// Nobody listens any more.
    Closed,
    Fault(Fault),
}

/// What a round brought.
struct Round {
    group_exists: bool,
    lines: usize,
    /// There are newer lines that were not read yet.
    behind: bool,
}

/// A range that is read page by page, oldest first.
struct Cursor {
    from_ms: i64,
    /// What was newest when it began.
    mark_ms: i64,
    /// The time of the last event that it came to.
    read_to_ms: i64,
    token: Option<String>,
    pages: u32,
    began: Instant,
}

/// The reading of one group.
struct Tail<'a> {
    cloud: &'a Cloud,
    source: &'a Source,
    send: &'a mpsc::Sender<News>,
    window: Window,
    head: Option<Cursor>,
    sweep: Option<Cursor>,
    /// Whether a sweep takes a page or two, so that no head is needed.
    is_small: bool,
    next_sweep: Instant,
    too_late_told: bool,
}

impl<'a> Tail<'a> {
    fn new(cloud: &'a Cloud, source: &'a Source, send: &'a mpsc::Sender<News>) -> Tail<'a> {
        Tail {
            cloud,
            source,
            send,
            window: Window::from(source.start_ms),
            head: None,
            sweep: None,
            is_small: true,
            next_sweep: Instant::now(),
            too_late_told: false,
        }
    }

    /// Whether there is something to read at once.
    fn has_more(&self) -> bool {
        self.head.is_some() || self.sweep.is_some()
    }

    fn cursor(&self, from_ms: i64) -> Cursor {
        let mark_ms = self.window.newest_ms();
        Cursor { from_ms, mark_ms, read_to_ms: from_ms, token: None, pages: 0, began: Instant::now() }
    }

    /// Reads what is new, and some of what may be late.
    async fn round(&mut self) -> Result<Round, Stop> {
        let mut round = Round { group_exists: true, lines: 0, behind: false };
        if self.sweep.is_none() && (self.is_small || self.next_sweep <= Instant::now()) {
            self.sweep = Some(self.cursor(self.window.sweep_from()));
        }
        // The first look at a group is a sweep that comes to the newest lines by itself.
        let newest_ms = self.window.newest_ms();
        let sweep_leads = self.sweep.as_ref().is_some_and(|sweep| sweep.read_to_ms >= newest_ms);
        if !self.is_small && !sweep_leads {
            let mut head = self.head.take().unwrap_or_else(|| self.cursor(self.window.head_from()));
            let ended = self.read(&mut head, AT_ONCE, &mut round).await;
            if !matches!(ended, Ok(true)) {
                self.head = Some(head);
            }
            round.behind = !ended?;
        }
        if let Some(mut sweep) = self.sweep.take() {
            let leads = self.is_small || sweep_leads;
            // A head that goes through a dense second again and brings nothing must not hold up what came late before it.
            let pages = if leads || round.lines == 0 { AT_ONCE } else { 1 };
            let ended = self.read(&mut sweep, pages, &mut round).await;
            match ended {
                Ok(true) => self.swept(&sweep).await?,
                _ => {
                    self.is_small = false;
                    self.sweep = Some(sweep);
                }
            }
            let ended = ended?;
            round.behind |= leads && !ended;
        }
        Ok(round)
    }

    async fn swept(&mut self, sweep: &Cursor) -> Result<(), Stop> {
        self.is_small = sweep.pages <= 2;
        self.next_sweep = Instant::now() + BETWEEN_SWEEPS.max(sweep.began.elapsed());
        if !self.window.swept(sweep.mark_ms) {
            self.too_late_told = false;
        } else if !std::mem::replace(&mut self.too_late_told, true) {
            self.tell(News::Gap(Gap::TooLate(self.window.remembers_ms()))).await?;
        }
        Ok(())
    }

    /// Reads at most so many pages. `true` when there are no more: pages may be empty and still have a successor.
    async fn read(&mut self, cursor: &mut Cursor, pages: u32, round: &mut Round) -> Result<bool, Stop> {
        for _ in 0..pages {
            let range = LogRange::from(&self.source.group, cursor.from_ms);
            let page = match self.cloud.log_page(&range, cursor.token.clone()).await {
                Ok(page) => page,
                Err(fault) => {
                    // Where the refusal may be about the token, the range is read from its beginning again.
                    if fault.kind == FaultKind::Other {
                        cursor.token = None;
                    }
                    return Err(Stop::Fault(fault));
                }
            };
            cursor.pages += 1;
            round.group_exists = page.group_exists;
            let last = page.events.last().map(|event| event.timestamp_ms);
            cursor.read_to_ms = cursor.read_to_ms.max(last.unwrap_or(cursor.read_to_ms));
            let stage = self.source.stage;
            let fresh = self.window.admit(page.events);
            round.lines += fresh.len();
            let mut fresh = fresh.into_iter().map(|event| event.into_line(stage));
            loop {
                let batch: Vec<LogLine> = fresh.by_ref().take(BATCH).collect();
                if batch.is_empty() {
                    break;
                }
                self.tell(News::Lines(batch)).await?;
            }
            cursor.token = page.next_token;
            if cursor.token.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn tell(&self, news: News) -> Result<(), Stop> {
        self.send.send(news).await.map_err(|_| Stop::Closed)
    }
}
