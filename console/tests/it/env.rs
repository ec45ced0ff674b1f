//! The environment screen at work: files that change on the disk, and from there to the plan of a deploy.

use callboard::app::ScreenName;
use callboard::domain::StageName;
use callboard::envfile::Rule;
use callboard::runtime::session::Session;
use callboard::screen::env::Standing;

use crate::journeys::Journey;
use crate::project::Project;

fn found(session: &Session) -> Vec<(String, Rule)> {
    session.app.env.findings().iter().map(|finding| (finding.place(), finding.rule)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_on_the_screen_and_a_deploy_warns() {
    let project = Project::new();
    let mut journey = Journey::begin(&project);
    journey.press("e");
    assert_eq!(journey.session.app.screen(), ScreenName::Env);
    let missing = (".env.prod".to_owned(), Rule::MissingInOneStage);
    let only = [missing.clone()];
    journey.until("the files", |session| found(session) == only).await;
    journey
        .until("what is deployed", |session| {
            let app = &session.app;
            app.env.standing(&app.board, StageName::Stage) == Standing::New(3)
        })
        .await;

    project.write(".env.prod", "PASSWORD=x\nSOME_ENV=a\nSOME_ENV=b\n");
    let twice = (".env.prod:3".to_owned(), Rule::DuplicateKey);
    journey.until("the save", |session| found(session) == [twice.clone()]).await;
    journey.press("D");
    journey.settle().await;
    let refused = journey.session.app.deploy.as_ref().map(|deploy| format!("{:?}", deploy.phase));
    assert!(refused.expect("a plan").contains(".env.prod:3 cannot be deployed"));

    project.write(".env.prod", "SOME_ENV=a\n");
    project.write(".env", "ENV=dev\n");
    journey.press("esc");
    let local = (".env:1".to_owned(), Rule::EnvInLocalFile);
    let both = [missing, local];
    journey.until("the other findings", |session| found(session) == both).await;
    journey.press("D");
    journey.settle().await;
    let frame = crate::frames::frame(&journey.session.app);
    assert!(frame.contains("! .env.prod: PASSWORD is not set here, and .env.stage:2 sets it"), "{frame}");
    assert!(frame.contains("! .env:1: ENV is set for runs on this machine"), "{frame}");
    journey.session.close().await;
}
