//! The container builder as an operator meets it: `callboard deploy --builder container` with a tool that only pretends. Real
//! tools are in `.ci/peers/container.sh`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use callboard::domain::Digest;
use callboard::image::{NativeSource, build_native};
use callboard::settings::Architecture;
use serde_json::{Value, json};
use tar::{Builder, Header};

use super::image_build::{alive, until};
use super::project::Project;

/// A project whose `tools` folder comes first on the PATH, with a Buildah that works.
fn project() -> Project {
    let project = Project::new();
    project.write("service/Dockerfile", "FROM scratch\n");
    project.write("tools/buildah.version", "1.28.2");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pretend_tool.sh");
    symlink(script, project.path().join("tools/buildah")).expect("a link");
    let settings = fs::read_to_string(project.path().join("callboard.toml")).expect("settings");
    project.write("callboard.toml", &format!("{settings}tool = \"buildah\"\n"));
    project
}

fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    let tools = project.path().join("tools");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([tools].into_iter().chain(std::env::split_paths(&path))).expect("a PATH");
    command.current_dir(project.path()).args(arguments).env("PATH", path).stdin(Stdio::null());
    command
}

fn run(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(project, arguments).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

fn put(tar: &mut Builder<Vec<u8>>, name: &str, mode: u32, content: &[u8]) {
    let mut header = Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    tar.append_data(&mut header, name, content).expect("a file");
}

/// What a container tool would give away: the binary in a layer of its own.
fn docker_archive(binary: &[u8], architecture: Architecture) -> Vec<u8> {
    let mut layer = Builder::new(Vec::new());
    put(&mut layer, "var/task/bootstrap", 0o755, binary);
    let layer = layer.into_inner().expect("a tar");
    let config = json!({
        "architecture": if architecture == Architecture::Arm64 { "arm64" } else { "amd64" },
        "os": "linux",
        "config": {"Entrypoint": ["/var/task/bootstrap"], "WorkingDir": "/var/task"},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer).0]},
    });
    let mut archive = Builder::new(Vec::new());
    put(&mut archive, "layer.tar", 0o644, &layer);
    put(&mut archive, "config.json", 0o644, config.to_string().as_bytes());
    let manifest = json!([{"Config": "config.json", "RepoTags": null, "Layers": ["layer.tar"]}]);
    put(&mut archive, "manifest.json", 0o644, manifest.to_string().as_bytes());
    archive.into_inner().expect("a tar")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_a_container_tool_is_deployed_and_sent_once() {
    let project = project();
    let architecture = Architecture::of_this_machine().expect("Lambda has functions like this machine");
    let source = NativeSource::of(&project.settings().build, architecture);
    let binary = build_native(&source, &project.path().join("native.log"), &|_| ()).await.expect("a binary");
    let archive = docker_archive(&fs::read(binary).expect("the binary"), architecture);
    fs::write(project.path().join("tools/image.tar"), archive).expect("a file");
    project.commit();

    let deploy = ["deploy", "stage", "--yes", "--json", "--builder", "container"];
    let (code, out, err) = run(&project, &deploy);
    assert_eq!(code, 0, "{out}{err}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(answer["deployed"]["green"], true);
    let step = |answer: &Value, id: &str| {
        let steps = answer["steps"].as_array().expect("steps").clone();
        steps.into_iter().find(|step| step["step"] == id).expect("the step")
    };
    assert!(step(&answer, "build")["detail"].as_str().expect("text").starts_with("buildah 1.28.2 "), "{out}");
    assert!(step(&answer, "push")["detail"].as_str().expect("text").ends_with("2 of 2 blobs sent"), "{out}");
    assert!(err.contains("STEP 1/1: FROM scratch"), "{err}");
    let log = fs::read_to_string(project.path().join(".callboard/build.log")).expect("the log");
    assert!(log.contains("STEP 1/1: FROM scratch"), "{log}");
    // The environment file's values go to the function, and never through the tool.
    let calls = fs::read_to_string(project.path().join("tools/calls")).expect("the calls");
    assert!(!format!("{calls}{log}").contains(super::project::SECRET), "{calls}");

    let (code, out, err) = run(&project, &deploy);
    assert_eq!(code, 0, "{out}{err}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(step(&answer, "push")["result"], "unchanged");
    let source = fs::read_dir(project.path().join("service")).expect("the source");
    let mut names: Vec<_> = source.map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(
        names,
        ["Cargo.lock", "Cargo.toml", "Dockerfile", "src", "target"],
        "something was left there"
    );
}

#[test]
fn a_build_that_fails_shows_its_first_error_and_names_the_log() {
    let project = project();
    project.write(
        "tools/fails",
        "STEP 1/2: FROM scratch\nerror[E0308]: mismatched types\n --> src/main.rs:1:1\n\u{1b}[2Jafter\n",
    );
    let (code, out, err) = run(&project, &["deploy", "stage", "--yes", "--builder", "container"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("buildah 1.28.2 could not build the image"), "{err}");
    assert!(err.contains("error[E0308]: mismatched types"), "{err}");
    assert!(err.contains(".callboard/build.log"), "{err}");
    assert!(!format!("{out}{err}").contains('\u{1b}'), "{out}{err}");
    let log = fs::read_to_string(project.path().join(".callboard/build.log")).expect("the log");
    assert!(log.contains("␛[2Jafter"), "{log}");

    project.write("callboard.toml", "name = \"hello\"\n[build]\ndockerfile = \"other/Dockerfile\"\n");
    let (code, out, err) = run(&project, &["deploy", "stage", "--yes", "--builder", "container"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("there is no Dockerfile at ") && err.contains("other/Dockerfile"), "{err}");
    let (code, _, err) = run(&project, &["plan", "stage", "--builder", "docker"]);
    assert_eq!(code, 2);
    assert!(err.contains("it is `native` or `container`"), "{err}");
}

#[tokio::test]
async fn a_deploy_that_is_stopped_ends_the_tool() {
    let project = project();
    project.write("tools/hang", "");
    let mut callboard = command(&project, &["deploy", "stage", "--yes", "--builder", "container"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let file = project.path().join("tools/pid");
    let pid = until(|| {
        fs::read_to_string(&file).ok().map(|pid| pid.trim().to_owned()).filter(|pid| !pid.is_empty())
    })
    .await;
    assert!(alive(&pid));
    let interrupt = Command::new("kill").args(["-INT", &callboard.id().to_string()]).status().expect("kill");
    assert!(interrupt.success());
    until(|| (!alive(&pid)).then_some(())).await;
    assert_eq!(callboard.wait().expect("it ends").code(), Some(1));
}
