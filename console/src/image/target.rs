use std::env;

use crate::domain::Problem;

/// What cargo builds for.
pub(super) struct Target {
    pub(super) triple: &'static str,
    /// The linker that takes the place of `cc`, when the machine is of another architecture.
    pub(super) linker: Option<&'static str>,
}

impl Target {
    /// `architecture` is `x86_64` or `arm64`.
    pub(super) fn of(architecture: &str) -> Result<Target, Problem> {
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
    pub(super) fn linker_variable(&self) -> String {
        format!("CARGO_TARGET_{}_LINKER", self.triple.to_uppercase().replace('-', "_"))
    }
}

/// What is said on a system that the native builder cannot build on; nothing on Linux.
pub(super) fn foreign_system() -> Option<Problem> {
    (!cfg!(target_os = "linux")).then(|| {
        Problem::new(format!("the native builder needs Linux, and this is {}", env::consts::OS))
            .because("a static binary for Lambda is linked against Linux's C library")
            .fix("set `builder = \"container\"` in callboard.toml (or --builder container), or take a Linux machine")
    })
}

/// What is said where Rust's standard library for the target is missing.
pub(super) fn no_standard_library(architecture: &str, target: &Target) -> Problem {
    let triple = target.triple;
    Problem::new(format!("Rust's standard library for {architecture} is not installed"))
        .fix(format!("rustup target add {triple}, or take the container builder (--builder container)"))
}

/// What is said where the linker for the target is missing.
pub(super) fn no_linker(architecture: &str, target: &Target) -> Problem {
    match target.linker {
        None => {
            Problem::new("a C linker is missing").fix("install one (Debian: apt-get install gcc libc6-dev)")
        }
        Some(linker) => {
            let package = linker.trim_end_matches("-gcc");
            let here = env::consts::ARCH;
            Problem::new(format!("a linker for {architecture} is missing on this {here} machine")).fix(format!(
                "install it (Debian: apt-get install gcc-{package} libc6-dev-{}-cross), set {}, or take the container builder (--builder container)",
                if architecture == "x86_64" { "amd64" } else { "arm64" },
                target.linker_variable()
            ))
        }
    }
}
