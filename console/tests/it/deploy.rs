//! The deploy against a local cloud in this process: from nothing, again, changed, stopped, and kept from changing.

use callboard::cloud::LogRange;
use callboard::deploy::Action;
use callboard::domain::{EnvKeyState, Progress, StageName, StepId, StepResult};
use callboard::journal::Outcome;
use localcloud::faults::SlowIam;
use tokio_util::sync::CancellationToken;

use crate::project::{Project, SECRET, Told};

async fn greeting(url: &str) -> serde_json::Value {
    let http = callboard::http::client().expect("a client");
    http.get(format!("{url}/api/v0")).send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deploy_waits_for_its_new_role() {
    let project = Project::new();
    let local = project.local_cloud().await;
    local.faults().slow_iam(SlowIam { role_delay_ms: 1500 }).expect("a delay");
    let cloud = project.cloud().await;
    let (deployed, _) = project.deploy(&cloud, StageName::Stage).await;
    assert!(deployed.green(), "{deployed:#?}");
    let calls = local.faults().calls();
    let tries = calls.iter().filter(|call| call.operation == "CreateFunction");
    let said: Vec<Option<u16>> = tries.map(|call| call.status).collect();
    let [refused @ .., Some(201)] = said.as_slice() else { panic!("{said:?}") };
    assert!(!refused.is_empty() && refused.iter().all(|status| *status == Some(400)), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_an_answer_and_again_without_a_change() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let plan = project.plan(&cloud, StageName::Stage).await;
    assert!(plan.changes().iter().all(|change| change.action == Action::Create), "{plan:#?}");
    let (deployed, told) = project.deploy(&cloud, StageName::Stage).await;
    let steps: Vec<StepId> = told.results().into_iter().map(|(step, _)| step).collect();
    // The gateway's own errors are left alone unless callboard.toml asks for it.
    let wanted: Vec<StepId> =
        StepId::DEPLOY.into_iter().filter(|step| *step != StepId::ErrorResponses).collect();
    assert_eq!(steps, wanted);
    let created: Vec<StepId> = told
        .results()
        .into_iter()
        .filter(|(_, result)| *result == StepResult::Created)
        .map(|(step, _)| step)
        .collect();
    assert_eq!(
        created,
        [
            StepId::Repository,
            StepId::Push,
            StepId::Role,
            StepId::FunctionCode,
            StepId::Record,
            StepId::Api,
            StepId::Resources,
            StepId::Integration,
            StepId::Permission,
            StepId::Deployment
        ]
    );
    assert!(deployed.green(), "{deployed:#?}");
    assert_eq!(
        greeting(&deployed.url.clone().expect("a URL")).await,
        serde_json::json!({"ENV": "stage", "SOME_ENV": "some"})
    );
    let overview = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    let function = overview.function.expect("a function");
    assert_eq!(function.memory_mb, 256);
    assert_eq!(function.stamp.image_tag.as_deref(), Some(deployed.tag.as_str()));
    assert_eq!(function.stamp.deployed_by.as_deref(), Some("arn:aws:iam::000000000000:user/ops"));
    assert!(function.stamp.deployed_at.is_some());
    assert!(overview.env.in_step());
    assert_eq!(overview.gateway.map(|stage| stage.url), deployed.url);

    let plan = project.plan(&cloud, StageName::Stage).await;
    assert!(!plan.changes_anything(), "{plan:#?}");
    let (again, told) = project.deploy(&cloud, StageName::Stage).await;
    assert_eq!(told.changed(), []);
    assert!(!told.all().iter().any(|told| matches!(told, Progress::Bytes { .. })), "something was pushed");
    assert_eq!((again.tag, again.digest), (deployed.tag, deployed.digest));
    let now = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    assert_eq!(now.function.expect("a function").revision_id, function.revision_id);
    let outcomes: Vec<Outcome> = project.journal().entries.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Done, Outcome::Done]);
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prod_joins_stage_and_each_change_touches_its_own() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let (stage, _) = project.deploy(&cloud, StageName::Stage).await;
    let (prod, told) = project.deploy(&cloud, StageName::Prod).await;
    let created = |step| (step, StepResult::Created);
    assert_eq!(
        told.changed(),
        [
            created(StepId::FunctionCode),
            created(StepId::Record),
            created(StepId::Permission),
            created(StepId::Deployment)
        ]
    );
    assert_eq!(prod.digest, stage.digest);
    assert_eq!(greeting(&prod.url.clone().expect("a URL")).await["ENV"], "prod");
    assert_eq!(greeting(&stage.url.clone().expect("a URL")).await["ENV"], "stage");

    project.write(".env.stage", "SOME_ENV=changed\n");
    let plan = project.plan(&cloud, StageName::Stage).await;
    let change = plan.changes().into_iter().find(|change| change.resource.starts_with("configuration"));
    let change = change.expect("a configuration");
    assert_eq!(change.action, Action::Update);
    assert_eq!(change.detail, "env: 1 DELETED, 1 changed");
    let states: Vec<_> = plan.env.keys.iter().map(|key| (key.key.as_str(), key.state)).collect();
    assert!(states.contains(&("PASSWORD", EnvKeyState::OnlyDeployed)), "{states:?}");
    let (_, told) = project.deploy(&cloud, StageName::Stage).await;
    assert_eq!(told.changed(), [(StepId::Configuration, StepResult::Updated), created(StepId::Record)]);
    assert_eq!(greeting(&stage.url.clone().expect("a URL")).await["SOME_ENV"], "changed");
    assert_eq!(greeting(&prod.url.clone().expect("a URL")).await["SOME_ENV"], "other");

    let source = project.path().join("service/src/main.rs");
    let text = std::fs::read_to_string(&source).expect("the source");
    project.write("service/src/main.rs", &text.replace("\"Not Found\"", "\"Not here\""));
    let (changed, told) = project.deploy(&cloud, StageName::Stage).await;
    assert_eq!(
        told.changed(),
        [created(StepId::Push), (StepId::FunctionCode, StepResult::Updated), created(StepId::Record)]
    );
    assert_ne!(changed.digest, stage.digest);
    let overview = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    let stamp = overview.function.expect("a function").stamp;
    assert!(stamp.git.expect("a commit").ends_with('+'), "the source is not committed");
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_was_stopped_says_so_and_goes_on_from_there() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let plan = project.plan(&cloud, StageName::Stage).await;
    let told = Told::stopping_after(StepId::Role);
    let problem =
        project.apply(&cloud, &plan, &told, &CancellationToken::new()).await.expect_err("it was stopped");
    assert_eq!(problem.summary, "the deploy of stage was stopped before the step keep what ran");
    assert!(problem.detail.contains("changed so far: repository, push, role"), "{problem}");
    assert!(problem.detail.contains("not done: keep what ran, function code, wait for code"), "{problem}");
    assert_eq!(project.journal().entries[0].outcome, Outcome::Failed);
    let (deployed, told) = project.deploy(&cloud, StageName::Stage).await;
    assert_eq!(told.changed().first(), Some(&(StepId::FunctionCode, StepResult::Created)));
    assert!(deployed.green());
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_changed_is_not_changed() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let stale = project.plan(&cloud, StageName::Stage).await;
    let (deployed, _) = project.deploy(&cloud, StageName::Stage).await;
    let before = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    let never = CancellationToken::new();

    let problem = project.apply(&cloud, &stale, &Told::default(), &never).await.expect_err("out of date");
    assert_eq!(problem.summary, "the plan is out of date: nothing was changed");

    project.write(".env.stage", "SOME_ENV=changed\n");
    let toml = std::fs::read_to_string(project.path().join("callboard.toml")).expect("settings");
    project.write("callboard.toml", &format!("{toml}[stage.stage]\nread_only = true\n"));
    let plan = project.plan(&cloud, StageName::Stage).await;
    let problem = project.apply(&cloud, &plan, &Told::default(), &never).await.expect_err("read-only");
    assert_eq!(problem.summary, "stage is read-only: nothing was changed");

    let after = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    assert_eq!(before.function, after.function);
    assert_eq!(greeting(&deployed.url.clone().expect("a URL")).await["SOME_ENV"], "some");
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_somebody_changed_meanwhile_is_left_to_them() {
    let project = Project::new();
    let cloud = project.cloud().await;
    project.deploy(&cloud, StageName::Stage).await;
    let source = std::fs::read_to_string(project.path().join("service/src/main.rs")).expect("the source");
    project.write("service/src/main.rs", &source.replace("Not Found", "Not here"));
    let plan = project.plan(&cloud, StageName::Stage).await;
    let theirs = project.somebody_else();
    let told = Told::after(StepId::Push, move |_| {
        let change =
            theirs.update_function_configuration().function_name("hello-stage").memory_size(512).send();
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(change).expect("their change");
        });
    });
    let problem = project
        .apply(&cloud, &plan, &told, &CancellationToken::new())
        .await
        .expect_err("it is not the function that was planned for");
    assert_eq!(problem.summary, "could not update the code of hello-stage");
    assert!(problem.hint.contains("somebody else"), "{problem}");
    assert!(problem.detail.contains("changed so far: push"), "{problem}");
    let overview = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    let function = overview.function.expect("a function");
    assert_eq!((function.memory_mb, function.image.digest), (512, plan.running.expect("an image").digest));
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_the_environment_is_seen_nowhere() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let plan = project.plan(&cloud, StageName::Stage).await;
    let (_, told) = project.deploy(&cloud, StageName::Stage).await;
    let overview = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    let journal =
        std::fs::read_to_string(project.path().join(".callboard/journal.jsonl")).expect("a journal");
    let seen = format!("{plan:?} {:?} {overview:?} {journal} {cloud:?}", told.all());
    assert!(seen.contains("PASSWORD"), "the key is what is shown");
    assert!(!seen.contains(SECRET));
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_changes_nothing_and_says_why() {
    let project = Project::new();
    let cloud = project.cloud().await;
    project.write("service/src/main.rs", "fn main() { not_rust }");
    let plan = project.plan(&cloud, StageName::Stage).await;
    let told = Told::default();
    let problem = project
        .apply(&cloud, &plan, &told, &CancellationToken::new())
        .await
        .expect_err("it does not compile");
    assert!(problem.detail.contains("not_rust"), "{problem}");
    assert!(problem.detail.contains("changed so far: nothing"), "{problem}");
    assert!(matches!(told.all().last(), Some(Progress::Failed(StepId::Build, _))));
    let overview = cloud.overview(&project.settings(), StageName::Stage).await.expect("an overview");
    assert_eq!((overview.function, overview.gateway), (None, None));
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workspaces_own_service_answers_and_passes_its_checks() {
    let project = Project::new();
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    project.write(
        "callboard.toml",
        &format!(
            "name = \"hello\"\n[build]\nservice_dir = {workspace:?}\npackage = \"service\"\nprofile = \"lambda\"\n"
        ),
    );
    project.write(".env.stage", "SOME_ENV=some\nOTHER_ENV=other\n");
    let cloud = project.cloud().await;
    let (deployed, _) = project.deploy(&cloud, StageName::Stage).await;
    assert!(deployed.green(), "{deployed:#?}");
    let expected = serde_json::json!({"ENV": "stage", "message": "Hello World!", "SOME_ENV": "some", "OTHER_ENV": "other"});
    assert_eq!(greeting(&deployed.url.clone().expect("a URL")).await, expected);
    let group = project.settings().log_group(StageName::Stage);
    let page = cloud.log_page(&LogRange::from(&group, 0), None).await.expect("logs");
    assert!(
        page.group_exists && page.events.iter().any(|event| event.message.starts_with("REPORT RequestId: "))
    );
    let none = cloud.log_page(&LogRange::from("/aws/lambda/hello-prod", 0), None).await.expect("logs");
    assert!(!none.group_exists);
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_own_errors_are_given_cors_headers_once() {
    let project = Project::of_puppet();
    let settings = Project::puppets_settings("");
    project.write("callboard.toml", &settings.replace("cors_on_errors = true", "cors_on_errors = false"));
    let cloud = project.cloud().await;
    let (_, told) = project.deploy(&cloud, StageName::Stage).await;
    assert!(!told.results().iter().any(|(step, _)| *step == StepId::ErrorResponses));

    // The plan says it, the deploy does it, with a new deployment, and no other time.
    project.write("callboard.toml", &settings);
    let plan = project.plan(&cloud, StageName::Stage).await;
    let change = plan.changes().into_iter().find(|change| change.resource == "gateway's own errors");
    let change = change.expect("a change");
    assert_eq!(
        (change.action, change.detail.as_str()),
        (Action::Update, "DEFAULT_4XX, DEFAULT_5XX with CORS headers")
    );
    let (_, told) = project.deploy(&cloud, StageName::Stage).await;
    let updated = |step| (step, StepResult::Updated);
    assert_eq!(told.changed(), [updated(StepId::ErrorResponses), updated(StepId::Deployment)]);
    let (_, told) = project.deploy(&cloud, StageName::Stage).await;
    assert_eq!(told.changed(), []);

    // What somebody made of an error stays, with the headers added.
    let gateway = project.somebody_else_at_the_gateway();
    let apis = gateway.get_rest_apis().send().await.expect("the APIs");
    let api = apis.items()[0].id().expect("an id");
    let kind = aws_sdk_apigateway::types::GatewayResponseType::Default4Xx;
    let put = gateway.put_gateway_response().rest_api_id(api).response_type(kind.clone());
    put.response_templates("application/json", "{\"own\":true}").send().await.expect("put");
    let (_, told) = project.deploy(&cloud, StageName::Stage).await;
    assert_eq!(told.changed()[0], updated(StepId::ErrorResponses));
    let now = gateway.get_gateway_response().rest_api_id(api).response_type(kind).send().await.expect("read");
    assert_eq!(now.response_templates().expect("templates")["application/json"], "{\"own\":true}");
    let parameters = now.response_parameters().expect("parameters");
    assert_eq!(parameters["gatewayresponse.header.access-control-allow-origin"], "'*'");
}
