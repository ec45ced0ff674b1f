//! The log stream: follow or pause, select, filter.

use jiff::Timestamp;

use crate::app::{Motion, TailState};
use crate::domain::{LogLine, Problem, StageName};
use crate::logs::filter::Filter;
use crate::logs::store::{Entry, Kind, Shift, Store};

use super::checks::moved;

/// How timestamps are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// The machine's own time zone.
    Local,
    /// UTC.
    Utc,
    /// Not at all.
    Off,
}

/// What the log stream remembers. The board's pane and the logs screen show the same one.
#[derive(Debug)]
pub struct Logs {
    /// The lines.
    pub store: Store,
    /// Whether the newest line is kept in sight.
    pub follow: bool,
    /// The selected line when not following: an index into the shown lines.
    pub selected: usize,
    /// The first line in sight when not following: an index into the shown lines.
    pub offset: usize,
    /// Lines that came while not following.
    pub unseen: usize,
    /// The filter's text while it is being typed.
    pub input: Option<String>,
    /// How timestamps are shown.
    pub time: TimeFormat,
    /// Whether long lines are wrapped rather than cut.
    pub wrap: bool,
    /// Whether the selected line is shown whole.
    pub detail: bool,
    /// How each stage's tail is; `None` before its first answer.
    tails: [Option<TailState>; 2],
}

impl Logs {
    /// An empty stream that keeps at most `budget` bytes.
    pub fn new(budget: usize) -> Logs {
        Logs {
            store: Store::new(budget),
            follow: true,
            selected: 0,
            offset: 0,
            unseen: 0,
            input: None,
            time: TimeFormat::Local,
            wrap: false,
            detail: false,
            tails: [None, None],
        }
    }

    /// Takes lines in.
    pub fn take(&mut self, lines: Vec<LogLine>) {
        for line in lines {
            if let Some(shift) = self.store.insert_line(line) {
                self.shift(shift);
                self.unseen += usize::from(!self.follow && shift.inserted_at.is_some());
            }
        }
    }

    /// Puts a marker of a deploy into the stream.
    pub fn mark(&mut self, stage: StageName, at: Timestamp, text: String) {
        if let Some(shift) = self.store.insert_note(stage, at.as_millisecond(), Kind::Marker, text) {
            self.shift(shift);
        }
    }

    /// Notes how a tail is. A tail that breaks, and one that works again, says so in the stream.
    pub fn tail(&mut self, stage: StageName, state: TailState, now: Timestamp) {
        let was_broken = matches!(self.tails[stage as usize], Some(TailState::Broken(_)));
        let note = match (&state, was_broken) {
            (TailState::Broken(problem), false) => {
                Some(format!("{stage}: the log cannot be read: {problem}"))
            }
            (TailState::Live | TailState::NoGroup, true) => Some(format!("{stage}: the log is read again")),
            _ => None,
        };
        self.tails[stage as usize] = Some(state);
        if let Some(text) = note {
            let text = crate::domain::plain(&text);
            if let Some(shift) = self.store.insert_note(stage, now.as_millisecond(), Kind::Gap, text) {
                self.shift(shift);
            }
        }
    }

    /// How a stage's tail is.
    pub fn tail_of(&self, stage: StageName) -> Option<&TailState> {
        self.tails[stage as usize].as_ref()
    }

    /// Why a tail cannot read, if one cannot.
    pub fn broken(&self) -> Option<&Problem> {
        self.tails.iter().flatten().find_map(|state| match state {
            TailState::Broken(problem) => Some(problem),
            _ => None,
        })
    }

    /// The selected line.
    pub fn selected(&self) -> Option<&Entry> {
        let index = if self.follow { self.store.shown_len().checked_sub(1)? } else { self.selected };
        self.store.shown(index)
    }

    /// Moves the selection; moving up stops following, going to the bottom follows again.
    pub fn step(&mut self, motion: Motion, page: usize) {
        if motion == Motion::Bottom {
            return self.resume();
        }
        self.pause(page);
        self.selected = moved(self.selected, motion, self.store.shown_len(), page);
        self.keep_selected_in_sight(page);
    }

    /// Stops following where it is, or follows again.
    pub fn toggle_follow(&mut self, page: usize) {
        if self.follow { self.pause(page) } else { self.resume() }
    }

    /// Shows both stages, stage, prod, both …
    pub fn cycle_stages(&mut self) {
        let stage = match self.store.filter().stage {
            None => Some(StageName::Stage),
            Some(StageName::Stage) => Some(StageName::Prod),
            Some(StageName::Prod) => None,
        };
        self.apply(Filter { stage, ..self.store.filter().clone() });
    }

    /// Shows the lines of one stage that hold `text`.
    pub fn look_for(&mut self, stage: StageName, text: &str) {
        self.apply(Filter { stage: Some(stage), text: text.to_owned() });
    }

    /// Filters by `text`.
    pub fn filter_text(&mut self, text: &str) {
        self.apply(Filter { text: text.to_owned(), ..self.store.filter().clone() });
    }

    /// Whether anything is filtered out.
    pub fn is_filtered(&self) -> bool {
        *self.store.filter() != Filter::default()
    }

    /// Shows everything.
    pub fn clear_filter(&mut self) {
        self.apply(Filter::default());
    }

    fn apply(&mut self, filter: Filter) {
        self.store.set_filter(filter);
        self.resume();
    }

    fn resume(&mut self) {
        self.follow = true;
        self.unseen = 0;
        self.detail = false;
    }

    fn pause(&mut self, page: usize) {
        if self.follow {
            self.follow = false;
            let count = self.store.shown_len();
            self.selected = count.saturating_sub(1);
            self.offset = count.saturating_sub(page.max(1));
        }
    }

    fn keep_selected_in_sight(&mut self, page: usize) {
        let page = page.max(1);
        if self.selected < self.offset {
            self.offset = self.selected;
        } else if self.selected >= self.offset + page {
            self.offset = self.selected + 1 - page;
        }
    }

    /// Keeps what is in sight in sight when lines come in above it or go.
    fn shift(&mut self, shift: Shift) {
        if self.follow {
            return;
        }
        if let Some(at) = shift.inserted_at {
            self.selected += usize::from(at <= self.selected);
            self.offset += usize::from(at <= self.offset);
        }
        self.selected = self.selected.saturating_sub(shift.dropped);
        self.offset = self.offset.saturating_sub(shift.dropped);
    }
}
