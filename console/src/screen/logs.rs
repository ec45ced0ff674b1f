//! The log stream: follow or pause, select, filter.

pub mod history;
mod marks;

use jiff::Timestamp;

use crate::app::{Gap, LiveTailState, Motion, TailState};
use crate::domain::{LogLine, Problem, StageName, plain};
use crate::logs::filter::Filter;
use crate::logs::query::{Mistake, Query};
use crate::logs::store::{Anchor, Entry, Kind, Store, Wanted};

use super::checks::moved;
use super::live::Live;
use marks::Marks;

use history::History;

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
    /// The query that is in force, as it was written.
    pub query: String,
    /// The query while it is being typed.
    pub input: Option<String>,
    /// What is wrong with what is being typed; then the query before it is in force.
    pub mistake: Option<Mistake>,
    /// The file's name while it is being typed, into which what is shown is to be saved.
    pub save: Option<String>,
    /// Ranges, and what is read of them.
    pub history: History,
    /// Whether what looks like a secret is masked.
    pub masked: bool,
    /// How timestamps are shown.
    pub time: TimeFormat,
    /// Whether long lines are wrapped rather than cut.
    pub wrap: bool,
    /// Whether the selected line is shown whole.
    pub detail: bool,
    /// How far which line is scrolled, rows: another one begins at its top.
    scrolled: Option<(Anchor, usize)>,
    /// Live Tail.
    pub live: Live,
    /// How each stage's tail is; `None` before its first answer.
    tails: [Option<TailState>; 2],
    /// The deploy markers.
    marks: Marks,
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
            query: String::new(),
            input: None,
            mistake: None,
            save: None,
            history: History::default(),
            masked: true,
            time: TimeFormat::Local,
            wrap: false,
            detail: false,
            scrolled: None,
            live: Live::default(),
            tails: [None, None],
            marks: Marks::default(),
        }
    }

    /// Takes lines in.
    pub fn take(&mut self, lines: &[LogLine]) {
        self.insert(lines, Store::insert_line);
    }

    fn insert(&mut self, lines: &[LogLine], insert: fn(&mut Store, &LogLine) -> Option<bool>) {
        let shown = self.keeping_place(|store| {
            lines.iter().filter(|line| insert(store, line).is_some_and(|shown| shown)).count()
        });
        if !self.follow {
            self.unseen += shown;
        }
        self.markers_follow();
    }

    /// Takes a second of Live Tail in.
    pub fn take_live(&mut self, lines: &[LogLine], sampled: bool, now: Timestamp) {
        self.insert(lines, Store::insert_live_line);
        if let Some(text) = self.live.sampled(sampled) {
            self.note(None, text, now);
        }
    }

    /// Notes how Live Tail is. One that breaks says so in the stream.
    pub fn live_tail(&mut self, state: LiveTailState, now: Timestamp) {
        if let Some(text) = self.live.note(state) {
            self.note(None, &text, now);
        }
    }

    /// Asks the filter of some more lines. `false`: there are none left.
    pub fn work(&mut self) -> bool {
        self.keeping_place(Store::work)
    }

    /// Notes how a tail is. A tail that breaks, and one that works again, says so in the stream.
    pub fn tail(&mut self, stage: StageName, state: TailState, now: Timestamp) {
        let was = match &self.tails[stage as usize] {
            Some(TailState::Broken(trouble, _)) => Some(*trouble),
            _ => None,
        };
        let note = match (&state, was) {
            (TailState::Broken(trouble, problem), was) if was != Some(*trouble) => {
                Some(format!("{stage} {}: {problem}", trouble.badge()))
            }
            (TailState::Live | TailState::CatchingUp(_) | TailState::NoGroup, Some(_)) => {
                Some(format!("{stage}: the log is read again, from where it stopped"))
            }
            _ => None,
        };
        self.tails[stage as usize] = Some(state);
        if let Some(text) = note {
            self.note(stage, &text, now);
        }
    }

    /// Notes that lines may be missing.
    pub fn gap(&mut self, stage: StageName, gap: Gap, now: Timestamp) {
        self.note(stage, &gap.sentence(stage), now);
    }

    fn note(&mut self, stage: impl Into<Option<StageName>>, text: &str, now: Timestamp) {
        let (stage, text) = (stage.into(), plain(text));
        self.keeping_place(|store| store.insert_note(stage, now.as_millisecond(), Kind::Gap, &text));
    }

    /// How a stage's tail is.
    pub fn tail_of(&self, stage: StageName) -> Option<&TailState> {
        self.tails[stage as usize].as_ref()
    }

    /// Why a tail cannot read, if one cannot.
    pub fn broken(&self) -> Option<&Problem> {
        self.tails.iter().flatten().find_map(|state| match state {
            TailState::Broken(_, problem) => Some(problem),
            _ => None,
        })
    }

    /// The selected line.
    pub fn selected(&self) -> Option<Entry<'_>> {
        let index = if self.follow { self.store.shown_len().checked_sub(1)? } else { self.selected };
        self.store.shown(index)
    }

    /// The first row of the selected line that is in sight while it is shown whole.
    pub fn whole_row(&self) -> usize {
        let selected = self.selected().map(|entry| entry.anchor);
        self.scrolled.filter(|(anchor, _)| selected == Some(*anchor)).map_or(0, |(_, row)| row)
    }

    /// Scrolls the selected line, which has `all` rows, by the `page` of them that is in sight. It stays the selected one,
    /// so that what comes does not take it away: the stream is not followed.
    pub fn scroll_whole(&mut self, back: bool, (all, page): (usize, usize), rows: usize) {
        let row = self.whole_row();
        let row = if back { row.saturating_sub(page) } else { row + page };
        self.pause(rows);
        let anchor = self.selected().map(|entry| entry.anchor);
        self.scrolled = anchor.map(|anchor| (anchor, row.min(all.saturating_sub(page))));
    }

    /// Moves the selection, by `page` lines or one, in a pane of `rows` rows; moving up stops following, going to the bottom
    /// follows again.
    pub fn step(&mut self, motion: Motion, page: usize, rows: usize) {
        if motion == Motion::Bottom {
            return self.resume();
        }
        self.pause(rows);
        self.selected = moved(self.selected, motion, self.store.shown_len(), page);
        self.keep_selected_in_sight(rows);
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
        self.apply(Filter { stage, run: None, ..self.store.filter().clone() });
    }

    /// Shows what `filter` lets through.
    pub fn show_only(&mut self, filter: Filter) {
        self.query = filter.query.to_string();
        self.mistake = None;
        self.apply(filter);
    }

    /// Shows what `filter` lets through, and stays where it is.
    pub fn refine(&mut self, filter: Filter) {
        self.query = filter.query.to_string();
        self.keeping_place(|store| store.set_filter(filter));
    }

    /// Shows what `query` lets through. One that cannot be read leaves the one before it in force.
    pub fn ask(&mut self, query: &str) {
        match Query::parse(query) {
            Ok(parsed) => {
                self.mistake = None;
                self.query = query.trim().to_owned();
                if parsed != self.store.filter().query {
                    self.apply(Filter { query: parsed, run: None, ..self.store.filter().clone() });
                }
            }
            Err(mistake) => self.mistake = Some(mistake),
        }
    }

    /// Whether anything is filtered out.
    pub fn is_filtered(&self) -> bool {
        !self.store.filter().is_empty()
    }

    /// Shows everything, and ends the typing of a query.
    pub fn clear_filter(&mut self) {
        self.input = None;
        self.mistake = None;
        self.query.clear();
        self.apply(Filter::default());
    }

    /// Shows the lines around those that the query lets through, or no longer.
    pub fn toggle_context(&mut self) {
        self.keeping_place(|store| store.set_context(!store.context()));
    }

    /// Goes to the next wanted line. `false`: there is none.
    pub fn find(&mut self, wanted: Wanted, backwards: bool, page: usize) -> bool {
        let from = if self.follow { self.store.shown_len().saturating_sub(1) } else { self.selected };
        let Some(row) = self.store.find(wanted, from, backwards) else { return false };
        self.pause(page);
        self.selected = row;
        self.keep_selected_in_sight(page);
        true
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

    /// As far as it can be told here: lines that are wrapped have more rows than one, and those the view counts.
    fn keep_selected_in_sight(&mut self, page: usize) {
        let page = page.max(1);
        if self.selected < self.offset {
            self.offset = self.selected;
        } else if self.selected >= self.offset + page {
            self.offset = self.selected + 1 - page;
        }
    }

    /// Changes the lines, and keeps what is in sight in sight while not following.
    fn keeping_place<T>(&mut self, change: impl FnOnce(&mut Store) -> T) -> T {
        if self.follow {
            return change(&mut self.store);
        }
        let anchor = |store: &Store, row| store.shown(row).map(|entry| entry.anchor);
        let (selected, first) = (anchor(&self.store, self.selected), anchor(&self.store, self.offset));
        let changed = change(&mut self.store);
        let last = self.store.shown_len().saturating_sub(1);
        self.selected = selected.map_or(0, |anchor| self.store.row_of(anchor)).min(last);
        self.offset = first.map_or(0, |anchor| self.store.row_of(anchor)).min(self.selected);
        changed
    }
}
