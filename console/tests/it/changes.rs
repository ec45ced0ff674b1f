//! Promote, roll back, tear down and prune against a local cloud in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use callboard::cloud::{Cloud, LogRange};
use callboard::deploy::{Action, Done, Failure};
use callboard::domain::{Digest, Intent, Overview, Parts, StageName, StepId, Target};
use localcloud::faults::{Effect, Rule};

use crate::project::Project;

const STAGE: StageName = StageName::Stage;
const PROD: StageName = StageName::Prod;

async fn done(project: &Project, cloud: &Cloud, intent: Intent) -> Done {
    match project.change(cloud, &intent).await {
        (Ok(done), _) => done,
        (Err(failure), told) => panic!("{}\n{:#?}", failure.problem(), told.all()),
    }
}

fn digest(done: &Done) -> Digest {
    done.deployed.as_ref().expect("a stage that runs something").digest.clone()
}

async fn overview(project: &Project, cloud: &Cloud, stage: StageName) -> Overview {
    cloud.overview(&project.settings(), stage).await.expect("an overview")
}

async fn env(project: &Project, cloud: &Cloud, stage: StageName, key: &str) -> Option<String> {
    let function = overview(project, cloud, stage).await.function.expect("a function");
    function.env.expect("an environment").0.get(key).cloned()
}

fn back(stage: StageName, to: Target, parts: Parts) -> Intent {
    Intent::RollBack { stage, to, parts }
}

#[tokio::test(flavor = "multi_thread")]
async fn prod_is_given_the_image_that_stage_runs_and_goes_back() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let problem = project.plan_of(&cloud, &Intent::Promote).await.expect_err("nothing to promote");
    assert!(problem.hint.contains("callboard deploy stage"), "{problem}");
    let first = done(&project, &cloud, Intent::Deploy { stage: STAGE }).await;
    // Prod is made whole by its first promotion.
    let (promoted, told) = project.change(&cloud, &Intent::Promote).await;
    let promoted = promoted.unwrap_or_else(|failure| panic!("{}", failure.problem()));
    assert!(promoted.green(), "{promoted:#?}");
    assert_eq!(digest(&promoted), digest(&first));
    let steps: Vec<StepId> = told.results().into_iter().map(|(step, _)| step).collect();
    assert!(!steps.contains(&StepId::Build) && !steps.contains(&StepId::Push), "nothing is built: {steps:?}");
    assert_eq!(env(&project, &cloud, PROD, "SOME_ENV").await.as_deref(), Some("other"), "prod's own");
    assert_eq!(env(&project, &cloud, PROD, "ENV").await.as_deref(), Some("prod"));

    project.another_source("here");
    project.write(".env.prod", "SOME_ENV=third\nMORE=1\n");
    let second = done(&project, &cloud, Intent::Deploy { stage: STAGE }).await;
    assert_ne!(digest(&second), digest(&first));
    let promoted = done(&project, &cloud, Intent::Promote).await;
    assert_eq!(digest(&promoted), digest(&second));
    let way_back = promoted.way_back.clone().expect("a way back");

    // Image and environment that ran together come back together, whatever the files say by now.
    project.write(".env.prod", "SOME_ENV=fourth\n");
    let rolled = done(&project, &cloud, way_back).await;
    assert_eq!(digest(&rolled), digest(&first));
    assert_eq!(env(&project, &cloud, PROD, "SOME_ENV").await.as_deref(), Some("other"));
    assert_eq!(env(&project, &cloud, PROD, "MORE").await, None);
    let function = overview(&project, &cloud, PROD).await.function.expect("a function");
    assert_eq!(
        function.stamp.image_tag,
        first.deployed.map(|deployed| deployed.tag),
        "its tag comes back too"
    );

    // And forth again: `previous` is what ran before what runs.
    let again = done(&project, &cloud, back(PROD, Target::Previous, Parts::Both)).await;
    assert_eq!(digest(&again), digest(&second));
    assert_eq!(env(&project, &cloud, PROD, "SOME_ENV").await.as_deref(), Some("third"));
    assert_eq!(digest(&done(&project, &cloud, Intent::Promote).await), digest(&second));
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_alone_or_the_environment_alone_comes_back() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let deploy = Intent::Deploy { stage: STAGE };
    let first = done(&project, &cloud, deploy.clone()).await;
    project.another_source("here");
    project.write(".env.stage", "SOME_ENV=second\n");
    let second = done(&project, &cloud, deploy.clone()).await;

    let image = done(&project, &cloud, back(STAGE, Target::Previous, Parts::Image)).await;
    assert_eq!(digest(&image), digest(&first));
    assert_eq!(env(&project, &cloud, STAGE, "SOME_ENV").await.as_deref(), Some("second"));
    let tag = second.deployed.as_ref().expect("deployed").tag.clone();
    let image = done(&project, &cloud, back(STAGE, Target::Image(tag), Parts::Image)).await;
    assert_eq!(digest(&image), digest(&second));

    // The newest version has another image and this environment: it is not what is asked for.
    let (only_env, told) = project.change(&cloud, &back(STAGE, Target::Previous, Parts::Env)).await;
    let only_env = only_env.unwrap_or_else(|failure| panic!("{}", failure.problem()));
    assert_eq!(digest(&only_env), digest(&second), "the image stays");
    assert_eq!(env(&project, &cloud, STAGE, "SOME_ENV").await.as_deref(), Some("some"));
    assert!(!told.results().iter().any(|(step, _)| *step == StepId::FunctionCode));

    // What somebody else changed is kept before it is replaced, so that even that can be gone back to.
    let theirs = project.somebody_else();
    let variables = aws_sdk_lambda::types::Environment::builder().variables("THEIRS", "1").build();
    let change = theirs.update_function_configuration().function_name("hello-stage").environment(variables);
    change.send().await.expect("their change");
    let deployed = done(&project, &cloud, deploy).await;
    assert_eq!(env(&project, &cloud, STAGE, "THEIRS").await, None);
    done(&project, &cloud, deployed.way_back.expect("a way back")).await;
    assert_eq!(env(&project, &cloud, STAGE, "THEIRS").await.as_deref(), Some("1"));

    let unknown = back(STAGE, Target::Image("v9".to_owned()), Parts::Both);
    let problem = project.plan_of(&cloud, &unknown).await.expect_err("no such image");
    assert!(problem.hint.contains("callboard images"), "{problem}");
    let unknown = back(STAGE, Target::Version(99), Parts::Both);
    assert!(project.plan_of(&cloud, &unknown).await.is_err());
    let nothing = back(PROD, Target::Previous, Parts::Both);
    let problem = project.plan_of(&cloud, &nothing).await.expect_err("prod was never deployed");
    assert!(problem.hint.contains("callboard deploy prod"), "{problem}");
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_deploy_left_is_known_by_its_commit_when_it_comes_back() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    let deploy = Intent::Deploy { stage: STAGE };
    let failed = Effect::Error { status: 500, code: "ServiceException".to_owned(), message: String::new() };
    local.faults().set(vec![Rule::on("lambda:PublishVersion", failed)]).expect("a rule");
    let (outcome, _) = project.change(&cloud, &deploy).await;
    assert!(outcome.is_err(), "{outcome:#?}");
    local.faults().clear();
    let first = done(&project, &cloud, deploy.clone()).await;
    let git = overview(&project, &cloud, STAGE).await.function.expect("a function").stamp.git;
    project.another_source("here");
    done(&project, &cloud, deploy).await;
    let rolled = done(&project, &cloud, back(STAGE, Target::Previous, Parts::Both)).await;
    assert_eq!(digest(&rolled), digest(&first));
    assert_eq!(overview(&project, &cloud, STAGE).await.function.expect("a function").stamp.git, git);
    cloud.close().await;
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_the_repository_lost_is_not_promised() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let deploy = Intent::Deploy { stage: STAGE };
    let first = done(&project, &cloud, deploy.clone()).await;
    project.another_source("here");
    project.write(".env.stage", "SOME_ENV=second\n");
    done(&project, &cloud, deploy).await;
    let plan = project.plan_of(&cloud, &back(STAGE, Target::Previous, Parts::Both)).await.expect("a plan");
    let ecr = project.somebody_else_at_ecr();
    let id = aws_sdk_ecr::types::ImageIdentifier::builder().image_digest(digest(&first).0).build();
    ecr.batch_delete_image().repository_name("hello").image_ids(id).send().await.expect("deleted");
    let told = crate::project::Told::default();
    let never = tokio_util::sync::CancellationToken::new();
    match project.apply_whole(&cloud, &plan, &told, &never).await {
        Err(Failure::Refused { problem, moved: true }) => {
            assert!(problem.detail.contains("no longer in the repository"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    let problem =
        project.plan_of(&cloud, &back(STAGE, Target::Previous, Parts::Both)).await.expect_err("it is gone");
    assert!(problem.summary.contains("no longer in the repository"), "{problem}");
    // The environment alone can still come back.
    project.plan_of(&cloud, &back(STAGE, Target::Previous, Parts::Env)).await.expect("a plan");
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_answers_with_an_earlier_deployment() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let deploy = Intent::Deploy { stage: STAGE };
    let url = done(&project, &cloud, deploy.clone()).await.deployed.and_then(|one| one.url).expect("a URL");
    // Somebody takes the route away and deploys that.
    let apis = project.somebody_else_at_the_gateway();
    let view = cloud.gateway_view(&project.settings()).await.expect("a view");
    let (api, good) = (view.api.expect("an API").id, view.deployments[0].id.clone());
    let resources = apis.get_resources().rest_api_id(&api).send().await.expect("resources");
    let proxy = resources.items().iter().find(|one| one.path() == Some("/{proxy+}")).expect("a resource");
    let delete = apis.delete_resource().rest_api_id(&api).resource_id(proxy.id().expect("an id"));
    delete.send().await.expect("deleted");
    apis.create_deployment().rest_api_id(&api).stage_name("stage").send().await.expect("deployed");
    let http = callboard::http::client().expect("a client");
    let status =
        async || http.get(format!("{url}/api/v0")).send().await.expect("an answer").status().as_u16();
    assert_eq!(status().await, 403, "the route is gone");
    let intent = Intent::RollBackGateway { stage: STAGE, deployment: None };
    let rolled = done(&project, &cloud, intent).await;
    assert!(rolled.green(), "{rolled:#?}");
    assert!(matches!(rolled.way_back, Some(Intent::RollBackGateway { deployment: Some(_), .. })));
    assert_eq!(status().await, 200);
    let gateway = overview(&project, &cloud, STAGE).await.gateway.expect("a stage");
    assert_eq!(gateway.deployment_id, good);
    let unknown = Intent::RollBackGateway { stage: STAGE, deployment: Some("nothere".to_owned()) };
    assert!(project.plan_of(&cloud, &unknown).await.is_err());
    // The next deploy sees that the resources are not as they should be.
    let plan = project.plan_of(&cloud, &deploy).await.expect("a plan");
    assert!(plan.changes_anything());
    assert!(done(&project, &cloud, deploy).await.green());
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tearing_stage_down_leaves_prod_answering_under_load() {
    let project = Project::new();
    let cloud = project.cloud().await;
    done(&project, &cloud, Intent::Deploy { stage: STAGE }).await;
    let prod = done(&project, &cloud, Intent::Promote).await;
    let url = prod.deployed.and_then(|deployed| deployed.url).expect("a URL");
    let (stop, answered, failed) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (stop, answered, failed, url) =
                (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&failed), format!("{url}/api/v0"));
            tokio::spawn(async move {
                let http = callboard::http::client().expect("a client");
                while !stop.load(Ordering::Relaxed) {
                    let good = matches!(http.get(&url).send().await, Ok(answer) if answer.status() == 200);
                    if good { &answered } else { &failed }.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let torn = done(&project, &cloud, Intent::TearDown { stage: Some(STAGE), logs: true }).await;
    assert_eq!(torn.sentence(), "stage is torn down");
    // Long enough after it that a late effect would be seen.
    let before = answered.load(Ordering::Relaxed);
    while answered.load(Ordering::Relaxed) < before + 200 && failed.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    for worker in load {
        worker.await.expect("a worker");
    }
    let (answered, failed) = (answered.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    println!("prod answered {answered} requests while stage was torn down, {failed} failed");
    assert_eq!(failed, 0);
    let stage = overview(&project, &cloud, STAGE).await;
    assert_eq!((stage.function, stage.gateway), (None, None));
    let logs = cloud.log_page(&LogRange::from("/aws/lambda/hello-stage", 0), None).await.expect("logs");
    assert!(!logs.group_exists, "its log group was to go");
    assert!(
        cloud.log_page(&LogRange::from("/aws/lambda/hello-prod", 0), None).await.expect("logs").group_exists
    );
    assert!(overview(&project, &cloud, PROD).await.function.is_some());

    // Again: nothing is left to do. Then prod, the last one, and with it what the stages shared.
    let plan = project.plan_of(&cloud, &Intent::TearDown { stage: Some(STAGE), logs: true }).await;
    assert!(!plan.expect("a plan").changes_anything());
    let last = Intent::TearDown { stage: Some(PROD), logs: false };
    let plan = project.plan_of(&cloud, &last).await.expect("a plan");
    let deleted: Vec<String> = plan
        .changes()
        .into_iter()
        .filter(|change| change.action == Action::Delete)
        .map(|change| change.resource)
        .collect();
    assert_eq!(
        deleted,
        [
            "gateway stage prod",
            "function hello-prod",
            "API hello",
            "role hello-lambda-ex",
            "repository hello"
        ]
    );
    done(&project, &cloud, last).await;
    assert!(
        cloud.log_page(&LogRange::from("/aws/lambda/hello-prod", 0), None).await.expect("logs").group_exists,
        "kept"
    );
    let plan = project.plan(&cloud, STAGE).await;
    assert!(plan.changes().iter().all(|change| change.action == Action::Create), "{:#?}", plan.changes());
    // From there everything comes up again.
    assert!(done(&project, &cloud, Intent::Deploy { stage: STAGE }).await.green());
    done(&project, &cloud, Intent::TearDown { stage: None, logs: true }).await;
    let plan = project.plan_of(&cloud, &Intent::TearDown { stage: None, logs: true }).await.expect("a plan");
    assert!(!plan.changes_anything(), "{:#?}", plan.changes());
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_run_or_ran_last_are_never_pruned() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let deploy = |stage| Intent::Deploy { stage };
    let mut digests = Vec::new();
    for number in 0..4 {
        project.another_source(&format!("here {number}"));
        digests.push(digest(&done(&project, &cloud, deploy(STAGE)).await));
        if number == 0 {
            done(&project, &cloud, Intent::Promote).await;
        }
    }
    // Stage runs the 4th and ran the 3rd; prod runs the 1st. Only the 2nd is anybody's to take.
    let prune = Intent::Prune { keep: 0 };
    let plan = project.plan_of(&cloud, &prune).await.expect("a plan");
    let gone = plan.changes().iter().filter(|change| change.action == Action::Delete).count();
    assert_eq!(gone, 1, "{:#?}", plan.changes());
    done(&project, &cloud, prune).await;
    let left: Vec<Digest> = cloud
        .image_rows(&project.settings())
        .await
        .expect("images")
        .into_iter()
        .map(|row| row.image.digest)
        .collect();
    assert_eq!(left, [&digests[3], &digests[2], &digests[0]].map(Clone::clone));
    let kept = project.plan_of(&cloud, &Intent::Prune { keep: 10 }).await.expect("a plan");
    assert!(!kept.changes_anything());
    // Both stages can still go back.
    done(&project, &cloud, back(STAGE, Target::Previous, Parts::Both)).await;
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_limits_that_the_settings_name_are_touched() {
    let project = Project::new();
    let cloud = project.cloud().await;
    let deploy = Intent::Deploy { stage: STAGE };
    let toml = std::fs::read_to_string(project.path().join("callboard.toml")).expect("settings");
    project.write(
        "callboard.toml",
        &toml.replace("memory = 256\n", "memory = 256\ntimeout = 7\ntracing = \"Active\"\n"),
    );
    done(&project, &cloud, deploy.clone()).await;
    let function = overview(&project, &cloud, STAGE).await.function.expect("a function");
    let limits = (function.memory_mb, function.timeout_s, function.tracing.as_str());
    assert_eq!(limits, (256, 7, "Active"));
    // What the settings no longer name stays as somebody set it.
    project.write("callboard.toml", &toml.replace("memory = 256\n", "timeout = 9\n"));
    let plan = project.plan_of(&cloud, &deploy).await.expect("a plan");
    let row = plan.changes().into_iter().find(|change| change.resource.starts_with("configuration"));
    assert_eq!(row.expect("a configuration").detail, "timeout 7 → 9 s");
    done(&project, &cloud, deploy).await;
    let function = overview(&project, &cloud, STAGE).await.function.expect("a function");
    let limits = (function.memory_mb, function.timeout_s, function.tracing.as_str());
    assert_eq!(limits, (256, 9, "Active"));
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_back_to_a_change_that_never_ended() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    let deploy = Intent::Deploy { stage: STAGE };
    let good = done(&project, &cloud, deploy.clone()).await;
    project.another_source("bad");
    project.write(".env.stage", "SOME_ENV=bad\n");
    let denied = localcloud::faults::Effect::Error {
        status: 403,
        code: "AccessDeniedException".to_owned(),
        message: "no".to_owned(),
    };
    let rule = localcloud::faults::Rule::on("UpdateFunctionConfiguration", denied).times(1);
    local.faults().set(vec![rule]).expect("a rule");
    let (failed, _) = project.change(&cloud, &deploy).await;
    let Err(Failure::Failed { way_back: Some(way_back), .. }) = failed else { panic!("{failed:?}") };
    // The way back keeps the half-made state too, and does not offer it.
    let rolled = done(&project, &cloud, way_back).await;
    assert_eq!(digest(&rolled), digest(&good));
    assert_eq!(rolled.way_back, None);
    // Another deploy, and back again: to what ran well, not to what was stopped.
    project.another_source("better");
    project.write(".env.stage", "SOME_ENV=better\n");
    done(&project, &cloud, deploy).await;
    let previous = done(&project, &cloud, back(STAGE, Target::Previous, Parts::Both)).await;
    assert_eq!(digest(&previous), digest(&good));
    assert_eq!(env(&project, &cloud, STAGE, "SOME_ENV").await.as_deref(), Some("some"));
    let journal = project.journal();
    let failed = journal.entries.iter().find(|entry| entry.outcome == callboard::journal::Outcome::Failed);
    let (from, to) = failed.map(|entry| (entry.from.clone(), entry.to.clone())).expect("an entry");
    assert!(to.is_some() && from != to, "what was given and not finished is what runs: {from:?} {to:?}");
    cloud.close().await;
    local.stop().await;
}
