//! A project in a folder of its own: `callboard.toml`, environment files, the small service under git, and a local cloud.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use callboard::cloud::{Choice, Cloud, CloudKind};
use callboard::deploy::{self, Deployed, Done, Failure, Plan};
use callboard::domain::{Intent, Problem, Progress, StageName, StepId, StepResult};
use callboard::settings::Settings;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A value that must be seen nowhere but in the deployed function.
pub(crate) const SECRET: &str = "hunter2-hunter2";

pub(crate) struct Project {
    dir: TempDir,
}

impl Project {
    pub(crate) fn new() -> Project {
        let project = Project { dir: tempfile::tempdir().expect("a folder") };
        let service = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/small_service");
        for file in ["Cargo.toml", "src/main.rs"] {
            let text = std::fs::read_to_string(service.join(file)).expect("the small service");
            project.write(&format!("service/{file}"), &text);
        }
        project.write(".gitignore", "target\nCargo.lock\n.callboard\n");
        project.write(".env.stage", &format!("SOME_ENV=some\nPASSWORD={SECRET}\n"));
        project.write(".env.prod", "SOME_ENV=other\n");
        project.write(
            "callboard.toml",
            "name = \"hello\"\n[function]\nmemory = 256\n[build]\nservice_dir = \"service\"\npackage = \"small_service\"\nprofile = \"dev\"\n",
        );
        project.git(&["init", "-q"]);
        project.commit();
        project
    }

    /// A project whose service can be made ill (`puppet`), with CORS headers on the gateway's own errors.
    pub(crate) fn of_puppet() -> Project {
        let project = Project { dir: tempfile::tempdir().expect("a folder") };
        let service = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/puppet");
        for file in ["Cargo.toml", "src/main.rs"] {
            let text = std::fs::read_to_string(service.join(file)).expect("the puppet");
            project.write(&format!("service/{file}"), &text);
        }
        project.write(".env.stage", "");
        project.write(".env.prod", "");
        project.write("callboard.toml", &Project::puppets_settings(""));
        project
    }

    /// A project that deploys the service of this repository.
    #[cfg(feature = "peers")]
    pub(crate) fn beside_the_service(repository: &Path) -> Project {
        let project = Project { dir: tempfile::tempdir().expect("a folder") };
        project.write(".env.stage", "SOME_ENV=one\nOTHER_ENV=two\n");
        project.write(".env.prod", "SOME_ENV=three\nOTHER_ENV=four\n");
        project.write(
            "callboard.toml",
            &format!(
                "name = \"hello\"\n[build]\nservice_dir = {repository:?}\npackage = \"service\"\nprofile = \"lambda\"\n[gateway]\ncors_on_errors = true\n"
            ),
        );
        project
    }

    /// A project whose service answers what was recorded under the name in the header `x-recorded`.
    #[cfg(feature = "peers")]
    pub(crate) fn of_recording(answers: &std::collections::BTreeMap<String, String>) -> Project {
        let project = Project::of_puppet();
        let puppet = std::fs::read_to_string(project.path().join("service/src/main.rs")).expect("the puppet");
        let rows: String =
            answers.iter().map(|(name, answer)| format!("    ({name:?}, {answer:?}),\n")).collect();
        let recorded = format!(
            "const RECORDED: &[(&str, &str)] = &[\n{rows}];\n\nfn recorded(event: &Event<'_>) -> Option<Outcome> {{\n    let name = event.text(\"x-recorded\")?;\n    RECORDED.iter().find(|(known, _)| *known == name).map(|(_, answer)| Outcome::Raw((*answer).to_owned()))\n}}\n"
        );
        let handler = "fn handle(ill: &str, event: &Event<'_>) -> Outcome {\n";
        assert!(puppet.contains(handler));
        let answering = format!(
            "{handler}    if let Some(outcome) = recorded(event) {{\n        return outcome;\n    }}\n"
        );
        project.write("service/src/main.rs", &format!("{}\n{recorded}", puppet.replace(handler, &answering)));
        project
    }

    /// The settings of such a project, with more behind them.
    pub(crate) fn puppets_settings(more: &str) -> String {
        format!(
            "name = \"hello\"\n[function]\nmemory = 256\ntimeout = 20\n[build]\nservice_dir = \"service\"\npackage = \"puppet\"\nprofile = \"dev\"\n[gateway]\ncors_on_errors = true\n{more}"
        )
    }

    /// Another project with the same service: its source, and what was built of it, are shared.
    pub(crate) fn beside(other: &Project) -> Project {
        let project = Project { dir: tempfile::tempdir().expect("a folder") };
        for file in [".env.stage", ".env.prod"] {
            std::fs::copy(other.path().join(file), project.path().join(file)).expect("a copy");
        }
        project.take_service_of(other);
        project
    }

    /// Builds the other project's service from now on.
    pub(crate) fn take_service_of(&self, other: &Project) {
        let service = other.path().join("service");
        self.write(
            "callboard.toml",
            &format!(
                "name = \"hello\"\n[function]\nmemory = 256\n[build]\nservice_dir = {service:?}\npackage = \"small_service\"\nprofile = \"dev\"\n"
            ),
        );
    }

    /// Starts the project's local cloud in this process, so that its faults can be set; consoles attach to it.
    pub(crate) async fn local_cloud(&self) -> localcloud::LocalCloud {
        let options = localcloud::Options::new(self.settings().local_dir());
        match localcloud::LocalCloud::open(options).await.expect("a local cloud") {
            localcloud::Opened::Started(cloud) => *cloud,
            localcloud::Opened::Attached(_) => panic!("nobody else runs it"),
        }
    }

    /// Changes the service's source so that another image is built.
    pub(crate) fn another_source(&self, text: &str) {
        let source = std::fs::read_to_string(self.path().join("service/src/main.rs")).expect("the source");
        let line = source.lines().find(|line| line.contains("Not ")).expect("a line to change");
        let from = line.split('"').find(|part| part.starts_with("Not ")).expect("the text").to_owned();
        self.write("service/src/main.rs", &source.replace(&from, &format!("Not {text}")));
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path: PathBuf = self.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "state"]);
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git").arg("-C").arg(self.path()).args(arguments).status().expect("git");
        assert!(status.success(), "git {arguments:?}");
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::load(&self.path().join("callboard.toml")).expect("settings")
    }

    pub(crate) async fn cloud(&self) -> Cloud {
        let choice = Choice { kind: CloudKind::Local, profile: None, region: None, fresh: false };
        Cloud::connect(&choice, &self.settings()).await.expect("a local cloud")
    }

    pub(crate) async fn plan(&self, cloud: &Cloud, stage: StageName) -> Plan {
        self.plan_of(cloud, &Intent::Deploy { stage }).await.expect("a plan")
    }

    pub(crate) async fn plan_of(&self, cloud: &Cloud, intent: &Intent) -> Result<Plan, Problem> {
        let settings = self.settings();
        let work = deploy::plan(cloud, &settings, intent);
        sendable(&work);
        work.await
    }

    /// Plans and applies; what became of it, and what was told.
    pub(crate) async fn change(&self, cloud: &Cloud, intent: &Intent) -> (Result<Done, Failure>, Told) {
        let plan = self.plan_of(cloud, intent).await.unwrap_or_else(|problem| panic!("{problem}"));
        let told = Told::default();
        let outcome = self.apply_whole(cloud, &plan, &told, &CancellationToken::new()).await;
        (outcome, told)
    }

    pub(crate) async fn deploy(&self, cloud: &Cloud, stage: StageName) -> (Deployed, Told) {
        let plan = self.plan(cloud, stage).await;
        let told = Told::default();
        let deployed = self.apply(cloud, &plan, &told, &CancellationToken::new()).await;
        (deployed.unwrap_or_else(|problem| panic!("{problem}\n{:#?}", told.all())), told)
    }

    pub(crate) async fn apply(
        &self,
        cloud: &Cloud,
        plan: &Plan,
        told: &Told,
        stop: &CancellationToken,
    ) -> Result<Deployed, Problem> {
        match self.apply_whole(cloud, plan, told, stop).await {
            Ok(done) => Ok(done.deployed.expect("a stage that runs something")),
            Err(failure) => Err(failure.problem().clone()),
        }
    }

    pub(crate) async fn apply_whole(
        &self,
        cloud: &Cloud,
        plan: &Plan,
        told: &Told,
        stop: &CancellationToken,
    ) -> Result<Done, Failure> {
        let settings = self.settings();
        let hear = |progress| told.hear(progress, stop);
        let work = deploy::apply(cloud, &settings, plan, stop, &hear);
        sendable(&work);
        work.await
    }

    /// Lambda's client of somebody who does not use Callboard.
    pub(crate) fn somebody_else(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.somebodys_config())
    }

    /// ECR's client of somebody who does not use Callboard.
    pub(crate) fn somebody_else_at_ecr(&self) -> aws_sdk_ecr::Client {
        aws_sdk_ecr::Client::new(&self.somebodys_config())
    }

    /// API Gateway's client of somebody who does not use Callboard.
    pub(crate) fn somebody_else_at_the_gateway(&self) -> aws_sdk_apigateway::Client {
        aws_sdk_apigateway::Client::new(&self.somebodys_config())
    }

    fn somebodys_config(&self) -> aws_config::SdkConfig {
        use localcloud::account::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
        let text =
            std::fs::read_to_string(self.path().join(".callboard/local/endpoint.json")).expect("it runs");
        let endpoint: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let keys =
            aws_sdk_lambda::config::Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test");
        aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(REGION))
            .credentials_provider(aws_sdk_lambda::config::SharedCredentialsProvider::new(keys))
            .endpoint_url(endpoint["endpoint"].as_str().expect("an endpoint"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    pub(crate) fn journal(&self) -> callboard::journal::Journal {
        callboard::journal::read(&self.settings(), 100).expect("a journal")
    }
}

// The screen's runtime spawns operations, so their futures must be able to move between threads.
fn sendable(_: &impl Send) {}

type Act = Box<dyn Fn(&CancellationToken) + Send + Sync>;

/// All that a deploy told; does something of its own when one step has ended.
#[derive(Default)]
pub(crate) struct Told {
    heard: Mutex<Vec<Progress>>,
    after: Option<(StepId, Act)>,
}

impl Told {
    pub(crate) fn stopping_after(step: StepId) -> Told {
        Told::after(step, CancellationToken::cancel)
    }

    pub(crate) fn after(step: StepId, act: impl Fn(&CancellationToken) + Send + Sync + 'static) -> Told {
        Told { after: Some((step, Box::new(act))), ..Told::default() }
    }

    fn hear(&self, progress: Progress, stop: &CancellationToken) {
        if let Progress::Ended { step, .. } = &progress
            && let Some((after, act)) = &self.after
            && step == after
        {
            act(stop);
        }
        self.heard.lock().expect("a lock").push(progress);
    }

    pub(crate) fn all(&self) -> Vec<Progress> {
        self.heard.lock().expect("a lock").clone()
    }

    /// The steps that ended, and how.
    pub(crate) fn results(&self) -> Vec<(StepId, StepResult)> {
        let ended = |progress| match progress {
            Progress::Ended { step, result, .. } => Some((step, result)),
            _ => None,
        };
        self.all().into_iter().filter_map(ended).collect()
    }

    /// The steps that changed something.
    pub(crate) fn changed(&self) -> Vec<(StepId, StepResult)> {
        let changed = |(_, result): &(StepId, StepResult)| result.changed();
        self.results().into_iter().filter(changed).collect()
    }
}
