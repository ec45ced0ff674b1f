//! Each screen in each state, as a person sees it, at 160×45 and at 80×24.

use std::collections::BTreeMap;
use std::time::Duration;

use callboard::app::{Action, App, Connection, Event, Facts, Feed, News, ScreenName, TailState, Trouble};
use callboard::domain::{
    Answer, Check, CheckKind, Diagnosis, Digest, EnvDiff, EnvKey, EnvKeyState, EnvVars, Fault, Function,
    FunctionState, GatewayStage, Identity, ImageRef, LogLine, Overview, Problem, Report, Request, StageName,
    Stamp, Timing, UpdateState, Verdict,
};
use callboard::screen::logs::TimeFormat;
use callboard::view::{Theme, ThemeName, draw};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

pub(crate) const WIDE: (u16, u16) = (160, 45);
pub(crate) const NARROW: (u16, u16) = (80, 24);

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:03:15Z".parse().expect("a timestamp")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

pub(crate) fn app(size: (u16, u16)) -> App {
    let facts = Facts {
        service: "hello".to_owned(),
        cloud: "local".to_owned(),
        read_only: [false; 2],
        log_budget: 1 << 20,
        queries: [("errors".to_owned(), "level>=error".to_owned())].into(),
    };
    let mut app = App::new(facts);
    app.size = size;
    app.logs.time = TimeFormat::Utc;
    app
}

pub(crate) fn connected(size: (u16, u16)) -> App {
    let mut app = app(size);
    let identity =
        Identity { account: "000000000000".to_owned(), arn: "arn:aws:iam::000000000000:user/ops".to_owned() };
    let connection = Connection { region: "us-east-1".to_owned(), identity };
    app.hear(Event::Fed { feed: Feed::Connect, news: News::Connected(Ok(connection)) }, now());
    app
}

pub(crate) fn feed_overview(app: &mut App, stage: StageName, overview: Result<Overview, Problem>) {
    let news = News::Overview(Box::new(overview));
    app.hear(Event::Fed { feed: Feed::Overview(stage), news }, now());
}

pub(crate) fn overview(stage: StageName, tag: &str, digest: char, env: EnvDiff) -> Overview {
    let function = Function {
        name: format!("hello-{stage}"),
        arn: format!("arn:aws:lambda:us-east-1:000000000000:function:hello-{stage}"),
        state: FunctionState::Active,
        state_reason: None,
        update: UpdateState::Successful,
        update_reason: None,
        image: ImageRef {
            repository_uri: "127.0.0.1:4566/hello".to_owned(),
            tag: Some(tag.to_owned()),
            digest: Some(Digest(format!("sha256:{}", digest.to_string().repeat(64)))),
        },
        env: Some(EnvVars(BTreeMap::new())),
        role: "arn:aws:iam::000000000000:role/hello-lambda-ex".to_owned(),
        tracing: "PassThrough".to_owned(),
        memory_mb: 128,
        timeout_s: 10,
        architecture: "x86_64".to_owned(),
        revision_id: "r".to_owned(),
        last_modified: Some(at("2026-11-22T12:00:01Z")),
        stamp: Stamp {
            digest: None,
            image_tag: Some(tag.to_owned()),
            deployed_by: Some("arn:aws:iam::000000000000:user/ops".to_owned()),
            git: Some("1a2b3c4".to_owned()),
            deployed_at: Some(at("2026-11-22T12:00:05Z")),
        },
    };
    let gateway = GatewayStage {
        api_id: "abcdefghij".to_owned(),
        name: stage.to_string(),
        deployment_id: "x1y2z3".to_owned(),
        deployed_at: Some(at("2026-11-22T12:00:04Z")),
        variables: BTreeMap::from([("env".to_owned(), stage.to_string())]),
        url: format!("http://127.0.0.1:4567/{stage}"),
    };
    Overview { function: Some(function), gateway: Some(gateway), env }
}

fn env(states: &[EnvKeyState]) -> EnvDiff {
    let keys = states.iter().enumerate().map(|(i, state)| EnvKey { key: format!("KEY_{i}"), state: *state });
    EnvDiff { keys: keys.collect(), problem: None }
}

pub(crate) fn line(stage: StageName, id: u32, time: &str, message: &str) -> LogLine {
    let timestamp_ms = at(time).as_millisecond();
    LogLine {
        stage,
        timestamp_ms,
        ingested_ms: timestamp_ms,
        event_id: id.to_string(),
        stream: "s".to_owned(),
        message: message.to_owned(),
    }
}

fn lines() -> Vec<LogLine> {
    use StageName::{Prod, Stage};
    vec![
        line(Stage, 1, "2026-11-22T12:03:12.120Z", "START RequestId: 1a2b3c4d-0000 Version: $LATEST\n"),
        line(
            Stage,
            2,
            "2026-11-22T12:03:12.123Z",
            r#"{"level":"INFO","message":"GET /api/v0 200 3 ms","request_id":"1a2b3c4d-0000","status":200}"#,
        ),
        line(
            Prod,
            3,
            "2026-11-22T12:03:13.001Z",
            r#"{"level":"WARN","message":"GET /nope 404 1 ms","request_id":"77aa0000-0000"}"#,
        ),
        line(Prod, 4, "2026-11-22T12:03:13.002Z", "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} \u{202e}evil"),
        line(
            Prod,
            5,
            "2026-11-22T12:03:14.000Z",
            "2026-11-22T12:03:14.000Z 99ee Task timed out after 1.00 seconds\n",
        ),
    ]
}

fn check(kind: CheckKind, name: &str, got: &str, verdict: Verdict) -> Check {
    Check {
        kind,
        name: name.to_owned(),
        origin: None,
        got: got.to_owned(),
        took: Duration::from_millis(41),
        timing: Timing {
            connect: Some(Duration::from_millis(12)),
            first_byte: Some(Duration::from_millis(28)),
            ..Timing::default()
        },
        cold: false,
        earlier: Vec::new(),
        verdict,
        request_id: Some("0f0f0f0f-1111-2222-3333-444444444444".to_owned()),
        request: Some(Request {
            method: "GET".to_owned(),
            url: "http://127.0.0.1:4567/stage/api/v0".to_owned(),
            headers: vec![("accept-encoding".to_owned(), "gzip".to_owned())],
            body: None,
        }),
        answer: Some(Answer {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: "{\n  \"ENV\": \"stage\"\n}".to_owned(),
        }),
    }
}

pub(crate) fn report(stage: StageName, kind: CheckKind, failing: bool) -> Report {
    let verdict = if failing {
        Verdict::Failed(Fault::new(
            Diagnosis::BadGateway,
            "the function crashed or answered what the gateway does not understand",
            "look at the log lines of this request",
        ))
    } else {
        Verdict::Passed
    };
    let got = if failing {
        r#"502 {"message":"Internal server error"}"#
    } else {
        r#"200 {"message":"Get all items"}"#
    };
    let checks = vec![
        check(kind, "GET /api/v0", r#"200 {"ENV":"stage"}"#, Verdict::Passed),
        check(kind, "GET /api/v0/items", got, verdict),
    ];
    Report { stage, kind, at: at("2026-11-22T12:03:10Z"), checks }
}

/// Stage in step and green; prod behind, with a changed environment and a failing check.
pub(crate) fn deployed(size: (u16, u16)) -> App {
    use EnvKeyState::{Changed, InStep, OnlyInFile};
    let mut app = connected(size);
    feed_overview(
        &mut app,
        StageName::Stage,
        Ok(overview(StageName::Stage, "20261122_120001", 'a', env(&[InStep; 3]))),
    );
    let behind = env(&[InStep, Changed, OnlyInFile]);
    feed_overview(&mut app, StageName::Prod, Ok(overview(StageName::Prod, "20261121_181202", '9', behind)));
    for (stage, failing) in [(StageName::Stage, false), (StageName::Prod, true)] {
        for kind in [CheckKind::Smoke, CheckKind::Cors] {
            let column = app.board.of_mut(stage);
            column
                .report_mut(kind)
                .settle(Ok(report(stage, kind, failing && kind == CheckKind::Smoke)), now());
        }
        app.hear(Event::Fed { feed: Feed::Tail(stage), news: News::Tail(TailState::Live) }, now());
    }
    app.hear(Event::Fed { feed: Feed::Tail(StageName::Stage), news: News::Lines(lines()) }, now());
    app
}

pub(crate) fn frame(app: &App) -> String {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).expect("a terminal");
    let theme = Theme::new(ThemeName::Dark, true);
    terminal.draw(|frame| draw(app, &theme, now(), frame)).expect("a frame");
    terminal.backend().to_string()
}

#[test]
fn board_before_anything_is_known() {
    insta::assert_snapshot!(frame(&app(WIDE)));
}

#[test]
fn board_without_a_connection() {
    let mut app = app(WIDE);
    let problem =
        Problem::new("the SSO session of profile `work` has expired").fix("aws sso login --profile work");
    app.hear(Event::Fed { feed: Feed::Connect, news: News::Connected(Err(problem)) }, now());
    insta::assert_snapshot!(frame(&app));
}

#[test]
fn board_of_an_empty_account() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = connected(size);
        for stage in StageName::ALL {
            let nothing = Overview { function: None, gateway: None, env: env(&[EnvKeyState::OnlyInFile; 3]) };
            feed_overview(&mut app, stage, Ok(nothing));
            app.hear(Event::Fed { feed: Feed::Tail(stage), news: News::Tail(TailState::NoGroup) }, now());
        }
        insta::assert_snapshot!(format!("board_of_an_empty_account_{name}"), frame(&app));
    }
}

#[test]
fn board_of_a_deployed_service() {
    insta::assert_snapshot!("board_of_a_deployed_service_wide", frame(&deployed(WIDE)));
    insta::assert_snapshot!("board_of_a_deployed_service_narrow", frame(&deployed(NARROW)));
}

#[test]
fn board_whose_read_failed_keeps_what_it_had() {
    let mut app = deployed(WIDE);
    let problem = Problem::new("lambda:GetFunction was refused")
        .because("User ops is not authorized to perform lambda:GetFunction")
        .fix("add lambda:GetFunction on function hello-prod to the identity's policy");
    feed_overview(&mut app, StageName::Prod, Err(problem.clone()));
    app.hear(
        Event::Fed {
            feed: Feed::Tail(StageName::Prod),
            news: News::Tail(TailState::Broken(Trouble::Denied, problem)),
        },
        now(),
    );
    insta::assert_snapshot!(frame(&app));
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    insta::assert_snapshot!(frame(&deployed((50, 10))));
}

#[test]
fn logs_followed_paused_filtered_and_in_detail() {
    let mut app = deployed(WIDE);
    app.act(Action::Open(ScreenName::Logs), now());
    insta::assert_snapshot!("logs_followed", frame(&app));
    app.act(Action::Follow, now());
    app.act(Action::Move(callboard::app::Motion::Up), now());
    app.act(Action::Enter, now());
    insta::assert_snapshot!("logs_paused_in_detail", frame(&app));
    app.act(Action::Filter, now());
    for character in "404".chars() {
        app.act(Action::Type(character), now());
    }
    insta::assert_snapshot!("logs_filtered", frame(&app));
    let mut narrow = deployed(NARROW);
    narrow.act(Action::Open(ScreenName::Logs), now());
    insta::assert_snapshot!("logs_narrow", frame(&narrow));
}

#[test]
fn logs_that_are_empty_say_why() {
    let mut app = connected(NARROW);
    app.act(Action::Open(ScreenName::Logs), now());
    insta::assert_snapshot!("logs_loading", frame(&app));
    for stage in StageName::ALL {
        app.hear(Event::Fed { feed: Feed::Tail(stage), news: News::Tail(TailState::NoGroup) }, now());
    }
    insta::assert_snapshot!("logs_of_nothing", frame(&app));
}

#[test]
fn checks_that_pass_and_fail() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = deployed(size);
        app.act(Action::Open(ScreenName::Checks), now());
        insta::assert_snapshot!(format!("checks_{name}"), frame(&app));
    }
    let mut empty = connected(NARROW);
    empty.act(Action::Open(ScreenName::Checks), now());
    insta::assert_snapshot!("checks_empty", frame(&empty));
    let mut running = deployed(WIDE);
    running.act(Action::Open(ScreenName::Checks), now());
    running.act(Action::Check(CheckKind::Smoke), now());
    insta::assert_snapshot!("checks_running", frame(&running));
}

#[test]
fn help_names_the_keys_of_the_screen() {
    let mut app = deployed(NARROW);
    app.act(Action::Help, now());
    insta::assert_snapshot!("help_narrow", frame(&app));
}

#[test]
fn what_is_on_the_screen_decides_what_is_polled() {
    let mut app = app(WIDE);
    assert_eq!(app.feeds().into_iter().collect::<Vec<_>>(), [Feed::Connect]);
    app = deployed(WIDE);
    assert_eq!(app.feeds().len(), 6);
    assert!(app.feeds().contains(&Feed::Metrics));
    assert!(app.feeds().iter().any(|feed| matches!(feed, Feed::Markers(_))));
    app.act(Action::Open(ScreenName::Checks), now());
    assert!(!app.feeds().iter().any(|feed| matches!(feed, Feed::Tail(_))));
}
