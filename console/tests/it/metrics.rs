//! CloudWatch's figures: on the board in every state, in what the application wants and hears, and exactly as many as there were
//! calls of a deployed service.

use std::time::Duration;

use callboard::app::{Action, Answer, App, Effect, Event, Facts, Feed, News, Query, ScreenName, Ticket};
use callboard::cloud::{Choice, Cloud, CloudKind};
use callboard::domain::{METRIC_MINUTES, Metrics, Problem, Series, StageName};
use callboard::runtime::session::Session;
use jiff::{SignedDuration, Timestamp};
use localcloud::faults::{Effect as FaultEffect, Rule};

use crate::frames::{NARROW, WIDE, connected, deployed, frame, now};
use crate::headless::{json, run};
use crate::project::Project;

/// The longest that the screen may take to show what was read.
const LONGEST: Duration = Duration::from_secs(60);

/// Calls in some of the minutes, the first of which is 0: minute, calls, errors, throttles.
fn figures(minutes: &[(i64, f64, f64, f64)], p50_ms: f64) -> Metrics {
    let (from, _) = Metrics::range(now());
    let at = |minute: i64| from.as_second() + minute * 60;
    let of = |pick: fn(&(i64, f64, f64, f64)) -> f64| -> Vec<(i64, f64)> {
        minutes.iter().map(|minute| (at(minute.0), pick(minute))).collect()
    };
    // What did not run has no duration.
    let ran = |pick: fn(f64) -> f64| -> Vec<(i64, f64)> {
        let ran = minutes.iter().filter(|minute| minute.1 > 0.0);
        ran.map(|minute| (at(minute.0), pick(minute.1))).collect()
    };
    let overall = |value: f64| ran(|calls| calls).first().map(|_| (at(0), value)).into_iter().collect();
    let series = Series {
        invocations: of(|minute| minute.1),
        errors: of(|minute| minute.2),
        throttles: of(|minute| minute.3),
        concurrency: ran(|calls| (calls / 10.0).ceil()),
        p95_ms: ran(|calls| 5.0 + calls),
        overall_p50_ms: overall(p50_ms),
        overall_p95_ms: overall(p50_ms * 1.7),
    };
    Metrics::new(from, &series)
}

/// Stage is quiet and well, prod is busy and has errors and throttles.
fn busy() -> [Metrics; 2] {
    let quiet = [(20, 1.0, 0.0, 0.0), (21, 2.0, 0.0, 0.0), (29, 1.0, 0.0, 0.0)];
    let minutes: Vec<_> = (0..30)
        .map(|minute| {
            let errors = if minute == 25 { 4.0 } else { 0.0 };
            (minute, f64::from(30 + (minute as i32 * 7) % 23), errors, if minute == 26 { 3.0 } else { 0.0 })
        })
        .collect();
    [figures(&quiet, 0.9), figures(&minutes, 8.6)]
}

fn denied() -> Problem {
    Problem::new("could not read the metrics of hello")
        .because("AccessDenied: User: arn:aws:iam::000000000000:user/ops is not authorized")
        .fix("ops needs cloudwatch:GetMetricData on *")
}

fn fed(app: &mut App, result: Result<[Metrics; 2], Problem>, at: Timestamp) {
    app.hear(Event::Fed { feed: Feed::Metrics, news: News::Metrics(Box::new(result)) }, at);
}

/// The board with what was fed, above the log lines.
fn board(size: (u16, u16), feed: &dyn Fn(&mut App)) -> String {
    let mut app = deployed(size);
    feed(&mut app);
    frame(&app)
}

#[test]
fn figures_on_the_board() {
    let earlier = now() - SignedDuration::from_secs(300);
    for (name, size) in [("wide", WIDE), ("narrow", NARROW), ("middle", (100, 30))] {
        let busy_now = |app: &mut App| fed(app, Ok(busy()), now());
        insta::assert_snapshot!(format!("metrics_{name}"), board(size, &busy_now));
        let old = |app: &mut App| {
            fed(app, Ok(busy()), earlier);
            fed(app, Err(denied()), now());
        };
        insta::assert_snapshot!(format!("metrics_that_failed_keep_the_last_{name}"), board(size, &old));
    }
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let never =
            |app: &mut App| fed(app, Ok([figures(&[], 0.0), figures(&[(29, 0.0, 0.0, 2.0)], 0.0)]), now());
        insta::assert_snapshot!(format!("metrics_of_what_was_never_called_{name}"), board(size, &never));
        let failed = |app: &mut App| fed(app, Err(denied()), now());
        insta::assert_snapshot!(format!("metrics_that_failed_{name}"), board(size, &failed));
    }
}

#[test]
fn one_read_fills_both_columns_and_a_failed_one_keeps_them() {
    let mut app = deployed(WIDE);
    fed(&mut app, Ok(busy()), now());
    let calls =
        |app: &App| StageName::ALL.map(|stage| app.board.of(stage).metrics.value().map(Metrics::calls));
    let [_, prod] = busy();
    assert_eq!(calls(&app), [Some(4), Some(prod.calls())]);
    fed(&mut app, Err(denied()), now());
    assert_eq!(calls(&app), [Some(4), Some(prod.calls())]);
    assert!(StageName::ALL.iter().all(|stage| app.board.of(*stage).metrics.problem() == Some(&denied())));
    assert!(StageName::ALL.iter().all(|stage| app.board.of(*stage).overview.problem().is_none()));
}

#[test]
fn figures_are_read_only_where_they_are_shown_and_can_be() {
    assert!(!connected(WIDE).feeds().contains(&Feed::Metrics), "nothing is deployed");
    let mut app = deployed(WIDE);
    assert!(app.feeds().contains(&Feed::Metrics));
    let effects = app.act(Action::Refresh, now());
    assert!(effects.contains(&Effect::Read(Ticket(3), Query::Metrics)), "{effects:?}");
    let answer = |ticket, result| Event::Answered {
        ticket: Ticket(ticket),
        query: Query::Metrics,
        answer: Answer::Metrics(Box::new(result)),
    };
    app.hear(answer(2, Ok(busy())), now());
    assert!(app.board.of(StageName::Prod).metrics.value().is_none(), "an answer to something older");
    app.hear(answer(3, Ok(busy())), now());
    assert!(app.board.of(StageName::Prod).metrics.value().is_some());
    app.act(Action::Open(ScreenName::Logs), now());
    assert!(!app.feeds().contains(&Feed::Metrics));
    assert!(
        !app.act(Action::Refresh, now())
            .iter()
            .any(|effect| matches!(effect, Effect::Read(_, Query::Metrics)))
    );
    fed(&mut app, Err(denied()), now());
    assert!(app.board.of(StageName::Prod).metrics.problem().is_none(), "the feed is over");
}

async fn read(project: &Project, cloud: &Cloud) -> [Metrics; 2] {
    let metrics = cloud.metrics(&project.settings(), Timestamp::now()).await;
    metrics.unwrap_or_else(|problem| panic!("{problem}"))
}

fn status(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    tokio::task::block_in_place(|| run(project, arguments))
}

async fn until(session: &mut Session, what: &str, seen: impl Fn(&App) -> bool) {
    let wait = async {
        while !seen(&session.app) {
            let event = session.next().await;
            session.hear(event);
        }
    };
    assert!(tokio::time::timeout(LONGEST, wait).await.is_ok(), "never saw {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_a_deployed_stage_is_in_its_figures_and_no_other() {
    let project = Project::new();
    let source = std::fs::read_to_string(project.path().join("service/src/main.rs")).expect("the source");
    let (other, crash) = (
        "    } else {\n        (404",
        "    } else if asks(\"path\", \"/boom\") {\n        std::process::exit(3)\n",
    );
    project.write("service/src/main.rs", &source.replace(other, &format!("{crash}{other}")));
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    let url = project.deploy(&cloud, StageName::Stage).await.0.url.expect("a URL");

    let [before, _] = read(&project, &cloud).await;
    local.faults().clear_calls();
    let get = |path: &str| cloud.http().get(format!("{url}{path}")).send();
    for (path, status) in [("/api/v0", 200), ("/boom", 502), ("/nope", 404), ("/boom", 502), ("/api/v0", 200)]
    {
        assert_eq!(get(path).await.expect("an answer").status(), status, "{path}");
    }
    let lambda = project.somebody_else();
    let none =
        lambda.put_function_concurrency().function_name("hello-stage").reserved_concurrent_executions(0);
    none.send().await.expect("a reservation");
    assert!(get("/api/v0").await.expect("an answer").status().is_server_error());

    let [stage, prod] = read(&project, &cloud).await;
    assert_eq!(stage.calls() - before.calls(), 5, "those that failed are among them, the refused one is not");
    assert_eq!(stage.failed() - before.failed(), 2);
    assert_eq!(stage.refused() - before.refused(), 1);
    assert_eq!(stage.most_concurrent(), before.most_concurrent().max(Some(1)));
    assert!(stage.overall_p50_ms.is_some_and(|p50| Some(p50) <= stage.overall_p95_ms));
    assert_eq!(
        stage.p95_ms.iter().flatten().count(),
        stage.invocations.iter().filter(|calls| **calls > 0).count()
    );
    assert_eq!((prod.calls(), prod.overall_p50_ms, prod.most_concurrent()), (0, None, None));
    let asked = local.faults().calls().iter().filter(|call| call.operation == "GetMetricData").count();
    assert_eq!(asked, 1, "one call for both stages");

    let (code, out, err) = status(&project, &["status", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    let told = json(&out);
    let of_stage = &told["stages"]["stage"]["metrics"];
    assert_eq!(of_stage["invocations"], stage.calls());
    assert_eq!(
        (&of_stage["errors"], &of_stage["throttles"]),
        (&stage.failed().into(), &stage.refused().into())
    );
    // The last digit of a figure that is read twice may differ.
    let near = |told: &serde_json::Value, read: Option<f64>| match (told.as_f64(), read) {
        (Some(told), Some(read)) => (told - read).abs() < 1e-6,
        (told, read) => told == read,
    };
    assert!(near(&of_stage["p95_ms"], stage.overall_p95_ms), "{of_stage} {:?}", stage.overall_p95_ms);
    assert_eq!(of_stage["per_minute"]["invocations"].as_array().map(Vec::len), Some(METRIC_MINUTES));
    assert!(told["stages"]["prod"]["metrics"].is_null(), "nothing is deployed there");
    assert!(told["metrics_problem"].is_null());
    let (_, out, _) = status(&project, &["status"]);
    let line = format!("  calls     {} in the last 30 min, {} failed (", stage.calls(), stage.failed());
    assert!(out.contains(&line) && out.contains(", 1 throttled, p50 "), "{out}");

    let facts = Facts {
        service: "hello".to_owned(),
        cloud: "local".to_owned(),
        read_only: [false; 2],
        log_budget: 1 << 20,
        queries: Default::default(),
    };
    let choice = Choice { kind: CloudKind::Local, profile: None, region: None, fresh: false };
    let mut session = Session::start(facts, project.settings(), choice);
    let shown = |app: &App| app.board.of(StageName::Stage).metrics.value().map(Metrics::calls);
    until(&mut session, "the figures", |app| shown(app) == Some(stage.calls())).await;

    let error = FaultEffect::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "User: arn:aws:iam::1:user/o is not authorized to perform: cloudwatch:GetMetricData"
            .to_owned(),
    };
    local.faults().set(vec![Rule::on("cloudwatch:GetMetricData", error)]).expect("rules");
    session.act(Action::Refresh);
    until(&mut session, "why there are none", |app| {
        app.board.of(StageName::Stage).metrics.problem().is_some()
    })
    .await;
    assert_eq!(shown(&session.app), Some(stage.calls()), "the last ones stay");
    let (code, out, err) = status(&project, &["status", "--json"]);
    assert_eq!(code, 0, "what is deployed is told all the same: {err}");
    let told = json(&out);
    assert_eq!(told["stages"]["stage"]["state"], "Active");
    assert!(told["stages"]["stage"]["metrics"].is_null());
    let hint = told["metrics_problem"]["hint"].as_str().expect("a hint");
    assert!(hint.contains(r#""Action":"cloudwatch:GetMetricData""#), "{hint}");
    let (_, out, _) = status(&project, &["status"]);
    assert!(out.contains("no metrics: could not read the metrics of hello: AccessDenied: "), "{out}");
    session.close().await;
    local.stop().await;
}
