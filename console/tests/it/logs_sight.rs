//! What is in sight on the logs screen: the selected line when lines are wrapped, all of a line that is opened, the days of
//! lines, and how many lines there are.

use callboard::app::{Action, App, Motion, ScreenName};
use callboard::domain::{LogLine, StageName};
use callboard::keymap::{self, Context};
use callboard::logs::store::Kind;
use callboard::screen::logs::TimeFormat;
use callboard::view::{Theme, ThemeName, draw};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use crate::frames::{NARROW, WIDE, connected, frame, line, now};

fn logs(size: (u16, u16), lines: &[LogLine]) -> App {
    let mut app = connected(size);
    app.logs.take(lines);
    app.act(Action::Open(ScreenName::Logs), now());
    app
}

/// Forty lines of more than three rows each at 80 columns, each tenth an error.
fn long_lines() -> Vec<LogLine> {
    let text = |id: u32| {
        let word = if id.is_multiple_of(10) { "ERROR" } else { "INFO" };
        format!("{word} line-{id:02} {}", "x".repeat(280))
    };
    let time = |id: u32| format!("2026-11-22T12:02:{id:02}Z");
    (1..=40).map(|id| line(StageName::Prod, id, &time(id), &text(id))).collect()
}

fn press(app: &mut App, key: KeyCode) {
    let key = KeyEvent::new(key, KeyModifiers::NONE);
    app.act(keymap::action(Context::Screen(app.screen()), key), now());
}

/// The rows that are marked as the selected line's.
fn marked(app: &App) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).expect("a terminal");
    let theme = Theme::new(ThemeName::Dark, false);
    terminal.draw(|frame| draw(app, &theme, now(), frame)).expect("a frame");
    let buffer = terminal.backend().buffer();
    // The bar of the keys is marked otherwise, and a title is no row of the stream.
    (2..app.size.1 - 1)
        .filter(|y| buffer[(1, *y)].modifier.contains(Modifier::REVERSED))
        .map(|y| (0..app.size.0).map(|x| buffer[(x, y)].symbol()).collect())
        .collect()
}

fn selected_is_in_sight(app: &App) {
    let text = app.logs.selected().expect("a line").text();
    let name: String = text.chars().take_while(|c| *c != 'x').collect();
    let rows = marked(app);
    assert!(rows.first().is_some_and(|row| row.contains(name.trim())), "{name}: {rows:#?}\n{}", frame(app));
}

#[test]
fn the_selected_line_is_in_sight_when_lines_are_wrapped() {
    let mut app = logs(NARROW, &long_lines());
    press(&mut app, KeyCode::Char('w'));
    for keys in ["EEE", "kkkk", "eenNkk", "jjjjjjj", "gjjjj", "GEkjE"] {
        for key in keys.chars() {
            press(&mut app, KeyCode::Char(key));
            if !app.logs.follow {
                selected_is_in_sight(&app);
                assert!(marked(&app).len() > 3, "there is room for all of it: {:?}", marked(&app));
            }
        }
    }
    app.size = (60, 15);
    selected_is_in_sight(&app);
    app.size = WIDE;
    selected_is_in_sight(&app);
    let row = |app: &App| frame(app).lines().position(|row| row.contains("line-")).expect("a line");
    assert!(row(&app) <= 3, "nothing is left empty above or below: {}", frame(&app));
}

#[test]
fn a_page_of_wrapped_lines_passes_no_line_by() {
    let mut app = logs(NARROW, &long_lines());
    press(&mut app, KeyCode::Char('w'));
    press(&mut app, KeyCode::Char('g'));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        seen.extend((1..=40).filter(|id| frame(&app).contains(&format!("line-{id:02}"))));
        press(&mut app, KeyCode::PageDown);
    }
    assert_eq!(seen.len(), 40, "{seen:?}");
}

#[test]
fn a_line_that_fills_the_screen_is_shown_from_its_first_row_and_says_that_it_goes_on() {
    let mut lines = long_lines();
    lines.push(line(StageName::Prod, 41, "2026-11-22T12:03:00Z", &format!("huge {}", "y".repeat(200_000))));
    lines.push(line(StageName::Prod, 42, "2026-11-22T12:03:01Z", "behind it"));
    let mut app = logs(NARROW, &lines);
    press(&mut app, KeyCode::Char('w'));
    assert!(frame(&app).contains("behind it"));
    for key in "kkjj".chars() {
        press(&mut app, KeyCode::Char(key));
        assert!(!marked(&app).is_empty(), "{key}: {}", frame(&app));
    }
    press(&mut app, KeyCode::Char('k'));
    let rows = marked(&app);
    assert!(
        rows[0].contains("huge y") && rows.len() == 21 && rows[20].trim_end().ends_with('…'),
        "{rows:#?}"
    );
    // The newest one too, that nobody has selected.
    let mut app = logs(NARROW, &lines[..41]);
    press(&mut app, KeyCode::Char('w'));
    assert!(frame(&app).contains("huge y"), "{}", frame(&app));
}

#[test]
fn all_rows_of_a_line_that_is_opened_can_be_read() {
    let panic: Vec<String> = (1..=80).map(|row| format!("row-{row:02} of a panic")).collect();
    let lines = [
        line(StageName::Prod, 1, "2026-11-22T12:03:00Z", &panic.join("\n")),
        line(StageName::Prod, 2, "2026-11-22T12:03:01Z", "short"),
    ];
    let mut app = logs(NARROW, &lines);
    press(&mut app, KeyCode::Char('k'));
    press(&mut app, KeyCode::Enter);
    insta::assert_snapshot!("whole_line_that_is_long", frame(&app));
    press(&mut app, KeyCode::Char('?'));
    assert!(frame(&app).contains("down in the whole line"), "{}", frame(&app));
    press(&mut app, KeyCode::Char('?'));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..12 {
        seen.extend((1..=80).filter(|row| frame(&app).contains(&format!("\" row-{row:02} "))));
        press(&mut app, KeyCode::PageDown);
    }
    assert_eq!(seen.len(), 80, "{seen:?}");
    assert!(frame(&app).contains("of 80 · PgUp ─"), "{}", frame(&app));
    press(&mut app, KeyCode::PageUp);
    assert!(frame(&app).contains("· PgUp PgDn ─"), "{}", frame(&app));
    // The next line begins at its top, and so does this one when it is come back to.
    press(&mut app, KeyCode::Char('j'));
    assert!(!frame(&app).contains("PgUp") && frame(&app).contains("  short"), "{}", frame(&app));
    press(&mut app, KeyCode::Char('k'));
    press(&mut app, KeyCode::PageDown);
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::PageDown);
    assert_eq!(app.logs.selected().map(|entry| entry.text()).as_deref(), Some("short"), "a page of lines");
}

#[test]
fn what_comes_does_not_take_away_the_line_that_is_read() {
    let long = (1..=80).map(|row| format!("row-{row:02}")).collect::<Vec<_>>().join("\n");
    let mut app = logs(NARROW, &[line(StageName::Prod, 1, "2026-11-22T12:03:00Z", &long)]);
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::PageDown);
    let before = app.logs.whole_row();
    app.logs.take(&[line(StageName::Prod, 2, "2026-11-22T12:03:01Z", "new")]);
    assert!(before > 0 && app.logs.whole_row() == before && frame(&app).contains("1 new"), "{}", frame(&app));
}

#[test]
fn a_line_of_another_day_shows_it_and_so_does_a_note() {
    let lines = [
        line(StageName::Prod, 1, "2026-11-21T12:37:53.660Z", "yesterday, later than it is now"),
        line(StageName::Stage, 2, "2026-11-21T23:59:59.999Z", "yesterday"),
        line(StageName::Stage, 3, "2026-11-22T00:00:00Z", "today"),
    ];
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = logs(size, &lines);
        let at = lines[0].timestamp_ms + 1000;
        app.logs.store.insert_note(StageName::Prod, at, Kind::Marker, "prod deployed v9 by alice");
        app.logs.store.insert_note(None, lines[2].timestamp_ms + 1000, Kind::Gap, "prod NO PERMISSION: why");
        insta::assert_snapshot!(format!("days_{name}"), frame(&app));
        app.logs.time = TimeFormat::Local;
        assert!(frame(&app).contains("─ logs  both  local "), "{}", frame(&app));
        app.logs.time = TimeFormat::Off;
        let off = frame(&app);
        assert!(off.contains("\" ── prod deployed v9") && off.contains("─ logs  both   LIVE "), "{off}");
    }
}

#[test]
fn notes_are_no_lines() {
    let lines = ["a", "b", "c"]
        .map(|text| line(StageName::Prod, text.as_bytes()[0].into(), "2026-11-22T12:03:00Z", text));
    let mut app = logs(NARROW, &lines);
    let at = lines[0].timestamp_ms + 1000;
    app.logs.store.insert_note(StageName::Prod, at, Kind::Marker, "prod deployed v9 by alice");
    assert!(frame(&app).contains("  3 lines "), "{}", frame(&app));
    app.act(Action::Ask("b".to_owned()), now());
    assert!(frame(&app).contains("  1 of 3 lines "), "{}", frame(&app));
    app.act(Action::Ask("nothing has this".to_owned()), now());
    insta::assert_snapshot!("no_line_but_a_marker", frame(&app));
    app.act(Action::Move(Motion::Top), now());
    assert!(marked(&app)[0].contains("prod deployed v9"), "{}", frame(&app));
}
