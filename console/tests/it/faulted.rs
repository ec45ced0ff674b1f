//! A deploy that is killed at each of its calls, in four ways, and then done again: it ends where an untouched one ends,
//! with nothing done twice.

use std::collections::BTreeMap;
use std::process::Stdio;

use callboard::cloud::Cloud;
use callboard::domain::{Intent, StageName, StepId};
use futures_util::StreamExt;
use localcloud::LocalCloud;
use localcloud::faults::{Called, Effect, Rule};
use tokio_util::sync::CancellationToken;

use crate::project::{Project, Told};

const STAGE: StageName = StageName::Stage;
/// Cases that run beside each other: most of their time they wait.
const BESIDE: usize = 8;
/// More than the SDK's own attempts.
const THROTTLED: u64 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    ServerErrors,
    Throttled,
    Cut,
    Killed,
}

const WAYS: [Way; 4] = [Way::ServerErrors, Way::Throttled, Way::Cut, Way::Killed];

/// A call of the deploy: the operation, and which one of its kind.
type Place = (String, u64);

/// What is there in the end, without ids and times.
#[derive(Debug, PartialEq, Eq)]
struct State {
    images: usize,
    versions: Vec<u64>,
    deployments: usize,
    stages: Vec<(String, BTreeMap<String, String>)>,
    env: BTreeMap<String, String>,
    limits: (i32, i32, String),
    stamped: bool,
    /// Nothing is left for a deploy to do.
    settled: bool,
}

async fn state(project: &Project, cloud: &Cloud) -> State {
    let settings = project.settings();
    let images = cloud.image_rows(&settings).await.expect("images");
    let gateway = cloud.gateway_view(&settings).await.expect("a gateway");
    let overview = cloud.overview(&settings, STAGE).await.expect("an overview");
    let function = overview.function.expect("a function");
    // The newest sorts last.
    let tags: Vec<&str> = images.iter().flat_map(|row| &row.image.tags).map(String::as_str).collect();
    State {
        versions: images.iter().filter_map(|row| row.version_of(STAGE)).collect(),
        deployments: gateway.deployments.len(),
        stages: gateway.stages.into_iter().map(|stage| (stage.name, stage.variables)).collect(),
        limits: (function.memory_mb, function.timeout_s, function.role.clone()),
        stamped: tags.iter().max().copied() == function.stamp.image_tag.as_deref(),
        env: function.env.expect("an environment").0,
        settled: !project.plan(cloud, STAGE).await.changes().iter().any(|change| {
            // The source of this test is not committed, so that its image may always differ.
            change.action != callboard::deploy::Action::Unchanged && !change.resource.starts_with("image ")
        }),
        images: images.len(),
    }
}

/// How often each operation that changes something was done.
fn done(calls: &[Called]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        // An upload that was begun and came to nothing has changed nothing.
        let reads = ["Get", "List", "Describe", "Head", "Ping", "StartUpload"];
        let changes = !reads.iter().any(|read| call.operation.starts_with(read));
        if changes && call.status.is_some_and(|status| status < 300) {
            *counts.entry(call.operation.clone()).or_default() += 1;
        }
    }
    counts
}

/// The operations that make a new thing each time, and so must never be done twice.
const CREATES: [&str; 10] = [
    "CreateRepository",
    "CreateRole",
    "CreateFunction",
    "CreateRestApi",
    "CreateResource",
    "PutMethod",
    "CreateDeployment",
    "AddPermission",
    "PublishVersion",
    "PutManifest",
];

/// What is deployed: a service where there is nothing, or another image and environment over one that runs.
struct Scenario {
    before: Option<Project>,
    after: Project,
}

impl Scenario {
    /// A project of its own in the state before the deploy.
    async fn project(&self) -> (Project, LocalCloud, Cloud) {
        let project = Project::beside(self.before.as_ref().unwrap_or(&self.after));
        let local = project.local_cloud().await;
        let cloud = project.cloud().await;
        if self.before.is_some() {
            project.deploy(&cloud, STAGE).await;
            project.take_service_of(&self.after);
            project.write(".env.stage", "SOME_ENV=after\n");
            local.faults().clear_calls();
        }
        (project, local, cloud)
    }
}

struct Untouched {
    state: State,
    done: BTreeMap<String, usize>,
    /// How often each operation is called by the plan, and by the whole.
    planned: BTreeMap<String, u64>,
    places: Vec<Place>,
}

fn counted(calls: &[Called]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(format!("{}:{}", call.service, call.operation)).or_default() += 1;
    }
    counts
}

async fn untouched(scenario: &Scenario) -> Untouched {
    let mut least: Option<BTreeMap<String, u64>> = None;
    let mut last = None;
    // How often a change is polled for differs from run to run: only what every run calls is a place to kill at.
    for _ in 0..3 {
        let (project, local, cloud) = scenario.project().await;
        let plan = project.plan(&cloud, STAGE).await;
        let planned = counted(&local.faults().calls());
        local.faults().clear_calls();
        project.apply(&cloud, &plan, &Told::default(), &CancellationToken::new()).await.expect("a deploy");
        let calls = local.faults().calls();
        let counts = counted(&calls);
        least = Some(match least {
            None => counts,
            Some(least) => least
                .into_iter()
                .map(|(name, count)| {
                    let other = counts.get(&name).copied().unwrap_or_default();
                    (name, count.min(other))
                })
                .collect(),
        });
        let state = state(&project, &cloud).await;
        last = Some((state, done(&calls), planned));
        cloud.close().await;
        local.stop().await;
    }
    let places = least
        .expect("runs")
        .into_iter()
        .flat_map(|(name, count)| (1..=count).map(move |nth| (name.clone(), nth)))
        .collect();
    let (state, done, planned) = last.expect("runs");
    Untouched { state, done, planned, places }
}

fn rule(way: Way, (operation, nth): &Place) -> Rule {
    let on = |effect| Rule::on(operation, effect).from_nth(*nth);
    match way {
        Way::ServerErrors => on(Effect::Error {
            status: 500,
            code: "InternalFailure".to_owned(),
            message: "by fault".to_owned(),
        }),
        Way::Throttled => on(Effect::Throttle).times(THROTTLED),
        Way::Cut => on(Effect::CutAfter),
        Way::Killed => on(Effect::HoldAfter),
    }
}

/// How often the function is asked for until it runs what it was given depends on how busy this machine is: a call of these may not
/// come in another run.
fn waits((operation, nth): &Place) -> bool {
    operation == "lambda:GetFunction" && *nth > 1
}

/// Runs the deploy into the fault. Answers the steps that changed something and ended, and whether it got through.
async fn into_the_fault(
    project: &Project,
    local: &LocalCloud,
    cloud: &Cloud,
    untouched: &Untouched,
    way: Way,
    place: &Place,
) -> (Vec<StepId>, bool) {
    if way == Way::Killed {
        // A process of its own plans first.
        let before = untouched.planned.get(&place.0).copied().unwrap_or_default();
        let place = (place.0.clone(), place.1 + before);
        local.faults().set(vec![rule(way, &place)]).expect("a rule");
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_callboard"))
            .current_dir(project.path())
            .args(["deploy", "stage", "--yes"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the program");
        tokio::select! {
            _ = local.faults().met() => {}
            status = child.wait() => {
                assert!(waits(&place) && status.is_ok_and(|status| status.success()), "{place:?} was not reached");
                return (Vec::new(), true);
            }
        }
        child.kill().await.expect("killed");
        return (Vec::new(), false);
    }
    let plan = project.plan(cloud, STAGE).await;
    local.faults().set(vec![rule(way, place)]).expect("a rule");
    let told = Told::default();
    let outcome = project.apply_whole(cloud, &plan, &told, &CancellationToken::new()).await;
    let met: u64 = local.faults().report().rules.iter().map(|rule| rule.met).sum();
    assert!(met > 0 || (waits(place) && outcome.is_ok()), "{way:?} at {place:?} was not reached");
    if way == Way::ServerErrors && met > 0 {
        assert!(outcome.is_err(), "{way:?} at {place:?} went unnoticed");
    }
    (told.changed().into_iter().map(|(step, _)| step).collect(), outcome.is_ok())
}

/// Kills a deploy at one place in one way, does it again, and compares. Answers whether it needed to be done again.
async fn case(scenario: &Scenario, untouched: &Untouched, way: Way, place: Place) -> (Way, bool) {
    let (project, local, cloud) = scenario.project().await;
    let name = format!("{way:?} at {}#{}", place.0, place.1);
    let (first, through) = into_the_fault(&project, &local, &cloud, untouched, way, &place).await;
    local.faults().clear();
    let (outcome, told) = project.change(&cloud, &Intent::Deploy { stage: STAGE }).await;
    let outcome = outcome.unwrap_or_else(|failure| panic!("{name}: {}", failure.problem()));
    assert!(outcome.green(), "{name}: {outcome:#?}");
    for (step, result) in told.changed() {
        assert!(!first.contains(&step), "{name}: {step:?} was done, and {result:?} again");
        assert!(!through, "{name}: it was through, and {step:?} was {result:?}");
    }
    let calls = local.faults().calls();
    assert_eq!(state(&project, &cloud).await, untouched.state, "{name}");
    let done = done(&calls);
    for (operation, count) in &untouched.done {
        let here = done.get(operation).copied().unwrap_or_default();
        if operation == "PutUpload" {
            // Blobs are sent beside each other: when one fails, what became of another is not always heard.
            assert!(here <= *count, "{name}: {here} blobs were sent instead of {count}");
        } else if CREATES.contains(&operation.as_str()) || matches!(way, Way::ServerErrors | Way::Throttled) {
            assert_eq!(here, *count, "{name}: {operation} was done {here} times instead of {count}");
        } else {
            assert!(here >= *count, "{name}: {operation} was never done");
        }
    }
    cloud.close().await;
    local.stop().await;
    (way, through)
}

async fn all_cases(what: &str, scenario: &Scenario, only_changes: bool, least: usize) {
    let untouched = untouched(scenario).await;
    // `CALLBOARD_TEST_FAULT=CreateRestApi` tries the calls of one operation.
    let only = std::env::var("CALLBOARD_TEST_FAULT").ok();
    let wanted = |(operation, _): &&Place| {
        let name = operation.split_once(':').map_or(operation.as_str(), |(_, name)| name);
        only.as_ref().is_none_or(|only| name == only) && (!only_changes || untouched.done.contains_key(name))
    };
    let places: Vec<Place> = untouched.places.iter().filter(wanted).cloned().collect();
    let cases: Vec<(Way, Place)> =
        places.iter().flat_map(|place| WAYS.map(|way| (way, place.clone()))).collect();
    let count = cases.len();
    let outcomes: Vec<(Way, bool)> = futures_util::stream::iter(cases)
        .map(|(way, place)| case(scenario, &untouched, way, place))
        .buffer_unordered(BESIDE)
        .collect()
        .await;
    let tally = |way: Way, through: bool| outcomes.iter().filter(|one| **one == (way, through)).count();
    println!("{what}: {} calls, {count} deploys killed at one of them and done again:", places.len());
    for way in WAYS {
        println!("  {way:?}: {} resumed, {} went through by themselves", tally(way, false), tally(way, true));
    }
    assert_eq!(outcomes.len(), count);
    assert!(only.is_some() || count >= least, "only {count} cases");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deploy_killed_at_any_call_is_done_again_to_the_same_end() {
    all_cases("a first deploy", &Scenario { before: None, after: Project::new() }, false, 160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_deploy_killed_at_any_call_that_changes_is_done_again_to_the_same_end() {
    let after = Project::new();
    after.another_source("here");
    let scenario = Scenario { before: Some(Project::new()), after };
    all_cases("another image and environment", &scenario, true, 24).await;
}
