//! Deploy markers: in the stream, by key, and what `callboard logs` prints of them.

use callboard::app::{Action, App, Event, Feed, News, ScreenName};
use callboard::domain::{Problem, StageName};
use callboard::journal::Outcome;
use callboard::keymap::{self, Context};
use callboard::markers::{Known, Source, Trace, What, read};
use callboard::settings::Settings;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::frames::{NARROW, WIDE, deployed, frame, line, now};
use crate::logs_headless::run;
use crate::project::Project;

fn trace(stage: StageName, time: &str, what: What, tag: &str) -> Trace {
    let at_ms = time.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
    Trace {
        stage: Some(stage),
        from_ms: at_ms,
        to_ms: at_ms,
        what,
        tag: Some(tag.to_owned()),
        digest: None,
        version: None,
        deployment: None,
        who: Some("arn:aws:iam::000000000000:user/alice".to_owned()),
        git: None,
    }
}

fn release(stage: StageName, time: &str, tag: &str) -> Trace {
    trace(stage, time, What::Release { again: false }, tag)
}

fn tell(app: &mut App, source: Source, told: Result<Vec<Trace>, Problem>) {
    let feeds = app.feeds();
    let feed = feeds.into_iter().find(|feed| matches!(feed, Feed::Markers(_))).expect("it is wanted");
    app.hear(Event::Fed { feed, news: News::Traces(vec![(source, told)]) }, now());
}

fn shown(app: &App) -> Vec<String> {
    let store = &app.logs.store;
    let entries = (0..store.shown_len()).filter_map(|row| store.shown(row)).filter(|entry| !entry.is_line());
    entries.map(|entry| entry.text()).collect()
}

fn press(app: &mut App, key: char) {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    app.act(keymap::action(Context::Screen(app.screen()), key), now());
}

#[test]
fn markers_lie_at_their_time_and_are_gone_to_by_key() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = deployed(size);
        app.act(Action::Open(ScreenName::Logs), now());
        let before = shown(&app);
        assert_eq!(before.len(), 2, "what each stage ran before the first line: {before:?}");
        let traces = vec![
            release(StageName::Prod, "2026-11-22T11:00:00Z", "v8"),
            release(StageName::Prod, "2026-11-22T12:03:13.500Z", "v9"),
        ];
        tell(&mut app, Source::Function(StageName::Prod), Ok(traces));
        assert_eq!(shown(&app).last().map(String::as_str), Some("prod deployed v9 by alice"));
        assert_eq!(shown(&app).len(), 3, "v8 is neither in sight nor what ran when the stream begins");
        insta::assert_snapshot!(format!("markers_{name}"), frame(&app));
        press(&mut app, '[');
        assert_eq!(
            app.logs.selected().map(|entry| entry.text()).as_deref(),
            Some("prod deployed v9 by alice")
        );
        press(&mut app, ']');
        assert!(app.notice.as_ref().is_some_and(|notice| notice.text == "no deploy after this line"));
        // Older lines come: so does what changed among them.
        app.logs.take(&[line(StageName::Prod, 90, "2026-11-22T10:59:00Z", "old")]);
        assert!(shown(&app).iter().any(|text| text == "prod deployed v8 by alice"), "{:?}", shown(&app));
    }
}

#[test]
fn a_marker_changes_with_what_is_known_and_what_cannot_be_known_is_said_once() {
    let mut app = deployed(WIDE);
    let change = |outcome| {
        let what = What::Change { verb: "promote".to_owned(), outcome, detail: "it broke".to_owned() };
        vec![trace(StageName::Prod, "2026-11-22T12:03:13Z", what, "v9")]
    };
    for (outcome, text) in [
        (Outcome::Begun, "promote of prod begun by alice, not ended"),
        (Outcome::Failed, "promote of prod by alice failed: it broke"),
        (Outcome::Done, "prod deployed v9 by alice (promoted)"),
    ] {
        tell(&mut app, Source::Journal, Ok(change(outcome)));
        assert_eq!((shown(&app).len(), shown(&app).last().map(String::as_str)), (3, Some(text)));
    }
    for _ in 0..2 {
        tell(&mut app, Source::Gateway, Err(Problem::new("no permission\u{1b}[2J")));
    }
    let told =
        shown(&app).into_iter().filter(|text| text.starts_with("deploys may not be marked: no permission"));
    assert_eq!(told.map(|text| text.contains('\u{1b}')).collect::<Vec<_>>(), [false]);
    assert_eq!(shown(&app).len(), 4, "what was known stays");
}

async fn texts(cloud: &callboard::cloud::Cloud, settings: &Settings) -> Vec<String> {
    let mut known = Known::default();
    known.take(read(cloud, settings).await);
    assert_eq!(known.problem(), None);
    known.markers().into_iter().map(|marker| marker.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_is_marked_once_whoever_asks_and_a_change_past_callboard_shows() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    let settings = project.settings();
    assert_eq!(texts(&cloud, &settings).await, [""; 0]);
    let (deployed, _) = project.deploy(&cloud, StageName::Stage).await;
    let here = texts(&cloud, &settings).await;
    assert_eq!(here.len(), 1, "{here:?}");
    assert!(here[0].starts_with(&format!("stage deployed {} by ", deployed.tag)), "{here:?}");
    // On another machine there is no journal of it.
    std::fs::remove_file(project.path().join(".callboard/journal.jsonl")).expect("a journal");
    assert_eq!(texts(&cloud, &settings).await, here);

    let (code, out, err) = run(&project, &["stage", "--since", "1h"]).await;
    assert_eq!(code, 0, "{err}");
    let marked: Vec<&str> = out.lines().filter(|line| line.starts_with("── ")).collect();
    assert!(marked.len() == 1 && marked[0].ends_with(&format!("Z {} ──", here[0])), "{out}");
    let lines = out.lines().count();
    let (_, out, _) = run(&project, &["stage", "--since", "1h", "--no-markers"]).await;
    assert_eq!(out.lines().count(), lines - 1);
    let (_, out, _) = run(&project, &["prod", "--since", "1h"]).await;
    assert_eq!(out, "", "another stage's");
    let (_, out, _) = run(&project, &["stage", "--since", "1h", "--until", "30m"]).await;
    assert_eq!(out, "", "not in range");
    let (_, out, _) = run(&project, &["stage", "--since", "1h", "--json"]).await;
    let documents = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let markers: Vec<_> = documents.filter(|document| document["kind"] == "marker").collect();
    assert_eq!(markers.len(), 1, "{out}");
    let marker = &markers[0];
    assert_eq!((&marker["message"], &marker["stage"]), (&here[0].as_str().into(), &"stage".into()));
    assert_eq!(
        (&marker["fields"]["what"], &marker["fields"]["tag"]),
        (&"deploy".into(), &deployed.tag.as_str().into())
    );
    assert_eq!(marker["fields"]["digest"], deployed.digest.0.as_str());
    assert!(marker["fields"]["version"].is_u64() && marker["fields"]["deployment"].is_string(), "{marker}");

    let lambda = project.somebody_else();
    let call = lambda.update_function_configuration().function_name("hello-stage").memory_size(512);
    call.send().await.expect("changed");
    let outside = "stage changed outside of Callboard, or by a change that has not ended".to_owned();
    assert_eq!(texts(&cloud, &settings).await, [here[0].clone(), outside]);
    cloud.close().await;
    local.stop().await;
}
