//! `callboard invocations`: the program itself against a local cloud that holds log events.

use std::process::Command;

use serde_json::Value;

use crate::logs_headless::{client, now, put};
use crate::project::Project;

async fn run(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(project.path()).arg("invocations").args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program")).await;
    let output = output.expect("an end");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn report(id: &str, ms: &str, rest: &str) -> String {
    format!(
        "REPORT RequestId: {id}\tDuration: {ms} ms\tBilled Duration: 9 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t{rest}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_are_listed_oldest_first_with_their_figures() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let t = now() - 300_000;
    let (first, crash) = (
        report("aaaa1111", "3.01", "Init Duration: 110.10 ms\t"),
        report("cccc3333", "7.5", "Status: error\tError Type: Runtime.ExitError\t"),
    );
    put(&logs, "prod", &[
        (t, "START RequestId: aaaa1111 Version: $LATEST\n"),
        (t + 2, r#"{"message":"GET /a 200 1 ms","request_id":"aaaa1111","gateway_request_id":"gate-1","method":"GET","path":"/a","status":200}"#),
        (t + 5, &first),
        (t + 100, "START RequestId: cccc3333 Version: $LATEST\n"),
        (t + 101, "RequestId: cccc3333 Error: Runtime exited with error: signal: killed\n"),
        (t + 102, &crash),
        (t + 200, "START RequestId: eeee5555 Version: $LATEST\n"),
    ])
    .await;
    put(
        &logs,
        "stage",
        &[(t + 50, "START RequestId: bbbb2222 Version: $LATEST\n"), (t + 80, &report("bbbb2222", "20", ""))],
    )
    .await;

    let (code, out, err) = run(&project, &["--json"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let all: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let of = |name: &str| all.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("request_id"), ["aaaa1111", "bbbb2222", "cccc3333", "eeee5555"]);
    assert_eq!(of("outcome"), ["ok", "ok", "crash", "running"]);
    assert_eq!(of("complete"), [true, true, true, false]);
    assert_eq!(
        (&all[0]["status"], &all[0]["path"], &all[0]["gateway_request_id"]),
        (&200.into(), &"/a".into(), &"gate-1".into())
    );
    assert_eq!(
        (&all[0]["duration"], &all[0]["init"], &all[0]["memory"]),
        (&3.01.into(), &110.1.into(), &36.into())
    );

    let (code, out, err) = run(&project, &["prod", "--filter", "-outcome:ok"]).await;
    assert_eq!((code, out.lines().count()), (0, 3), "{out}");
    assert!(out.contains(" prod  crash      -        7.50"), "{out}");
    assert!(err.contains("prod: 2 invocations, 0 errors, 0 time-outs, 1 crashes, 1 running"), "{err}");

    let (_, out, err) = run(&project, &["--summary", "--json"]).await;
    let figures: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(err, "");
    assert_eq!(
        (&figures[1]["stage"], &figures[1]["p50"], &figures[1]["cold_share"]),
        (&"prod".into(), &3.01.into(), &0.5.into())
    );
    // Only its end lies in the range.
    let until = jiff::Timestamp::from_millisecond(t + 101).expect("a time").to_string();
    let (_, out, _) = run(&project, &["prod", "--json", "--until", &until, "--filter", "request:cccc"]).await;
    let cut: Value = serde_json::from_str(&out).expect("an object");
    assert_eq!((&cut["outcome"], &cut["complete"]), (&"crash".into(), &false.into()));

    let (code, out, err) = run(&project, &["--filter", "level>=warn"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("an invocation has no level"), "{err}");
    cloud.stop().await;
}
