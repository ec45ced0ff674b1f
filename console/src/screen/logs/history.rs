//! Ranges: what of them is there, what is read of it now, and why it is not read on.

use jiff::Timestamp;

use crate::domain::{Problem, StageName, plain};
use crate::logs::covered::Covered;
use crate::logs::history::Past;
use crate::logs::range::Range;
use crate::logs::store::{Kind, Store};

use super::Logs;

/// What a tail brings when it first starts, milliseconds; what is live shows at least that.
const LIVE_MS: i64 = 15 * 60 * 1000;
/// Events come so late that the newest minute of what was read before is read again.
const UNSETTLED_MS: i64 = 60_000;

/// What the stream knows of the past.
#[derive(Debug, Default)]
pub struct History {
    asked: Option<Asked>,
    /// From when on the tails brought lines before the first range was asked for, epoch milliseconds.
    live_from_ms: Option<i64>,
    parts: [Part; 2],
}

#[derive(Debug)]
struct Asked {
    range: Range,
    start_ms: i64,
    end_ms: i64,
    course: Course,
    /// Lines that reading brought.
    lines: u64,
}

/// How reading goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// On, while anything is left.
    On,
    /// The operator stopped it.
    Stopped,
    /// What is kept is as much as may be kept.
    Full,
}

/// What is known of one stage's past.
#[derive(Debug, Default)]
struct Part {
    covered: Covered,
    /// What is read now, both ends inclusive, epoch milliseconds.
    job: Option<(i64, i64)>,
    problem: Option<Problem>,
    /// The notes in the stream that say from when on it is whole.
    notes: Vec<(i64, String)>,
}

/// A range as far as it is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// Which.
    pub range: Range,
    /// How reading goes.
    pub course: Course,
    /// From when on all lines of the shown stages are there, epoch milliseconds; `None`: the whole range is.
    pub whole_from_ms: Option<i64>,
    /// The part of the time of it that is there, 0 to 1.
    pub share: f64,
    /// Lines that reading brought.
    pub lines: u64,
    /// Why it cannot be read now; it is tried again.
    pub problem: Option<Problem>,
}

impl History {
    /// What is read now: stage, and both ends, inclusive, epoch milliseconds.
    pub fn jobs(&self) -> impl Iterator<Item = (StageName, i64, i64)> {
        StageName::ALL.into_iter().filter_map(|stage| {
            let (start_ms, end_ms) = self.parts[stage as usize].job?;
            Some((stage, start_ms, end_ms))
        })
    }

    fn course(&self) -> Option<Course> {
        self.asked.as_ref().map(|asked| asked.course)
    }
}

impl Logs {
    /// Shows the lines of a range that ends `now`, and what comes; without one what the tails brought. What is not there is
    /// read while [`Logs::steer`] says so.
    pub fn show_range(&mut self, range: Option<Range>, now: Timestamp) {
        let end_ms = now.as_millisecond();
        let live_from_ms = self.store.oldest_line().unwrap_or(end_ms).min(end_ms - LIVE_MS);
        let live_from_ms = *self.history.live_from_ms.get_or_insert(live_from_ms);
        self.remove_notes();
        for part in &mut self.history.parts {
            part.job = None;
            part.problem = None;
            part.covered.unsettle(UNSETTLED_MS);
        }
        self.history.asked = range.map(|range| Asked {
            range,
            start_ms: (end_ms - range.milliseconds()).max(0),
            end_ms,
            course: Course::On,
            lines: 0,
        });
        let from_ms =
            self.history.asked.as_ref().map_or(live_from_ms.min(end_ms - LIVE_MS), |asked| asked.start_ms);
        self.store.set_from(Some(from_ms));
        self.resume();
    }

    /// From when on lines are shown, epoch milliseconds; `None`: all that are kept.
    pub fn since_ms(&self) -> Option<i64> {
        self.store.from_ms()
    }

    /// Begins to read what is wanted and not there, and ends what is no longer wanted: `in_sight` is whether the stream is on
    /// the screen. What was read of it is known, so that it goes on there later. Returns whether the budget has just become full.
    pub fn steer(&mut self, in_sight: bool) -> bool {
        let Some(asked) = &self.history.asked else { return false };
        if asked.course != Course::On {
            return false;
        }
        let (start_ms, end_ms) = (asked.start_ms, asked.end_ms);
        if self.store.dropped_to().is_some_and(|dropped| dropped >= start_ms) {
            // Whatever is read now would push out, or be pushed out.
            self.end_reading(Course::Full);
            return true;
        }
        let filter = self.store.filter();
        for (stage, part) in StageName::ALL.into_iter().zip(&mut self.history.parts) {
            if !(in_sight && filter.has(stage)) {
                part.job = None;
            } else if part.job.is_none() {
                part.job = part.covered.newest_gap(start_ms, end_ms);
            }
        }
        false
    }

    /// Stops reading. `false`: nothing is read.
    pub fn stop_reading(&mut self) -> bool {
        let reads = self.history.course() == Some(Course::On) && self.history.jobs().next().is_some();
        if reads {
            self.end_reading(Course::Stopped);
        }
        reads
    }

    /// Takes in what reading the past of a stage brought.
    pub fn past(&mut self, stage: StageName, past: Past, now: Timestamp) -> bool {
        let (lines, rest_ms) = match past {
            Past::Lines { lines, rest_ms } => (lines, rest_ms),
            Past::Broken(problem) => {
                self.broken_past(stage, Some(problem), now);
                return false;
            }
        };
        self.broken_past(stage, None, now);
        let taken = self.keeping_place(|store| store.insert_past(&lines));
        let part = &mut self.history.parts[stage as usize];
        let (Some(asked), Some((start_ms, end_ms))) = (&mut self.history.asked, part.job) else {
            return false;
        };
        asked.lines += taken.lines;
        let rest_ms = taken.full_ms.or(rest_ms);
        part.covered.add(rest_ms.map_or(start_ms, |rest| (rest + 1).max(start_ms)), end_ms);
        if rest_ms.is_none() {
            part.job = None;
        }
        if taken.full_ms.is_some() {
            self.end_reading(Course::Full);
        }
        taken.full_ms.is_some()
    }

    /// Notes whether the past of a stage can be read. When that changes, the stream says so.
    fn broken_past(&mut self, stage: StageName, problem: Option<Problem>, now: Timestamp) {
        let part = &mut self.history.parts[stage as usize];
        let note = match (&problem, &part.problem) {
            (Some(problem), None) => format!("{stage}: its history cannot be read, tried again: {problem}"),
            (None, Some(_)) => format!("{stage}: its history is read again"),
            _ => String::new(),
        };
        part.problem = problem;
        if !note.is_empty() {
            let text = plain(&note);
            self.keeping_place(|store| store.insert_note(stage, now.as_millisecond(), Kind::Gap, &text));
        }
    }

    /// How far the asked range is there, of the stages that are shown.
    pub fn reach(&self) -> Option<Reach> {
        let asked = self.history.asked.as_ref()?;
        let (start_ms, end_ms) = (asked.start_ms, asked.end_ms);
        let filter = self.store.filter();
        let shown = StageName::ALL.into_iter().filter(|stage| filter.has(*stage));
        let (mut known, mut all, mut whole_from_ms, mut problem) = (0, 0, None, None);
        for stage in shown {
            let part = &self.history.parts[stage as usize];
            let covered = part.kept(&self.store);
            known += covered.within(start_ms, end_ms);
            all += end_ms - start_ms + 1;
            whole_from_ms = whole_from_ms.max(part.whole_from(&self.store, start_ms, end_ms));
            problem = problem.or_else(|| part.problem.clone());
        }
        let share = known as f64 / all.max(1) as f64;
        let Asked { range, course, lines, .. } = *asked;
        let dropped = self.store.dropped_to().is_some_and(|dropped| dropped >= start_ms);
        let course = if dropped { Course::Full } else { course };
        Some(Reach { range, course, whole_from_ms, share, lines, problem })
    }

    /// Ends reading for good, and says in the stream from when on it is whole, and why.
    fn end_reading(&mut self, course: Course) {
        let Some(asked) = &mut self.history.asked else { return };
        asked.course = course;
        let (start_ms, end_ms, range) = (asked.start_ms, asked.end_ms, asked.range);
        for stage in StageName::ALL {
            let part = &mut self.history.parts[stage as usize];
            part.job = None;
            part.problem = None;
            let Some(whole_from_ms) = part.whole_from(&self.store, start_ms, end_ms) else { continue };
            let since = Timestamp::from_millisecond(whole_from_ms);
            let since = since.map_or_else(|_| String::new(), |at| at.strftime("%F %TZ").to_string());
            let texts = match course {
                Course::Full => vec![
                    format!("{stage}: whole from {since} on: the budget of {} is full", budget(&self.store)),
                    format!("{stage}: narrow it, ask AWS (callboard logs query) or raise [logs] budget"),
                ],
                _ => vec![format!("{stage}: whole from {since} on: stopped, {} goes on", range.key())],
            };
            // Before those of the millisecond of which not all is there.
            let at = (whole_from_ms - 2).max(start_ms);
            let notes: Vec<(i64, String)> = texts.into_iter().map(|text| (at, text)).collect();
            self.keeping_place(|store| {
                for (at, text) in &notes {
                    store.insert_note(stage, *at, Kind::Gap, text);
                }
            });
            self.history.parts[stage as usize].notes = notes;
        }
    }

    fn remove_notes(&mut self) {
        for stage in StageName::ALL {
            for (at, text) in std::mem::take(&mut self.history.parts[stage as usize].notes) {
                self.store.remove_note(stage, at, &text);
            }
        }
    }
}

impl Part {
    /// What is known of it and still kept.
    fn kept(&self, store: &Store) -> Covered {
        let mut covered = self.covered.clone();
        if let Some(dropped) = store.dropped_to() {
            covered.forget_before(dropped + 1);
        }
        covered
    }

    /// From when on all lines of a range are there, epoch milliseconds; `None`: all of it.
    fn whole_from(&self, store: &Store, start_ms: i64, end_ms: i64) -> Option<i64> {
        let covered = self.kept(store);
        let (_, last) = covered.newest_gap(start_ms, end_ms)?;
        match store.dropped_to() {
            // Nothing was read of it: what is kept is what the tails brought.
            Some(dropped) if dropped >= start_ms && covered.within(start_ms, end_ms) == 0 => {
                Some(dropped + 1)
            }
            _ => Some(last + 1),
        }
    }
}

/// The budget as a person writes it.
pub fn budget(store: &Store) -> String {
    match store.budget() {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    }
}
