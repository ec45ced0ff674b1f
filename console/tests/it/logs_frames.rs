//! The logs screen: queries as they are typed, hits and errors, context, groups, late lines, and what is masked.

use callboard::app::{Action, App, Effect, ScreenName};
use callboard::domain::{LogLine, StageName};
use callboard::keymap::{self, Context};
use callboard::logs::store::Wanted;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::frames::{NARROW, WIDE, deployed, frame, line, now};

/// What a bad night looks like.
fn night() -> Vec<LogLine> {
    use StageName::{Prod, Stage};
    let texts = [
        (
            Prod,
            "12:03:15.000",
            r#"{"level":"INFO","message":"GET /api/v0/items 200 3 ms","request_id":"aaaa0000"}"#,
        ),
        (
            Prod,
            "12:03:15.100",
            r#"{"level":"ERROR","message":"upstream 502","request_id":"bbbb0000","http":{"status":502}}"#,
        ),
        (Stage, "12:03:15.200", "thread 'main' panicked at src/main.rs:3:5:"),
        (Stage, "12:03:15.201", "index out of bounds: the len is 0 but the index is 3"),
        (Stage, "12:03:15.202", "   0: rust_begin_unwind"),
        (
            Stage,
            "12:03:15.203",
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        ),
        (Prod, "12:03:15.300", "signing in with password=correct-horse-battery and AKIAIOSFODNN7EXAMPLE"),
        (
            Prod,
            "12:03:15.400",
            "REPORT RequestId: bbbb0000\tDuration: 1200.5 ms\tBilled Duration: 1201 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t",
        ),
        (Prod, "12:03:09.000", "came late"),
    ];
    let lines = texts.into_iter().zip(100..);
    lines.map(|((stage, time, text), id)| line(stage, id, &format!("2026-11-22T{time}Z"), text)).collect()
}

fn logs(size: (u16, u16)) -> App {
    let mut app = deployed(size);
    app.logs.take(&night());
    app.act(Action::Open(ScreenName::Logs), now());
    app
}

fn ask(app: &mut App, query: &str) {
    app.act(Action::Filter, now());
    app.act(Action::EraseAll, now());
    for character in query.chars() {
        app.act(Action::Type(character), now());
    }
}

fn shown(app: &App) -> Vec<String> {
    let store = &app.logs.store;
    let lines = (0..store.shown_len()).filter_map(|row| store.shown(row)).filter(|entry| entry.is_line());
    lines.map(|entry| entry.text()).collect()
}

fn press(app: &mut App, key: char) -> Vec<Effect> {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    app.act(keymap::action(Context::Screen(app.screen()), key), now())
}

fn selected(app: &App) -> String {
    app.logs.selected().map(|entry| entry.text()).unwrap_or_default()
}

#[test]
fn a_bad_night() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = logs(size);
        insta::assert_snapshot!(format!("night_{name}"), frame(&app));
        ask(&mut app, "level>=error -timed");
        app.act(Action::Submit, now());
        insta::assert_snapshot!(format!("night_errors_{name}"), frame(&app));
        press(&mut app, 'C');
        press(&mut app, 'N');
        insta::assert_snapshot!(format!("night_context_{name}"), frame(&app));
    }
}

#[test]
fn a_mistake_is_pointed_at_and_leaves_the_last_good_query_in_force() {
    let mut app = logs(NARROW);
    ask(&mut app, "upstream \"502 never closed");
    assert_eq!(shown(&app), ["upstream 502"]);
    ask(&mut app, "upstream duration>fast");
    insta::assert_snapshot!("query_with_a_mistake_narrow", frame(&app));
    app.act(Action::Submit, now());
    assert!(app.logs.input.is_some(), "a query that cannot be read is not accepted");
    app.act(Action::Escape, now());
    assert!(app.logs.input.is_none() && app.logs.mistake.is_none() && !app.logs.is_filtered());
}

#[test]
fn queries_find_fields_reports_and_requests() {
    let mut app = logs(WIDE);
    for (query, found) in [
        ("http.status>=500", 1),
        ("duration>1000", 1),
        ("request:bbbb", 2),
        ("bounds", 4),
        ("rust_begin_unwind -bounds", 0),
        ("stage:stage level:error", 4),
    ] {
        ask(&mut app, query);
        app.act(Action::Submit, now());
        assert_eq!(shown(&app).len(), found, "{query}: {:?}", shown(&app));
    }
}

#[test]
fn hits_and_errors_are_gone_to_by_key() {
    let mut app = logs(WIDE);
    press(&mut app, 'E');
    assert!(!app.logs.follow);
    assert!(selected(&app).contains("panicked"), "{}", selected(&app));
    press(&mut app, 'E');
    assert_eq!(selected(&app), "upstream 502");
    press(&mut app, 'e');
    press(&mut app, 'e');
    assert!(selected(&app).contains("panicked"), "there is none behind it");
    assert!(app.notice.as_ref().is_some_and(|notice| notice.text == "no error after this line"));
    ask(&mut app, "502");
    app.act(Action::Submit, now());
    press(&mut app, 'C');
    press(&mut app, 'N');
    assert_eq!(selected(&app), "upstream 502");
    app.act(Action::Find { wanted: Wanted::Hit, backwards: false }, now());
    assert_eq!(selected(&app), "upstream 502");
}

#[test]
fn secrets_are_masked_in_sight_and_in_a_copy_until_they_are_asked_for() {
    let mut app = logs(WIDE);
    ask(&mut app, "signing");
    app.act(Action::Submit, now());
    let copied = |app: &mut App| match press(app, 'c').as_slice() {
        [Effect::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    let is_masked =
        |text: &str| !text.contains("horse") && !text.contains("IOSF") && text.contains("AKIA••••");
    assert!(is_masked(&frame(&app)) && is_masked(&copied(&mut app)));
    app.act(Action::Enter, now());
    assert!(is_masked(&frame(&app)), "in the detail too");
    press(&mut app, 'm');
    assert!(frame(&app).contains("correct-horse") && frame(&app).contains("SECRETS SHOWN"));
    assert!(copied(&mut app).contains("AKIAIOSFODNN7EXAMPLE"));
    press(&mut app, 'm');
    assert!(is_masked(&frame(&app)));
}

#[test]
fn a_saved_query_is_asked_by_its_name() {
    let mut app = deployed(WIDE);
    app.logs.take(&night());
    app.act(Action::Palette, now());
    for character in "logs errors".chars() {
        app.act(Action::Type(character), now());
    }
    app.act(Action::Submit, now());
    assert_eq!((app.screen(), app.logs.query.as_str()), (ScreenName::Logs, "level>=error"));
    assert_eq!(shown(&app).len(), 6, "{:?}", shown(&app));
}

#[test]
fn a_line_of_a_megabyte_is_drawn_and_says_that_it_is_cut() {
    let mut app = deployed(NARROW);
    app.act(Action::Open(ScreenName::Logs), now());
    let long = format!("{}\0\u{202e}end", "x\u{200b}".repeat(200_000));
    app.logs.take(&[line(StageName::Prod, 900, "2026-11-22T12:03:20Z", &long)]);
    assert!(selected(&app).ends_with("bytes more"), "{}", selected(&app).len());
    app.act(Action::Wrap, now());
    app.act(Action::Enter, now());
    assert!(frame(&app).contains("cut to its first 64 KiB"), "{}", frame(&app));
}
