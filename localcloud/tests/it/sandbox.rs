//! What a function has of its own: a root, processes, devices, `/tmp`, memory. The tests of `sandbox_rights` run all of
//! this again as a user without rights.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use aws_sdk_lambda::types::State;
use serde_json::{Value, json};

use crate::image::{dynamic_program, program};
use crate::live::{Live, image_of, image_with, until, until_async};

/// What the function of that name answers to an event, as JSON.
async fn tell(live: &Live, name: &str, event: Value) -> Value {
    let answer = live.invoke(name, event).await;
    assert_eq!(answer.error, None, "{}{}", answer.payload, answer.tail);
    serde_json::from_str(&answer.payload).unwrap()
}

async fn read(live: &Live, path: &str) -> String {
    tell(live, "f", json!({"do": "read", "path": path})).await.as_str().unwrap().to_owned()
}

async fn list(live: &Live, path: &str) -> String {
    tell(live, "f", json!({"do": "list", "path": path})).await.as_str().unwrap().to_owned()
}

async fn write(live: &Live, path: &str) -> String {
    tell(live, "f", json!({"do": "write", "path": path, "n": 3})).await.as_str().unwrap().to_owned()
}

/// A program of this machine's with all the libraries that it needs, by their paths.
fn with_libraries(program: &Path) -> Vec<(String, Vec<u8>)> {
    let needs = Command::new("ldd").arg(program).output().unwrap();
    let needs = String::from_utf8(needs.stdout).unwrap();
    let paths = needs.split_ascii_whitespace().filter(|word| word.starts_with('/'));
    let files = paths.map(|path| (path[1..].to_owned(), std::fs::read(path).unwrap()));
    files.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_is_the_root_and_only_tmp_is_writable() {
    let live = Live::with_function("f", &[]).await;
    assert_eq!(list(&live, "/").await, "dev etc proc tmp var");
    assert_eq!(list(&live, "/etc").await, "hosts resolv.conf");
    let state = live.account.dir.path().join("state.redb");
    assert!(state.is_file());
    for outside in [state.to_str().unwrap(), "/etc/hostname", "/../etc/passwd", "/proc/self/root/etc/passwd"]
    {
        assert_eq!(read(&live, outside).await, "NotFound", "{outside}");
    }
    // Process 1 belongs to root, where the local cloud does.
    for outside in ["/proc/1/root/etc/passwd", "/proc/1/cwd/etc/passwd"] {
        let found = read(&live, outside).await;
        assert!(["NotFound", "PermissionDenied"].contains(&found.as_str()), "{outside}: {found}");
    }
    assert_eq!(read(&live, "/etc/resolv.conf").await, std::fs::read_to_string("/etc/resolv.conf").unwrap());
    for closed in ["/x", "/var/task/x", "/var/task/bootstrap", "/etc/hosts", "/dev/x"] {
        assert_eq!(write(&live, closed).await, "ReadOnlyFilesystem", "{closed}");
    }
    assert_eq!(write(&live, "/tmp/x").await, "written");
    assert_eq!(read(&live, "/tmp/x").await, "xxx");
    let devices = "fd full null random stderr stdin stdout urandom zero";
    assert_eq!(list(&live, "/dev").await, devices);
    assert_eq!(write(&live, "/dev/null").await, "written");
    assert_eq!(write(&live, "/dev/full").await, "StorageFull");
    let seen = tell(&live, "f", json!({"do": "env"})).await;
    assert_eq!(
        (seen["LAMBDA_TASK_ROOT"].as_str(), seen["LAMBDA_RUNTIME_DIR"].as_str()),
        (Some("/var/task"), Some("/var/runtime"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sees_no_other_process_and_has_no_rights() {
    let live = Live::with_function("f", &[]).await;
    let processes = list(&live, "/proc").await;
    let processes: Vec<&str> = processes.split(' ').filter(|name| name.parse::<u32>().is_ok()).collect();
    assert_eq!(processes, ["1", "2"]);
    assert_eq!(tell(&live, "f", json!({"do": "id"})).await, 2);
    let status = read(&live, "/proc/self/status").await;
    let status: BTreeMap<&str, &str> = status.lines().filter_map(|line| line.split_once(":\t")).collect();
    assert_eq!((status["Uid"], status["Gid"]), ("993\t993\t993\t993", "990\t990\t990\t990"));
    assert_eq!((status["CapEff"], status["CapPrm"]), ("0000000000000000", "0000000000000000"));
    assert_eq!(status["NoNewPrivs"], "1");
    for file in ["/proc/sys/vm/drop_caches", "/proc/sys/kernel/core_pattern"] {
        assert_eq!(write(&live, file).await, "PermissionDenied", "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_open_but_stdin_stdout_and_stderr() {
    let live = Live::with_function("f", &[]).await;
    // 3 is the folder that it lists them from.
    assert_eq!(tell(&live, "f", json!({"do": "descriptors"})).await, "0 1 2 3");
    let seen = tell(&live, "f", json!({"do": "env"})).await;
    let operators: Vec<String> = std::env::vars()
        .map(|(name, _)| name)
        .filter(|name| !["LANG", "PATH", "TZ"].contains(&name.as_str()) && seen.get(name).is_some())
        .collect();
    assert!(operators.is_empty(), "{operators:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_libraries_and_a_script_run_on_those_of_the_image() {
    let live = Live::start().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("function");
    std::fs::write(&file, dynamic_program()).unwrap();
    let libraries = with_libraries(&file);
    assert!(libraries.len() >= 2, "it is not linked dynamically");
    live.push("dynamic", &image_with(dynamic_program(), &libraries)).await;
    let state = live.create("dynamic", "dynamic", &[]).await;
    let found = live.lambda().get_function_configuration().function_name("dynamic").send().await.unwrap();
    assert_eq!(state, State::Active, "{:?}", found.state_reason());
    assert_eq!(tell(&live, "dynamic", json!({"a": 1})).await, json!({"a": 1}));

    let mut files = with_libraries(Path::new("/bin/sh"));
    files.push(("bin/sh".to_owned(), std::fs::read("/bin/sh").unwrap()));
    files.push(("opt/function".to_owned(), program().to_vec()));
    let script = b"#!/bin/sh\ncd /opt && echo \"from $0\" && exec ./function\n";
    live.push("script", &image_with(script, &files)).await;
    assert_eq!(live.create("script", "script", &[]).await, State::Active);
    assert_eq!(tell(&live, "script", json!({"do": "directory"})).await, "/opt");
    assert!(live.log("script").await.contains(&"from /var/task/bootstrap\n".to_owned()));

    // Its loader is not in the image, and this machine's own is not taken instead.
    live.push("bare", &image_of(dynamic_program())).await;
    assert_eq!(live.create("bare", "bare", &[]).await, State::Active);
    let answer = live.invoke("bare", json!({})).await;
    assert!(answer.payload.contains(r#""errorType":"Runtime.InvalidEntrypoint""#), "{}", answer.payload);
    assert!(
        answer.payload.contains("fork/exec /var/task/bootstrap: No such file or directory"),
        "{}",
        answer.payload
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tmp_is_kept_with_the_sandbox_even_after_a_time_out_and_goes_with_it() {
    let live = Live::with_function("f", &[]).await;
    live.set_timeout("f", 5).await;
    let stream = tell(&live, "f", json!({"do": "env"})).await["AWS_LAMBDA_LOG_STREAM_NAME"].clone();
    let late = live.invoke("f", json!({"do": "write-and-sleep", "path": "/tmp/kept"})).await;
    assert!(late.payload.contains("Sandbox.Timedout"), "{}", late.payload);
    let again = live.invoke("f", json!({"do": "read", "path": "/tmp/kept"})).await;
    assert_eq!(again.payload, "\"x\"");
    // It was started again in the same sandbox, and that took the invocation's own time.
    assert!(!again.tail.contains("Init Duration"), "{}", again.tail);
    assert_eq!(tell(&live, "f", json!({"do": "env"})).await["AWS_LAMBDA_LOG_STREAM_NAME"], stream);
    assert_eq!(live.log("f").await.iter().filter(|line| line.starts_with("INIT_START")).count(), 1);
    live.invoke("f", json!({"do": "exit", "n": 3})).await;
    assert_eq!(read(&live, "/tmp/kept").await, "x");

    // Another at the same time has its own.
    let starts = async || live.log("f").await.iter().filter(|line| line.starts_with("START ")).count();
    // The invocations of before: they may show in the log a little later.
    until_async(async || starts().await == 6).await;
    let busy = live.invoke("f", json!({"do": "pid", "n": 4000}));
    let other = async {
        until_async(async || starts().await == 7).await;
        list(&live, "/tmp").await
    };
    let (_, other) = tokio::join!(busy, other);
    assert_eq!(other, "");

    let folders = live.account.dir.path().join("environments");
    assert_eq!(std::fs::read_dir(&folders).unwrap().count(), 2);
    live.lambda().delete_function().function_name("f").send().await.unwrap();
    until(|| std::fs::read_dir(&folders).unwrap().count() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_as_on_lambda() {
    let live = Live::with_function("f", &[]).await;
    let answer = live.invoke("f", json!({"do": "abort"})).await;
    let payload: Value = serde_json::from_str(&answer.payload).unwrap();
    let message = payload["errorMessage"].as_str().unwrap();
    assert!(message.ends_with(" Error: Runtime exited with error: signal: aborted"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_memory_than_it_may_have_ends_it() {
    let live = Live::with_function("f", &[]).await;
    live.set_timeout("f", 60).await;
    let fits = live.invoke("f", json!({"do": "allocate", "n": 40})).await;
    assert_eq!((fits.payload.as_str(), fits.error), ("41943040", None));
    let killed = live.invoke("f", json!({"do": "allocate", "n": 400})).await;
    assert_eq!(killed.error.as_deref(), Some("Unhandled"));
    let payload: Value = serde_json::from_str(&killed.payload).unwrap();
    assert_eq!(payload["errorType"], "Runtime.ExitError");
    let message = payload["errorMessage"].as_str().unwrap();
    assert!(message.ends_with(" Error: Runtime exited with error: signal: killed"), "{message}");
    assert!(killed.tail.contains(&format!("{message}\nRuntime.ExitError\nEND ")), "{}", killed.tail);
    let figures = "\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t";
    assert!(killed.tail.contains(figures), "{}", killed.tail);
    assert!(killed.tail.contains("\tStatus: error\tError Type: Runtime.OutOfMemory\t"), "{}", killed.tail);
    assert_eq!(tell(&live, "f", json!({"a": 1})).await, json!({"a": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_start_is_started_once_for_each_invocation_and_leaves_nothing() {
    let live = Live::with_function("f", &[("INIT", "exit")]).await;
    for _ in 0..5 {
        let answer = live.invoke("f", json!({})).await;
        assert!(answer.payload.contains("exit status 3"), "{}", answer.payload);
    }
    let log = live.log("f").await;
    let starts =
        |phase: &str| log.iter().filter(|line| line.contains(&format!("\tPhase: {phase}\t"))).count();
    assert_eq!((starts("init"), starts("invoke")), (1, 5));
    let folders = live.account.dir.path().join("environments");
    assert_eq!(std::fs::read_dir(&folders).unwrap().count(), 1);
    live.account.stop().await;
}
