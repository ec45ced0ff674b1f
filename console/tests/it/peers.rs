//! The native image in the hands of programs that nobody here wrote: Debian's docker-registry, skopeo, umoci and crun. What is
//! missing of them is an error: `.ci/run` installs them, and the feature `peers` compiles this in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use callboard::domain::Secret;
use callboard::http;
use callboard::image::{Image, NativeSource, Pushed, Registry, assemble, build_native, push};
use serde_json::Value;
use tempfile::TempDir;

use super::image_build::until;

const PASSWORD: &str = "a-token-of-this-test";

/// A service that tells what it finds where it runs.
const PROBE: &str = r#"
fn main() {
    let authorities = std::fs::read_to_string(std::env::var("SSL_CERT_FILE").unwrap()).unwrap();
    println!("authorities {}", authorities.matches("BEGIN CERTIFICATE").count() > 100);
    println!("folder {}", std::env::current_dir().unwrap().display());
    println!("tmp {}", std::fs::write("/tmp/probe", "x").is_ok());
    println!("nsswitch {}", std::fs::read_to_string("/etc/nsswitch.conf").unwrap().contains("hosts: files dns"));
}
"#;

/// Runs a program that has to succeed.
fn run(program: &str, arguments: &[&str], dir: &Path) -> Output {
    let output = Command::new(program).args(arguments).current_dir(dir).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error} (.ci/run installs it)"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// docker-registry with one user, on a port of its own; ends with the test.
struct DockerRegistry {
    process: Child,
    registry: Registry,
}

impl DockerRegistry {
    async fn start(folder: &Path) -> DockerRegistry {
        let users = run("htpasswd", &["-nbB", "AWS", PASSWORD], folder).stdout;
        fs::write(folder.join("users"), users).expect("a file");
        let config = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {0}/store\n\
             http:\n  addr: 127.0.0.1:0\nauth:\n  htpasswd:\n    realm: test\n    path: {0}/users\n",
            folder.display()
        );
        fs::write(folder.join("config.yml"), config).expect("a file");
        let log = folder.join("log");
        let process = Command::new("docker-registry")
            .args(["serve", "config.yml"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).expect("a file"))
            .spawn()
            .expect("docker-registry (.ci/run installs it)");
        let port = until(|| {
            let said = fs::read_to_string(&log).ok()?;
            let rest = said.split("listening on 127.0.0.1:").nth(1)?;
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            (port.len() < rest.len()).then_some(port)
        })
        .await;
        let registry = Registry {
            url: format!("http://127.0.0.1:{port}").parse().expect("a URL"),
            username: "AWS".to_owned(),
            password: Secret::new(PASSWORD),
        };
        DockerRegistry { process, registry }
    }

    /// `127.0.0.1:PORT/hello:TAG`, as the container tools name it.
    fn name(&self, tag: &str) -> String {
        format!("docker://{}/hello:{tag}", self.registry.url.authority())
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        // It fails only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn pushed(registry: &Registry, tag: &str, image: &Image) -> Pushed {
    let http = http::client().expect("a client");
    tokio::time::timeout(Duration::from_secs(60), push(&http, registry, "hello", tag, image, &|_, _| ()))
        .await
        .expect("in a minute")
        .expect("pushed")
}

async fn probe(folder: &Path, main: &str) -> PathBuf {
    let dir = folder.join("probe");
    fs::create_dir_all(dir.join("src")).expect("a folder");
    fs::write(dir.join("Cargo.toml"), "[package]\nname = \"probe\"\nedition = \"2024\"\n").expect("a file");
    fs::write(dir.join("src/main.rs"), main).expect("a file");
    let source = NativeSource {
        dir,
        package: "probe".to_owned(),
        binary: "probe".to_owned(),
        architecture: "x86_64".to_owned(),
        profile: "release".to_owned(),
    };
    build_native(&source, &folder.join("build.log"), &|_| ()).await.expect("a binary")
}

#[tokio::test]
async fn a_real_registry_takes_the_image_and_a_real_runtime_runs_it() {
    let folder = TempDir::new().expect("a folder");
    let dir = folder.path();
    let docker = DockerRegistry::start(dir).await;
    let image = assemble(&probe(dir, PROBE).await, "x86_64").expect("an image");

    let first = pushed(&docker.registry, "first", &image).await;
    assert_eq!((first.blobs_sent, first.blobs_reused), (3, 0));
    assert_eq!(pushed(&docker.registry, "first", &image).await.sent_bytes, 0);
    assert_eq!(pushed(&docker.registry, "second", &image).await.blobs_reused, 3);

    // One line of the service changed: of the layers only its own is sent, and with it the configuration that names it.
    let changed =
        assemble(&probe(dir, &PROBE.replace("tmp {}", "temporary {}")).await, "x86_64").expect("an image");
    let third = pushed(&docker.registry, "third", &changed).await;
    assert_eq!((third.blobs_sent, third.blobs_reused), (2, 1));
    let new = changed.layers[1].size + changed.config.size + changed.manifest.len() as u64;
    assert_eq!((third.sent_bytes, &changed.layers[0]), (new, &image.layers[0]));
    let stranger = Registry { password: Secret::new("another-token"), ..docker.registry.clone() };
    let http = http::client().expect("a client");
    let refused = push(&http, &stranger, "hello", "fourth", &changed, &|_, _| ()).await;
    let problem = refused.expect_err("refused").problem;
    assert!(problem.detail.contains("401"), "{problem}");

    let credentials = format!("AWS:{PASSWORD}");
    let name = docker.name("first");
    let inspected =
        json(&run("skopeo", &["inspect", "--tls-verify=false", "--creds", &credentials, &name], dir).stdout);
    assert_eq!(inspected["Digest"], image.digest.0);
    assert_eq!(inspected["Architecture"], "amd64");
    assert_eq!(inspected["Layers"].as_array().map(Vec::len), Some(2));

    let copy =
        ["copy", "--quiet", "--src-tls-verify=false", "--src-creds", &credentials, &name, "oci:copy:it"];
    run("skopeo", &copy, dir);
    run("umoci", &["unpack", "--image", "copy:it", "bundle"], dir);
    let mut config = json(&fs::read(dir.join("bundle/config.json")).expect("a bundle"));
    assert_eq!(config["process"]["args"][0], "/var/task/bootstrap");
    assert_eq!(config["process"]["cwd"], "/var/task");
    // No terminal and no namespaces of users or cgroups: what is tried is the image, not this machine.
    config["process"]["terminal"] = false.into();
    fs::write(dir.join("bundle/config.json"), config.to_string()).expect("a file");
    let crun = "mount -t cgroup2 none /sys/fs/cgroup && exec crun --cgroup-manager=disabled run \"$1\"";
    let container = format!("callboard-{}", std::process::id());
    let said = run("unshare", &["-m", "sh", "-c", crun, "sh", &container], &dir.join("bundle"));
    assert_eq!(
        String::from_utf8_lossy(&said.stdout),
        "authorities true\nfolder /var/task\ntmp true\nnsswitch true\n"
    );
}
