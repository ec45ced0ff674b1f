use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::NativeSource;
use super::process::Group;
use super::target::{self, Target};
use super::transcript::Transcript;
use crate::domain::{Problem, one_line};

/// Builds the service's binary with cargo, static, for Lambda's Linux. Each line of cargo is told to `output` and written
/// into the file `log`.
///
/// Returns the path of the executable. Dropping the future kills cargo and what it started. How it is optimised, and whether
/// incrementally, is for the profile to say.
pub async fn build_native(
    source: &NativeSource,
    log: &Path,
    output: &(dyn Fn(String) + Send + Sync),
) -> Result<PathBuf, Problem> {
    if let Some(problem) = target::foreign_system() {
        return Err(problem);
    }
    let target = Target::of(&source.architecture)?;
    let transcript = Transcript::begin(log, output)?;
    let mut cargo = Group::start(&mut command(source, &target), |error| {
        Problem::new("cargo was not found, or the service's folder is not there")
            .because(error)
            .fix("install Rust from https://rustup.rs, or set CARGO to the path of cargo")
    })?;
    let (stdout, stderr) = (cargo.child().stdout.take(), cargo.child().stderr.take());
    let (executable, ()) = tokio::try_join!(executable_of(stdout, &source.binary), transcript.hear(stderr))
        .map_err(|error| cargo.unreadable(error))?;
    let status = cargo.ended().await?;
    if !status.success() {
        return Err(failed(source, &target, &transcript, &status.to_string()));
    }
    executable.ok_or_else(|| {
        Problem::new(format!("cargo built nothing called {:?}", source.binary))
            .fix("set `package` and `binary` to a binary target of the workspace")
    })
}

/// Which cargo is called.
pub(super) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

/// The call of cargo.
fn command(source: &NativeSource, target: &Target) -> Command {
    let mut command = Command::new(cargo());
    command
        .current_dir(&source.dir)
        .args(["build", "--message-format=json-render-diagnostics", "--color=never"])
        .args(["--target", target.triple])
        .args(["--profile", &source.profile])
        .args(["--package", &source.package])
        .args(["--bin", &source.binary])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, _) in env::vars_os().filter(|(name, _)| set_by_cargo(name)) {
        command.env_remove(name);
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", flags(&source.dir)).env("CARGO_TERM_PROGRESS_WHEN", "never");
    if let Some(linker) = target.linker
        && env::var_os(target.linker_variable()).is_none()
    {
        command.env(target.linker_variable(), linker);
    }
    command
}

/// Whether a variable comes from a cargo that started this program (`cargo run`, `cargo test`, a build script), or would
/// make the build differ from one started in a plain shell: either way everything would be compiled anew.
fn set_by_cargo(name: &OsStr) -> bool {
    const NAMES: [&str; 13] = [
        "CARGO",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        "CARGO_MAKEFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_RUSTC_CURRENT_DIR",
        "CARGO_TARGET_TMPDIR",
        "NUM_JOBS",
        "OUT_DIR",
        "RUSTFLAGS",
        "RUST_RECURSION_COUNT",
    ];
    const BEGINNINGS: [&str; 5] =
        ["CARGO_BIN_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_", "CARGO_PKG_"];
    let Some(name) = name.to_str() else { return false };
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// rustc's flags, in cargo's encoding, which a space in a path does not break: a static C library, and no path of this
/// machine in the binary, so that it comes out the same on every machine.
fn flags(dir: &Path) -> OsString {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .unwrap_or_default();
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let mut flags = OsString::from("-Ctarget-feature=+crt-static");
    for (path, name) in [(dir.as_path(), "/service"), (home.as_path(), "/cargo")] {
        if !path.as_os_str().is_empty() {
            flags.push("\u{1f}--remap-path-prefix=");
            flags.push(path);
            flags.push("=");
            flags.push(name);
        }
    }
    flags
}

/// A line of cargo's JSON; what is not an artifact has no target.
#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    target: Option<MessageTarget>,
}

#[derive(Deserialize)]
struct MessageTarget {
    name: String,
    kind: Vec<String>,
}

/// Reads cargo's messages to their end and finds the executable that was asked for.
async fn executable_of(stdout: Option<impl AsyncRead + Unpin>, binary: &str) -> io::Result<Option<PathBuf>> {
    let mut found = None;
    let Some(stdout) = stdout else { return Ok(found) };
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        // A build script may print anything between cargo's messages.
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        if message.reason == "compiler-artifact"
            && let Some(target) = message.target
            && target.name == binary
            && target.kind.iter().any(|kind| kind == "bin")
            && message.executable.is_some()
        {
            found = message.executable;
        }
    }
    Ok(found)
}

/// Explains a cargo that failed.
fn failed(source: &NativeSource, target: &Target, said: &Transcript<'_>, status: &str) -> Problem {
    let detail = match said.error() {
        nothing if nothing.is_empty() => status.to_owned(),
        error => error,
    };
    let architecture = &source.architecture;
    if said.has("may not be installed") && said.has(target.triple) {
        return target::no_standard_library(architecture, target).because(detail);
    }
    if said.has(&format!("linker `{}` not found", target.linker.unwrap_or("cc"))) {
        return target::no_linker(architecture, target).because(detail);
    }
    if said.has("cannot find -lc") {
        return Problem::new("the static C library is missing")
            .because(detail)
            .fix("install it (Fedora: dnf install glibc-static; Debian: apt-get install libc6-dev)");
    }
    if said.has(&format!("profile `{}` is not defined", source.profile)) {
        return Problem::new(format!("the workspace has no cargo profile `{}`", source.profile))
            .because(detail)
            .fix(format!(
                "add [profile.{}] to its Cargo.toml, or set `profile = \"release\"`",
                source.profile
            ));
    }
    let summary = match said.rest_of("error: could not compile ") {
        Some(what) => {
            format!("{} does not compile", one_line(what.split(" due to").next().unwrap_or(&what), 80))
        }
        None => format!("cargo could not build {}", source.package),
    };
    Problem::new(summary).because(detail).fix(format!("correct it ({})", said.pointer()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_is_the_same_from_a_shell_from_cargo_run_and_from_cargo_test() {
        // This test runs under cargo, which has just set these.
        assert!(
            env::var_os("CARGO_MANIFEST_DIR").is_some_and(|_| set_by_cargo("CARGO_MANIFEST_DIR".as_ref()))
        );
        let set = |name: &str| set_by_cargo(name.as_ref());
        for name in [
            "CARGO",
            "CARGO_PKG_VERSION",
            "CARGO_BIN_EXE_callboard",
            "RUSTFLAGS",
            "CARGO_INCREMENTAL",
            "OUT_DIR",
        ] {
            assert!(set(name), "{name} would reach the build");
        }
        for name in [
            "PATH",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_JOBS",
            "CARGO_HTTP_PROXY",
            "CARGO_NET_OFFLINE",
        ] {
            assert!(!set(name), "{name} is the user's own");
        }
    }
}
