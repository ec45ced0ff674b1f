//! The invocations screen: what it shows, how the selection stays, and the ways to a request's lines.

use callboard::app::{Action, App, Effect, Event, Feed, Motion, News, ScreenName};
use callboard::domain::{CheckKind, LogLine, StageName};
use callboard::keymap::{self, Context};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::frames::{NARROW, WIDE, connected, deployed, frame, line, now};

/// The lines of one invocation of prod, of the given second.
fn invocation(id: &str, second: u32, ms: f64, path: &str, status: u16) -> Vec<LogLine> {
    let at = |tenth: u32| format!("2026-11-22T12:02:{second:02}.{tenth:03}Z");
    let number = second * 10;
    let texts = [
        (0, format!("START RequestId: {id} Version: $LATEST")),
        (
            1,
            format!(
                r#"{{"level":"INFO","message":"GET {path} {status} 1 ms","request_id":"{id}","gateway_request_id":"gate-{id}","method":"GET","path":"{path}","status":{status}}}"#
            ),
        ),
        (2, "text without an id".to_owned()),
        (3, format!("END RequestId: {id}")),
        (
            3,
            format!(
                "REPORT RequestId: {id}\tDuration: {ms} ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t"
            ),
        ),
    ];
    let lines = texts.into_iter().zip(0..);
    lines
        .map(|((tenth, text), index)| line(StageName::Prod, 1000 + number + index, &at(tenth), &text))
        .collect()
}

fn hear(app: &mut App, lines: Vec<LogLine>) {
    app.hear(Event::Fed { feed: Feed::Tail(StageName::Prod), news: News::Lines(lines) }, now());
}

fn screen(size: (u16, u16)) -> App {
    let mut app = deployed(size);
    for (second, id, ms, path, status) in [
        (1, "aaaa0001", 3.01, "/api/v0/items", 200),
        (2, "bbbb0002", 1200.5, "/api/v0/items", 502),
        (3, "cccc0003", 12.25, "/nope", 404),
    ] {
        hear(&mut app, invocation(id, second, ms, path, status));
    }
    app.act(Action::Open(ScreenName::Invocations), now());
    app
}

fn press(app: &mut App, key: char) -> Vec<Effect> {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    app.act(keymap::action(Context::Screen(app.screen()), key), now())
}

fn ask(app: &mut App, query: &str) {
    app.act(Action::Filter, now());
    app.act(Action::EraseAll, now());
    query.chars().for_each(|character| {
        app.act(Action::Type(character), now());
    });
}

fn ids(app: &App) -> Vec<&str> {
    let rows = 0..app.invocations.shown_len();
    rows.filter_map(|row| app.invocations.shown(row)).map(|one| one.request_id()).collect()
}

fn shown(app: &App) -> Vec<String> {
    let store = &app.logs.store;
    let lines = (0..store.shown_len()).filter_map(|row| store.shown(row)).filter(|entry| entry.is_line());
    lines.map(|entry| entry.text()).collect()
}

#[test]
fn invocations_are_shown() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = screen(size);
        app.act(Action::Move(Motion::Down), now());
        app.act(Action::Move(Motion::Down), now());
        insta::assert_snapshot!(format!("invocations_{name}"), frame(&app));
        ask(&mut app, "status>=500 colour:red");
        insta::assert_snapshot!(format!("invocations_mistake_{name}"), frame(&app));
    }
    let mut empty = connected(NARROW);
    empty.act(Action::Open(ScreenName::Invocations), now());
    assert!(frame(&empty).contains("no invocations in the logs that were read"));
}

#[test]
fn they_are_sorted_and_filtered_and_esc_shows_all_before_it_goes_back() {
    let mut app = screen(WIDE);
    assert_eq!(ids(&app)[2..], ["1a2b3c4d-0000", "cccc0003", "bbbb0002", "aaaa0001"]);
    press(&mut app, 'o');
    assert_eq!(ids(&app)[..3], ["bbbb0002", "cccc0003", "aaaa0001"]);
    press(&mut app, 'O');
    assert_eq!(ids(&app)[3..], ["aaaa0001", "cccc0003", "bbbb0002"]);
    ask(&mut app, "status>=400 /nope memory>30");
    app.act(Action::Submit, now());
    assert_eq!(ids(&app), ["cccc0003"]);
    app.act(Action::Escape, now());
    assert_eq!((ids(&app).len(), app.screen()), (6, ScreenName::Invocations));
    app.act(Action::Escape, now());
    assert_eq!(app.screen(), ScreenName::Board);
}

#[test]
fn the_selection_stays_with_its_invocation_and_the_first_row_follows() {
    let mut app = screen(NARROW);
    let selected = |app: &App| app.invocations.selected().map(|one| one.request_id().to_owned());
    app.act(Action::Move(Motion::Down), now());
    app.act(Action::Move(Motion::Down), now());
    app.act(Action::Move(Motion::Down), now());
    assert_eq!(selected(&app).as_deref(), Some("cccc0003"));
    let place = app.invocations.selected_row() - app.invocations.offset(5);
    for second in 20..40 {
        hear(&mut app, invocation(&format!("new-{second}"), second, 1.0, "/x", 200));
    }
    assert_eq!(selected(&app).as_deref(), Some("cccc0003"));
    assert_eq!(app.invocations.selected_row() - app.invocations.offset(5), place);
    app.act(Action::Move(Motion::Top), now());
    assert!(app.invocations.follows());
    assert_eq!(press(&mut app, 'y'), [Effect::Copy("99ee".to_owned())]);
}

#[test]
fn enter_shows_all_that_was_logged_while_it_ran_and_esc_comes_back() {
    let mut app = screen(WIDE);
    app.logs.ask("level>=error");
    app.act(Action::Move(Motion::Down), now());
    app.act(Action::Move(Motion::Down), now());
    app.act(Action::Move(Motion::Down), now());
    app.act(Action::Enter, now());
    assert_eq!((app.screen(), app.logs.query.as_str()), (ScreenName::Logs, "request:cccc0003"));
    let lines = shown(&app);
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[0].starts_with("START") && lines[2] == "text without an id", "{lines:?}");
    app.act(Action::Escape, now());
    assert_eq!((app.screen(), app.logs.query.as_str()), (ScreenName::Invocations, "level>=error"));
}

#[test]
fn from_a_failing_check_to_its_request_also_when_the_lines_come_later() {
    let mut app = deployed(WIDE);
    let gateway = "0f0f0f0f-1111-2222-3333-444444444444";
    app.act(Action::Open(ScreenName::Checks), now());
    assert!(app.board.of(StageName::Prod).report(CheckKind::Smoke).value().is_some());
    app.act(Action::Enter, now());
    assert!(app.logs.query.starts_with("0f0f0f0f-"));
    assert_eq!(shown(&app), Vec::<String>::new());
    let mut lines = invocation("dddd0004", 9, 5.0, "/api/v0/items", 502);
    lines.iter_mut().for_each(|line| line.message = line.message.replace("gate-dddd0004", gateway));
    let rest = lines.split_off(3);
    hear(&mut app, lines);
    assert_eq!((app.logs.query.as_str(), shown(&app).len()), ("request:dddd0004", 3));
    hear(&mut app, rest);
    assert_eq!(shown(&app).len(), 5, "START to REPORT: {:?}", shown(&app));
    app.act(Action::Escape, now());
    assert_eq!((app.screen(), app.logs.is_filtered()), (ScreenName::Checks, false));
}

#[test]
fn only_what_began_since_is_shown_and_counted() {
    let mut app = screen(WIDE);
    let all = app.invocations.summary(StageName::Prod);
    assert_eq!((all.count, all.failed, all.p50_ms), (5, 2, Some(12.25)));
    let since = app.invocations.shown(1).map(|one| one.at_ms()).expect("a row");
    app.invocations.set_since(since);
    assert_eq!(app.invocations.summary(StageName::Prod).count, 2);
    assert_eq!(ids(&app).len(), 2);
    app.invocations.set_since(i64::MIN);
    assert_eq!(app.invocations.summary(StageName::Prod), all);
    assert_eq!(ids(&app).len(), 6);
}
