//! What a function starts stands still with it and ends with it, however far it has gone away from it.

use std::io::BufRead;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::live::{Live, on_host, process_state, processes_with, until, until_dead};

/// Invokes the function so that it leaves a process behind that is in a session of its own; the ids of both.
async fn with_daemon(live: &Live) -> (u32, u32) {
    let answer = live.invoke("f", json!({"do": "daemon"})).await;
    assert_eq!(answer.error, None, "{}", answer.payload);
    let function = on_host(&answer.payload);
    let others = || {
        let mut all = processes_with(&format!("AWS_LAMBDA_RUNTIME_API=127.0.0.1:{}", answer.payload));
        all.retain(|id| *id != function);
        all
    };
    // A process that has just been started may show no variables yet.
    until(|| !others().is_empty()).await;
    let daemon = others()[0];
    let session = |id: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.split(' ').nth(3).unwrap().to_owned()
    };
    assert_ne!(session(function), session(daemon), "it is in the function's session");
    (function, daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_starts_is_frozen_and_thawed_with_it_and_ends_with_it() {
    let live = Live::with_function("f", &[]).await;
    live.set_timeout("f", 60).await;
    let (function, daemon) = with_daemon(&live).await;
    until(|| process_state(function) == Some('T') && process_state(daemon) == Some('T')).await;
    let busy = live.invoke("f", json!({"do": "sleep", "n": 400}));
    let thawed = until(|| process_state(daemon) == Some('R'));
    tokio::join!(busy, thawed);
    until(|| process_state(daemon) == Some('T')).await;
    live.invoke("f", json!({"do": "exit", "n": 0})).await;
    until_dead(daemon).await;

    let (function, daemon) = with_daemon(&live).await;
    until(|| process_state(daemon) == Some('T')).await;
    live.account.stop().await;
    // Stopping waits for it.
    for process in [function, daemon] {
        assert!(matches!(process_state(process), None | Some('Z' | 'X')));
    }
}

/// Set for the child of the test below: the same test, in a process that is killed.
const CHILD: &str = "LOCALCLOUD_TEST_HOLDS_A_DAEMON";

#[test]
fn nothing_outlives_a_killed_cloud_at_work_or_frozen() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(how) = std::env::var_os(CHILD) {
        return runtime.block_on(hold_a_daemon_forever(how == "frozen"));
    }
    for how in ["at work", "frozen"] {
        let mut holder = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "orphans::nothing_outlives_a_killed_cloud_at_work_or_frozen", "--nocapture"])
            .env(CHILD, how)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(holder.stdout.take().unwrap()).lines();
        let ids = lines.map_while(Result::ok).find_map(|line| {
            let (function, daemon) = line.strip_prefix("processes ")?.split_once(' ')?;
            Some([function.parse::<u32>().ok()?, daemon.parse().ok()?])
        });
        let ids = ids.unwrap();
        for id in ids {
            assert_eq!(process_state(id) == Some('T'), how == "frozen", "{how}: {:?}", process_state(id));
        }
        // SIGKILL, which nobody can catch.
        holder.kill().unwrap();
        holder.wait().unwrap();
        runtime.block_on(async {
            for id in ids {
                tokio::time::timeout(Duration::from_secs(10), until_dead(id)).await.unwrap();
            }
        });
    }
}

async fn hold_a_daemon_forever(frozen: bool) {
    let live = Live::with_function("f", &[]).await;
    live.set_timeout("f", 600).await;
    let (function, daemon) = with_daemon(&live).await;
    let work = async {
        match frozen {
            true => until(|| process_state(daemon) == Some('T')).await,
            false => drop(live.invoke("f", json!({"do": "sleep", "n": 600_000})).await),
        }
        std::future::pending::<()>().await;
    };
    let report = async {
        let state = |id| process_state(id) == Some('T');
        until(|| state(daemon) == frozen && state(function) == frozen).await;
        println!("\nprocesses {function} {daemon}");
    };
    tokio::join!(work, report);
}
