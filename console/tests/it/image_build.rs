//! The native builder, on a crate without dependencies.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use callboard::domain::Problem;
use callboard::image::{NativeSource, assemble, build_native};
use tempfile::TempDir;

const HOST: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// A workspace with one package `hello` whose `main.rs` is this.
fn workspace(main: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write(
        folder.path(),
        "Cargo.toml",
        "[package]\nname = \"hello\"\nedition = \"2024\"\n\n[profile.lambda]\ninherits = \"release\"\nincremental = true\n",
    );
    write(folder.path(), "src/main.rs", main);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn source(folder: &TempDir) -> NativeSource {
    NativeSource {
        dir: folder.path().to_owned(),
        package: "hello".to_owned(),
        binary: "hello".to_owned(),
        architecture: HOST.to_owned(),
        profile: "lambda".to_owned(),
    }
}

/// Builds, and gives the lines that were heard along with what came out.
async fn build(source: &NativeSource) -> (Result<std::path::PathBuf, Problem>, Vec<String>) {
    let lines = Mutex::new(Vec::new());
    let log = source.dir.with_extension("build.log");
    let built = build_native(source, &log, &|line| lines.lock().expect("lines").push(line)).await;
    let lines = lines.into_inner().expect("lines");
    if !lines.is_empty() {
        assert_eq!(fs::read_to_string(&log).expect("the log"), lines.join("\n") + "\n");
        fs::remove_file(log).expect("the log goes");
    }
    (built, lines)
}

#[tokio::test]
async fn a_crate_becomes_a_static_binary_that_runs_and_fits_in_an_image() {
    let folder = workspace("fn main() { println!(\"hello {}\", file!()); }");
    let (built, lines) = build(&source(&folder)).await;
    let binary = built.expect("a binary");
    assert!(lines.iter().any(|line| line.contains("Compiling hello")), "{lines:?}");
    let said = Command::new(&binary).env_clear().output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "hello src/main.rs\n");
    let image = assemble(&binary, HOST).expect("an image");

    // The path of this machine's folder is not in it.
    let bytes = fs::read(&binary).expect("the binary");
    let path = folder.path().to_string_lossy().into_owned();
    assert!(!bytes.windows(path.len()).any(|window| window == path.as_bytes()));

    // Again: nothing is compiled, and the image is the same.
    let (built, lines) = build(&source(&folder)).await;
    assert!(!lines.iter().any(|line| line.contains("Compiling")), "{lines:?}");
    assert_eq!(assemble(&built.expect("a binary"), HOST).expect("an image").digest, image.digest);
}

#[tokio::test]
async fn a_compile_error_is_shown_where_it_stands() {
    let folder = workspace("fn main() { let number: u8 = \"text\"; }");
    let (built, lines) = build(&source(&folder)).await;
    let problem = built.expect_err("no binary");
    assert_eq!(problem.summary, "`hello` (bin \"hello\") does not compile");
    assert!(problem.detail.starts_with("error[E0308]: mismatched types"), "{problem:?}");
    assert!(problem.detail.contains("src/main.rs:1:"), "{problem:?}");
    assert!(!lines.iter().any(|line| line.contains('\u{1b}')), "{lines:?}");
}

#[tokio::test]
async fn a_wrong_setting_is_named() {
    let folder = workspace("fn main() {}");
    let wrong = |change: fn(&mut NativeSource)| {
        let mut source = source(&folder);
        change(&mut source);
        source
    };
    let (built, _) = build(&wrong(|source| source.profile = "tiny".to_owned())).await;
    let problem = built.expect_err("no binary");
    assert_eq!(problem.summary, "the workspace has no cargo profile `tiny`");
    assert!(problem.hint.contains("[profile.tiny]"), "{problem:?}");

    let (built, _) = build(&wrong(|source| source.package = "other".to_owned())).await;
    let problem = built.expect_err("no binary");
    assert_eq!(problem.summary, "cargo could not build other");
    assert!(problem.detail.contains("other"), "{problem:?}");

    let (built, _) = build(&wrong(|source| source.architecture = "sparc".to_owned())).await;
    assert_eq!(built.expect_err("no binary").summary, "Lambda has no architecture \"sparc\"");

    let (built, _) = build(&wrong(|source| source.dir = "/nowhere/at/all".into())).await;
    assert_eq!(
        built.expect_err("no binary").summary,
        "cargo was not found, or the service's folder is not there"
    );
}

#[tokio::test]
async fn a_build_that_is_dropped_leaves_no_process() {
    let folder = workspace("fn main() {}");
    let pid_file = folder.path().join("pid");
    // A build script that says who it is and would then run for an hour.
    write(
        folder.path(),
        "build.rs",
        &format!(
            "fn main() {{ std::fs::write({pid_file:?}, std::process::id().to_string()).unwrap(); \
             std::thread::sleep(std::time::Duration::from_secs(3600)); }}"
        ),
    );
    let source = source(&folder);
    let running = async {
        let pid = until(|| fs::read_to_string(&pid_file).ok().filter(|pid| !pid.is_empty())).await;
        assert!(alive(&pid));
        pid
    };
    let pid = tokio::select! {
        (built, lines) = build(&source) => panic!("it ended: {built:?} {lines:?}"),
        pid = running => pid,
    };
    until(|| (!alive(&pid)).then_some(())).await;
}

/// Whether a process runs; one that has ended and was not yet waited for does not.
pub(crate) fn alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// Waits until there is something, for a minute at most.
pub(crate) async fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("in a minute")
}
