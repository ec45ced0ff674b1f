//! Tools are links to one script, which does what the files beside the link say.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::super::emulation::emulated;
use super::*;

/// A PATH with these tools, and these files for them.
fn path(tools: &[&str], files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pretend_tool.sh");
    for tool in tools {
        symlink(&script, folder.path().join(tool)).expect("a link");
    }
    for (file, text) in files {
        fs::write(folder.path().join(file), text).expect("a file");
    }
    folder
}

async fn found(folder: &TempDir, wanted: Option<ContainerTool>) -> Result<Tool, Problem> {
    Tool::find_in(folder.path().as_os_str(), wanted).await
}

fn source() -> ContainerSource {
    ContainerSource {
        dir: "/service".into(),
        dockerfile: "/service/Dockerfile".into(),
        architecture: "arm64".to_owned(),
        tool: None,
    }
}

fn words(command: &Command) -> String {
    let words: Vec<_> = command.as_std().get_args().map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

fn build(tool: &Tool) -> String {
    words(&tool.build(&source(), "linux/arm64", Path::new("/tmp/id")))
}

const REST: &str = "--platform linux/arm64 --iidfile /tmp/id --file /service/Dockerfile /service";

#[tokio::test]
async fn the_first_tool_that_works_is_taken_and_a_client_without_an_engine_does_not() {
    let folder = path(&["docker", "podman", "buildah"], &[("buildah.version", "1.28.2")]);
    let tool = found(&folder, None).await.expect("a tool");
    assert_eq!(tool.to_string(), "buildah 1.28.2");
    assert_eq!(build(&tool), format!("build --layers --force-rm {REST}"));
    let save = tool.save("sha256:0123", Path::new("/tmp/image.tar"));
    assert_eq!(words(&save), "push --quiet 0123 docker-archive:/tmp/image.tar");

    fs::write(folder.path().join("podman.version"), "4.3.1\n").expect("a file");
    let tool = found(&folder, None).await.expect("a tool");
    assert_eq!(tool.to_string(), "podman 4.3.1");
    let save = tool.save("sha256:0123", Path::new("/tmp/image.tar"));
    assert_eq!(words(&save), "save --quiet --format docker-archive --output /tmp/image.tar 0123");

    fs::write(folder.path().join("docker.engine"), "20.10.24 amd64 20.10.24\n").expect("a file");
    let tool = found(&folder, None).await.expect("a tool");
    assert_eq!(tool.to_string(), "docker 20.10.24");
    assert_eq!(words(&tool.save("sha256:0123", Path::new("/tmp/a"))), "save --output /tmp/a sha256:0123");
    assert_eq!(
        found(&folder, Some(ContainerTool::Buildah)).await.expect("a tool").kind,
        ContainerTool::Buildah
    );
}

#[tokio::test]
async fn dockers_builders_get_the_flags_that_they_know() {
    let folder = path(&["docker"], &[("docker.engine", "20.10.24 amd64 20.10.24")]);
    let legacy = found(&folder, None).await.expect("a tool");
    assert_eq!(build(&legacy), format!("build --progress=plain {REST}"));
    let without_attestations = "buildx build --load --progress=plain --provenance=false --sbom=false";
    for (version, beginning) in [
        ("github.com/docker/buildx v0.9.1 ed00243", "buildx build --load --progress=plain"),
        ("github.com/docker/buildx v0.10.0 876462897", without_attestations),
        ("github.com/docker/buildx v0.29.1-desktop.1 a1b2c3", without_attestations),
        ("github.com/docker/buildx v1.0.0 a1b2c3", without_attestations),
    ] {
        fs::write(folder.path().join("docker.buildx"), version).expect("a file");
        let tool = found(&folder, None).await.expect("a tool");
        assert_eq!(build(&tool), format!("{beginning} {REST}"), "{version}");
        let told: Vec<_> = tool
            .build(&source(), "linux/arm64", Path::new("/i"))
            .as_std()
            .get_envs()
            .map(|(name, _)| name.to_owned())
            .collect();
        assert!(told.contains(&"BUILDX_NO_DEFAULT_ATTESTATIONS".into()), "{told:?}");
        assert!(told.contains(&"DOCKER_BUILDKIT".into()), "{told:?}");
    }
}

#[tokio::test]
async fn what_was_looked_for_and_why_it_does_not_do_is_told() {
    let problem = found(&path(&["docker", "buildah"], &[]), None).await.expect_err("none works");
    assert_eq!(problem.summary, "no container tool works here");
    assert_eq!(
        problem.detail,
        "docker: docker: nothing answers; podman: not found on the PATH; buildah: buildah: nothing answers"
    );
    assert!(problem.hint.contains("apt-get install buildah"), "{problem}");
    assert!(problem.hint.contains("--builder native"), "{problem}");

    let folder = path(&["buildah"], &[("buildah.version", "1.28.2")]);
    let problem = found(&folder, Some(ContainerTool::Podman)).await.expect_err("it is not there");
    assert_eq!(problem.summary, "podman does not work here");
    assert_eq!(problem.detail, "podman: not found on the PATH");
    // From 23 on, the client builds by this plugin alone.
    let folder = path(&["docker"], &[("docker.engine", "20.10.24 amd64 28.2.2")]);
    let problem = found(&folder, Some(ContainerTool::Docker)).await.expect_err("no buildx");
    assert!(problem.detail.contains("apt-get install docker-buildx"), "{problem}");
    let problem = platform("sparc").expect_err("no such platform");
    assert_eq!(problem.summary, "Lambda has no architecture \"sparc\"");
}

#[tokio::test]
async fn a_builder_for_another_architecture_says_whether_it_can() {
    let folder = path(
        &["docker"],
        &[
            ("docker.engine", "28.2.2 amd64 28.2.2"),
            ("docker.buildx", "github.com/docker/buildx v0.24.0 1"),
            ("docker.platforms", "Name: default\nPlatforms: linux/amd64, linux/386\n"),
        ],
    );
    let tool = found(&folder, None).await.expect("a tool");
    emulated(&tool, "x86_64").await.expect("its own");
    let problem = emulated(&tool, "arm64").await.expect_err("no emulation");
    assert_eq!(problem.summary, "docker 28.2.2 cannot build for arm64 on this amd64 machine");
    assert!(problem.hint.contains("qemu-user-static"), "{problem}");
    fs::write(folder.path().join("docker.platforms"), "Platforms: linux/amd64, linux/arm64\n")
        .expect("a file");
    emulated(&tool, "arm64").await.expect("emulated");
}
