use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::ContainerSource;
use crate::domain::{Problem, one_line};
use crate::settings::ContainerTool;

/// How long a tool may take to say who it is: a context of Docker's may point at a machine that is not there.
const ANSWER: Duration = Duration::from_secs(20);

/// A container tool that works here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tool {
    kind: ContainerTool,
    program: PathBuf,
    version: String,
    /// Docker only: what its builder knows.
    buildx: Option<Buildx>,
    /// Docker only: what its engine runs on, in Go's words; it may be another machine.
    engine: Option<String>,
}

/// Docker's newer builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Buildx {
    /// It adds attestations to an image, which makes an index of it, and can be told not to.
    attests: bool,
}

impl fmt::Display for Tool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind.as_str(), self.version)
    }
}

/// The platform, as container tools say it.
pub(super) fn platform(architecture: &str) -> Result<&'static str, Problem> {
    match architecture {
        "x86_64" => Ok("linux/amd64"),
        "arm64" => Ok("linux/arm64"),
        other => Err(Problem::new(format!("Lambda has no architecture {other:?}"))
            .fix("set `architecture` to \"x86_64\" or \"arm64\"")),
    }
}

impl Tool {
    /// The tool that is wanted, or the first that works; what was looked for and why it does not do is in the Problem.
    pub(crate) async fn find(wanted: Option<ContainerTool>) -> Result<Tool, Problem> {
        Tool::find_in(&env::var_os("PATH").unwrap_or_default(), wanted).await
    }

    async fn find_in(path: &OsStr, wanted: Option<ContainerTool>) -> Result<Tool, Problem> {
        let mut why = Vec::new();
        let candidates: &[ContainerTool] = wanted.as_ref().map_or(&ContainerTool::ALL, std::slice::from_ref);
        for kind in candidates {
            match Tool::probe(path, *kind).await {
                Ok(tool) => return Ok(tool),
                Err(reason) => why.push(format!("{}: {reason}", kind.as_str())),
            }
        }
        let (summary, install) = match wanted {
            Some(kind) => (
                format!("{} does not work here", kind.as_str()),
                "make it work, or leave `tool` out of callboard.toml".to_owned(),
            ),
            None => (
                "no container tool works here".to_owned(),
                "start Docker, or install Podman or Buildah (Debian: apt-get install buildah)".to_owned(),
            ),
        };
        Err(Problem::new(summary)
            .because(why.join("; "))
            .fix(format!("{install}; the native builder needs none (--builder native)")))
    }

    /// Asks a tool whether it works, and not only whether it is there.
    async fn probe(path: &OsStr, kind: ContainerTool) -> Result<Tool, String> {
        let program = program(path, kind.as_str()).ok_or("not found on the PATH")?;
        let mut tool = Tool { kind, program, version: String::new(), buildx: None, engine: None };
        match kind {
            ContainerTool::Docker => {
                // The client alone answers too, but for the engine it has nothing to say.
                let format = "{{.Server.Version}} {{.Server.Arch}} {{.Client.Version}}";
                let said = tool.ask(&["version", "--format", format]).await?;
                let mut words = said.split_whitespace();
                tool.version = words.next().ok_or("its engine does not say its version")?.to_owned();
                tool.engine = words.next().map(str::to_owned);
                tool.buildx = tool.ask(&["buildx", "version"]).await.ok().map(|said| Buildx::of(&said));
                if tool.buildx.is_none() && words.next().is_some_and(|client| numbers(client) >= (23, 0)) {
                    return Err(
                        "its buildx plugin is missing (Debian: apt-get install docker-buildx)".to_owned()
                    );
                }
            }
            ContainerTool::Podman => {
                tool.version = tool.ask(&["info", "--format", "{{.Version.Version}}"]).await?;
            }
            ContainerTool::Buildah => {
                // `info` opens the storage, which `--version` does not.
                tool.ask(&["info"]).await?;
                let said = tool.ask(&["--version"]).await?;
                tool.version = said.split_whitespace().nth(2).unwrap_or("of an unknown version").to_owned();
            }
        }
        Ok(tool)
    }

    /// What the tool answers; why it does not.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let asked = self.command().args(arguments).kill_on_drop(true).output();
        let output = match tokio::time::timeout(ANSWER, asked).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(one_line(&error.to_string(), 200)),
            Err(_) => return Err(format!("no answer in {} s", ANSWER.as_secs())),
        };
        if output.status.success() {
            return Ok(one_line(&String::from_utf8_lossy(&output.stdout), 4000));
        }
        let said = one_line(&String::from_utf8_lossy(&output.stderr), 200);
        Err(if said.is_empty() { output.status.to_string() } else { said })
    }

    /// The call that builds and writes the image's id into a file. Nothing of the environment is in it, and no secret.
    pub(super) fn build(&self, source: &ContainerSource, platform: &str, id_file: &Path) -> Command {
        let mut command = self.command();
        match (self.kind, self.buildx) {
            (ContainerTool::Docker, Some(buildx)) => {
                command.args(["buildx", "build", "--load", "--progress=plain"]);
                if buildx.attests {
                    command.args(["--provenance=false", "--sbom=false"]);
                }
            }
            (ContainerTool::Docker, None) => {
                command.args(["build", "--progress=plain"]);
            }
            // Unasked, Buildah keeps no layer from one build to the next, and leaves a container of a build that failed.
            (ContainerTool::Podman | ContainerTool::Buildah, _) => {
                command.args(["build", "--layers", "--force-rm"]);
            }
        }
        command.args(["--platform", platform]);
        command.arg("--iidfile").arg(id_file).arg("--file").arg(&source.dockerfile).arg(&source.dir);
        command
    }

    /// The call that writes an image into a file.
    pub(super) fn save(&self, id: &str, file: &Path) -> Command {
        let mut command = self.command();
        let bare = id.strip_prefix("sha256:").unwrap_or(id);
        match self.kind {
            ContainerTool::Docker => command.args(["save", "--output"]).arg(file).arg(id),
            ContainerTool::Podman => command
                .args(["save", "--quiet", "--format", "docker-archive", "--output"])
                .arg(file)
                .arg(bare),
            ContainerTool::Buildah => {
                let mut destination = std::ffi::OsString::from("docker-archive:");
                destination.push(file);
                command.args(["push", "--quiet", bare]).arg(destination)
            }
        };
        command
    }

    /// A call in the user's own environment: storage, isolation, proxies and contexts are for them to choose.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("DOCKER_BUILDKIT", "1")
            .env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Whether its builder can be asked which platforms it builds for.
    pub(super) fn knows_platforms(&self) -> bool {
        self.buildx.is_some()
    }

    /// What its builds run on, in Go's words.
    pub(super) fn machine(&self) -> &str {
        self.engine.as_deref().unwrap_or(match env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        })
    }
}

impl Buildx {
    /// From what `docker buildx version` says: `github.com/docker/buildx v0.12.1 30feaa1`.
    fn of(said: &str) -> Buildx {
        let version = said.split_whitespace().find_map(|word| word.strip_prefix('v'));
        Buildx { attests: version.is_some_and(|version| numbers(version) >= (0, 10)) }
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Where a program is.
pub(in crate::image) fn program(path: &OsStr, name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    env::split_paths(path).map(|folder| folder.join(name)).find(|file| {
        file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    })
}

#[cfg(test)]
mod tests;
