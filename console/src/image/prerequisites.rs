use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::ContainerSource;
use super::build::cargo;
use super::container::{self, Tool};
use super::target::{self, Target};
use crate::domain::{Problem, one_line};
use crate::settings::{Architecture, BuildSettings, Builder};

/// Whether this machine can build the image: what is missing, and how to get it, is in the Problem. Builds nothing and asks
/// nobody but the programs that a build would start.
pub async fn prerequisites(build: &BuildSettings, architecture: Architecture) -> Result<(), Problem> {
    match build.builder {
        Builder::Native => native(&build.service_dir, architecture.as_str()).await,
        Builder::Container => {
            container::dockerfile(&ContainerSource::of(build, architecture))?;
            let tool = Tool::find(build.tool).await?;
            container::emulated(&tool, architecture.as_str()).await
        }
    }
}

/// Cargo, the standard library for the target, and its linker.
async fn native(dir: &Path, architecture: &str) -> Result<(), Problem> {
    if let Some(problem) = target::foreign_system() {
        return Err(problem);
    }
    let target = Target::of(architecture)?;
    if !dir.is_dir() {
        return Err(Problem::new(format!("the service's folder {} is not there", dir.display()))
            .fix("set `service_dir` in callboard.toml, [build]"));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    if !is_there(&path, &cargo()) {
        return Err(Problem::new("cargo was not found").fix(
            "install Rust from https://rustup.rs, set CARGO to its path, or take the container builder (--builder container)",
        ));
    }
    let libraries = libraries(dir, &target).await?;
    let standard = std::fs::read_dir(&libraries).is_ok_and(|files| {
        files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
    });
    if !standard {
        return Err(target::no_standard_library(architecture, &target)
            .because(format!("there is none in {}", libraries.display())));
    }
    let linker = env::var_os(target.linker_variable());
    let named = linker.as_deref().unwrap_or(OsStr::new(target.linker.unwrap_or("cc")));
    let elsewhere = target.linker.is_none() && configured(dir);
    if is_there(&path, named) || (linker.is_none() && elsewhere) {
        return Ok(());
    }
    Err(target::no_linker(architecture, &target)
        .because(format!("{} was not found", one_line(&named.to_string_lossy(), 200))))
}

/// Where the target's standard library would be, by the toolchain that the service's folder chooses.
async fn libraries(dir: &Path, target: &Target) -> Result<PathBuf, Problem> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let failed = |why: String| {
        Problem::new("rustc does not answer")
            .because(one_line(&why, 300))
            .fix("install Rust from https://rustup.rs, or take the container builder (--builder container)")
    };
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target.triple])
        .current_dir(dir)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()))
}

/// Whether a program can be started, by its path or from the PATH.
fn is_there(path: &OsStr, name: &OsStr) -> bool {
    let name = Path::new(name);
    if name.components().count() > 1 {
        return name.is_file();
    }
    container::program(path, &name.to_string_lossy()).is_some()
}

/// Whether a configuration of cargo's names a linker of its own: then `cc` may well be missing.
fn configured(dir: &Path) -> bool {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let folders = dir.ancestors().map(|folder| folder.join(".cargo")).chain(home);
    folders
        .flat_map(|folder| ["config.toml", "config"].map(|name| folder.join(name)))
        .any(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains("linker")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_machine_builds_for_itself_and_says_what_it_lacks_for_the_other_architecture() {
        let Some(own) = Architecture::of_this_machine() else { return };
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        native(dir, own.as_str()).await.expect("this test was built here");
        let other = if own == Architecture::Arm64 { "x86_64" } else { "arm64" };
        let target = Target::of(other).expect("a target");
        if let Err(problem) = native(dir, other).await {
            assert!(problem.summary.contains(other), "{problem}");
            assert!(
                problem.hint.contains(target.triple) || problem.hint.contains("apt-get install gcc-"),
                "{problem}"
            );
            assert!(problem.hint.contains("--builder container"), "{problem}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_named() {
        let problem = native(Path::new("/nowhere/at/all"), "x86_64").await.expect_err("refused");
        assert_eq!(problem.summary, "the service's folder /nowhere/at/all is not there");
    }

    #[test]
    fn a_linker_of_the_users_own_is_found_upward_from_the_service() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("a/b");
        std::fs::create_dir_all(folder.path().join(".cargo")).expect("a folder");
        std::fs::create_dir_all(&inner).expect("a folder");
        std::fs::write(
            folder.path().join(".cargo/config.toml"),
            "[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"\n",
        )
        .expect("a file");
        assert!(configured(&inner));
    }
}
