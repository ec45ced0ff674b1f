//! `callboard logs` and `invocations` while AWS refuses, holds back or cuts pages, and while nobody reads what they print.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use localcloud::LocalCloud;
use localcloud::faults::{Delivery, Effect, Rule};
use tokio::time::timeout;

use crate::logs_headless::{Reader, client, command, now, put, run};
use crate::project::Project;

/// The longest that anything here may take.
const LONGEST: Duration = Duration::from_secs(60);

/// Writes lines 0 to 499 of prod, which are read in pages of 50.
async fn ten_pages(cloud: &LocalCloud) {
    let start = now() - 60_000;
    let texts: Vec<String> = (0..500).map(|number| format!("line {number}")).collect();
    let events: Vec<(i64, &str)> = (start..).zip(texts.iter().map(String::as_str)).collect();
    put(&client(cloud), "prod", &events).await;
    pages_of(cloud, 50);
}

fn pages_of(cloud: &LocalCloud, events: usize) {
    cloud
        .faults()
        .deliver(Delivery { page_events: Some(events), ..Delivery::default() })
        .expect("a delivery");
}

fn pages_fail(cloud: &LocalCloud, rules: impl IntoIterator<Item = Rule>) {
    cloud.faults().set(rules.into_iter().collect()).expect("rules");
}

fn page(effect: Effect) -> Rule {
    Rule::on("FilterLogEvents", effect)
}

/// The numbers of the lines in `text`.
fn numbers(text: &str) -> Vec<usize> {
    text.lines().filter_map(|line| line.split_once("line ")?.1.parse().ok()).collect()
}

fn invocations(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(project.path()).arg("invocations").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Its exit code; one that does not end is killed.
async fn end(mut child: Child) -> Option<i32> {
    let id = child.id().to_string();
    let wait = tokio::task::spawn_blocking(move || child.wait().expect("an end").code());
    match timeout(LONGEST, wait).await {
        Ok(ended) => ended.expect("waited for"),
        Err(_) => {
            signal("-KILL", &id);
            panic!("it goes on and on");
        }
    }
}

fn signal(which: &str, id: &str) {
    assert!(Command::new("kill").args([which, id]).status().expect("kill").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_printed_before_the_page_that_is_refused() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    ten_pages(&cloud).await;
    pages_fail(&cloud, [page(Effect::Deny).from_nth(5)]);
    let (code, out, err) = run(&project, &["prod"]).await;
    assert_eq!((code, numbers(&out)), (1, (0..200).collect()), "{err}");
    assert!(err.contains("logs:FilterLogEvents"), "{err}");
    cloud.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn lines_are_seen_while_the_next_page_is_waited_for() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    ten_pages(&cloud).await;
    pages_fail(&cloud, [page(Effect::HoldBefore).from_nth(3)]);
    let mut child = command(&project, &["prod"]).spawn().expect("the program");
    let mut lines = Reader::of(child.stdout.take().expect("stdout"));
    for number in 0..100 {
        assert_eq!(numbers(&lines.next().await), [number]);
    }
    signal("-INT", &child.id().to_string());
    assert_eq!(lines.next().await, "");
    assert_eq!(end(child).await, Some(130));
    cloud.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn invocations_are_seen_while_the_next_page_is_waited_for() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let report = "REPORT RequestId: aaaa1111\tDuration: 3 ms\tBilled Duration: 9 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n";
    // Fourteen minutes later nothing of it is expected any more.
    put(&client(&cloud), "prod", &[(now() - 850_000, report), (now() - 10_000, "line 1"), (now(), "line 2")])
        .await;
    pages_of(&cloud, 1);
    pages_fail(&cloud, [page(Effect::HoldBefore).from_nth(3)]);
    let mut child = invocations(&project, &["prod", "--json"]).spawn().expect("the program");
    let mut lines = Reader::of(child.stdout.take().expect("stdout"));
    assert!(lines.next().await.contains("aaaa1111"));
    signal("-INT", &child.id().to_string());
    assert_eq!(end(child).await, Some(130));
    cloud.stop().await;
}

/// The SDK asks three times by itself.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_throttled_or_cut_are_asked_for_again() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    ten_pages(&cloud).await;
    let passing =
        || [page(Effect::Throttle).from_nth(1).times(3), page(Effect::CutAfter).from_nth(8).times(3)];
    pages_fail(&cloud, passing());
    let (code, out, err) = run(&project, &["prod"]).await;
    assert_eq!((code, numbers(&out), err.as_str()), (0, (0..500).collect(), ""), "each once");

    pages_fail(&cloud, passing());
    let mut command = invocations(&project, &["prod", "--summary"]);
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program")).await;
    let output = output.expect("an end");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    cloud.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_tail_bears_what_passes_while_it_still_reads_the_history() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    ten_pages(&cloud).await;
    pages_fail(&cloud, [page(Effect::Throttle).from_nth(1).times(3)]);
    let mut child = command(&project, &["prod", "--follow"]).spawn().expect("the program");
    let mut lines = Reader::of(child.stdout.take().expect("stdout"));
    for number in 0..500 {
        assert_eq!(numbers(&lines.next().await), [number]);
    }
    signal("-INT", &child.id().to_string());
    assert_eq!(end(child).await, Some(130));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttle_that_lasts_is_told_and_so_is_its_end() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    ten_pages(&cloud).await;
    pages_fail(&cloud, [page(Effect::Throttle).from_nth(4)]);
    let mut child = command(&project, &["prod"]).spawn().expect("the program");
    let mut lines = Reader::of(child.stdout.take().expect("stdout"));
    let mut told = Reader::of(child.stderr.take().expect("stderr"));
    let first = told.next().await;
    assert!(first.starts_with("callboard: could not read the log group"), "{first}");
    loop {
        let line = told.next().await;
        assert!(!line.is_empty(), "it has ended");
        if line == "prod THROTTLED: AWS is asked again for 60 s" {
            break;
        }
    }
    pages_fail(&cloud, []);
    assert_eq!(told.next().await, "prod: the log is read again");
    assert_eq!(told.next().await, "");
    for number in 0..500 {
        assert_eq!(numbers(&lines.next().await), [number]);
    }
    assert_eq!(end(child).await, Some(0));
    cloud.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_prints_nothing_ends_when_its_reader_does() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    ten_pages(&cloud).await;
    let mut child =
        command(&project, &["prod", "--follow", "--filter", "zzzz"]).spawn().expect("the program");
    drop(child.stdout.take());
    let mut told = Reader::of(child.stderr.take().expect("stderr"));
    assert_eq!(end(child).await, Some(0));
    assert_eq!(told.next().await, "");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_in_the_future_is_refused_by_each() {
    let project = Project::new();
    let since = ["--since", "2099-01-01T00:00:00Z"];
    let logs = command(&project, &since);
    let mut query = command(&project, &["query", "fields @message"]);
    query.args(since);
    for mut command in [logs, query, invocations(&project, &since)] {
        let output = tokio::task::spawn_blocking(move || command.output().expect("the program")).await;
        let output = output.expect("an end");
        let err = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.starts_with("callboard: --since is in the future"), "{err}");
    }
}
