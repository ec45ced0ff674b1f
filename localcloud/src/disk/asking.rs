//! Asking the local cloud that runs on a folder.

use std::io;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{DiskError, PATH, Policy, Pruned, Running, Status};

/// How long it may look and remove.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of the longest answer.
const LONGEST: u64 = 64 * 1024;

pub(super) async fn status(running: &Running) -> Result<Status, DiskError> {
    ask(running, "GET", "").await
}

pub(super) async fn prune(running: &Running, policy: &Policy) -> Result<Pruned, DiskError> {
    let policy = serde_json::to_string(policy).map_err(|error| problem(running, error))?;
    ask(running, "POST", &policy).await
}

async fn ask<T: DeserializeOwned>(running: &Running, method: &str, body: &str) -> Result<T, DiskError> {
    let answered = tokio::time::timeout(PATIENCE, exchange(running, method, body)).await;
    let answer = answered.map_err(|_| problem(running, "it does not answer"))?;
    let answer = answer.map_err(|error| problem(running, error))?;
    let (head, body) =
        answer.split_once("\r\n\r\n").ok_or_else(|| problem(running, "its answer is cut off"))?;
    match head.split(' ').nth(1) {
        Some("200") => serde_json::from_str(body).map_err(|error| problem(running, error)),
        Some("404") => {
            Err(problem(running, "it is of an older version, which cannot be asked: stop it first"))
        }
        _ => Err(problem(running, body.trim())),
    }
}

/// The whole answer, head and body, of a server that closes the connection behind it.
async fn exchange(running: &Running, method: &str, body: &str) -> io::Result<String> {
    let address = running.endpoint.strip_prefix("http://").unwrap_or_default();
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let request = format!(
        "{method} {PATH} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    Ok(answer)
}

fn problem(running: &Running, problem: impl std::fmt::Display) -> DiskError {
    DiskError::Answer { endpoint: running.endpoint.clone(), problem: problem.to_string() }
}
