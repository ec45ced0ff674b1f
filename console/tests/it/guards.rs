//! What keeps a change from being made: each guard is met by something that would go through without it.

use std::time::Duration;

use callboard::cloud::Cloud;
use callboard::deploy::Failure;
use callboard::domain::{Intent, Parts, Problem, StageName, StepId, StepResult, Target};
use callboard::journal::Outcome;
use localcloud::faults::{Effect, Rule};
use tokio_util::sync::CancellationToken;

use crate::project::{Project, SECRET, Told};

const STAGE: StageName = StageName::Stage;
const PROD: StageName = StageName::Prod;

fn refused(outcome: Result<callboard::deploy::Done, Failure>) -> (String, bool) {
    match outcome {
        Err(Failure::Refused { problem, moved }) => (problem.to_string(), moved),
        other => panic!("{other:?}"),
    }
}

/// Somebody else sets the environment of stage's function, as soon as Lambda takes a change.
fn their_environment(project: &Project) -> impl Fn(&CancellationToken) + Send + Sync + 'static {
    let theirs = project.somebody_else();
    move |_| {
        let env = aws_sdk_lambda::types::Environment::builder().variables("SOME_ENV", "theirs").build();
        let work = async {
            let mut retry = tokio::time::interval(Duration::from_millis(20));
            loop {
                retry.tick().await;
                let change = theirs.update_function_configuration().function_name("hello-stage");
                if change.environment(env.clone()).send().await.is_ok() {
                    break;
                }
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
    }
}

async fn theirs_is_there(project: &Project, cloud: &Cloud) {
    let function = cloud.overview(&project.settings(), STAGE).await.expect("an overview").function;
    let env = function.and_then(|function| function.env).expect("an environment");
    assert_eq!(env.0.get("SOME_ENV").map(String::as_str), Some("theirs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_refuses_every_kind_of_change_and_sends_nothing() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    project.deploy(&cloud, STAGE).await;
    project.another_source("here");
    project.deploy(&cloud, STAGE).await;
    project.change(&cloud, &Intent::Promote).await.0.expect("promoted");
    let toml = std::fs::read_to_string(project.path().join("callboard.toml")).expect("settings");
    project.write(
        "callboard.toml",
        &format!("{toml}[stage.stage]\nread_only = true\n[stage.prod]\nread_only = true\n"),
    );
    let overview = cloud.overview(&project.settings(), PROD).await.expect("an overview");
    let prods = overview.gateway.expect("a stage").deployment_id;
    let to = || Target::Previous;
    let intents = [
        Intent::Deploy { stage: STAGE },
        Intent::Deploy { stage: PROD },
        Intent::Promote,
        Intent::RollBack { stage: STAGE, to: to(), parts: Parts::Both },
        Intent::RollBack { stage: STAGE, to: Target::Version(1), parts: Parts::Env },
        Intent::RollBackGateway { stage: STAGE, deployment: Some(prods) },
        Intent::TearDown { stage: Some(STAGE), logs: true },
        Intent::TearDown { stage: None, logs: false },
        Intent::Prune { keep: 0 },
    ];
    for intent in intents {
        let plan = project.plan_of(&cloud, &intent).await.expect("a plan");
        local.faults().clear_calls();
        let never = CancellationToken::new();
        let (why, moved) = refused(project.apply_whole(&cloud, &plan, &Told::default(), &never).await);
        assert!(why.contains("read-only") && !moved, "{intent:?}: {why}");
        assert_eq!(local.faults().calls(), [], "{intent:?} asked the cloud for something");
    }
    cloud.close().await;
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_came_up_meanwhile_keeps_what_both_share() {
    let project = Project::new();
    let cloud = project.cloud().await;
    project.deploy(&cloud, STAGE).await;
    let plan =
        project.plan_of(&cloud, &Intent::TearDown { stage: Some(STAGE), logs: false }).await.expect("a plan");
    project.change(&cloud, &Intent::Promote).await.0.expect("promoted");
    let never = CancellationToken::new();
    let (why, moved) = refused(project.apply_whole(&cloud, &plan, &Told::default(), &never).await);
    assert!(moved && why.contains("the other stage's function was changed by somebody else"), "{why}");
    let overview = cloud.overview(&project.settings(), PROD).await.expect("an overview");
    assert!(overview.function.is_some() && overview.gateway.is_some());
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_promoted_is_what_was_shown() {
    let project = Project::new();
    let cloud = project.cloud().await;
    project.deploy(&cloud, STAGE).await;
    let plan = project.plan_of(&cloud, &Intent::Promote).await.expect("a plan");
    project.another_source("here");
    project.deploy(&cloud, STAGE).await;
    let never = CancellationToken::new();
    let (_, moved) = refused(project.apply_whole(&cloud, &plan, &Told::default(), &never).await);
    assert!(moved);
    assert!(cloud.overview(&project.settings(), PROD).await.expect("an overview").function.is_none());
    cloud.close().await;
}

/// A deploy of another image and environment, after one step of which somebody else sets the environment; why it failed.
async fn overtaken_after(step: StepId) -> Problem {
    let project = Project::new();
    let cloud = project.cloud().await;
    project.deploy(&cloud, STAGE).await;
    project.another_source("here");
    project.write(".env.stage", "SOME_ENV=mine\n");
    let plan = project.plan(&cloud, STAGE).await;
    let told = Told::after(step, their_environment(&project));
    let never = CancellationToken::new();
    let problem = project.apply(&cloud, &plan, &told, &never).await.expect_err("theirs is there");
    theirs_is_there(&project, &cloud).await;
    cloud.close().await;
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_somebody_changed_in_mid_deploy_is_left_to_them() {
    let problem = overtaken_after(StepId::FunctionCode).await;
    assert!(problem.summary.contains("was changed in the meantime"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_only_replaced_if_it_is_the_one_that_was_seen() {
    let problem = overtaken_after(StepId::WaitForCode).await;
    assert!(problem.hint.contains("somebody else"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_elsewhere_or_that_this_machine_cannot_apply_is_refused() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    let plan = project.plan(&cloud, STAGE).await;
    local.faults().clear_calls();
    let never = CancellationToken::new();
    let mut elsewhere = plan.clone();
    elsewhere.region = "eu-central-1".to_owned();
    let (why, _) = refused(project.apply_whole(&cloud, &elsewhere, &Told::default(), &never).await);
    assert!(why.contains("another cloud"), "{why}");
    let mut blocked = plan;
    blocked.blocked = Some(Problem::new("there is no linker for arm64"));
    let (why, _) = refused(project.apply_whole(&cloud, &blocked, &Told::default(), &never).await);
    assert!(why.contains("no linker"), "{why}");
    assert_eq!(local.faults().calls(), []);
    cloud.close().await;
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_at_a_time_to_a_stage() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    project.deploy(&cloud, STAGE).await;
    project.write(".env.stage", "SOME_ENV=one\n");
    let plan = project.plan(&cloud, STAGE).await;
    local.faults().set(vec![Rule::on("UpdateFunctionConfiguration", Effect::HoldBefore)]).expect("a rule");
    let never = CancellationToken::new();
    let told = Told::default();
    let slow = project.apply_whole(&cloud, &plan, &told, &never);
    let quick = async {
        local.faults().met().await;
        let plan = project.plan(&cloud, STAGE).await;
        let outcome = project.apply_whole(&cloud, &plan, &Told::default(), &CancellationToken::new()).await;
        let (why, _) = refused(outcome);
        assert!(why.contains("another Callboard is changing stage"), "{why}");
        // The other stage is nobody's.
        let (prod, _) = project.change(&cloud, &Intent::Promote).await;
        assert!(prod.is_ok(), "{prod:?}");
        local.faults().clear();
    };
    let (slow, ()) = tokio::join!(slow, quick);
    assert!(slow.is_ok(), "{slow:?}");
    cloud.close().await;
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_tells_every_change_with_its_commands_and_no_secret() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let (first, _) = project.deploy(&cloud, STAGE).await;
    project.write(".env.stage", &format!("SOME_ENV=some\nPASSWORD={SECRET}-2\n"));
    project.deploy(&cloud, STAGE).await;
    let back = Intent::RollBack { stage: STAGE, to: Target::Previous, parts: Parts::Both };
    project.change(&cloud, &back).await.0.expect("rolled back");
    project.change(&cloud, &Intent::TearDown { stage: None, logs: true }).await.0.expect("torn down");
    let journal = project.journal();
    let told: Vec<(&str, &str, Outcome)> = journal
        .entries
        .iter()
        .map(|entry| (entry.what.as_str(), entry.stage.as_str(), entry.outcome))
        .collect();
    assert_eq!(
        told,
        [
            ("deploy", "stage", Outcome::Done),
            ("deploy", "stage", Outcome::Done),
            ("roll back", "stage", Outcome::Done),
            ("tear down", "both", Outcome::Done)
        ]
    );
    let entry = &journal.entries[2];
    assert_eq!(entry.who, "arn:aws:iam::000000000000:user/ops");
    assert_eq!(entry.to.as_ref().and_then(|to| to.tag.clone()), Some(first.tag));
    let all = journal.entries.iter().flat_map(|entry| &entry.commands).cloned().collect::<Vec<_>>();
    for begin in [
        "aws ecr create-repository",
        "aws iam create-role",
        "aws lambda create-function",
        "aws apigateway create-rest-api",
        "aws apigateway create-deployment",
        "aws lambda add-permission",
        "aws lambda update-function-configuration",
        "aws lambda publish-version",
        "aws apigateway delete-stage",
        "aws lambda delete-function",
        "aws logs delete-log-group",
    ] {
        assert!(all.iter().any(|command| command.starts_with(begin)), "{begin}: {all:#?}");
    }
    assert!(all.iter().any(|command| command.contains("PASSWORD=…")), "the key is what is shown");
    let text = std::fs::read_to_string(project.path().join(".callboard/journal.jsonl")).expect("a journal");
    assert!(!text.contains(SECRET));
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_has_not_spread_and_a_throttled_gateway_are_waited_for_and_told() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    let plan = project.plan(&cloud, STAGE).await;
    let not_yet = Effect::Error {
        status: 400,
        code: "InvalidParameterValueException".to_owned(),
        message: "The role defined for the function cannot be assumed by Lambda.".to_owned(),
    };
    local
        .faults()
        .set(vec![
            Rule::on("CreateFunction", not_yet).times(2),
            Rule::on("CreateDeployment", Effect::Throttle).times(2),
        ])
        .expect("rules");
    let told = Told::default();
    let deployed = project.apply(&cloud, &plan, &told, &CancellationToken::new()).await.expect("a deploy");
    assert!(deployed.green());
    let said = format!("{:?}", told.all());
    assert!(said.contains("the role has not reached Lambda yet: again in"), "{said}");
    assert!(said.contains("AWS limits how often this may be called: again in"), "{said}");
    assert!(said.contains("Countdown"), "{said}");
    let step =
        |wanted| told.results().into_iter().find(|(step, _)| *step == wanted).map(|(_, result)| result);
    assert_eq!(step(StepId::FunctionCode), Some(StepResult::Created));

    // A wait ends at once when the operator stops the change.
    project.write(".env.stage", "SOME_ENV=changed\n");
    let plan = project.plan(&cloud, STAGE).await;
    local.faults().set(vec![Rule::on("UpdateFunctionConfiguration", Effect::Throttle)]).expect("a rule");
    let stop = CancellationToken::new();
    let told = Told::default();
    let (outcome, ()) = tokio::join!(project.apply(&cloud, &plan, &told, &stop), async {
        local.faults().met().await;
        stop.cancel();
    });
    let problem = outcome.expect_err("stopped");
    assert!(problem.hint.contains("callboard deploy stage"), "{problem}");
    cloud.close().await;
    local.stop().await;
}
