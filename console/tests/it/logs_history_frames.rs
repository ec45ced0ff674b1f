//! Ranges on the screen: loading, whole, stopped, full, failed, with nothing in them; and the name of a file.

use callboard::app::{Action, App};
use callboard::domain::StageName;
use callboard::logs::range::Range;

use crate::frames::{NARROW, WIDE, frame, now};
use crate::logs_history::{bring, fail, logs, page};

fn ranged(size: (u16, u16), range: Range) -> App {
    let mut app = logs(size);
    app.act(Action::Show(Some(range)), now());
    app
}

fn snap(name: &str, draw: impl Fn((u16, u16)) -> App) {
    for (width, size) in [("wide", WIDE), ("narrow", NARROW)] {
        insta::assert_snapshot!(format!("{name}_{width}"), frame(&draw(size)));
    }
}

#[test]
fn a_range_that_is_loading() {
    snap("range_loading", |size| {
        let mut app = ranged(size, Range::H1);
        bring(&mut app, StageName::Stage, page(StageName::Stage, 2..1600), Some(1599));
        bring(&mut app, StageName::Prod, page(StageName::Prod, 2..1400), Some(1399));
        app
    });
}

#[test]
fn a_range_that_is_whole() {
    snap("range_whole", |size| {
        let mut app = ranged(size, Range::M5);
        bring(&mut app, StageName::Stage, page(StageName::Stage, 2..300), None);
        bring(&mut app, StageName::Prod, vec![], None);
        app
    });
}

#[test]
fn a_range_that_was_stopped() {
    snap("range_stopped", |size| {
        let mut app = ranged(size, Range::H24);
        bring(&mut app, StageName::Prod, vec![], None);
        bring(&mut app, StageName::Stage, page(StageName::Stage, 2..10), Some(9));
        app.act(Action::Escape, now());
        app.notice = None;
        app
    });
}

#[test]
fn a_range_that_fills_the_budget() {
    snap("range_full", |size| {
        let mut app = ranged(size, Range::H6);
        bring(&mut app, StageName::Prod, vec![], None);
        bring(&mut app, StageName::Stage, page(StageName::Stage, 2..20_000), Some(19_999));
        app.act(Action::Move(callboard::app::Motion::Top), now());
        app
    });
}

#[test]
fn a_range_that_cannot_be_read() {
    snap("range_failed", |size| {
        let mut app = ranged(size, Range::H1);
        bring(&mut app, StageName::Stage, page(StageName::Stage, 2..1600), Some(1599));
        fail(&mut app, StageName::Prod);
        app
    });
}

#[test]
fn a_range_with_nothing_in_it() {
    snap("range_of_nothing", |size| {
        let mut app = ranged(size, Range::M1);
        // Half an hour later nothing of what was there is in it.
        let later = now() + jiff::SignedDuration::from_mins(30);
        app.act(Action::Show(Some(Range::M1)), later);
        for stage in StageName::ALL {
            bring(&mut app, stage, vec![], None);
        }
        app
    });
}

#[test]
fn a_file_that_is_named() {
    snap("saving_as", |size| {
        let mut app = logs(size);
        app.act(Action::Save, now());
        app
    });
}
