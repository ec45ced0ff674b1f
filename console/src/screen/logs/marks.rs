//! Deploy markers in the stream: those of the time that it shows, and of each stage the one before it, which says what ran
//! when it begins.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Logs;
use crate::domain::{Function, StageName, plain};
use crate::logs::store::Kind;
use crate::markers::{Heard, Known, Marker};

/// A marker as the stream has it: stage, time, text.
type Mark = (Option<StageName>, i64, String);

/// What is known of deploys, and what of that is in the stream.
#[derive(Debug, Default)]
pub(super) struct Marks {
    known: Known,
    all: Vec<Marker>,
    shown: BTreeSet<Mark>,
    /// The oldest line when `shown` was made.
    from: Option<i64>,
    /// Why markers may be missing, as it was said last.
    problem: Option<String>,
}

impl Logs {
    /// Takes in what is told of changes. That some cannot be known is said once in the stream.
    pub fn take_traces(&mut self, heard: Vec<Heard>, now: Timestamp) {
        if self.marks.known.take(heard) {
            self.marks.all = self.marks.known.markers();
            self.show_markers();
        }
        let problem = self.marks.known.problem().map(|problem| plain(&problem.to_string()));
        if let Some(text) = problem.as_ref().filter(|text| self.marks.problem.as_ref() != Some(text)) {
            let text = format!("deploys may not be marked: {text}");
            self.keeping_place(|store| {
                store.insert_note(None, now.as_millisecond(), Kind::Gap, &text);
            });
        }
        self.marks.problem = problem;
    }

    /// Takes in what the function's tags say of its last change.
    pub fn take_stamp(&mut self, stage: StageName, function: Option<&Function>) {
        if self.marks.known.take_stamp(stage, function) {
            self.marks.all = self.marks.known.markers();
            self.show_markers();
        }
    }

    /// Lines came or went: the stream may show another time now.
    pub(super) fn markers_follow(&mut self) {
        if self.store.oldest_line() != self.marks.from {
            self.show_markers();
        }
    }

    fn show_markers(&mut self) {
        let from = self.store.oldest_line();
        let wanted = in_sight(&self.marks.all, from);
        let gone: Vec<Mark> = self.marks.shown.difference(&wanted).cloned().collect();
        self.keeping_place(|store| {
            for (stage, at_ms, text) in &gone {
                store.remove_note(*stage, *at_ms, text);
            }
            // One that went with the oldest lines is put in again.
            for (stage, at_ms, text) in &wanted {
                store.insert_note(*stage, *at_ms, Kind::Marker, text);
            }
        });
        self.marks.shown = wanted;
        self.marks.from = from;
    }
}

/// Those from `from` on, and the last release of each stage before it. Without a line: only the latter.
fn in_sight(all: &[Marker], from: Option<i64>) -> BTreeSet<Mark> {
    let from = from.unwrap_or(i64::MAX);
    let (before, within): (Vec<&Marker>, Vec<&Marker>) = all.iter().partition(|marker| marker.at_ms < from);
    let ran = StageName::ALL.into_iter().filter_map(|stage| {
        before.iter().rev().find(|marker| marker.releases && marker.stage == Some(stage)).copied()
    });
    within.into_iter().chain(ran).map(|marker| (marker.stage, marker.at_ms, marker.text.clone())).collect()
}
