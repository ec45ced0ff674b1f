//! The program itself: what it writes and how it exits.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use crate::project::{Project, SECRET};

fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(project.path()).args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn run(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(project, arguments).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn plan_deploy_check_status_and_journal_with_their_exit_codes() {
    let project = Project::new();
    let (code, out, _) = run(&project, &["plan", "stage"]);
    assert_eq!(code, 4, "{out}");
    assert!(out.contains("+ create     function hello-stage"), "{out}");

    let (code, _, err) = run(&project, &["check", "stage"]);
    assert_eq!(code, 1);
    assert!(err.contains("callboard deploy stage"), "{err}");

    let (code, out, err) = run(&project, &["deploy", "stage"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--yes"), "{err}");

    let (code, out, err) = run(&project, &["--read-only", "deploy", "stage", "--yes"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("read-only"), "{err}");

    let (code, out, err) = run(&project, &["deploy", "stage", "--yes", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    let answer = json(&out);
    assert_eq!(answer["deployed"]["green"], true, "{out}");
    assert_eq!(answer["steps"].as_array().map(Vec::len), Some(19));
    assert!(err.contains("permission             created"), "{err}");
    assert!(!format!("{out}{err}").contains(SECRET));

    let (code, out, _) = run(&project, &["plan", "stage", "--json"]);
    assert_eq!(code, 0, "{out}");

    let (code, out, _) = run(&project, &["check", "stage", "--json"]);
    assert_eq!(code, 0, "{out}");
    assert_eq!(json(&out)[1]["kind"], "smoke");

    let (code, out, _) = run(&project, &["status", "--json"]);
    assert_eq!(code, 0);
    let status = json(&out);
    assert_eq!(status["stages"]["stage"]["state"], "Active");
    assert_eq!(status["stages"]["stage"]["image_tag"], answer["deployed"]["tag"]);
    assert_eq!(status["stages"]["prod"]["deployed"], false);
    let (code, out, _) = run(&project, &["status"]);
    assert_eq!(code, 0);
    assert!(out.contains("prod: nothing is deployed"), "{out}");

    let (code, out, _) = run(&project, &["journal", "--json"]);
    assert_eq!(code, 0);
    assert_eq!(json(&out)[0]["outcome"], "done");
    assert_eq!(json(&out).as_array().map(Vec::len), Some(1));
}

#[test]
fn a_failed_check_is_exit_code_three() {
    let project = Project::new();
    let source = std::fs::read_to_string(project.path().join("service/src/main.rs")).expect("the source");
    project.write("service/src/main.rs", &source.replace("env(\"ENV\")", "\"elsewhere\""));
    let (code, out, err) = run(&project, &["deploy", "stage", "--yes"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.contains("FAILED GET /api/v0 says ENV=stage"), "{out}");
    let (code, out, _) = run(&project, &["check", "stage"]);
    assert_eq!(code, 3, "{out}");
}

#[test]
fn wrong_settings_name_file_and_line() {
    let project = Project::new();
    project.write("callboard.toml", "name = \"hello\"\n\n[build]\nbuildr = \"native\"\n");
    let (code, _, err) = run(&project, &["status"]);
    assert_eq!(code, 1);
    assert!(err.contains("callboard.toml:4 is not valid"), "{err}");
    assert!(err.contains("unknown field `buildr`"), "{err}");
    let (code, _, err) = run(&project, &["deploy", "elsewhere"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no stage"), "{err}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::new();
    let mut child = command(&project, &["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[cfg(unix)]
#[test]
fn the_local_cloud_serves_in_the_foreground_until_it_is_told_to_end() {
    let project = Project::new();
    let mut child = command(&project, &["local"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let mut next = || lines.next().expect("a line").expect("UTF-8");
    assert!(next().starts_with("# the local cloud of "));
    let endpoint = next();
    let endpoint = endpoint.strip_prefix("export AWS_ENDPOINT_URL=").expect("the endpoint").to_owned();
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");

    let (code, _, err) = run(&project, &["local"]);
    assert_eq!(code, 1);
    assert!(err.contains(&endpoint), "{err}");
    let (code, out, err) = run(&project, &["status", "--json"]);
    assert_eq!(code, 0, "attached to the one that runs: {out}{err}");

    faults_of_the_running_local_cloud(&project);

    let status = Command::new("kill").arg(child.id().to_string()).status().expect("kill");
    assert!(status.success());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0), "{:?}", output.stderr);
    let (code, _, err) = run(&project, &["local", "faults"]);
    assert_eq!(code, 1);
    assert!(err.contains("no local cloud is running"), "{err}");
}

#[cfg(unix)]
fn faults_of_the_running_local_cloud(project: &Project) {
    project.write("none.json", r#"[{"operation":"GetCallerIdentity","effect":"explode"}]"#);
    let (code, _, err) = run(project, &["local", "faults", "set", "none.json"]);
    assert_eq!(code, 1);
    assert!(err.contains("unknown variant `explode`"), "{err}");
    let (code, _, err) = run(project, &["local", "faults", "set", "nowhere.json"]);
    assert_eq!(code, 1);
    assert!(err.contains("nowhere.json cannot be read"), "{err}");

    let rule = r#"{"operation":"sts:GetCallerIdentity","nth":1,"effect":{"error":{"status":403,"code":"AccessDenied","message":"on purpose"}}}"#;
    project.write("rules.json", &format!("[{rule}]"));
    assert_eq!(run(project, &["local", "faults", "set", "rules.json"]), (0, String::new(), String::new()));
    let (code, out, err) = run(project, &["status"]);
    assert_eq!(code, 1, "{out}");
    assert!(err.contains("on purpose"), "{err}");
    let (code, out, _) = run(project, &["local", "faults", "list", "--json"]);
    assert_eq!(code, 0);
    assert_eq!(json(&out)["rules"][0]["rule"], json(rule));
    assert_eq!(json(&out)["rules"][0]["met"], 1);
    let (code, out, _) = run(project, &["local", "faults"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("sts:GetCallerIdentity: error 403 AccessDenied   (1 calls matched, 1 met it)\n"),
        "{out}"
    );
    assert!(out.contains("\n  sts:GetCallerIdentity   error 403 AccessDenied\n"), "{out}");

    project.write("late.json", r#"{"delivery":{"max_delay_ms":45000,"seed":7}}"#);
    assert_eq!(run(project, &["local", "faults", "set", "late.json"]).0, 0);
    let said = run(project, &["local", "faults"]).1;
    assert!(said.starts_with("no rules\nlog events: 0 to 45000 ms late, seed 7\ncalls:\n"), "{said}");
    assert_eq!(run(project, &["local", "faults", "clear"]).0, 0);
    let (code, out, err) = run(project, &["status", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(run(project, &["local", "faults"]).1.starts_with("no rules\ncalls:\n"));
}
