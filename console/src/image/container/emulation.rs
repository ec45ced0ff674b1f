use std::path::Path;

use super::Tool;
use super::tool::platform;
use crate::domain::Problem;

/// Where Linux keeps what runs programs of other machines.
const INTERPRETERS: &str = "/proc/sys/fs/binfmt_misc";

/// Looks whether the tool can run the builder image of the function's architecture.
pub(crate) async fn emulated(tool: &Tool, architecture: &str) -> Result<(), Problem> {
    let platform = platform(architecture)?;
    if tool.machine() == platform.trim_start_matches("linux/") {
        return Ok(());
    }
    let works = if tool.knows_platforms() {
        // The builder may be on another machine, or in a virtual one: only it can say.
        tool.ask(&["buildx", "inspect"]).await.is_ok_and(|said| lists(&said, platform))
    } else {
        // Elsewhere the tools run in a virtual machine of theirs, which brings emulation along.
        !cfg!(target_os = "linux") || interpreted(Path::new(INTERPRETERS), architecture)
    };
    if works {
        return Ok(());
    }
    let (cpu, machine) = (if architecture == "arm64" { "aarch64" } else { "x86_64" }, tool.machine());
    Err(Problem::new(format!("{tool} cannot build for {architecture} on this {machine} machine"))
        .because(format!("nothing here runs programs of {platform} (no qemu-{cpu} in {INTERPRETERS})"))
        .fix(format!(
            "install an emulator (Debian: apt-get install qemu-user-static binfmt-support; Docker: docker run --privileged --rm \
             tonistiigi/binfmt --install {}), set `architecture` of [function] to this machine's, or build on a machine of that kind",
            platform.trim_start_matches("linux/")
        )))
}

/// Whether `docker buildx inspect` lists a platform; a `*` marks one that was set by hand.
fn lists(said: &str, platform: &str) -> bool {
    said.split([' ', ',']).any(|word| word.trim_end_matches('*') == platform)
}

/// Whether Linux hands programs of an architecture to an interpreter.
fn interpreted(folder: &Path, architecture: &str) -> bool {
    let names: &[&str] = match architecture {
        "arm64" => &["qemu-aarch64", "qemu-aarch64-static"],
        _ => &["qemu-x86_64", "qemu-x86_64-static", "rosetta", "FEX-x86_64"],
    };
    names.iter().any(|name| {
        std::fs::read_to_string(folder.join(name)).is_ok_and(|entry| entry.starts_with("enabled"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulation_is_what_linux_says_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!interpreted(folder.path(), "arm64"));
        let entry = folder.path().join("qemu-aarch64");
        std::fs::write(&entry, "enabled\ninterpreter /usr/bin/qemu-aarch64-static\n").expect("an entry");
        assert!(interpreted(folder.path(), "arm64"));
        assert!(!interpreted(folder.path(), "x86_64"));
        std::fs::write(&entry, "disabled\n").expect("an entry");
        assert!(!interpreted(folder.path(), "arm64"));
    }

    #[test]
    fn a_builder_builds_for_the_platforms_that_it_lists() {
        let said =
            "Name: default Driver: docker Platforms: linux/amd64, linux/amd64/v2, linux/arm64*, linux/386";
        assert!(lists(said, "linux/arm64") && lists(said, "linux/amd64"));
        assert!(!lists(said, "linux/s390x"));
    }
}
