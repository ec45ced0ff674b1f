//! Every change from the keyboard, in a real terminal.

use std::time::Duration;

use localcloud::faults::{Effect, Rule};
use portable_pty::CommandBuilder;

use crate::project::Project;
use crate::terminal::Terminal;

const SOON: Duration = Duration::from_secs(60);

fn start(project: &Project, cols: u16, rows: u16) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_callboard"));
    command.cwd(project.path());
    command.env("TERM", "xterm-256color");
    let mut terminal = Terminal::start(command, cols, rows);
    terminal.until("the board is connected", SOON, |screen| screen.contains("000000000000"));
    terminal
}

fn deploy_stage(terminal: &mut Terminal) {
    terminal.press("d");
    terminal.until_text("[ Deploy ]", SOON);
    terminal.press("\t\r");
    terminal.until_text("enter goes back to the board", SOON);
    assert!(terminal.screen().contains("stage runs "), "{}", terminal.screen());
    terminal.press("\r");
    terminal.until_text("▸ board", SOON);
}

fn promote(terminal: &mut Terminal) {
    terminal.press("p");
    terminal.until_text("type prod and press enter to promote", SOON);
    terminal.press("prod\r");
    terminal.until_text("enter goes back to the board", SOON);
    assert!(terminal.screen().contains("prod runs "), "{}", terminal.screen());
    terminal.press("\r");
    terminal.until_text("▸ board", SOON);
}

fn env_of(project: &Project, function: &str, key: &str) -> Option<String> {
    let client = project.somebody_else();
    let read = client.get_function().function_name(function).send();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let answer = runtime.block_on(read).expect("the function");
    let variables = answer.configuration.and_then(|one| one.environment).and_then(|env| env.variables);
    variables.and_then(|mut all| all.remove(key))
}

#[test]
fn deploy_promote_roll_back_and_tear_down() {
    let project = Project::new();
    let mut terminal = start(&project, 160, 45);
    deploy_stage(&mut terminal);
    promote(&mut terminal);
    project.another_source("here");
    project.write(".env.prod", "SOME_ENV=second\n");
    deploy_stage(&mut terminal);
    promote(&mut terminal);
    assert_eq!(env_of(&project, "hello-prod", "SOME_ENV").as_deref(), Some("second"));

    // The images, newest first: prod goes back to the one below.
    terminal.press("b");
    terminal.until_text("tab changes it", SOON);
    terminal.until_text("stage + PROD", SOON);
    terminal.press("\tj\r");
    terminal.until_text("type prod and press enter to roll back", SOON);
    assert!(terminal.screen().contains("image and environment"), "{}", terminal.screen());
    terminal.press("\t");
    terminal.until_text("goes back: image only", SOON);
    terminal.until_text("type prod and press enter", SOON);
    terminal.press("\t");
    terminal.until_text("goes back: environment only", SOON);
    terminal.until_text("type prod and press enter", SOON);
    terminal.press("\t");
    terminal.until_text("goes back: image and environment", SOON);
    terminal.until_text("type prod and press enter", SOON);
    terminal.press("prod\r");
    terminal.until_text("enter goes back to the board", SOON);
    assert!(terminal.screen().contains("prod runs "), "{}", terminal.screen());
    assert_eq!(env_of(&project, "hello-prod", "SOME_ENV").as_deref(), Some("other"));
    terminal.press("\r");

    // Too grave for a key: by name.
    terminal.press(":");
    terminal.until_text(" command ", SOON);
    terminal.press("tear down stage\r");
    terminal.until_text("[ Tear down ]", SOON);
    terminal.until_text("Its log lines stay", SOON);
    terminal.press("o");
    terminal.until_text("Its log lines go too", SOON);
    terminal.until_text("[ Tear down ]", SOON);
    terminal.press("\t\r");
    terminal.until_text("Stage is torn down", SOON);
    terminal.press("\r");
    terminal.until("stage is empty and prod is not", SOON, |screen| {
        screen.matches("nothing is deployed here").count() == 1 && screen.contains("● Active")
    });
    terminal.press("q");
    let ended = terminal.end();
    assert!(ended.status.success());
    ended.assert_clean();
}

/// Sets the faults of the local cloud that the console runs.
fn faults(project: &Project, rules: &[Rule]) {
    let text =
        std::fs::read_to_string(project.path().join(".callboard/local/endpoint.json")).expect("it runs");
    let endpoint: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let url = format!("{}{}", endpoint["endpoint"].as_str().expect("a URL"), localcloud::faults::PATH);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let rules = serde_json::to_vec(rules).expect("JSON");
    let put = async {
        callboard::http::client().expect("a client").put(url).body(rules).send().await.expect("an answer")
    };
    assert!(runtime.block_on(put).status().is_success());
}

/// Deploys another environment and presses Ctrl-C while it is being set; the local cloud holds that call.
fn interrupted(terminal: &mut Terminal, project: &Project, value: &str) {
    project.write(".env.stage", &format!("SOME_ENV={value}\n"));
    faults(project, &[Rule::on("UpdateFunctionConfiguration", Effect::HoldBefore)]);
    terminal.press("d");
    terminal.until_text("[ Deploy ]", SOON);
    terminal.press("\t\r");
    terminal.until("the step is held", SOON, |screen| {
        screen.lines().any(|line| line.contains("configuration ") && line.contains("running"))
    });
    terminal.press("\u{3}");
    terminal.until_text("nothing after it is started", SOON);
}

#[test]
fn ctrl_c_in_mid_change_finishes_the_step_and_says_how_to_go_on() {
    let project = Project::new();
    let mut terminal = start(&project, 80, 24);
    deploy_stage(&mut terminal);
    interrupted(&mut terminal, &project, "second");
    faults(&project, &[]);
    terminal.until_text("was stopped before the step", SOON);
    assert!(terminal.screen().contains("callboard deploy stage"), "{}", terminal.screen());
    assert_eq!(
        env_of(&project, "hello-stage", "SOME_ENV").as_deref(),
        Some("second"),
        "the step was finished"
    );

    // A second Ctrl-C leaves at once, and says what may be half done.
    terminal.press("\r");
    interrupted(&mut terminal, &project, "third");
    terminal.press("\u{3}");
    let ended = terminal.end();
    assert_eq!(ended.status.exit_code(), 130);
    ended.assert_clean();
    assert!(ended.screen.contains("may be half done"), "{}", ended.screen);
    assert!(ended.screen.contains("callboard deploy stage"), "{}", ended.screen);
    let last = project.journal().entries.pop().expect("an entry");
    assert_eq!(last.outcome, callboard::journal::Outcome::Begun, "the journal knows that it did not end");
}

#[test]
fn a_plan_that_somebody_overtook_is_shown_anew() {
    let project = Project::new();
    let mut terminal = start(&project, 160, 45);
    deploy_stage(&mut terminal);
    project.write(".env.stage", "SOME_ENV=mine\n");
    terminal.press("d");
    terminal.until_text("[ Deploy ]", SOON);
    let theirs = project.somebody_else();
    let env = aws_sdk_lambda::types::Environment::builder().variables("THEIRS", "1").build();
    let change = theirs.update_function_configuration().function_name("hello-stage").environment(env);
    tokio::runtime::Runtime::new().expect("a runtime").block_on(change.send()).expect("their change");
    terminal.press("\t\r");
    terminal.until_text("since you looked: this is the new plan", SOON);
    terminal.until_text("THEIRS", SOON);
    assert!(terminal.screen().contains("DELETED by this change"), "{}", terminal.screen());
    assert_eq!(env_of(&project, "hello-stage", "THEIRS").as_deref(), Some("1"), "nothing was changed");
    // The focus is on Cancel again: what was pressed for the old plan does not count for the new one.
    terminal.press("\r");
    terminal.until_text("▸ board", SOON);
    assert_eq!(env_of(&project, "hello-stage", "THEIRS").as_deref(), Some("1"));
    terminal.press("q");
    terminal.end().assert_clean();
}
