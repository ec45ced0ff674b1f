//! The container builder: a container tool builds what a Dockerfile describes, and its archive is read into an image of ours.

mod archive;
mod emulation;
mod layers;
mod read;
mod tool;

use std::env;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

pub(super) use self::emulation::emulated;
pub use self::read::read_archive;
pub(super) use self::tool::{Tool, program};
use super::process::Group;
use super::transcript::Transcript;
use crate::domain::Problem;
use crate::settings::{Architecture, BuildSettings, ContainerTool};

/// What the container builder builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSource {
    /// The folder that the tool is given as the build's context.
    pub dir: PathBuf,
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// `x86_64` or `arm64`, as Lambda says it.
    pub architecture: String,
    /// The tool; `None`: the first of [`ContainerTool::ALL`] that works.
    pub tool: Option<ContainerTool>,
}

impl ContainerSource {
    /// As the settings say it.
    pub fn of(build: &BuildSettings, architecture: Architecture) -> ContainerSource {
        ContainerSource {
            dir: build.service_dir.clone(),
            dockerfile: build.dockerfile.clone(),
            architecture: architecture.as_str().to_owned(),
            tool: build.tool,
        }
    }
}

/// An image as a container tool gives it away: a tar of the kind that `docker save` writes, in a folder that goes with it.
#[derive(Debug)]
pub struct Archive {
    folder: TempDir,
    built_by: String,
}

impl Archive {
    /// The tool that built it, and its version.
    pub fn built_by(&self) -> &str {
        &self.built_by
    }

    /// The tar.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("image.tar")
    }

    /// A folder for an archive that is still to be written.
    fn begin(built_by: String) -> Result<Archive, Problem> {
        let place = temporary_folder();
        let folder = tempfile::Builder::new().prefix("callboard-").tempdir_in(&place).map_err(|error| {
            Problem::new(format!("no folder for the image can be made in {}", place.display()))
                .because(error)
                .fix("look at its permissions, or set TMPDIR to another one")
        })?;
        Ok(Archive { folder, built_by })
    }
}

/// Builds the image of a Dockerfile with a container tool, and has the tool write it into an archive. Each line of the tool is
/// told to `output` and written into the file `log`.
///
/// Dropping the future kills the tool and what it started. Nothing is written into the source's folder.
pub async fn build_container(
    source: &ContainerSource,
    log: &Path,
    output: &(dyn Fn(String) + Send + Sync),
) -> Result<Archive, Problem> {
    let platform = tool::platform(&source.architecture)?;
    dockerfile(source)?;
    let tool = Tool::find(source.tool).await?;
    let transcript = Transcript::begin(log, output)?;
    let name = tool.to_string();
    transcript.say(&format!("{name} builds {} for {platform}", source.dockerfile.display()));
    let archive = Archive::begin(name)?;
    let id_file = archive.folder.path().join("id");
    run(&tool, tool.build(source, platform, &id_file), &transcript, "could not build the image").await?;
    let id = std::fs::read_to_string(&id_file).map_err(|error| {
        Problem::new(format!("{tool} does not say which image it built"))
            .because(error)
            .fix(format!("take another tool (`tool` in callboard.toml); {}", transcript.pointer()))
    })?;
    let save = tool.save(id.trim(), &archive.file());
    run(&tool, save, &transcript, "built the image and cannot give it away").await?;
    Ok(archive)
}

async fn run(
    tool: &Tool,
    mut command: tokio::process::Command,
    transcript: &Transcript<'_>,
    failed: &str,
) -> Result<(), Problem> {
    let status = Group::start(&mut command, |error| {
        Problem::new(format!("{tool} is gone")).because(error).fix("install it again")
    })?
    .heard(transcript)
    .await?;
    if status.success() {
        return Ok(());
    }
    let detail = match transcript.error() {
        nothing if nothing.is_empty() => status.to_string(),
        error => error,
    };
    Err(Problem::new(format!("{tool} {failed}"))
        .because(detail)
        .fix(format!("correct it ({})", transcript.pointer())))
}

/// The Dockerfile is looked for before anything is asked of a tool, which would each say it in words of their own.
pub(super) fn dockerfile(source: &ContainerSource) -> Result<(), Problem> {
    if source.dockerfile.is_file() {
        return Ok(());
    }
    Err(Problem::new(format!("there is no Dockerfile at {}", source.dockerfile.display()))
        .fix("write one, or set `dockerfile` (from `service_dir`) in callboard.toml, [build]"))
}

/// Where gigabytes may be put for a while. `/tmp` is memory on many systems; Podman and Buildah go to `/var/tmp` too.
fn temporary_folder() -> PathBuf {
    let large = Path::new("/var/tmp");
    if env::var_os("TMPDIR").is_none() && large.is_dir() { large.to_owned() } else { env::temp_dir() }
}
