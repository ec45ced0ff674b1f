//! The deploy screen in each of its phases. The plan is a real one, of an empty account on the local cloud.

use std::time::Duration;

use callboard::app::{Action, Answer, App, Command, Effect, Event, Query, Ticket};
use callboard::deploy::{Deployed, Done, Failure, Plan};
use callboard::domain::{
    CheckKind, Digest, Intent, Parts, Problem, Progress, StageName, StepId, StepResult, Target,
};

use crate::frames::{NARROW, WIDE, connected, frame, now, report};
use crate::project::Project;

async fn plan_of_an_empty_account(stage: StageName) -> Plan {
    let project = Project::new();
    let cloud = project.cloud().await;
    let plan = project.plan(&cloud, stage).await;
    cloud.close().await;
    plan
}

/// Presses the key that plans a deploy; what was asked.
fn planning(app: &mut App, stage: StageName) -> (Ticket, Query) {
    match app.act(Action::Change(Intent::Deploy { stage }), now()).as_slice() {
        [Effect::Read(ticket, query)] => (*ticket, query.clone()),
        other => panic!("{other:?}"),
    }
}

fn planned(app: &mut App, stage: StageName, plan: Result<Plan, Problem>) {
    let (ticket, query) = planning(app, stage);
    app.hear(Event::Answered { ticket, query, answer: Answer::Planned(Box::new(plan)) }, now());
}

/// The frame with the commit of the test's own repository, which differs each time, blotted out.
fn blotted(app: &App, plan: &Plan) -> String {
    let commit = plan.source.as_ref().and_then(|source| source.commit.clone()).expect("a commit");
    frame(app).replace(&commit, &"x".repeat(commit.len()))
}

/// Confirms the plan of a deploy to stage and gives the change's ticket.
fn started(app: &mut App, plan: Plan) -> Ticket {
    planned(app, StageName::Stage, Ok(plan));
    app.act(Action::NextFocus, now());
    match app.act(Action::Submit, now()).as_slice() {
        [Effect::Change(ticket, Command::Apply(_))] => *ticket,
        other => panic!("{other:?}"),
    }
}

fn ended(step: StepId, result: StepResult, detail: &str) -> Progress {
    Progress::Ended { step, result, detail: detail.to_owned(), took: Duration::from_millis(1234) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_read_shown_and_asked_about() {
    let mut app = connected(WIDE);
    planning(&mut app, StageName::Stage);
    insta::assert_snapshot!("deploy_planning", frame(&app));

    let plan = plan_of_an_empty_account(StageName::Stage).await;
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = connected(size);
        planned(&mut app, StageName::Stage, Ok(plan.clone()));
        insta::assert_snapshot!(format!("deploy_confirm_stage_{name}"), blotted(&app, &plan));
    }
    let plan = plan_of_an_empty_account(StageName::Prod).await;
    let mut app = connected(WIDE);
    planned(&mut app, StageName::Prod, Ok(plan.clone()));
    for character in "pro".chars() {
        app.act(Action::Type(character), now());
    }
    insta::assert_snapshot!("deploy_confirm_prod", blotted(&app, &plan));

    let mut app = connected(NARROW);
    let problem = Problem::new(".env.stage cannot be read")
        .because("No such file or directory")
        .fix("write the stage's environment variables into .env.stage");
    planned(&mut app, StageName::Stage, Err(problem));
    insta::assert_snapshot!("deploy_plan_failed", frame(&app));
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_run_and_end_well_or_badly() {
    let plan = plan_of_an_empty_account(StageName::Stage).await;
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = connected(size);
        let ticket = started(&mut app, plan.clone());
        let mut tell = |progress| app.hear(Event::Progressed { ticket, progress }, now());
        tell(ended(StepId::Identity, StepResult::Done, "ops in us-east-1"));
        tell(Progress::Started(StepId::Build));
        tell(Progress::Output(StepId::Build, "   Compiling service v0.1.0\u{1b}[2J".to_owned()));
        tell(ended(StepId::Build, StepResult::Done, "service 9.8 MB"));
        tell(ended(StepId::Repository, StepResult::Created, "hello"));
        tell(Progress::Started(StepId::Push));
        tell(Progress::Bytes { step: StepId::Push, done: 1_200_000, total: 3_900_000 });
        insta::assert_snapshot!(format!("deploy_running_{name}"), frame(&app));

        let problem = Problem::new("ecr:PutImage was refused")
            .because("identity, build, image and repository are done; nothing after push was started")
            .fix("deploy again: it goes on from what is there");
        app.hear(
            Event::Progressed { ticket, progress: Progress::Failed(StepId::Push, problem.clone()) },
            now(),
        );
        let failure = Failure::Failed { problem, way_back: None };
        app.hear(Event::Changed { ticket, result: Err(Box::new(failure)) }, now());
        insta::assert_snapshot!(format!("deploy_failed_{name}"), frame(&app));
    }
    let mut app = connected(WIDE);
    let ticket = started(&mut app, plan);
    for step in StepId::DEPLOY {
        app.hear(Event::Progressed { ticket, progress: ended(step, StepResult::Unchanged, "") }, now());
    }
    let deployed = Deployed {
        stage: StageName::Stage,
        tag: "20261122_120001".to_owned(),
        digest: Digest(format!("sha256:{}", "a".repeat(64))),
        url: Some("http://127.0.0.1:4567/stage".to_owned()),
        smoke: Some(report(StageName::Stage, CheckKind::Smoke, true)),
        cors: Some(report(StageName::Stage, CheckKind::Cors, false)),
    };
    let stage = StageName::Stage;
    let back = Intent::RollBack { stage, to: Target::Version(6), parts: Parts::Both };
    let intent = Intent::Deploy { stage };
    let done = Done { intent, deployed: Some(deployed), way_back: Some(back) };
    app.hear(Event::Changed { ticket, result: Ok(Box::new(done)) }, now());
    insta::assert_snapshot!("deploy_ended_with_a_failing_check", frame(&app));
}

#[tokio::test(flavor = "multi_thread")]
async fn prod_is_changed_only_after_its_name_was_typed() {
    let plan = plan_of_an_empty_account(StageName::Prod).await;
    let mut app = connected(WIDE);
    planned(&mut app, StageName::Prod, Ok(plan));
    let changes = |app: &mut App| {
        let effects = app.act(Action::Submit, now());
        effects.iter().any(|effect| matches!(effect, Effect::Change(..)))
    };
    assert!(!changes(&mut app), "nothing was typed");
    app.act(Action::NextFocus, now());
    assert!(!changes(&mut app), "a button is not a name");
    app.act(Action::Paste("prod".to_owned()), now());
    assert!(!changes(&mut app), "a pasted name is no proof that it was read");
    for character in "stage".chars() {
        app.act(Action::Type(character), now());
    }
    assert!(!changes(&mut app), "another name");
    app.act(Action::EraseAll, now());
    for character in "prod".chars() {
        app.act(Action::Type(character), now());
    }
    assert!(changes(&mut app));
}
