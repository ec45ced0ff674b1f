//! `callboard.toml`: what is operated, on which cloud, and how it is built.
//!
//! The file is looked for in the current folder and upward from it; the folder that holds it is the project's root.
//! A key that this program does not know is an error that names the file and the line.

mod checks;
mod file;
mod logs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Method;
use hyper::header::HeaderName;

use crate::domain::{Problem, StageName};

/// Name of the file.
pub const FILE_NAME: &str = "callboard.toml";

/// Which kind of cloud is operated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CloudKind {
    /// The AWS account on this machine's loopback, kept in `.callboard/local`.
    Local,
    /// AWS, by the SDK's own credential chain.
    Aws,
}

impl CloudKind {
    /// `local` or `aws`.
    pub fn as_str(self) -> &'static str {
        match self {
            CloudKind::Local => "local",
            CloudKind::Aws => "aws",
        }
    }
}

impl std::fmt::Display for CloudKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.as_str())
    }
}

/// Everything that `callboard.toml` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The folder that holds `callboard.toml`; relative paths of the file start here.
    pub root: PathBuf,
    /// The service's name: functions are `NAME-stage` and `NAME-prod`, the API is `NAME`.
    pub name: String,
    /// Where to operate unless the command line says otherwise.
    pub cloud: CloudKind,
    /// AWS region unless the command line says otherwise.
    pub region: Option<String>,
    /// AWS profile unless the command line says otherwise.
    pub profile: Option<String>,
    /// The AWS account that must be meant, 12 digits: `callboard doctor` says so where the credentials are of another.
    pub account: Option<String>,
    /// Refuses every change, on every stage.
    pub read_only: bool,
    /// Limits of the functions.
    pub function: FunctionSettings,
    /// How the image is made.
    pub build: BuildSettings,
    /// How logs are kept and looked at.
    pub logs: LogSettings,
    /// Whether a deploy lets the gateway's own errors carry CORS headers.
    pub cors_on_errors: bool,
    /// What the checks ask, and how.
    pub checks: CheckSettings,
    /// What is said of `stage`.
    pub stage: StageSettings,
    /// What is said of `prod`.
    pub prod: StageSettings,
}

/// Limits of the functions. What is not set is AWS's default for a new function and left alone on one that is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionSettings {
    /// Megabytes, 128 to 10,240.
    pub memory_mb: Option<i32>,
    /// Seconds, 1 to 900; the gateway gives up after 29.
    pub timeout_s: Option<i32>,
    /// `x86_64` or `arm64`; unset: as the function is, and this machine's own for a new one.
    pub architecture: Option<Architecture>,
    /// X-Ray.
    pub tracing: Option<Tracing>,
}

/// Whether X-Ray traces a function's invocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub enum Tracing {
    /// Invocations are sampled and traced.
    Active,
    /// Only what the caller already traces.
    PassThrough,
}

impl Tracing {
    /// As Lambda calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Tracing::Active => "Active",
            Tracing::PassThrough => "PassThrough",
        }
    }
}

/// What a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum Architecture {
    /// Intel and AMD, 64 bit.
    #[serde(rename = "x86_64")]
    X86_64,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// As Lambda calls it: `x86_64` or `arm64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        }
    }

    /// By Lambda's name.
    pub fn named(name: &str) -> Option<Architecture> {
        [Architecture::X86_64, Architecture::Arm64].into_iter().find(|one| one.as_str() == name)
    }

    /// This machine's own; `None` where Lambda has none like it.
    pub fn of_this_machine() -> Option<Architecture> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Architecture::X86_64),
            "aarch64" => Some(Architecture::Arm64),
            _ => None,
        }
    }
}

/// Who builds the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Builder {
    /// Cargo builds a static binary and Callboard makes the image of it; needs no container tool.
    Native,
    /// A container tool builds the image that a Dockerfile describes.
    Container,
}

impl Builder {
    /// `native` or `container`.
    pub fn as_str(self) -> &'static str {
        match self {
            Builder::Native => "native",
            Builder::Container => "container",
        }
    }
}

/// A program that builds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerTool {
    /// Docker's CLI with an engine that answers.
    Docker,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

impl ContainerTool {
    /// All, in the order in which they are looked for.
    pub const ALL: [ContainerTool; 3] =
        [ContainerTool::Docker, ContainerTool::Podman, ContainerTool::Buildah];

    /// The command's name.
    pub fn as_str(self) -> &'static str {
        match self {
            ContainerTool::Docker => "docker",
            ContainerTool::Podman => "podman",
            ContainerTool::Buildah => "buildah",
        }
    }
}

/// How the image is made.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildSettings {
    /// Who builds it.
    pub builder: Builder,
    /// The folder of the service's source, absolute: the Cargo workspace or crate, and the container builder's context.
    pub service_dir: PathBuf,
    /// The image repository's name in ECR.
    pub image: String,
    /// Native builder: the package that holds the service.
    pub package: String,
    /// Native builder: the package's binary that is the image's entry point.
    pub binary: String,
    /// Native builder: the Cargo profile.
    pub profile: String,
    /// Container builder: the Dockerfile, absolute.
    pub dockerfile: PathBuf,
    /// Container builder: the tool; unset: the first of [`ContainerTool::ALL`] that works.
    pub tool: Option<ContainerTool>,
}

/// What the checks ask, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckSettings {
    /// The path of the OpenAPI document, below the stage.
    pub openapi: String,
    /// The path of the documentation page, below the stage.
    pub docs: String,
    /// How long one request may take, connection included.
    pub timeout: Duration,
    /// How many requests are on their way at once.
    pub at_once: usize,
    /// CORS: the origins of the pages that use the service.
    pub origins: Vec<String>,
    /// CORS: the headers that these pages set.
    pub headers: Vec<HeaderName>,
    /// CORS: whether these pages send credentials.
    pub credentials: bool,
    /// `[[check]]`
    pub custom: Vec<CustomCheck>,
}

/// A request of the operator's own, and what must come.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomCheck {
    /// What it is called; method and path unless said.
    pub name: String,
    /// Its method.
    pub method: Method,
    /// Below the stage; with its query.
    pub path: String,
    /// Names and values; `${NAME}` in a value stands for a variable of the operator's environment.
    pub headers: Vec<(HeaderName, String)>,
    /// Sent as it stands; `${NAME}` as in headers.
    pub body: Option<String>,
    /// The status that must come.
    pub status: u16,
    /// JSON pointers and the values that must be there.
    pub values: Vec<(String, serde_json::Value)>,
    /// How long it may take.
    pub max: Option<Duration>,
    /// How often it is asked again when it fails.
    pub retries: u8,
    /// On which stages.
    pub stages: Vec<StageName>,
}

/// How logs are kept and looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Bytes of log lines that the screen keeps, oldest out first.
    pub budget: usize,
    /// Queries by the names under which the palette offers them; each can be read.
    pub queries: BTreeMap<String, String>,
}

/// What is said of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StageSettings {
    /// The stage's environment file, absolute.
    pub env_file: PathBuf,
    /// Refuses every change to this stage.
    pub read_only: bool,
    /// Where clients call the stage, without a trailing slash, when that is not the API's own address: a custom domain.
    pub url: Option<String>,
}

impl Settings {
    /// Finds `callboard.toml` in `start` or the nearest folder above it, and reads it.
    pub fn find(start: &Path) -> Result<Settings, Problem> {
        let found = start.ancestors().map(|dir| dir.join(FILE_NAME)).find(|path| path.is_file());
        match found {
            Some(path) => Settings::load(&path),
            None => Err(Problem::new(format!("there is no {FILE_NAME} in this folder or above it"))
                .because(format!("looked upward from {}", start.display()))
                .fix("go to the service's folder, or name the file with --config FILE")),
        }
    }

    /// Reads the file at `path`.
    pub fn load(path: &Path) -> Result<Settings, Problem> {
        let failed = |error: std::io::Error| {
            Problem::new(format!("{} cannot be read", path.display()))
                .because(error)
                .fix("name a file that is there and that you may read")
        };
        let path = std::path::absolute(path).map_err(failed)?;
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        let root = path.parent().unwrap_or(Path::new("/")).to_owned();
        file::parse(&text, &path, root)
    }

    /// `NAME-stage` or `NAME-prod`.
    pub fn function_name(&self, stage: StageName) -> String {
        format!("{}-{stage}", self.name)
    }

    /// The log group of a stage's function.
    pub fn log_group(&self, stage: StageName) -> String {
        format!("/aws/lambda/{}", self.function_name(stage))
    }

    /// The stage's environment file.
    pub fn env_file(&self, stage: StageName) -> &Path {
        &self.of(stage).env_file
    }

    /// Whether changes to this stage are refused, by the whole file or by the stage's own setting.
    pub fn read_only(&self, stage: StageName) -> bool {
        self.read_only || self.of(stage).read_only
    }

    fn of(&self, stage: StageName) -> &StageSettings {
        match stage {
            StageName::Stage => &self.stage,
            StageName::Prod => &self.prod,
        }
    }

    /// Where the local cloud keeps its state.
    pub fn local_dir(&self) -> PathBuf {
        self.private_dir().join("local")
    }

    /// Where the newest build's whole output is.
    pub fn build_log(&self) -> PathBuf {
        self.private_dir().join("build.log")
    }

    /// The folder in which Callboard keeps what belongs to this checkout alone (git ignores it): the local cloud, the
    /// journal, the build's log, locks.
    pub fn private_dir(&self) -> PathBuf {
        self.root.join(".callboard")
    }
}
