//! What the local cloud keeps on disk: what is there, what can go, and starting over.
//!
//! [`status`], [`prune`] and [`reset`] take the folder of a local cloud. Whether one runs there, in whichever process, makes
//! no difference to the first two: they ask it over its endpoint, and else open the folder themselves. [`reset`] is
//! refused while one runs.
//!
//! By itself a local cloud collects by [`Policy::automatic`]: when it has started, and after an image, a repository, a
//! function or a version was deleted. `docs/local-cloud.md` says what survives what.

mod asking;
mod collect;
mod collector;
mod inventory;
mod serving;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::blobs::Blobs;
use crate::endpoint::Endpoint;
use crate::functions::roots::{Roots, bytes_below};
use crate::store::{Store, StoreError};
use crate::world::World;
use collect::Ground;
pub(crate) use collector::Collector;
pub(crate) use serving::routes;

/// Where a running local cloud tells its status (`GET`) and prunes (`POST` of a [`Policy`] as JSON), on the control plane's port.
pub const PATH: &str = "/_callboard/disk";

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// So many things of so many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How many there are.
    pub count: u64,
    /// Bytes of all of them together.
    pub bytes: u64,
}

impl Held {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// A local cloud that runs on a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
    /// The process that runs it.
    pub pid: u32,
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The folder, absolute.
    pub dir: PathBuf,
    /// The format of what is stored.
    pub format: u64,
    /// The local cloud that runs there, if one does.
    pub running: Option<Running>,
    /// Lambda functions.
    pub functions: u64,
    /// Published versions of all functions.
    pub versions: u64,
    /// REST APIs.
    pub apis: u64,
    /// ECR repositories.
    pub repositories: u64,
    /// Images in all repositories.
    pub images: u64,
    /// CloudWatch log groups.
    pub log_groups: u64,
    /// The registry's files: layers, configurations and manifests.
    pub blobs: Held,
    /// Those of them that nothing refers to; they go once they are old enough.
    pub unreferenced_blobs: Held,
    /// Unpacked images.
    pub unpacked: Held,
    /// Those of them that no function and no version uses.
    pub unused_unpacked: Held,
    /// Log events, counted as CloudWatch does (26 bytes more than each message).
    pub log_events: Held,
    /// Minutes of functions that have metrics, and their bytes.
    pub metrics: Held,
    /// Bytes of `state.redb`, which holds all but blobs and unpacked images.
    pub state_bytes: u64,
}

/// What may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A blob that nothing refers to goes once it was written so long ago. One that a client pushed, or was told to be there,
    /// within the last hour stays all the same: its manifest may be on its way.
    pub unreferenced_after: Duration,
    /// An unpacked image that no function and no version uses goes once nothing was started from it for so long.
    pub unused_after: Duration,
    /// An unpacked image that is used goes once nothing was started from it for so long: it is unpacked again when needed.
    pub idle_after: Duration,
    /// Bytes of unpacked images that may stay; of more, those that were idle longest go, used or not.
    pub unpacked_bytes: u64,
    /// Bytes of log events that may stay (counted as CloudWatch does); of more, the oldest go. `None` leaves them to the budget with
    /// which the local cloud was opened.
    pub log_bytes: Option<u64>,
}

impl Policy {
    /// What a local cloud goes by itself: unreferenced blobs after a day, unused unpacked images after an hour, used ones
    /// after 30 idle days, 10 GiB of unpacked images. Log events and metrics have budgets of their own.
    pub fn automatic() -> Policy {
        Policy {
            unreferenced_after: DAY,
            unused_after: Duration::from_secs(3600),
            idle_after: 30 * DAY,
            unpacked_bytes: 10 * 1024 * 1024 * 1024,
            log_bytes: None,
        }
    }

    /// All that nothing uses, at once. What is used stays as [`Policy::automatic`] says.
    pub fn unused_now() -> Policy {
        Policy { unreferenced_after: Duration::ZERO, unused_after: Duration::ZERO, ..Policy::automatic() }
    }
}

/// What has gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Blobs that nothing referred to.
    pub blobs: Held,
    /// Unpacked images.
    pub unpacked: Held,
    /// Log events, counted as CloudWatch does.
    pub log_events: Held,
    /// Bytes by which `state.redb` has become smaller. A running local cloud's stays as large: what is free in it is used again.
    pub state_bytes: u64,
}

/// Why the folder could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// No local cloud has ever been there.
    #[error("there is no local cloud in {0}: it is made when one is opened there")]
    Nothing(String),
    /// It runs, and must not.
    #[error("a local cloud is running in {0}: stop it before starting over")]
    Running(String),
    /// Somebody holds it and does not answer.
    #[error("another process holds the local cloud in {0} and does not answer: end it and try again")]
    Silent(String),
    /// The running local cloud gave no answer that can be used.
    #[error("the local cloud at {endpoint}: {problem}")]
    Answer {
        /// Where it listens.
        endpoint: String,
        /// What it said, or why it said nothing.
        problem: String,
    },
    /// The state is not usable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder is not usable.
    #[error("{path}: {error}")]
    Io {
        /// Which one.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}

/// What is in the folder.
pub async fn status(dir: &Path) -> Result<Status, DiskError> {
    match find(dir).await? {
        Found::Running(running) => asking::status(&running).await,
        Found::Stopped(dir) => blocking(move || stopped(&dir)?.status(None)).await,
    }
}

/// Removes what may go.
pub async fn prune(dir: &Path, policy: &Policy) -> Result<Pruned, DiskError> {
    let policy = policy.clone();
    match find(dir).await? {
        Found::Running(running) => asking::prune(&running, &policy).await,
        Found::Stopped(dir) => {
            blocking(move || {
                let state = dir.join("state.redb");
                let before = size_of(&state)?;
                let ground = stopped(&dir)?;
                let mut pruned = ground.prune(&policy)?;
                ground.close()?;
                pruned.state_bytes = before.saturating_sub(size_of(&state)?);
                Ok(pruned)
            })
            .await
        }
    }
}

/// Starts over: nothing that was in the account is left, and what is damaged is gone too. The answer is the bytes that
/// were freed. Refused while a local cloud runs there.
pub async fn reset(dir: &Path) -> Result<u64, DiskError> {
    match find(dir).await? {
        Found::Running(_) => Err(DiskError::Running(dir.display().to_string())),
        Found::Stopped(dir) => {
            blocking(move || {
                let problem = |path: &Path, error| io_problem(path, error);
                let before = bytes_below(&dir).map_err(|error| problem(&dir, error))?;
                // Held open, so that nobody starts on what is being removed.
                let store = open(&dir, true)?;
                remove_contents(&dir).map_err(|(path, error)| problem(&path, error))?;
                store.compact()?;
                let after = bytes_below(&dir).map_err(|error| problem(&dir, error))?;
                Ok(before.saturating_sub(after))
            })
            .await
        }
    }
}

/// Removes what a local cloud keeps outside of its state: blobs, unpacked images, and where it listened.
pub(crate) fn remove_contents(dir: &Path) -> Result<(), (PathBuf, std::io::Error)> {
    let gone = |path: PathBuf, outcome: std::io::Result<()>| match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err((path, error)),
        _ => Ok(()),
    };
    for name in ["blobs", "images"] {
        let path = dir.join(name);
        let outcome = std::fs::remove_dir_all(&path);
        gone(path, outcome)?;
    }
    let path = dir.join("endpoint.json");
    let outcome = std::fs::remove_file(&path);
    gone(path, outcome)
}

enum Found {
    Running(Running),
    /// The folder, absolute.
    Stopped(PathBuf),
}

async fn find(dir: &Path) -> Result<Found, DiskError> {
    if !dir.join("state.redb").is_file() {
        return Err(DiskError::Nothing(dir.display().to_string()));
    }
    let dir = dir.canonicalize().map_err(|error| io_problem(dir, error))?;
    match Endpoint::read(&dir.join("endpoint.json")) {
        Some(written) if written.answers().await => {
            Ok(Found::Running(Running { endpoint: written.endpoint, pid: written.pid }))
        }
        _ => Ok(Found::Stopped(dir)),
    }
}

fn open(dir: &Path, fresh: bool) -> Result<Store, DiskError> {
    Store::open(&dir.join("state.redb"), fresh).map_err(|error| match error {
        StoreError::InUse(_) => DiskError::Silent(dir.display().to_string()),
        other => other.into(),
    })
}

/// A folder on which nothing runs, opened.
fn stopped(dir: &Path) -> Result<Ground<'static>, DiskError> {
    let store = open(dir, false)?;
    let world = Arc::new(World::load(store.clone())?);
    let blobs = dir.join("blobs");
    let blobs = Blobs::open(&blobs).map_err(|error| io_problem(&blobs, error))?;
    Ok(Ground::stopped(dir, store, world, blobs, Roots::open(dir.join("images"))))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DiskError> + Send + 'static,
) -> Result<T, DiskError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(StoreError::Log(error.to_string()).into()),
    }
}

fn size_of(path: &Path) -> Result<u64, DiskError> {
    Ok(std::fs::metadata(path).map_err(|error| io_problem(path, error))?.len())
}

fn io_problem(path: &Path, error: std::io::Error) -> DiskError {
    DiskError::Io { path: path.display().to_string(), error }
}
