//! Log events that want to be obeyed: through a local cloud to the screen, the clipboard and `callboard logs`.

use std::time::Duration;

use callboard::app::{Action, Effect, Facts, Motion, ScreenName};
use callboard::cloud::{Choice, CloudKind};
use callboard::runtime::session::Session;
use callboard::screen::logs::TimeFormat;

use crate::frames::{NARROW, WIDE, frame};
use crate::logs_headless::{client, now, put, run};
use crate::project::Project;

/// Each with what is seen of it.
const HOSTILE: [(&str, &str); 22] = [
    ("clear \u{1b}[2J\u{1b}[H screen", "clear ␛[2J␛[H screen"),
    ("title \u{1b}]0;owned\u{7}", "title ␛]0;owned␇"),
    ("clipboard \u{1b}]52;c;cm0gLXJm\u{1b}\\", "clipboard ␛]52;c;cm0gLXJm␛\\"),
    ("device \u{1b}P$q\u{1b}\\ reset \u{1b}c", "device ␛P$q␛\\ reset ␛c"),
    ("colour \u{1b}[31mred\u{1b}[0m", "colour red"),
    ("eight bits \u{9b}2J \u{9d}0;x\u{9c}", "eight bits \u{fffd}2J \u{fffd}0;x\u{fffd}"),
    ("nul \0 bell \u{7} back\u{8}space delete \u{7f}", "nul ␀ bell ␇ back␈space delete ␡"),
    ("overwritten\rFAKE", "overwritten␍FAKE"),
    ("two\nlines \u{b} and \u{c}.", "two␤lines ␋ and ␌."),
    ("over \u{202e}evil\u{202c}", "over ‹U+202E›evil‹U+202C›"),
    ("isolate \u{2066}x\u{2069} mark \u{200f}", "isolate ‹U+2066›x‹U+2069› mark ‹U+200F›"),
    ("zero\u{200b}width\u{2060}joined\u{feff}", "zero‹U+200B›width‹U+2060›joined‹U+FEFF›"),
    ("pass\u{200d}word soft\u{ad}hyphen", "pass‹U+200D›word soft‹U+00AD›hyphen"),
    ("filler \u{3164}\u{115f} blank", "filler ‹U+3164›‹U+115F› blank"),
    ("tag \u{e0041}\u{e007f} variant \u{e0101}", "tag ‹U+E0041›‹U+E007F› variant ‹U+E0101›"),
    ("line\u{2028}separator\u{2029}.", "line‹U+2028›separator‹U+2029›."),
    ("tab\tbed", "tab bed"),
    ("wide 漢字かな", "wide 漢字かな"),
    ("invalid \u{fffd}\u{fffd}", "invalid \u{fffd}\u{fffd}"),
    ("{\"level\":\"ERROR\",\"message\":\"json \\u001b[2J\\u202e\\u0000\"}", "json ␛[2J‹U+202E›␀"),
    ("secret AKIAIOSFODNN7EXAMPLE password=hunter2\u{1b}[0m", "secret AKIA•••••••• password=••••••••"),
    ("combining e\u{301}\u{301}\u{301}", "combining e\u{301}\u{301}\u{301}"),
];

/// What a terminal would obey, and what would deceive who reads it.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{115f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_comes_is_obeyed_on_the_screen_in_a_copy_or_in_a_pipe() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let t = now() - 60_000;
    let long = format!("long \u{1b}[2J{}\u{202e}", "x\u{200b}".repeat(200_000));
    let mut events: Vec<(i64, &str)> =
        HOSTILE.iter().zip(0..).map(|((text, _), ms)| (t + ms * 1000, *text)).collect();
    events.push((t + 30_000, &long));
    put(&logs, "stage", &events).await;

    let facts = Facts {
        service: "hello".to_owned(),
        cloud: "local".to_owned(),
        read_only: [false; 2],
        log_budget: 8 << 20,
        queries: Default::default(),
    };
    let choice = Choice { kind: CloudKind::Local, profile: None, region: None, fresh: false };
    let mut session = Session::start(facts, project.settings(), choice);
    let read = async {
        while session.app.logs.store.len() < events.len() {
            let event = session.next().await;
            session.hear(event);
        }
    };
    tokio::time::timeout(Duration::from_secs(120), read).await.expect("all events");
    let app = &mut session.app;
    let at = jiff::Timestamp::now();
    app.act(Action::Open(ScreenName::Logs), at);
    app.logs.time = TimeFormat::Off;
    for size in [WIDE, NARROW] {
        app.size = size;
        for wrap in [false, true] {
            app.logs.wrap = wrap;
            app.act(Action::Move(Motion::Top), at);
            for (text, seen) in HOSTILE {
                let screen = frame(app);
                assert!(!screen.chars().any(|c| is_hostile(c) && c != '\n'), "{screen}");
                assert!(
                    screen.contains(seen) || size == NARROW,
                    "{text:?} is not seen as {seen:?} in\n{screen}"
                );
                let effects = app.act(Action::Copy, at);
                let [Effect::Copy(copied)] = effects.as_slice() else { panic!("{effects:?}") };
                assert!(!copied.chars().any(|c| is_hostile(c) && c != '\n'), "{copied:?}");
                assert!(!copied.contains("hunter2") && !copied.contains("IOSFODNN"), "{copied}");
                app.act(Action::Enter, at);
                let screen = frame(app);
                assert!(!screen.chars().any(|c| is_hostile(c) && c != '\n'), "{screen}");
                app.act(Action::Enter, at);
                app.act(Action::Move(Motion::Down), at);
            }
            // The last one is long.
            let screen = frame(app);
            assert!(
                !screen.chars().any(|c| is_hostile(c) && c != '\n') && screen.contains("long ␛[2Jx‹U+200B›"),
                "{screen}"
            );
        }
    }
    session.close().await;

    let (code, out, err) = run(&project, &["stage"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(!out.chars().any(|c| is_hostile(c) && c != '\n'));
    for ((text, seen), line) in HOSTILE.iter().zip(out.lines()) {
        assert!(line.ends_with(seen), "{text:?} came as {line:?}");
    }
    assert_eq!(out.lines().count(), events.len(), "one line each");
    let (_, out, _) = run(&project, &["stage", "--json"]).await;
    assert!(!out.chars().any(|c| is_hostile(c) && c != '\n'));
    assert!(out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(!out.contains("hunter2"));
    cloud.stop().await;
}
