//! The environment screen in each of its states.

use std::collections::BTreeMap;

use callboard::app::{Action, App, Effect, Event, Feed, Motion, News, ScreenName};
use callboard::domain::{EnvDiff, EnvVars, Intent, StageName};
use callboard::envfile::EnvFiles;
use callboard::settings::Settings;

use crate::frames::{NARROW, WIDE, app, connected, feed_overview, frame, now, overview};

const VALUE: &str = "a-value-to-hide";

/// The files of a project that holds just these.
fn files(all: &[(&str, &str)]) -> EnvFiles {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("service")).expect("a folder");
    let toml = "name = \"hello\"\n[build]\nservice_dir = \"service\"\npackage = \"service\"\n";
    std::fs::write(dir.path().join("callboard.toml"), toml).expect("settings");
    for (name, text) in all {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    EnvFiles::read(&Settings::load(&dir.path().join("callboard.toml")).expect("settings"))
}

fn clean() -> EnvFiles {
    files(&[
        (".env.stage", "SOME_ENV=one\nOTHER_ENV=two\n"),
        (".env.prod", "SOME_ENV=three\nOTHER_ENV=two\n"),
    ])
}

fn with_findings() -> EnvFiles {
    let stage = format!("SOME_ENV={VALUE}\nOTHER_ENV='two, and more' # why\nNEW_KEY=#1\nEMPTY=\n");
    let prod = "SOME_ENV=three\r\nOTHER_ENV=two\r\n# NEW_KEY=\r\n".to_owned();
    files(&[(".env.stage", &stage), (".env.prod", &prod), ("service/.env", "ENV=dev\n")])
}

fn deploy(app: &mut App, stage: StageName, pairs: &[(&str, &str)]) {
    let mut overview = overview(stage, "20261122_120001", 'a', EnvDiff::default());
    let mut env: BTreeMap<String, String> =
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    env.insert("ENV".to_owned(), stage.to_string());
    overview.function.as_mut().expect("a function").env = Some(EnvVars(env));
    feed_overview(app, stage, Ok(overview));
}

fn open(app: &mut App) {
    assert_eq!(app.act(Action::Open(ScreenName::Env), now()), []);
}

fn feed(app: &mut App, files: EnvFiles) {
    let feed = app.feeds().into_iter().find(|feed| matches!(feed, Feed::EnvFiles(_))).expect("it is wanted");
    app.hear(Event::Fed { feed, news: News::EnvFiles(Box::new(files)) }, now());
}

/// Stage is in step but for a new key; prod lost one key, has another value of one, and lacks none.
fn drifted(size: (u16, u16)) -> App {
    let mut app = connected(size);
    let stage = [("SOME_ENV", VALUE), ("OTHER_ENV", "two, and more"), ("EMPTY", "")];
    deploy(&mut app, StageName::Stage, &stage);
    deploy(
        &mut app,
        StageName::Prod,
        &[("SOME_ENV", "old"), ("OLD_KEY", "\u{1b}[2Jgone"), ("OTHER_ENV", "two")],
    );
    open(&mut app);
    feed(&mut app, with_findings());
    app
}

#[test]
fn env_loading_ready_and_clean() {
    let mut app = connected(WIDE);
    open(&mut app);
    insta::assert_snapshot!("env_loading", frame(&app));
    feed(&mut app, clean());
    insta::assert_snapshot!("env_before_the_board_is_read", frame(&app));
    deploy(&mut app, StageName::Stage, &[("SOME_ENV", "one"), ("OTHER_ENV", "two")]);
    let mut nothing = overview(StageName::Prod, "t", 'b', EnvDiff::default());
    nothing.function = None;
    feed_overview(&mut app, StageName::Prod, Ok(nothing));
    insta::assert_snapshot!("env_clean", frame(&app));
}

#[test]
fn env_that_differs_with_findings_wide_and_narrow() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = drifted(size);
        for _ in 0..3 {
            app.act(Action::Move(Motion::Down), now());
        }
        insta::assert_snapshot!(format!("env_key_{name}"), frame(&app));
        assert!(!frame(&app).contains(VALUE), "values are masked");
        app.act(Action::Move(Motion::Bottom), now());
        insta::assert_snapshot!(format!("env_finding_{name}"), frame(&app));
        app.act(Action::Move(Motion::Top), now());
        app.act(Action::Reveal, now());
        app.notice = None;
        insta::assert_snapshot!(format!("env_revealed_{name}"), frame(&app));
    }
}

#[test]
fn env_files_that_are_refused_or_missing() {
    let broken = files(&[(".env.stage", "SOME_ENV=one\nno pair\nAWS_REGION=x\n")]);
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = connected(size);
        deploy(&mut app, StageName::Stage, &[("SOME_ENV", "one")]);
        deploy(&mut app, StageName::Prod, &[("SOME_ENV", "one")]);
        open(&mut app);
        feed(&mut app, broken.clone());
        insta::assert_snapshot!(format!("env_refused_{name}"), frame(&app));
    }
    // The files are looked at without a connection too.
    let mut app = app(NARROW);
    open(&mut app);
    feed(&mut app, broken);
    insta::assert_snapshot!("env_without_a_connection", frame(&app));
}

#[test]
fn help_of_the_env_screen() {
    let mut app = drifted(NARROW);
    app.act(Action::Help, now());
    insta::assert_snapshot!("env_help", frame(&app));
}

#[test]
fn values_are_masked_again_and_never_copied() {
    let mut app = drifted(WIDE);
    app.act(Action::Reveal, now());
    assert!(frame(&app).contains(VALUE));
    assert!(!format!("{app:?}").contains(VALUE), "a Debug of the application holds no value");
    let selected = |app: &mut App| match app.act(Action::Copy, now()).as_slice() {
        [Effect::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    let mut copied = vec![];
    for _ in 0..12 {
        copied.push(selected(&mut app));
        app.act(Action::Move(Motion::Down), now());
    }
    assert!(copied.contains(&"SOME_ENV".to_owned()), "{copied:?}");
    assert!(copied.iter().any(|text| text.starts_with("service/.env:1: ENV is set")), "{copied:?}");
    assert!(!copied.concat().contains(VALUE));

    // Whatever leads away from the screen.
    for leave in [Action::Back, Action::Escape, Action::Open(ScreenName::Board)] {
        let mut app = drifted(WIDE);
        app.act(Action::Reveal, now());
        app.act(leave, now());
        open(&mut app);
        assert!(!frame(&app).contains(VALUE));
    }
    let mut app = drifted(WIDE);
    app.act(Action::Reveal, now());
    app.act(Action::Change(Intent::Deploy { stage: StageName::Stage }), now());
    assert_eq!(app.screen(), ScreenName::Deploy);
    app.act(Action::Back, now());
    assert_eq!(app.screen(), ScreenName::Env);
    assert!(!frame(&app).contains(VALUE), "the plan of a deploy is another screen");
    app.act(Action::Open(ScreenName::Board), now());
    app.act(Action::Reveal, now());
    open(&mut app);
    assert!(!frame(&app).contains(VALUE), "elsewhere the key does nothing");
}

#[test]
fn the_files_are_read_while_their_screen_is_in_sight() {
    let wanted = |app: &App| app.feeds().into_iter().filter(|feed| matches!(feed, Feed::EnvFiles(_))).count();
    let mut app = connected(WIDE);
    assert_eq!(wanted(&app), 0);
    open(&mut app);
    assert_eq!(wanted(&app), 1);
    let before = app.feeds();
    app.act(Action::Refresh, now());
    assert_ne!(app.feeds(), before, "they are read at once");
    app.act(Action::Back, now());
    assert_eq!(wanted(&app), 0);
}
