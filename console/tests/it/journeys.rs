//! The application, its tasks and a local cloud in one process, without a terminal: keys in, screens out.

use std::time::Duration;

use callboard::app::{Facts, ScreenName};
use callboard::cloud::{Choice, CloudKind};
use callboard::domain::{CheckKind, StageName};
use callboard::keymap;
use callboard::runtime::session::Session;
use callboard::screen::deploy::Phase;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::frames::WIDE;
use crate::project::Project;

/// The longest that any one thing may take: a first build of the small service on a loaded machine.
const LONGEST: Duration = Duration::from_secs(300);

pub(crate) struct Journey {
    pub(crate) session: Session,
}

impl Journey {
    pub(crate) fn begin(project: &Project) -> Journey {
        Journey::with_budget(project, 1 << 20)
    }

    /// One whose console keeps so many bytes of log lines.
    pub(crate) fn with_budget(project: &Project, log_budget: usize) -> Journey {
        let facts = Facts {
            service: "hello".to_owned(),
            cloud: "local".to_owned(),
            read_only: [false; 2],
            log_budget,
            queries: Default::default(),
        };
        let choice = Choice { kind: CloudKind::Local, profile: None, region: None, fresh: false };
        let mut session = Session::start(facts, project.settings(), choice);
        session.app.size = WIDE;
        Journey { session }
    }

    /// Presses keys, written as the help writes them, with spaces between them.
    pub(crate) fn press(&mut self, keys: &str) {
        for name in keys.split_whitespace() {
            let code = match name {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "space" => KeyCode::Char(' '),
                "ctrl-s" => {
                    let key = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
                    let action = keymap::action(keymap::context(&self.session.app), key);
                    self.session.act(action);
                    continue;
                }
                key => KeyCode::Char(key.chars().next().expect("a key")),
            };
            let action =
                keymap::action(keymap::context(&self.session.app), KeyEvent::new(code, KeyModifiers::NONE));
            self.session.act(action);
        }
    }

    /// Takes in what the world answers until `seen`.
    pub(crate) async fn until(&mut self, what: &str, seen: impl Fn(&Session) -> bool) {
        let wait = async {
            while !seen(&self.session) {
                let event = self.session.next().await;
                self.session.hear(event);
            }
        };
        assert!(tokio::time::timeout(LONGEST, wait).await.is_ok(), "never saw {what}");
    }

    /// Takes in what the world answers until no read and no change is under way.
    pub(crate) async fn settle(&mut self) {
        self.until("an end of all work", |session| !session.is_busy()).await;
        while let Some(event) = self.session.try_next() {
            self.session.hear(event);
        }
    }
}

fn is_empty(session: &Session, stage: StageName) -> bool {
    session.app.board.of(stage).overview.value().is_some_and(|overview| overview.function.is_none())
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_check_and_find_the_lines_of_a_request() {
    let project = Project::new();
    let mut journey = Journey::begin(&project);
    assert!(journey.session.app.connection.is_loading(), "nothing is waited for before the first frame");
    journey
        .until("an empty board", |session| StageName::ALL.iter().all(|stage| is_empty(session, *stage)))
        .await;

    journey.press("d");
    journey.settle().await;
    journey.press("enter");
    assert!(journey.session.app.deploy.is_none(), "Cancel has the focus");
    journey.press("d");
    journey.settle().await;
    journey.press("tab enter");
    journey
        .until("the end of the deploy", |session| {
            session.app.deploy.as_ref().is_some_and(|deploy| matches!(deploy.phase, Phase::Ended(_)))
        })
        .await;
    let deploy = journey.session.app.deploy.as_ref().expect("a deploy");
    assert!(matches!(&deploy.phase, Phase::Ended(Ok(deployed)) if deployed.green()), "{:?}", deploy.phase);

    journey.press("enter x s");
    journey.settle().await;
    let smoke =
        journey.session.app.board.of(StageName::Stage).report(CheckKind::Smoke).value().expect("a report");
    assert!(smoke.green(), "{smoke:?}");
    journey.press("enter");
    assert_eq!(journey.session.app.screen(), ScreenName::Logs);
    journey
        .until("the deploy's marker in the stream", |session| {
            (0..session.app.logs.store.shown_len())
                .filter_map(|index| session.app.logs.store.shown(index))
                .any(|entry| entry.text().contains("stage deployed"))
        })
        .await;
    // Back to the check, and on to all lines.
    journey.press("esc l");
    journey
        .until("lines of Lambda's own", |session| {
            (0..session.app.logs.store.shown_len())
                .filter_map(|index| session.app.logs.store.shown(index))
                .any(|entry| entry.text().starts_with("REPORT RequestId: "))
        })
        .await;
    journey.session.close().await;
}
