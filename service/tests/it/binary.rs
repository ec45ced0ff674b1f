//! The binary as a local server, and what it says when it cannot start.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn service(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command
        .env_clear()
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn last_line(output: &Output) -> Value {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let lines = String::from_utf8(output.stdout.clone()).expect("text");
    assert_eq!(lines.lines().count(), 1, "{lines}");
    serde_json::from_str(&lines).expect("a JSON line")
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // A failure means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serves_locally_with_what_the_env_file_says() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join(".env"), "PORT=0\nENV=dev\nSOME_ENV=\"from the file\"\nOTHER_ENV=file\n")
        .expect(".env");
    let mut server =
        Running(service(folder.path()).env("OTHER_ENV", "environment").spawn().expect("a server"));
    let mut log = BufReader::new(server.0.stdout.take().expect("its log"));
    let mut line = String::new();
    log.read_line(&mut line).expect("its first line");
    let said: Value = serde_json::from_str(&line).expect("a JSON line");
    let message = said["message"].as_str().expect("a message");
    let address = message
        .strip_prefix("listening on http://")
        .and_then(|rest| rest.split_once(','))
        .unwrap_or_else(|| panic!("{message}"))
        .0;
    assert!(address.starts_with("127.0.0.1:"), "{address}");

    let mut connection = TcpStream::connect(address).expect("a connection");
    connection
        .write_all(b"GET /api/v0 HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n")
        .expect("a request");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.ends_with(
            r#"{"ENV":"dev","message":"Hello World!","SOME_ENV":"from the file","OTHER_ENV":"environment"}"#
        ),
        "{answer}"
    );
}

#[test]
fn an_unusable_setting_ends_the_start() {
    let folder = TempDir::new().expect("a folder");
    for (variable, problem) in [
        ("CORS_ALLOW_ORIGINS", "CORS_ALLOW_ORIGINS entry 1 has to be scheme://host[:port] without a path"),
        ("LOG_LEVEL", "LOG_LEVEL has to be one of trace, debug, info, warn, error, fatal"),
    ] {
        // On Lambda as well: nothing is asked of the Runtime API at this address.
        for lambda in [None, Some(("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"))] {
            let output =
                service(folder.path()).env(variable, "hunter2").envs(lambda).output().expect("its end");
            assert_eq!(output.status.code(), Some(1));
            let line = last_line(&output);
            assert_eq!(line["level"], "ERROR");
            assert_eq!(line["message"], format!("cannot start: {problem}"));
        }
    }
}

#[test]
fn a_broken_env_file_ends_the_start_and_is_not_quoted() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join(".env"), "SOME_ENV='hunter2\n").expect(".env");
    let output = service(folder.path()).output().expect("its end");
    assert_eq!(output.status.code(), Some(1));
    let line = last_line(&output);
    let message = line["message"].as_str().expect("a message");
    assert!(message.starts_with("cannot start: .env has a line that is not NAME=value"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}
