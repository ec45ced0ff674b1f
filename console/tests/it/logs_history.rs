//! Ranges and saving: what is asked for, what is read, where that ends, and what a file holds.

use callboard::app::{Action, App, Effect, Event, Feed, News, ScreenName};
use callboard::domain::{LogLine, Problem, StageName};
use callboard::logs::export::{Save, Saved, Saving};
use callboard::logs::history::Past;
use callboard::logs::range::Range;
use callboard::runtime::session::Session;
use callboard::screen::logs::history::Course;
use jiff::{SignedDuration, Timestamp};

use crate::frames::{NARROW, deployed, now};
use crate::journeys::Journey;
use crate::logs_headless::{client, put};
use crate::project::Project;

pub(crate) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(crate) fn logs(size: (u16, u16)) -> App {
    let mut app = deployed(size);
    app.act(Action::Open(ScreenName::Logs), now());
    app
}

/// What of the past is read now: stage, from when, up to when, seconds before now.
fn reads(app: &App) -> Vec<(StageName, i64, i64)> {
    let before = |at: i64| (ms(now()) - at) / 1000;
    let past = |feed| match feed {
        Feed::Past { stage, start_ms, end_ms } => Some((stage, before(start_ms), before(end_ms))),
        _ => None,
    };
    app.feeds().into_iter().filter_map(past).collect()
}

/// A page of a stage's past: a line each second, from so many seconds before now on backwards.
pub(crate) fn page(stage: StageName, seconds: std::ops::Range<i64>) -> Vec<LogLine> {
    let line = |second: i64| LogLine {
        stage,
        timestamp_ms: ms(now()) - second * 1000,
        ingested_ms: ms(now()),
        event_id: format!("past {second}"),
        stream: "s".to_owned(),
        message: format!("{stage} {second} s ago"),
    };
    seconds.map(line).collect()
}

/// The page comes for whatever is read of that stage. `rest`: seconds before now up to which there may be more.
pub(crate) fn bring(app: &mut App, stage: StageName, lines: Vec<LogLine>, rest: Option<i64>) {
    let rest_ms = rest.map(|rest| ms(now()) - rest * 1000);
    fail_or_bring(app, stage, Past::Lines { lines, rest_ms });
}

pub(crate) fn fail(app: &mut App, stage: StageName) {
    let problem = Problem::new(format!("could not read the log group /aws/lambda/hello-{stage}"))
        .because("ThrottlingException: Rate exceeded")
        .fix("AWS limits how often this may be called; wait a little and try again");
    fail_or_bring(app, stage, Past::Broken(problem));
}

fn fail_or_bring(app: &mut App, stage: StageName, past: Past) {
    let feed =
        app.feeds().into_iter().find(|feed| matches!(feed, Feed::Past { stage: of, .. } if *of == stage));
    app.hear(Event::Fed { feed: feed.expect("it is read"), news: News::Past(past) }, now());
}

fn shown(app: &App) -> Vec<String> {
    let store = &app.logs.store;
    (0..store.shown_len()).filter_map(|row| store.shown(row)).map(|entry| entry.text()).collect()
}

fn holds(app: &App, text: &str) -> usize {
    shown(app).iter().filter(|line| line.contains(text)).count()
}

const HOUR: Action = Action::Show(Some(Range::H1));

#[test]
fn a_range_is_read_of_both_stages_until_it_is_whole() {
    use StageName::{Prod, Stage};
    let mut app = logs(NARROW);
    assert_eq!(reads(&app), []);
    app.act(HOUR, now());
    assert_eq!(reads(&app), [(Stage, 3600, 0), (Prod, 3600, 0)]);
    bring(&mut app, Stage, page(Stage, 60..900), Some(900));
    bring(&mut app, Prod, vec![], None);
    assert_eq!(reads(&app), [(Stage, 3600, 0)], "one stage is whole");
    let reach = app.logs.reach().expect("a range");
    assert_eq!((reach.lines, (reach.share * 1000.0) as i64), (840, 624));
    bring(&mut app, Stage, page(Stage, 900..3600), None);
    assert_eq!(reads(&app), []);
    assert_eq!(app.logs.reach().map(|reach| (reach.whole_from_ms, reach.lines)), Some((None, 3540)));
    assert!(app.logs.follow && holds(&app, "s ago") == 3540);
    app.act(Action::Show(Some(Range::M5)), now());
    // The newest minute was read before all of it had come.
    assert_eq!(reads(&app), [(Stage, 59, 0), (Prod, 59, 0)]);
    assert_eq!(holds(&app, "s ago"), 241);
    app.act(Action::Show(None), now());
    assert_eq!((reads(&app), holds(&app, "s ago")), (vec![], 841), "live is at least a quarter of an hour");
}

#[test]
fn escape_stops_it_and_the_stream_says_from_when_on_it_is_whole() {
    use StageName::{Prod, Stage};
    let mut app = logs(NARROW);
    app.logs.ask("-nothing");
    app.act(HOUR, now());
    bring(&mut app, Stage, page(Stage, 0..600), Some(599));
    app.act(Action::Escape, now());
    assert_eq!(reads(&app), []);
    assert!(app.logs.is_filtered() && app.screen() == ScreenName::Logs, "first the loading, and only that");
    let line = "stage: whole from 2026-11-22 11:53:16Z on: stopped, 4 goes on";
    let at = shown(&app).iter().position(|text| text == line).expect("a line that says so");
    assert_eq!(shown(&app)[at + 1], "stage 599 s ago");
    assert_eq!(holds(&app, "prod: whole from 2026-11-22 12:03:15Z on"), 1);
    assert_eq!(app.logs.reach().and_then(|reach| reach.whole_from_ms), Some(ms(now()) + 1));
    // It goes on where it was, after the minute that is not sure.
    app.act(HOUR, now());
    assert_eq!(holds(&app, "whole from"), 0);
    assert_eq!(reads(&app), [(Stage, 59, 0), (Prod, 3600, 0)]);
    bring(&mut app, Stage, page(Stage, 0..60), None);
    assert_eq!(reads(&app), [(Stage, 3600, 599), (Prod, 3600, 0)]);
    app.act(Action::Escape, now());
    app.act(Action::Escape, now());
    assert!(!app.logs.is_filtered(), "then the filter");
}

#[test]
fn another_range_replaces_it_and_what_comes_for_the_old_one_is_dropped() {
    let mut app = logs(NARROW);
    app.act(HOUR, now());
    let old = app.feeds().into_iter().find(|feed| matches!(feed, Feed::Past { .. })).expect("it is read");
    app.act(Action::Show(Some(Range::H24)), now());
    assert_eq!(reads(&app).first(), Some(&(StageName::Stage, 86_400, 0)));
    let before = app.logs.store.len();
    let past = Past::Lines { lines: page(StageName::Stage, 0..10), rest_ms: None };
    app.hear(Event::Fed { feed: old, news: News::Past(past) }, now());
    assert_eq!(app.logs.store.len(), before);
}

#[test]
fn what_is_not_in_sight_is_not_read_and_goes_on_where_it_was() {
    use StageName::{Prod, Stage};
    let mut app = logs(NARROW);
    app.act(HOUR, now());
    bring(&mut app, Stage, page(Stage, 0..600), Some(599));
    app.act(Action::Open(ScreenName::Checks), now());
    assert_eq!(reads(&app), []);
    app.act(Action::Escape, now());
    assert_eq!(app.screen(), ScreenName::Logs);
    assert_eq!(reads(&app), [(Stage, 3600, 599), (Prod, 3600, 0)]);
    app.act(Action::CycleStages, now());
    app.act(Action::CycleStages, now());
    assert_eq!(reads(&app), [(Prod, 3600, 0)], "of the stage that is shown");
    app.act(Action::CycleStages, now());
    assert_eq!(reads(&app), [(Stage, 3600, 599), (Prod, 3600, 0)]);
    app.act(Action::Back, now());
    assert_eq!((app.screen(), reads(&app).len()), (ScreenName::Board, 2), "the board shows the same stream");
}

#[test]
fn what_cannot_be_read_says_so_once_and_stays_wanted() {
    let mut app = logs(NARROW);
    app.act(HOUR, now());
    bring(&mut app, StageName::Prod, page(StageName::Prod, 0..60), Some(59));
    for _ in 0..3 {
        fail(&mut app, StageName::Prod);
    }
    assert_eq!((holds(&app, "prod: its history cannot be read"), holds(&app, "s ago")), (1, 60));
    assert!(app.logs.reach().is_some_and(|reach| reach.problem.is_some()) && reads(&app).len() == 2);
    bring(&mut app, StageName::Prod, page(StageName::Prod, 60..120), Some(119));
    assert_eq!((holds(&app, "prod: its history is read again"), holds(&app, "s ago")), (1, 120));
    assert!(app.logs.reach().is_some_and(|reach| reach.problem.is_none()));
}

#[test]
fn loading_ends_where_the_budget_does_and_drops_nothing() {
    let mut app = logs(NARROW);
    app.act(Action::Show(Some(Range::H24)), now());
    let mut rest = 0;
    while app.logs.reach().is_some_and(|reach| reach.course == Course::On) {
        bring(&mut app, StageName::Stage, page(StageName::Stage, rest..rest + 2000), Some(rest + 1999));
        rest += 2000;
    }
    assert!(reads(&app).is_empty() && app.logs.store.dropped() == 0 && rest > 10_000, "{rest}");
    assert!(app.notice.as_ref().is_some_and(|notice| notice.bad && notice.text.contains("narrow the range")));
    assert_eq!(holds(&app, "stage: whole from 2026-11-22"), 1);
    assert_eq!(holds(&app, "on: the budget of 1 MiB is full"), 2, "of either stage");
    let whole = app.logs.reach().and_then(|reach| reach.whole_from_ms).expect("not all of it");
    // What comes goes on, the oldest is dropped for it, and nothing is read for that.
    let newer: Vec<LogLine> = page(StageName::Stage, -3000..0).into_iter().rev().collect();
    for lines in newer.chunks(500) {
        app.hear(Event::Fed { feed: Feed::Tail(StageName::Stage), news: News::Lines(lines.to_vec()) }, now());
        assert_eq!(reads(&app), []);
    }
    assert!(app.logs.store.dropped() > 0 && holds(&app, "stage -2999 s ago") == 1);
    app.act(Action::CycleStages, now());
    assert!(app.logs.reach().and_then(|reach| reach.whole_from_ms) < Some(whole), "of stage alone");
    let kept = app.logs.store.oldest_line().expect("lines");
    assert!(app.logs.reach().and_then(|reach| reach.whole_from_ms) <= Some(kept));
    // Asked again: there is no room, so nothing is read in vain.
    app.act(Action::Show(Some(Range::H24)), now());
    assert_eq!((reads(&app), app.logs.reach().map(|reach| reach.course)), (vec![], Some(Course::Full)));
}

#[test]
fn while_paused_what_comes_of_the_past_moves_nothing() {
    let mut app = logs(NARROW);
    app.act(HOUR, now());
    app.act(Action::Follow, now());
    let seen = app.logs.selected().map(|entry| entry.text());
    bring(&mut app, StageName::Prod, page(StageName::Prod, 0..3000), None);
    assert_eq!(app.logs.selected().map(|entry| entry.text()), seen);
    assert_eq!(app.logs.unseen, 0, "nothing of it is new");
}

#[test]
fn a_file_is_named_saved_and_told_of() {
    let mut app = logs(NARROW);
    app.act(Action::Save, now());
    assert_eq!(app.logs.save.as_deref(), Some("hello-both-20261122T120315Z.log"));
    app.act(Action::Escape, now());
    assert!(app.logs.save.is_none() && app.screen() == ScreenName::Logs);
    app.act(Action::CycleStages, now());
    app.act(Action::Save, now());
    assert_eq!(app.logs.save.as_deref(), Some("hello-stage-20261122T120315Z.log"));
    app.act(Action::EraseAll, now());
    app.act(Action::Submit, now());
    assert!(app.notice.as_ref().is_some_and(|notice| notice.bad), "a file has a name");
    app.act(Action::Save, now());
    app.act(Action::EraseAll, now());
    app.act(Action::Paste("~/a.json\n".to_owned()), now());
    let effects = app.act(Action::Submit, now());
    let [Effect::Save(ticket, save)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(save, &Save { name: "~/a.json".to_owned(), masked: true });
    app.act(Action::Save, now());
    assert!(app.logs.save.is_none(), "one at a time");
    let hear = |app: &mut App, saving| app.hear(Event::Saving { ticket: *ticket, saving }, now());
    hear(&mut app, Saving::Lines(5));
    let saved = Saved { path: "/home/ops/a.json".into(), lines: 7 };
    hear(&mut app, Saving::Ended(Ok(saved)));
    let told = |app: &App| app.notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default();
    assert_eq!(told(&app), "saved 7 lines: /home/ops/a.json");
    app.act(Action::Save, now());
    assert!(app.logs.save.is_some(), "and another");
    hear(&mut app, Saving::Lines(9));
    assert_eq!(told(&app), "saved 7 lines: /home/ops/a.json", "what is over tells nothing");
}

fn ranged(session: &Session) -> usize {
    let store = &session.app.logs.store;
    (0..store.shown_len()).filter_map(|row| store.shown(row)).filter(|entry| entry.is_line()).count()
}

/// Several hours of history in both stages, of several pages, and a file of it.
#[tokio::test(flavor = "multi_thread")]
async fn hours_of_history_come_page_by_page_and_are_saved() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let client = client(&cloud);
    let t = ms(Timestamp::now());
    let hour = SignedDuration::from_hours(1).as_millis() as i64;
    // 7,000 lines an hour in stage: three pages in six hours. One in prod.
    for back in (1..=5).rev() {
        let texts: Vec<String> = (0..7_000).map(|index| format!("{back} h {index}")).collect();
        let first = t - back * hour + 60_000;
        let events: Vec<(i64, &str)> =
            texts.iter().enumerate().map(|(index, text)| (first + index as i64, text.as_str())).collect();
        put(&client, "stage", &events).await;
    }
    put(&client, "prod", &[(t - 3 * hour, "password=correct-horse-battery")]).await;
    put(&client, "prod", &[(t - 20 * hour, "yesterday")]).await;

    let mut journey = Journey::with_budget(&project, 64 << 20);
    journey.press("l");
    journey.until("the connection", |session| session.app.connection.value().is_some()).await;
    journey.press("4");
    let is_whole =
        |session: &Session| session.app.logs.reach().is_some_and(|reach| reach.whole_from_ms.is_none());
    journey.until("the last hour", is_whole).await;
    assert_eq!(ranged(&journey.session), 7_000);
    journey.press("5");
    journey.until("half of it", |session| ranged(session) > 17_000).await;
    // Leaving stops it, coming back goes on.
    journey.press("esc");
    assert_eq!(journey.session.app.logs.reach().map(|reach| reach.course), Some(Course::Stopped));
    journey.press("5");
    journey.until("the last six hours", is_whole).await;
    assert_eq!(ranged(&journey.session), 35_001);
    let store = &journey.session.app.logs.store;
    let stamps: Vec<i64> =
        (0..store.shown_len()).filter_map(|row| store.shown(row)).map(|entry| entry.timestamp_ms).collect();
    assert!(stamps.is_sorted() && store.dropped() == 0);
    assert!((0..store.shown_len()).filter_map(|row| store.shown(row)).all(|entry| !entry.late));

    let file = project.path().join("saved.log");
    journey.press("ctrl-s");
    journey.session.act(Action::EraseAll);
    journey.session.act(Action::Paste(file.display().to_string()));
    journey.press("enter");
    journey.settle().await;
    let notice = journey.session.app.notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default();
    assert!(notice.starts_with("saved 35") && notice.contains("saved.log"), "{notice}");
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(
        text.lines().count() >= 35_001 && text.contains("password=corr••••••••") && !text.contains("horse")
    );
    journey.press("6");
    journey.until("a day", is_whole).await;
    assert_eq!(ranged(&journey.session), 35_002);
    journey.press("0");
    assert_eq!(ranged(&journey.session), 0, "live again");
    journey.session.close().await;
    cloud.stop().await;
}

/// The past is throttled: it is said, tried again, and comes whole.
#[tokio::test(flavor = "multi_thread")]
async fn history_that_is_throttled_comes_in_the_end() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let client = client(&cloud);
    let t = ms(Timestamp::now());
    put(&client, "stage", &[(t - 3_000_000, "old"), (t - 1000, "new")]).await;
    let mut journey = Journey::with_budget(&project, 1 << 20);
    journey.press("l");
    journey.until("a line", |session| ranged(session) == 1).await;
    let rules = serde_json::from_str(r#"[{"operation": "FilterLogEvents", "effect": "throttle"}]"#);
    cloud.faults().set(rules.expect("rules")).expect("good rules");
    journey.press("4");
    journey
        .until("that it cannot be read", |session| {
            session.app.logs.reach().is_some_and(|reach| reach.problem.is_some())
        })
        .await;
    assert_eq!(ranged(&journey.session), 1, "what is there stays");
    cloud.faults().clear();
    journey
        .until("the old line", |session| {
            session.app.logs.reach().is_some_and(|reach| reach.whole_from_ms.is_none())
                && ranged(session) == 2
        })
        .await;
    journey.session.close().await;
    cloud.stop().await;
}
