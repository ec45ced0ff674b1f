//! Functions run as on Lambda: real processes out of a real image.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, State};
use serde_json::{Value, json};

use crate::account::{refusal, refused};
use crate::live::{Live, on_host, process_state, until, until_dead};

async fn pid(live: &Live) -> u32 {
    on_host(&live.invoke("f", json!({"do": "pid"})).await.payload)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_invocation_is_cold_and_the_next_one_warm() {
    let live = Live::with_function("f", &[]).await;
    let cold = live.invoke("f", json!({"a": 1})).await;
    assert_eq!((cold.payload.as_str(), cold.error), (r#"{"a":1}"#, None));
    assert!(cold.tail.contains("\tInit Duration: "), "{}", cold.tail);
    let warm = live.invoke("f", json!({"a": 2})).await;
    let lines: Vec<&str> = warm.tail.lines().collect();
    assert!(lines[0].starts_with("START RequestId: ") && lines[0].ends_with(" Version: $LATEST"));
    assert!(lines[1].starts_with("END RequestId: "));
    assert!(
        lines[2].starts_with("REPORT RequestId: ") && !lines[2].contains("Init Duration"),
        "{}",
        lines[2]
    );
    assert!(live.log("f").await[0].starts_with("INIT_START "));
    assert_eq!(pid(&live).await, pid(&live).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_the_functions_own() {
    let live = Live::with_function("f", &[("SOME_ENV", "mine"), ("TZ", "UTC")]).await;
    let seen: BTreeMap<String, String> =
        serde_json::from_str(&live.invoke("f", json!({"do": "env"})).await.payload).unwrap();
    for (key, value) in [
        ("SOME_ENV", "mine"),
        ("FROM_IMAGE", "yes"),
        ("TZ", "UTC"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
        ("LANG", "en_US.UTF-8"),
    ] {
        assert_eq!(seen.get(key).map(String::as_str), Some(value), "{key}");
    }
    // Cargo gives the tests plenty that a function must not see.
    for operator in ["HOME", "CARGO_MANIFEST_DIR", "USER", "PWD"] {
        assert!(!seen.contains_key(operator), "{operator}");
    }
    let directory = live.invoke("f", json!({"do": "directory"})).await.payload;
    assert!(directory.ends_with("/var/task\""), "{directory}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_stands_still() {
    let live = Live::with_function("f", &[]).await;
    let pid = pid(&live).await;
    until(|| process_state(pid) == Some('T')).await;
    let ticks: u64 = live.invoke("f", json!({"do": "ticks"})).await.payload.parse().unwrap();
    until(|| process_state(pid) == Some('T')).await;
    // Its thread would count this twice over.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let later: u64 = live.invoke("f", json!({"do": "ticks"})).await.payload.parse().unwrap();
    assert!(later - ticks < 150, "{ticks} {later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_is_logged_line_by_line_between_start_and_end() {
    let live = Live::with_function("f", &[]).await;
    let answer = live.invoke("f", json!({"do": "print", "n": 3})).await;
    let lines: Vec<&str> = answer.tail.lines().collect();
    assert_eq!(lines[1..5], ["line 0", "line 1", "line 2", "and no line feed"]);
    let log = live.log("f").await;
    assert_eq!(log[2..6], ["line 0\n", "line 1\n", "line 2\n", "and no line feed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_as_recorded() {
    let live = Live::with_function("f", &[]).await;
    let error = live.invoke("f", json!({"do": "error"})).await;
    assert_eq!(error.error.as_deref(), Some("Unhandled"));
    assert_eq!(error.payload, r#"{"errorType":"Fixture.Error","errorMessage":"as told"}"#);

    for (code, sentence) in
        [(3, "Runtime exited with error: exit status 3"), (0, "Runtime exited without providing a reason")]
    {
        let exit = live.invoke("f", json!({"do": "exit", "n": code})).await;
        assert_eq!(exit.error.as_deref(), Some("Unhandled"));
        let payload: Value = serde_json::from_str(&exit.payload).unwrap();
        assert_eq!(payload["errorType"], "Runtime.ExitError");
        let message = payload["errorMessage"].as_str().unwrap();
        assert!(
            message.starts_with("RequestId: ") && message.ends_with(&format!(" Error: {sentence}")),
            "{message}"
        );
        assert!(exit.tail.contains(&format!("{message}\nRuntime.ExitError\nEND ")), "{}", exit.tail);
    }

    let panic = live.invoke("f", json!({"do": "panic"})).await;
    assert!(panic.payload.contains("exit status 101") && panic.tail.contains("the fixture panics"));

    let late = live.invoke("f", json!({"do": "sleep", "n": 60_000})).await;
    let payload: Value = serde_json::from_str(&late.payload).unwrap();
    assert_eq!(payload["errorType"], "Sandbox.Timedout");
    assert!(payload["errorMessage"].as_str().unwrap().ends_with(" Error: Task timed out after 1.00 seconds"));
    assert!(late.tail.contains(" Task timed out after 1.00 seconds\nEND "), "{}", late.tail);
    assert!(late.tail.contains("\tStatus: timeout\t"), "{}", late.tail);
    assert_eq!(live.invoke("f", json!({})).await.error, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_a_largest_size() {
    let live = Live::with_function("f", &[]).await;
    let fits = live.invoke("f", json!({"do": "big", "n": 6_291_556})).await;
    assert_eq!((fits.payload.len(), fits.error), (6_291_556, None));
    let larger = live.invoke("f", json!({"do": "big", "n": 6_291_557})).await;
    assert_eq!(larger.error.as_deref(), Some("Unhandled"));
    assert_eq!(
        larger.payload,
        r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_is_tried_again_and_then_told() {
    let live = Live::with_function("exits", &[("INIT", "exit")]).await;
    let answer = live.invoke("exits", json!({})).await;
    assert!(answer.payload.contains(r#""errorType":"Runtime.ExitError""#), "{}", answer.payload);
    assert!(
        answer.payload.ends_with(r#"Error: Runtime exited with error: exit status 3"}"#),
        "{}",
        answer.payload
    );
    let log = live.log("exits").await;
    for (line, phase) in log[1..3].iter().zip(["init", "invoke"]) {
        assert!(line.starts_with("INIT_REPORT Init Duration: "), "{line}");
        assert!(
            line.ends_with(&format!("\tPhase: {phase}\tStatus: error\tError Type: Runtime.ExitError\t\n")),
            "{line}"
        );
    }

    live.create("says-so", "v1", &[("INIT", "error")]).await;
    let answer = live.invoke("says-so", json!({})).await;
    assert_eq!(answer.payload, r#"{"errorType":"Init.Broken","errorMessage":"no luck"}"#);
    assert_eq!(answer.error.as_deref(), Some("Unhandled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_hangs_is_ended_after_ten_seconds() {
    let live = Live::with_function("f", &[("INIT", "hang")]).await;
    let answer = live.invoke("f", json!({})).await;
    assert!(answer.payload.contains("Task timed out after 1.00 seconds"), "{}", answer.payload);
    let log = live.log("f").await;
    assert_eq!(log[1], "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout\t\n");
    assert_eq!(log[2], "INIT_REPORT Init Duration: 1000.00 ms\tPhase: invoke\tStatus: timeout\t\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_at_the_same_time_have_processes_of_their_own() {
    let live = Live::with_function("f", &[]).await;
    let slow = || live.invoke("f", json!({"do": "pid", "n": 300}));
    let (one, other) = tokio::join!(slow(), slow());
    assert_ne!(one.payload, other.payload);
    let next = live.invoke("f", json!({"do": "pid"})).await;
    assert!([one.payload, other.payload].contains(&next.payload));
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_concurrency_is_a_bound() {
    let live = Live::with_function("f", &[]).await;
    let reserve = live.lambda().put_function_concurrency().function_name("f");
    reserve.reserved_concurrent_executions(1).send().await.unwrap();
    // Once after the other is always one at a time.
    for _ in 0..20 {
        assert_eq!(live.invoke("f", json!({})).await.error, None);
    }
    let first = live.invoke("f", json!({"do": "sleep", "n": 700}));
    let second = async {
        // The first one is under way once its START is in the log, after the twenty.
        loop {
            let log = live.log("f").await;
            if log.iter().filter(|line| line.starts_with("START ")).count() == 21 {
                break;
            }
        }
        live.lambda().invoke().function_name("f").payload(Blob::new("{}")).send().await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.error, None);
    let refused = second.unwrap_err().into_service_error();
    assert!(refused.is_too_many_requests_exception(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_configuration_has_new_processes_and_the_old_ones_end() {
    let live = Live::with_function("f", &[("SOME_ENV", "old")]).await;
    let old = pid(&live).await;
    let environment = Environment::builder().variables("SOME_ENV", "new").build();
    let update = live.lambda().update_function_configuration().function_name("f");
    update.environment(environment).send().await.unwrap();
    assert_eq!(live.settled("f").await, State::Active);
    let seen: Value = serde_json::from_str(&live.invoke("f", json!({"do": "env"})).await.payload).unwrap();
    assert_eq!(seen["SOME_ENV"], "new");
    until_dead(old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_that_is_deleted_comes_back_with_the_next_invocation_and_not_with_the_functions_end() {
    let live = Live::with_function("f", &[]).await;
    let logs = live.account.logs();
    let delete = || logs.delete_log_group().log_group_name("/aws/lambda/f").send();
    let pid = pid(&live).await;
    delete().await.unwrap();
    live.invoke("f", json!({"do": "print", "n": 1})).await;
    assert!(live.log("f").await.iter().any(|line| line == "line 0\n"));
    live.lambda().delete_function().function_name("f").send().await.unwrap();
    delete().await.unwrap();
    until_dead(pid).await;
    let missing = refused(400, "ResourceNotFoundException", "The specified log group does not exist.");
    assert_eq!(refusal(delete().await), missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_outlives_the_cloud() {
    let live = Live::with_function("f", &[]).await;
    let pid = pid(&live).await;
    until(|| process_state(pid) == Some('T')).await;
    live.account.stop().await;
    assert!(matches!(process_state(pid), None | Some('Z' | 'X')));
}

/// Set for the child of the test below: the same test, in a process that is killed.
const CHILD: &str = "LOCALCLOUD_TEST_HOLDS_A_FROZEN_FUNCTION";

#[test]
fn no_process_outlives_a_killed_cloud() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if std::env::var_os(CHILD).is_some() {
        return runtime.block_on(hold_a_frozen_function_forever());
    }
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "execution::no_process_outlives_a_killed_cloud", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(holder.stdout.take().unwrap()).lines();
    let pid =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("function ")?.parse().ok()).unwrap();
    assert_eq!(process_state(pid), Some('T'));
    // SIGKILL, which nobody can catch.
    holder.kill().unwrap();
    holder.wait().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(10), until_dead(pid)).await.unwrap();
    });
}

async fn hold_a_frozen_function_forever() {
    let live = Live::with_function("f", &[]).await;
    let pid = pid(&live).await;
    until(|| process_state(pid) == Some('T')).await;
    println!("\nfunction {pid}");
    std::future::pending::<()>().await;
}
