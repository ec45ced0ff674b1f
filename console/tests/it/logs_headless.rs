//! `callboard logs`: the program itself against a local cloud that holds log events.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use localcloud::{LocalCloud, account};

use crate::project::Project;

pub(crate) fn client(cloud: &LocalCloud) -> Client {
    let keys =
        Credentials::new(account::ACCESS_KEY_ID, account::SECRET_ACCESS_KEY, None, None, "the test's own");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(account::REGION))
        .endpoint_url(cloud.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::new(&config)
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

pub(crate) async fn put(logs: &Client, stage: &str, events: &[(i64, &str)]) {
    let group = format!("/aws/lambda/hello-{stage}");
    // The second call for a stage finds both there.
    let _ = logs.create_log_group().log_group_name(&group).send().await;
    let _ = logs.create_log_stream().log_group_name(&group).log_stream_name("s").send().await;
    let events = events
        .iter()
        .map(|(at, text)| InputLogEvent::builder().timestamp(*at).message(*text).build().expect("an event"));
    let call = logs.put_log_events().log_group_name(&group).log_stream_name("s");
    call.set_log_events(Some(events.collect())).send().await.expect("taken");
}

pub(crate) fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(project.path()).arg("logs").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, stdout and stderr of the program, which is waited for away from the local cloud's threads.
pub(crate) async fn run(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    let mut command = command(project, arguments);
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program")).await;
    let output = output.expect("an end");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stages_are_merged_filtered_and_masked() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let (code, out, err) = run(&project, &["prod"]).await;
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("prod: no logs yet"), "{err}");

    let t = now() - 60_000;
    put(&logs, "stage", &[
        (t, "START RequestId: 1a2b3c4d Version: $LATEST\n"),
        (t + 20, r#"{"level":"WARN","message":"slow","request_id":"77aa0000","http":{"status":502},"token":"hunter2hunter2hunter2"}"#),
        (t + 30, "thread 'main' panicked at src/main.rs:1:1:"),
        (t + 30, "it broke \u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}"),
    ])
    .await;
    put(&logs, "prod", &[(t + 10, "REPORT RequestId: 9f9f9f9f\tDuration: 600.5 ms\tBilled Duration: 601 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n")]).await;

    let (code, out, err) = run(&project, &[]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 5, "{out}");
    assert!(lines[0].ends_with("Z stage 1a2b3c4d INFO  START RequestId: 1a2b3c4d Version: $LATEST"), "{out}");
    assert!(lines[1].contains(" prod  9f9f9f9f INFO  REPORT "), "{out}");
    assert!(lines[4].ends_with("it broke red␛]0;title␇"), "{out}");
    assert!(!out.contains('\u{1b}'));

    let (_, out, _) = run(&project, &["both", "--filter", "level>=error"]).await;
    assert_eq!(out.lines().count(), 2, "a panic comes with its message: {out}");
    let (_, out, _) = run(&project, &["--filter", "duration>500 stage:prod"]).await;
    assert!(out.contains("Duration: 600.5 ms") && out.lines().count() == 1, "{out}");
    let (code, out, err) = run(&project, &["stage", "--filter", "-START"]).await;
    assert_eq!((code, out.lines().count()), (0, 3), "{out}{err}");
    // Text that is found is what was asked for; where it is not, a field may have been meant.
    let (code, out, err) = run(&project, &["stage", "--filter", "level=warn"]).await;
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("level=warn is looked for as text: a field is asked for with level:warn"), "{err}");
    let (_, _, err) = run(&project, &["stage", "--filter", "level:warn"]).await;
    assert_eq!(err, "");
    let (_, out, _) = run(&project, &["--since", "30s"]).await;
    assert_eq!(out, "");

    let (_, out, _) = run(&project, &["stage", "--json", "--filter", "http.status>=500"]).await;
    let line: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(
        (&line["stage"], &line["level"], &line["kind"]),
        (&"stage".into(), &"warn".into(), &"service".into())
    );
    assert_eq!((&line["request_id"], &line["fields"]["http"]["status"]), (&"77aa0000".into(), &502.into()));
    assert_eq!(line["fields"]["token"], "hunt••••••••");
    assert!(!out.contains("hunter2"), "{out}");
    let (_, out, _) = run(&project, &["stage", "--json", "--no-mask", "--filter", "slow"]).await;
    assert!(out.contains("hunter2hunter2hunter2"), "{out}");
    let (_, out, _) = run(&project, &["prod", "--json"]).await;
    let line: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!((&line["kind"], &line["fields"]["billed"]), (&"platform".into(), &601.0.into()));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_pointed_at() {
    let project = Project::new();
    let (code, out, err) = run(&project, &["--filter", "a level>=loud"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("  a level>=loud\n           ^^^^"), "{err}");
    let (code, _, err) = run(&project, &["--since", "yesterday"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("15m, 1h, 2d"), "{err}");
    let (code, ..) = run(&project, &["--follow", "--until", "1h"]).await;
    assert_eq!(code, 2);
    // A tail has no end: also not one that is still to come.
    let (code, _, err) = run(&project, &["--follow", "--until", "2099-01-01T00:00:00Z"]).await;
    assert!(code == 2 && err.contains("--follow") && err.contains("--until"), "{err}");
    let (code, _, err) = run(&project, &["--since", "1h", "--until", "2h"]).await;
    assert_eq!(code, 2, "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_lines_than_a_page_come_in_order_and_a_reader_may_leave() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let t = now() - 60_000;
    for (stage, shift) in [("stage", 0), ("prod", 1)] {
        for part in 0..3 {
            let texts: Vec<String> =
                (0..5000).map(|index| format!("line {}", (part * 5000 + index) * 2 + shift)).collect();
            let first = t + part * 10_000;
            let events: Vec<(i64, &str)> = texts
                .iter()
                .enumerate()
                .map(|(index, text)| (first + index as i64 * 2 + shift, text.as_str()))
                .collect();
            put(&logs, stage, &events).await;
        }
    }
    let (code, out, err) = run(&project, &[]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let numbers: Vec<usize> = out
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .filter_map(|number| number.parse().ok())
        .collect();
    assert_eq!(numbers, (0..30_000).collect::<Vec<_>>());

    let mut child = command(&project, &[]).spawn().expect("the program");
    let (code, err) = tokio::task::spawn_blocking(move || {
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut first).expect("a line");
        assert!(first.ends_with("line 0\n"), "{first}");
        let mut err = String::new();
        child.stderr.take().expect("stderr").read_to_string(&mut err).expect("UTF-8");
        (child.wait().expect("an end").code(), err)
    })
    .await
    .expect("an end");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    cloud.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn following_prints_each_line_once_until_it_is_interrupted() {
    let project = Project::new();
    let cloud = project.local_cloud().await;
    let logs = client(&cloud);
    let t = now();
    put(&logs, "stage", &[(t - 2000, "one"), (t - 1000, "two")]).await;
    let mut child = command(&project, &["stage", "--follow"]).spawn().expect("the program");
    let mut lines = Reader::of(child.stdout.take().expect("stdout"));
    assert!(lines.next().await.ends_with("one"));
    assert!(lines.next().await.ends_with("two"));
    // One that comes behind, and one that comes late.
    put(&logs, "stage", &[(t - 1500, "late"), (now(), "three")]).await;
    assert!(lines.next().await.ends_with("late"));
    assert!(lines.next().await.ends_with("three"));
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(status.success());
    assert_eq!(lines.next().await, "", "nothing comes twice");
    let status = tokio::task::spawn_blocking(move || child.wait().expect("an end")).await.expect("an end");
    assert_eq!(status.code(), Some(130));
    cloud.stop().await;
}

/// Reads a program's lines away from the local cloud's threads.
pub(crate) struct Reader {
    lines: tokio::sync::mpsc::UnboundedReceiver<String>,
}

impl Reader {
    pub(crate) fn of(out: impl Read + Send + 'static) -> Reader {
        let out = BufReader::new(out);
        let (send, lines) = tokio::sync::mpsc::unbounded_channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Reader { lines }
    }

    /// The next line; empty when there are no more.
    pub(crate) async fn next(&mut self) -> String {
        let longest = std::time::Duration::from_secs(60);
        tokio::time::timeout(longest, self.lines.recv()).await.expect("a line in time").unwrap_or_default()
    }
}
