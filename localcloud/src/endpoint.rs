//! How a second console finds the local cloud that runs in a folder: `endpoint.json`, and the answer to [`PATH`].
//!
//! The file alone proves nothing, as its writer may have been killed and its port may be somebody else's by now. So it
//! holds a name that only its writer knows, and whoever answers must know it too.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Where a local cloud tells its instance name.
pub(crate) const PATH: &str = "/_callboard";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// What `endpoint.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) pid: u32,
    /// `http://127.0.0.1:PORT`
    pub(crate) endpoint: String,
    /// New at every start.
    pub(crate) instance: String,
}

impl Endpoint {
    pub(crate) fn new(port: u16) -> Endpoint {
        Endpoint {
            pid: std::process::id(),
            endpoint: format!("http://127.0.0.1:{port}"),
            instance: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// `None` when there is none that can be read, as while one is starting.
    pub(crate) fn read(file: &Path) -> Option<Endpoint> {
        serde_json::from_slice(&std::fs::read(file).ok()?).ok()
    }

    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        let dir = file.parent().unwrap_or(Path::new("."));
        let mut whole = tempfile::NamedTempFile::new_in(dir)?;
        serde_json::to_writer(&mut whole, self)?;
        whole.persist(file)?;
        Ok(())
    }

    /// Whether the writer of this file is the one that listens there.
    pub(crate) async fn answers(&self) -> bool {
        matches!(tokio::time::timeout(PATIENCE, self.ask()).await, Ok(Ok(true)))
    }

    async fn ask(&self) -> io::Result<bool> {
        let address = self.endpoint.strip_prefix("http://").unwrap_or_default();
        let mut stream = TcpStream::connect(address).await?;
        let question = format!("GET {PATH} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(question.as_bytes()).await?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer).await?;
        Ok(answer.ends_with(&self.instance))
    }
}
