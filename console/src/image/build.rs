use std::collections::VecDeque;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::NativeSource;
use crate::domain::{Problem, harmless, one_line};

/// How much of what cargo says is kept for the Problem.
const KEPT_LINES: usize = 200;
/// How many lines of the first error a Problem shows.
const SHOWN_LINES: usize = 12;

/// Builds the service's binary with cargo, static, for Lambda's Linux, and tells each line of cargo to `output`.
///
/// Returns the path of the executable. Dropping the future kills cargo and what it started. How it is optimised, and whether
/// incrementally, is for the profile to say.
pub async fn build_native(
    source: &NativeSource,
    output: &(dyn Fn(String) + Send + Sync),
) -> Result<PathBuf, Problem> {
    if !cfg!(target_os = "linux") {
        return Err(Problem::new(format!("the native builder needs Linux, and this is {}", env::consts::OS))
            .because("a static binary for Lambda is linked against Linux's C library")
            .fix("take the container builder, or a Linux machine"));
    }
    let target = Target::of(&source.architecture)?;
    let mut child = Group::start(&mut command(source, &target))?;
    let (stdout, stderr) = (child.0.stdout.take(), child.0.stderr.take());
    let (executable, said) = tokio::try_join!(executable_of(stdout, &source.binary), heard(stderr, output),)
        .map_err(|error| Problem::new("cargo's output cannot be read").because(error))?;
    let status =
        child.0.wait().await.map_err(|error| Problem::new("cargo cannot be waited for").because(error))?;
    if !status.success() {
        return Err(failed(source, &target, &said, &status.to_string()));
    }
    executable.ok_or_else(|| {
        Problem::new(format!("cargo built nothing called {:?}", source.binary))
            .fix("set `package` and `binary` to a binary target of the workspace")
    })
}

/// What is built for.
struct Target {
    triple: &'static str,
    /// The linker that takes the place of `cc`, when the machine is of another architecture.
    linker: Option<&'static str>,
}

impl Target {
    fn of(architecture: &str) -> Result<Target, Problem> {
        let (triple, cpu, linker) = match architecture {
            "x86_64" => ("x86_64-unknown-linux-gnu", "x86_64", "x86_64-linux-gnu-gcc"),
            "arm64" => ("aarch64-unknown-linux-gnu", "aarch64", "aarch64-linux-gnu-gcc"),
            other => {
                return Err(Problem::new(format!("Lambda has no architecture {other:?}"))
                    .fix("set `architecture` to \"x86_64\" or \"arm64\""));
            }
        };
        Ok(Target { triple, linker: (env::consts::ARCH != cpu).then_some(linker) })
    }

    /// The variable by which cargo is told the linker.
    fn linker_variable(&self) -> String {
        format!("CARGO_TARGET_{}_LINKER", self.triple.to_uppercase().replace('-', "_"))
    }
}

/// The call of cargo.
fn command(source: &NativeSource, target: &Target) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .current_dir(&source.dir)
        .args(["build", "--message-format=json-render-diagnostics", "--color=never"])
        .args(["--target", target.triple])
        .args(["--profile", &source.profile])
        .args(["--package", &source.package])
        .args(["--bin", &source.binary])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
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

/// Cargo in a process group of its own, so that the compilers that it started end with it.
struct Group(Child);

impl Group {
    fn start(command: &mut Command) -> Result<Group, Problem> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        command.spawn().map(Group).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Problem::new("cargo was not found, or the service's folder is not there")
                    .because(format!("{program}: {error}"))
                    .fix("install Rust from https://rustup.rs, or set CARGO to the path of cargo")
            }
            _ => Problem::new("cargo cannot be started").because(format!("{program}: {error}")),
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // `id` is None once cargo was waited for: its number may be another's by then.
        let group =
            self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // It fails only when the group is gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
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

/// Reads what cargo says to its end, tells it on line by line, and keeps the last of it.
async fn heard(
    stderr: Option<impl AsyncRead + Unpin>,
    output: &(dyn Fn(String) + Send + Sync),
) -> io::Result<VecDeque<String>> {
    let mut kept = VecDeque::new();
    let Some(stderr) = stderr else { return Ok(kept) };
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        let line = harmless(String::from_utf8_lossy(&line).trim_end());
        kept.push_back(line.clone());
        if kept.len() > KEPT_LINES {
            kept.pop_front();
        }
        output(line);
    }
    Ok(kept)
}

/// Explains a cargo that failed.
fn failed(source: &NativeSource, target: &Target, said: &VecDeque<String>, status: &str) -> Problem {
    let has = |text: &str| said.iter().any(|line| line.contains(text));
    let first = said.iter().position(|line| line.starts_with("error")).unwrap_or(0);
    let shown: Vec<&str> = said
        .iter()
        .skip(first)
        .take_while(|line| !line.is_empty())
        .take(SHOWN_LINES)
        .map(String::as_str)
        .collect();
    let detail = if shown.is_empty() { status.to_owned() } else { shown.join("\n") };
    let architecture = &source.architecture;
    if has("may not be installed") && has(target.triple) {
        return Problem::new(format!("Rust's standard library for {architecture} is not installed"))
            .because(detail)
            .fix(format!("rustup target add {}", target.triple));
    }
    if let Some(linker) = target.linker
        && has(&format!("linker `{linker}` not found"))
    {
        return Problem::new(format!(
            "a linker for {architecture} is missing on this {} machine",
            env::consts::ARCH
        ))
        .because(detail)
        .fix(format!(
            "install it (Debian: apt-get install gcc-{}), set {}, or take the container builder",
            linker.trim_end_matches("-gcc"),
            target.linker_variable()
        ));
    }
    if has("linker `cc` not found") {
        return Problem::new("a C linker is missing")
            .because(detail)
            .fix("install one (Debian: apt-get install gcc libc6-dev)");
    }
    if has("cannot find -lc") {
        return Problem::new("the static C library is missing")
            .because(detail)
            .fix("install it (Fedora: dnf install glibc-static; Debian: apt-get install libc6-dev)");
    }
    if has(&format!("profile `{}` is not defined", source.profile)) {
        return Problem::new(format!("the workspace has no cargo profile `{}`", source.profile))
            .because(detail)
            .fix(format!(
                "add [profile.{}] to its Cargo.toml, or set `profile = \"release\"`",
                source.profile
            ));
    }
    let summary = match said.iter().rev().find_map(|line| line.strip_prefix("error: could not compile ")) {
        Some(what) => {
            format!("{} does not compile", one_line(what.split(" due to").next().unwrap_or(what), 80))
        }
        None => format!("cargo could not build {}", source.package),
    };
    Problem::new(summary).because(detail).fix("correct it and deploy again: nothing was changed")
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
