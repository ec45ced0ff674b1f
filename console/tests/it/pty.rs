//! The built binary in a real terminal.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::terminal::Terminal;

const SOON: Duration = Duration::from_secs(60);
/// The first build of the service takes a minute or two on two cores.
const BUILD: Duration = Duration::from_secs(900);

/// A folder with a project that operates this repository's own service.
fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let settings = format!(
        "name = \"hello\"\n\n[build]\nservice_dir = {:?}\nprofile = \"lambda\"\n",
        workspace.display().to_string()
    );
    std::fs::write(dir.path().join("callboard.toml"), settings).expect("callboard.toml");
    for stage in ["stage", "prod"] {
        let text = format!("SOME_ENV=some_{stage}\nOTHER_ENV=other_{stage}\n");
        std::fs::write(dir.path().join(format!(".env.{stage}")), text).expect("an env file");
    }
    dir
}

fn callboard(project: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_callboard"));
    command.cwd(project);
    command.env("TERM", "xterm-256color");
    command
}

fn signal(name: &str, process_id: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), process_id.to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Asks the gateway as a client would, and gives the status line and the body.
fn get(url: &str) -> String {
    let (address, path) =
        url.strip_prefix("http://").and_then(|url| url.split_once('/')).expect("an http URL");
    let mut stream = TcpStream::connect(address).expect("the gateway listens");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The URL of a stage as the board shows it.
fn url_of(screen: &str, stage: &str) -> String {
    let urls = screen.split_whitespace().filter(|word| word.starts_with("http://127.0.0.1:"));
    let end = format!("/{stage}");
    urls.map(|url| url.trim_end_matches('│'))
        .find(|url| url.ends_with(&end))
        .expect("the stage's URL")
        .to_owned()
}

#[test]
fn from_nothing_to_both_stages_deployed_checked_and_logging() {
    let project = project();
    let mut terminal = Terminal::start(callboard(project.path()), 160, 45);
    terminal
        .until("both columns empty", SOON, |screen| screen.matches("nothing is deployed here").count() == 2);

    terminal.press("d");
    terminal.until_text("[ Deploy ]", SOON);
    terminal.press("\t\r");
    terminal.until_text("stage runs ", BUILD);
    terminal.until_text("enter goes back to the board", SOON);
    terminal.press("\r");

    terminal.press("D");
    terminal.until_text("type prod and press enter", SOON);
    terminal.press("pro\r");
    terminal.until_text("type prod to go on", SOON);
    terminal.press("d\r");
    terminal.until_text("prod runs ", BUILD);
    terminal.press("\r");

    terminal.until("both stages green", SOON, |screen| {
        let checks =
            screen.lines().find(|line| line.contains("CORS") && line.contains("smoke")).unwrap_or("");
        checks.matches('✓').count() == 4 && !checks.contains('✗') && screen.matches("● Active").count() == 2
    });
    let (stage, prod) = (url_of(&terminal.screen(), "stage"), url_of(&terminal.screen(), "prod"));
    assert!(get(&format!("{stage}/api/v0")).contains(r#""ENV":"stage""#));
    assert!(get(&format!("{prod}/api/v0")).contains(r#""ENV":"prod""#));
    get(&format!("{prod}/my-own-request"));
    terminal.until_text("/my-own-request 404", SOON);

    // As it was left: the next start finds it.
    terminal.press("q");
    let ended = terminal.end();
    assert!(ended.status.success(), "{:?}", ended.status);
    ended.assert_clean();
    let mut terminal = Terminal::start(callboard(project.path()), 80, 24);
    terminal.until("both stages as they were left", SOON, |screen| screen.matches("● Active").count() == 2);
    assert!(get(&format!("{stage}/api/v0")).contains(r#""ENV":"stage""#));
    terminal.press("q");
    terminal.end().assert_clean();
}

#[test]
fn a_signal_leaves_the_terminal_clean() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let project = project();
        let mut terminal = Terminal::start(callboard(project.path()), 100, 30);
        terminal.until_text("nothing is deployed here", SOON);
        signal(name, terminal.process_id());
        let ended = terminal.end();
        assert_eq!(ended.status.exit_code(), code, "after SIG{name}");
        ended.assert_clean();
    }
}

#[test]
fn the_window_may_change_its_size() {
    let project = project();
    let mut terminal = Terminal::start(callboard(project.path()), 160, 45);
    terminal.until_text("nothing is deployed here", SOON);
    terminal.resize(50, 12);
    terminal.until_text("Make it larger", SOON);
    terminal.resize(80, 24);
    terminal
        .until("both columns again", SOON, |screen| screen.matches("nothing is deployed here").count() == 2);
    terminal.press("\u{3}\u{3}");
    let ended = terminal.end();
    assert_eq!(ended.status.exit_code(), 130);
    ended.assert_clean();
}

/// The child of the test below: the same test binary, in a pty of its own.
const CHILD: &str = "CALLBOARD_TEST_PANICS_IN_A_PTY";

#[test]
fn a_panic_leaves_the_terminal_clean() {
    if std::env::var_os(CHILD).is_some() {
        let _screen = callboard::runtime::terminal::Screen::enter().expect("the terminal");
        std::thread::spawn(|| panic!("on a thread of its own")).join().expect_err("it panics");
        unreachable!("the panic ends the process");
    }
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", "--nocapture", "pty::a_panic_leaves_the_terminal_clean"]);
    command.env(CHILD, "1");
    let ended = Terminal::start(command, 80, 24).end();
    assert_eq!(ended.status.exit_code(), 101);
    ended.assert_clean();
    assert!(ended.raw.contains("?1049h"), "it never took the terminal");
    assert!(ended.screen.contains("on a thread of its own"), "the panic is not told: {}", ended.screen);
}
