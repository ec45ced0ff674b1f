//! What the application does with what is wanted and what is answered. No terminal, no network, no clock.

use callboard::app::{
    Action, Answer, Effect, Event, Feed, Motion, News, Query, ScreenName, TailState, Ticket, Trouble,
};
use callboard::domain::{CheckKind, Intent, LogLine, Parts, Problem, StageName, Target};
use callboard::logs::range::Range;
use callboard::logs::store::Wanted;
use callboard::screen::deploy::Phase;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::frames::{NARROW, connected, deployed, frame, now};

fn quits(effects: &[Effect]) -> Option<u8> {
    effects.iter().find_map(|effect| match effect {
        Effect::Quit { code, .. } => Some(*code),
        _ => None,
    })
}

fn deploy(stage: StageName) -> Action {
    Action::Change(Intent::Deploy { stage })
}

#[test]
fn a_deploy_reads_its_plan_and_changes_nothing_by_itself() {
    let mut app = connected(NARROW);
    assert_eq!(
        app.act(deploy(StageName::Prod), now()),
        [Effect::Read(Ticket(1), Query::Plan(Intent::Deploy { stage: StageName::Prod }))]
    );
    assert_eq!(app.act(Action::Submit, now()), [], "there is no plan to confirm yet");
    app.act(Action::Escape, now());
    assert!(app.deploy.is_none(), "leaving a plan is saying no to it");
}

#[test]
fn a_read_only_stage_is_not_even_planned() {
    let mut app = connected(NARROW);
    app.facts.read_only = [false, true];
    assert_eq!(app.act(deploy(StageName::Prod), now()), []);
    assert!(app.notice.as_ref().is_some_and(|notice| notice.text.contains("read-only")));
    assert_eq!(app.act(deploy(StageName::Stage), now()).len(), 1);
}

#[test]
fn a_late_answer_changes_nothing() {
    let mut app = connected(NARROW);
    app.act(deploy(StageName::Stage), now());
    app.act(Action::Refresh, now());
    let late = Event::Answered {
        ticket: Ticket(1),
        query: Query::Plan(Intent::Deploy { stage: StageName::Stage }),
        answer: Answer::Planned(Box::new(Err(Problem::new("late")))),
    };
    app.hear(late, now());
    let Some(Phase::Confirm { plan, .. }) = app.deploy.as_ref().map(|deploy| &deploy.phase) else {
        panic!("a plan")
    };
    assert!(plan.problem().is_none());
}

#[test]
fn checks_run_on_each_stage_that_has_a_url() {
    let mut app = deployed(NARROW);
    let effects = app.act(Action::Check(CheckKind::Smoke), now());
    let urls: Vec<_> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Read(_, Query::Checks { kinds, url: Some(url), .. })
                if kinds.contains(&CheckKind::Smoke) =>
            {
                url.as_str()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(urls, ["http://127.0.0.1:4567/stage", "http://127.0.0.1:4567/prod"]);
    assert_eq!(connected(NARROW).act(Action::Check(CheckKind::Cors), now()), []);
}

#[test]
fn ctrl_c_quits_when_it_is_pressed_twice_in_a_row() {
    let mut app = connected(NARROW);
    assert_eq!(quits(&app.act(Action::Interrupt, now())), None);
    app.act(Action::Move(Motion::Up), now());
    assert_eq!(quits(&app.act(Action::Interrupt, now())), None, "another key came between");
    app.act(Action::Ignore, now());
    assert_eq!(quits(&app.act(Action::Interrupt, now())), Some(130), "a change of the window's size did not");
}

#[test]
fn escape_closes_then_clears_then_goes_back() {
    let mut app = deployed(NARROW);
    app.act(Action::Open(ScreenName::Logs), now());
    app.logs.ask("404");
    app.act(Action::Enter, now());
    app.act(Action::Escape, now());
    assert!(!app.logs.detail && app.logs.is_filtered());
    app.act(Action::Escape, now());
    assert!(!app.logs.is_filtered() && app.screen() == ScreenName::Logs);
    app.act(Action::Escape, now());
    assert_eq!(app.screen(), ScreenName::Board);
    assert_eq!(quits(&app.act(Action::Escape, now())), None, "escape never quits");
    assert_eq!(quits(&app.act(Action::Back, now())), Some(0));
}

#[test]
fn from_a_check_to_the_lines_of_its_request() {
    let mut app = deployed(NARROW);
    app.act(Action::Open(ScreenName::Checks), now());
    app.act(Action::Enter, now());
    assert_eq!(app.screen(), ScreenName::Logs);
    let stage = app.logs.store.filter().stage;
    assert_eq!(stage, Some(StageName::Prod), "the first check that fails is selected");
    assert!(app.logs.query.starts_with("0f0f0f0f-"));
}

#[test]
fn a_tail_that_breaks_and_heals_says_so_in_the_stream_once_each() {
    let mut app = deployed(NARROW);
    let before = app.logs.store.len();
    let tail = |app: &mut callboard::app::App, state: TailState, at: Timestamp| {
        app.hear(Event::Fed { feed: Feed::Tail(StageName::Prod), news: News::Tail(state) }, at);
    };
    let later = now() + SignedDuration::from_secs(1);
    let throttled = |text| TailState::Broken(Trouble::Throttled, Problem::new(text));
    tail(&mut app, throttled("slower"), now());
    tail(&mut app, throttled("slower still"), later);
    assert_eq!(app.logs.store.len(), before + 1);
    tail(&mut app, TailState::Live, later);
    assert_eq!(app.logs.store.len(), before + 2);
    assert!(app.logs.broken().is_none());
}

#[test]
fn live_tail_is_followed_while_it_is_wanted_and_the_stream_is_in_sight() {
    let mut app = deployed(NARROW);
    assert!(!app.feeds().contains(&Feed::LiveTail));
    app.act(Action::LiveTail, now());
    let said = app.notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default();
    assert!(said.contains("AWS charges"), "{said}");
    assert!(app.feeds().contains(&Feed::LiveTail));
    app.act(Action::Open(ScreenName::Images), now());
    assert!(!app.feeds().contains(&Feed::LiveTail), "what nobody sees is not paid for");
    app.act(Action::Back, now());
    app.act(Action::LiveTail, now());
    assert!(!app.feeds().contains(&Feed::LiveTail));
}

#[test]
fn a_line_that_live_tail_and_a_poll_bring_is_there_once() {
    let mut app = deployed(NARROW);
    app.act(Action::LiveTail, now());
    let before = app.logs.store.len();
    let line = |id: &str| LogLine {
        stage: StageName::Prod,
        timestamp_ms: now().as_millisecond(),
        ingested_ms: now().as_millisecond(),
        event_id: id.to_owned(),
        stream: "s".to_owned(),
        message: "pushed\n".to_owned(),
    };
    let live = News::LiveLines { lines: vec![line("")], sampled: true };
    app.hear(Event::Fed { feed: Feed::LiveTail, news: live }, now());
    assert_eq!(app.logs.store.len(), before + 2, "the line, and that lines are left out");
    for _ in 0..2 {
        let polled = News::Lines(vec![line("1")]);
        app.hear(Event::Fed { feed: Feed::Tail(StageName::Prod), news: polled }, now());
    }
    assert_eq!(app.logs.store.len(), before + 2);
}

#[test]
fn pausing_keeps_what_is_in_sight_and_counts_what_comes() {
    let mut app = deployed(NARROW);
    app.act(Action::Open(ScreenName::Logs), now());
    app.act(Action::Follow, now());
    app.act(Action::Move(Motion::Up), now());
    let seen = app.logs.selected().map(|entry| entry.text());
    let old = now() - SignedDuration::from_hours(1);
    for (id, at) in [("late", old), ("new", now())] {
        app.logs.take(&[LogLine {
            stage: StageName::Prod,
            timestamp_ms: at.as_millisecond(),
            ingested_ms: now().as_millisecond(),
            event_id: id.to_owned(),
            stream: "s".to_owned(),
            message: id.to_owned(),
        }]);
    }
    assert_eq!(app.logs.unseen, 2);
    assert_eq!(app.logs.selected().map(|entry| entry.text()), seen, "a late line above moves nothing");
    app.act(Action::Move(Motion::Bottom), now());
    assert!(app.logs.follow && app.logs.unseen == 0);
}

fn actions() -> impl Strategy<Value = Action> {
    let motions = [Motion::Up, Motion::Down, Motion::PageUp, Motion::PageDown, Motion::Top, Motion::Bottom];
    let screens = [
        ScreenName::Board,
        ScreenName::Logs,
        ScreenName::Invocations,
        ScreenName::Checks,
        ScreenName::Deploy,
        ScreenName::Images,
        ScreenName::Gateway,
        ScreenName::Env,
    ];
    prop_oneof![
        proptest::sample::select(motions.to_vec()).prop_map(Action::Move),
        proptest::sample::select(screens.to_vec()).prop_map(Action::Open),
        proptest::sample::select(vec![
            Action::Help,
            Action::Escape,
            Action::Back,
            Action::Interrupt,
            Action::Refresh,
            deploy(StageName::Stage),
            deploy(StageName::Prod),
            Action::Change(Intent::Promote),
            Action::Change(Intent::RollBack {
                stage: StageName::Prod,
                to: Target::Previous,
                parts: Parts::Both,
            }),
            Action::Change(Intent::TearDown { stage: None, logs: false }),
            Action::RollBack,
            Action::Option,
            Action::Palette,
            Action::Check(CheckKind::Smoke),
            Action::Follow,
            Action::CycleStages,
            Action::CycleTime,
            Action::Sort,
            Action::Reverse,
            Action::Wrap,
            Action::Enter,
            Action::Filter,
            Action::Context,
            Action::Mask,
            Action::Reveal,
            Action::Show(Some(Range::H1)),
            Action::Show(Some(Range::M1)),
            Action::Show(None),
            Action::Save,
            Action::Ask("level>=warn -a".to_owned()),
            Action::Find { wanted: Wanted::Hit, backwards: false },
            Action::Find { wanted: Wanted::Error, backwards: true },
            Action::NextFocus,
            Action::Copy,
            Action::Submit,
            Action::Erase,
            Action::EraseAll,
            Action::Ignore,
        ]),
        any::<char>().prop_map(Action::Type),
        ".{0,10}".prop_map(Action::Paste),
    ]
}

proptest! {
    /// Whatever is pressed in whatever order and at whatever size: nothing panics, every selection stays in range, the
    /// frame can be drawn, and nothing is changed without a plan that was confirmed.
    #[test]
    fn no_keys_break_it(
        pressed in proptest::collection::vec(actions(), 1..60),
        lines in proptest::collection::vec(("[a-z\u{0}-\u{1f}漢\u{202e}]{0,200}", 0i64..1000), 0..40),
        size in (20u16..200, 5u16..60),
    ) {
        let mut app = deployed(size);
        for (id, (message, at)) in lines.into_iter().enumerate() {
            app.logs.take(&[LogLine {
                stage: StageName::ALL[id % 2],
                timestamp_ms: at,
                ingested_ms: at,
                event_id: id.to_string(),
                stream: "s".to_owned(),
                message,
            }]);
        }
        for action in pressed {
            let effects = app.act(action, now());
            prop_assert!(!effects.iter().any(|effect| matches!(effect, Effect::Change(..))));
            prop_assert!(app.logs.follow || app.logs.selected < app.logs.store.shown_len().max(1));
            prop_assert!(app.logs.follow || app.logs.offset <= app.logs.selected);
            frame(&app);
        }
    }
}
