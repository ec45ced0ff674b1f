//! `callboard logs query`: the program itself against a local cloud whose own engine carries the queries out.

use std::process::{Command, Stdio};

use localcloud::faults::{Effect, Rule};

use crate::logs_headless::{client, command, now, put, run};
use crate::project::Project;
use crate::terminal::Terminal;

const REPORT: &str = "REPORT RequestId: 9f9f9f9f\tDuration: 600.5 ms\tBilled Duration: 601 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n";

#[tokio::test(flavor = "multi_thread")]
async fn one_query_asks_both_stages() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let (code, out, err) = run(&project, &["query", "limit 5"]).await;
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("stage: no logs yet") && err.contains("prod: no logs yet"), "{err}");

    let t = now() - 60_000;
    put(
        &logs,
        "stage",
        &[
            (t, r#"{"level":"WARN","message":"slow","took":20,"token":"hunter2hunter2hunter2"}"#),
            (t + 20, "odd \u{1b}]0;title\u{7}\ttext \u{202e}reversed\nsecond password=hunter2"),
        ],
    )
    .await;
    // The other stage was never called: it is said, and the first one is asked all the same.
    let (code, out, err) = run(&project, &["query", "stats count(*) as n"]).await;
    assert_eq!((code, out.as_str()), (0, "n\n2\n"), "{err}");
    assert!(
        err.starts_with(
            "prod: no logs yet: the function has not been called\n1 row; 2 of 2 events matched, "
        ),
        "{err}"
    );
    assert!(err.ends_with(" scanned; AWS bills by what is scanned\n"), "{err}");
    put(&logs, "prod", &[(t + 10, REPORT)]).await;
    cloud.faults().clear_calls();

    let (code, out, err) =
        run(&project, &["query", "filter @type = 'REPORT' or level = 'WARN' | sort @timestamp asc"]).await;
    assert_eq!(code, 0, "{err}");
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines[0], ["stage", "@timestamp", "@message"]);
    assert_eq!((lines[1][0], lines[2][0], lines.len()), ("stage", "prod", 3), "{out}");
    assert!(lines[1][2].contains(r#""token":"hunt••••••••""#), "masked: {out}");
    assert_eq!(lines[2][2], REPORT.trim_end().replace('\t', " "));
    assert!(err.starts_with("2 rows; 2 of 3 events matched, "), "{err}");
    let started = cloud.faults().calls().iter().filter(|call| call.operation == "StartQuery").count();
    assert_eq!(started, 1, "one query for both");

    let (_, out, _) =
        run(&project, &["query", "fields @message | filter @message like 'odd'", "stage"]).await;
    assert_eq!(out, "@message\nodd ␛]0;title␇ text ‹U+202E›reversed␤second password=••••••••\n");
    let (_, out, _) = run(
        &project,
        &["query", "fields @message | filter @message like 'odd'", "stage", "--json", "--no-mask"],
    )
    .await;
    assert!(!out.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{out:?}");
    let line: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(line["stage"], "stage");
    assert_eq!(
        line["fields"]["@message"],
        "odd \u{1b}]0;title\u{7}\ttext \u{202e}reversed\nsecond password=hunter2"
    );
    assert!(line["fields"]["@ptr"].is_string());

    let (_, out, _) = run(
        &project,
        &["query", "stats avg(@duration) as mean, max(took) by level | sort level asc", "both", "--json"],
    )
    .await;
    assert_eq!(
        out,
        "{\"stage\":null,\"fields\":{\"mean\":\"600.5\"}}\n{\"stage\":null,\"fields\":{\"level\":\"WARN\",\"max(took)\":\"20\"}}\n"
    );
    let (_, out, _) = run(&project, &["query", "fields token | filter took > 1", "stage", "--json"]).await;
    assert!(out.contains(r#""token":"hunt••••••••""#), "{out}");
    let (_, out, _) = run(&project, &["query", "fields @message", "--limit", "1"]).await;
    assert_eq!(out.lines().count(), 2, "{out}");
    let (_, out, _) = run(&project, &["query", "fields @message", "--since", "30s"]).await;
    assert_eq!(out, "");
    let (code, ..) = run(&project, &["query", "fields @message", "prod", "--until", "2h"]).await;
    assert_eq!(code, 2, "a range that ends before it begins");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_does_not_understand_is_pointed_at() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    put(&logs, "stage", &[(now(), "x")]).await;
    put(&logs, "prod", &[(now(), "x")]).await;
    let (code, out, err) = run(&project, &["query", "fields @message\n| filter @message lik 'a'"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "callboard: AWS does not understand the query: unexpected symbol found \"lik\", expecting | or the end of the query\n\n  | filter @message lik 'a'\n                    ^^^\n"
    );
    let (code, _, err) = run(&project, &["query", "fields @message | pattern @message", "prod"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("does not offer the command pattern of Logs Insights\n\n  fields @message | pattern @message\n                    ^^^^^^^\n"), "{err}");
    let (code, _, err) = run(&project, &["query"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("<QUERY>"), "{err}");
    let (code, _, err) = run(&project, &["query", "limit 1", "--limit", "0"]).await;
    assert_eq!(code, 2, "{err}");
    // The command without `query` is as it was.
    let (code, out, _) = run(&project, &["stage"]).await;
    assert_eq!((code, out.lines().count()), (0, 1), "{out}");
    let (code, ..) = run(&project, &["stage", "query", "limit 1"]).await;
    assert_eq!(code, 2);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_action_and_read_only_is_no_hindrance() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    put(&logs, "stage", &[(now(), "x")]).await;
    let (code, out, err) = run(&project, &["query", "fields @message", "stage", "--read-only"]).await;
    assert_eq!((code, out.as_str()), (0, "@message\nx\n"), "{err}");

    let denied =
        Effect::Error { status: 400, code: "AccessDeniedException".to_owned(), message: "no".to_owned() };
    cloud.faults().set(vec![Rule::on("StartQuery", denied.clone())]).expect("rules");
    let (code, _, err) = run(&project, &["query", "fields @message", "stage"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("could not query the log group /aws/lambda/hello-stage"), "{err}");
    assert!(err.contains("needs logs:StartQuery on arn:aws:logs:us-east-1:"), "{err}");
    cloud.faults().set(vec![Rule::on("GetQueryResults", denied)]).expect("rules");
    let (code, _, err) = run(&project, &["query", "fields @message", "stage"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("needs logs:GetQueryResults on *"), "{err}");
    // A look that is throttled, beyond what the SDK repeats by itself, is repeated: the query goes on meanwhile.
    cloud.faults().set(vec![Rule::on("GetQueryResults", Effect::Throttle).times(4)]).expect("rules");
    let (code, out, err) = run(&project, &["query", "fields @message", "stage"]).await;
    assert_eq!((code, out.as_str()), (0, "@message\nx\n"), "{err}");
    cloud.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_the_query_at_aws() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    put(&logs, "stage", &[(now(), "x")]).await;
    // Held in the middle of starting, and in the middle of waiting.
    for held in ["StartQuery", "GetQueryResults"] {
        cloud.faults().clear_calls();
        cloud.faults().set(vec![Rule::on(held, Effect::HoldAfter)]).expect("rules");
        let mut child =
            command(&project, &["query", "fields @message", "stage"]).spawn().expect("the program");
        cloud.faults().met().await;
        let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
        assert!(status.success());
        if held == "StartQuery" {
            // The signal is taken: a second one would end it at once. Then the answer comes.
            while !signal_is_taken(child.id()) {
                tokio::task::yield_now().await;
            }
            cloud.faults().clear();
        }
        let err = child.stderr.take().expect("stderr");
        let ended = tokio::task::spawn_blocking(move || {
            let text = std::io::read_to_string(err).expect("UTF-8");
            (child.wait().expect("an end").code(), text)
        });
        let (code, err) = ended.await.expect("an end");
        assert_eq!((code, err.as_str()), (Some(130), "the query was stopped at AWS\n"), "{held}");
        let stopped = cloud.faults().calls().iter().filter(|call| call.operation == "StopQuery").count();
        assert_eq!(stopped, 1, "{held}");
        cloud.faults().clear();
    }
    cloud.stop().await;
}

#[cfg(unix)]
fn signal_is_taken(process: u32) -> bool {
    // Pending signals of the process: SIGINT is the second bit.
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).expect("a line").trim();
    u64::from_str_radix(pending, 16).expect("a number") & 2 == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_may_leave() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let texts: Vec<String> = (0..9000).map(|index| format!("line {index} {}", "x".repeat(80))).collect();
    let t = now() - 60_000;
    let events: Vec<(i64, &str)> =
        texts.iter().enumerate().map(|(at, text)| (t + at as i64, text.as_str())).collect();
    put(&logs, "stage", &events[..4500]).await;
    put(&logs, "stage", &events[4500..]).await;
    let mut child = command(&project, &["query", "fields @message", "stage", "--json"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    drop(child.stdout.take());
    let output =
        tokio::task::spawn_blocking(move || child.wait_with_output().expect("an end")).await.expect("an end");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(err.starts_with("9,000 rows; 9,000 of 9,000 events matched, "), "{err}");
    cloud.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_the_table_fits_and_tells_how_far_it_is() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let t = now() - 60_000;
    let long = format!(r#"{{"path":"/漢字","status":502,"text":"{}"}}"#, "long ".repeat(40));
    put(&logs, "stage", &[(t, long.as_str())]).await;
    put(&logs, "prod", &[(t + 1, r#"{"path":"/b","status":7,"text":"\u001b[2J"}"#)]).await;
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_callboard"));
    command.cwd(project.path());
    command.args(["logs", "query", "fields path, status, text | sort status asc"]);
    let screen = tokio::task::spawn_blocking(move || {
        let mut terminal = Terminal::start(command, 60, 12);
        terminal.until_text("AWS bills", std::time::Duration::from_secs(60));
        terminal.screen()
    });
    let screen = screen.await.expect("a screen");
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "stage  path   status  text",
            "prod   /b          7  ␛[2J",
            "stage  /漢字     502  long long long long long long long lo…",
        ],
        "{screen}"
    );
    assert!(lines[3].starts_with("2 rows; 2 of 2 events matched, "), "{screen}");
    cloud.stop().await;
}
