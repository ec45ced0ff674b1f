//! An AWS account on loopback: Lambda, API Gateway, ECR, CloudWatch, CloudWatch Logs, IAM and STS as Callboard uses them.
//!
//! [`LocalCloud::open`] starts one on a folder, or says where the one that runs there already listens. Requests come in
//! through `router`, [`wire`](crate) says once what each asks for, `services` do it on the [`world`], and what runs and
//! answers for real lies in [`functions`], [`gateway`] and [`registry`].

pub mod access;
pub mod account;
pub mod blobs;
mod cloud;
pub mod disk;
mod endpoint;
pub mod events;
pub mod faults;
mod filter_pattern;
pub mod functions;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod gateway;
mod http1;
mod insights;
mod lifecycle;
mod linger;
pub mod live_tails;
pub mod metrics;
mod queries;
pub mod registry;
mod router;
mod services;
mod serving;
pub mod store;
mod wildcard;
mod wire;
pub mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use access::Access;
use blobs::Blobs;
use cloud::Cloud;
use disk::Collector;
use endpoint::Endpoint;
use events::LogEvents;
use faults::{Faults, Lines};
use functions::{Functions, Limits};
use gateway::Gateways;
use live_tails::LiveTails;
use metrics::Metrics;
use queries::Queries;
use registry::Tokens;
use store::{Store, StoreError};
use world::World;

/// How long a running local cloud may take to answer before it is given up (it may be starting or stopping).
const ATTACH_PATIENCE: Duration = Duration::from_secs(10);
/// How long open connections may take to end when the local cloud stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// How long a function is kept Active without being called: about what was reported of AWS.
const IDLE_AFTER: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How to open a local cloud.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its state lies; made when missing.
    pub dir: PathBuf,
    /// The control plane's port; 0 is the one used last in this folder if it is free, else any.
    pub port: u16,
    /// Start empty: what was in the folder is gone.
    pub fresh: bool,
    /// How many bytes of log events are kept, counted as CloudWatch does (26 more than each message); then the oldest go.
    pub log_budget: u64,
    /// How long a function is not called until it is Inactive, and its next call fails. On AWS it is some weeks.
    pub idle_after: Duration,
    /// Bounds of the execution environments of functions.
    pub limits: Limits,
}

impl Options {
    /// Any port, what was in the folder is kept, the usual budget of log events, the usual limits, and functions are
    /// idle after 14 days.
    pub fn new(dir: impl Into<PathBuf>) -> Options {
        Options {
            dir: dir.into(),
            port: 0,
            fresh: false,
            log_budget: events::DEFAULT_BUDGET,
            idle_after: IDLE_AFTER,
            limits: Limits::default(),
        }
    }
}

/// Why a local cloud could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder or file is not usable.
    #[error("{path}: {error}")]
    Folder {
        /// Which one.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The state on disk is not usable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The port is taken.
    #[error("the local cloud cannot listen on 127.0.0.1:{port}: {error}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// `fresh` while another process uses the folder.
    #[error("a local cloud is running in {0}: stop it before starting over with --fresh")]
    Running(String),
    /// Somebody holds the folder and does not answer.
    #[error("another process holds the local cloud in {0} and does not answer: end it and try again")]
    Silent(String),
}

/// What opening gave.
#[derive(Debug)]
pub enum Opened {
    /// This process runs it.
    Started(Box<LocalCloud>),
    /// Another one runs it.
    Attached(Attached),
}

/// A local cloud that runs elsewhere on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
}

/// The local cloud that runs on a folder, in whichever process, if there is one that answers.
pub async fn running(dir: &Path) -> Option<Attached> {
    let running = Endpoint::read(&dir.join("endpoint.json"))?;
    running.answers().await.then_some(Attached { endpoint: running.endpoint })
}

/// A running local cloud.
#[derive(Debug)]
pub struct LocalCloud {
    endpoint: String,
    file: PathBuf,
    cloud: Cloud,
    stop: CancellationToken,
    server: JoinHandle<io::Result<()>>,
    idle: JoinHandle<()>,
}

impl LocalCloud {
    /// Starts the local cloud in a folder, or finds the one that runs there. The database's own lock says which.
    pub async fn open(options: Options) -> Result<Opened, OpenError> {
        let dir = options.dir.clone();
        std::fs::create_dir_all(&dir).map_err(|error| folder(&dir, error))?;
        private(&dir).map_err(|error| folder(&dir, error))?;
        // A lock on a path is a lock on a file: another way to write the same folder must not open it twice.
        let dir = dir.canonicalize().map_err(|error| folder(&dir, error))?;
        let file = dir.join("endpoint.json");
        let deadline = tokio::time::Instant::now() + ATTACH_PATIENCE;
        let mut pause = tokio::time::interval(Duration::from_millis(25));
        let store = loop {
            pause.tick().await;
            let path = dir.join("state.redb");
            let fresh = options.fresh;
            let opened = tokio::task::spawn_blocking(move || Store::open(&path, fresh)).await;
            match opened.map_err(|error| StoreError::Log(error.to_string()))? {
                Ok(store) => break store,
                Err(StoreError::InUse(_)) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(running) = Endpoint::read(&file)
                && running.answers().await
            {
                return match options.fresh {
                    true => Err(OpenError::Running(dir.display().to_string())),
                    false => Ok(Opened::Attached(Attached { endpoint: running.endpoint })),
                };
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(OpenError::Silent(dir.display().to_string()));
            }
        };
        if options.fresh {
            disk::remove_contents(&dir).map_err(|(path, error)| folder(&path, error))?;
        }
        LocalCloud::start(dir, store, &options).await.map(|cloud| Opened::Started(Box::new(cloud)))
    }

    async fn start(dir: PathBuf, store: Store, options: &Options) -> Result<LocalCloud, OpenError> {
        let port = options.port;
        let listener = listen(port, store.load_port()?).await?;
        let address = listener.local_addr().map_err(|error| OpenError::Listen { port, error })?;
        store.save_port(address.port())?;
        let world = Arc::new(World::load(store.clone())?);
        let access = Access::new(Arc::clone(&world));
        let stop = CancellationToken::new();
        let faults = Faults::new(stop.clone());
        let metrics = Metrics::open(&store)?;
        let events = LogEvents::open(
            &store,
            Arc::clone(&world),
            options.log_budget,
            faults.dealer(),
            metrics.clone(),
        )?;
        world.snapshot().log_groups.values().for_each(|group| events.expire(group));
        let blobs_dir = dir.join("blobs");
        let blobs = Blobs::open(&blobs_dir).map_err(|error| folder(&blobs_dir, error))?;
        world.change(|state| {
            lifecycle::carry_out_all(state, &blobs, cloud::now_ms());
            Ok::<_, StoreError>(())
        })?;
        let images_dir = dir.join("images");
        std::fs::create_dir_all(&images_dir).map_err(|error| folder(&images_dir, error))?;
        let functions = Functions::with_limits(
            Arc::clone(&world),
            events.clone(),
            metrics.clone(),
            blobs.clone(),
            images_dir,
            options.limits,
        );
        let gateways = Gateways::new(Arc::clone(&world), functions.clone(), events.clone());
        let tokens = Tokens::new();
        let live_tails = LiveTails::new(stop.clone());
        let queries = Queries::new(stop.clone());
        let port = address.port();
        let collector = Collector::new(
            (dir.clone(), store.clone()),
            Arc::clone(&world),
            blobs.clone(),
            functions.clone(),
            events.clone(),
            port,
        );
        let cloud = Cloud {
            world,
            store,
            collector,
            access,
            events,
            metrics,
            queries,
            blobs,
            functions,
            gateways,
            tokens,
            faults,
            live_tails,
            port,
        };
        for id in cloud.world.snapshot().apis.keys() {
            cloud.gateways.open(id).await.map_err(|error| OpenError::Listen { port: 0, error })?;
        }
        services::lambda::settle_unsettled(&cloud);
        services::lambda::delivery::resume(&cloud)?;
        let idle = services::lambda::idle::watch(&cloud, options.idle_after, stop.clone());
        let running = Endpoint::new(address.port());
        let router = router::router(cloud.clone(), running.instance.clone());
        let server = tokio::spawn(serving::serve(Lines(listener), router, serving::PATIENCE, stop.clone()));
        let file = dir.join("endpoint.json");
        running.write(&file).map_err(|error| folder(&file, error))?;
        cloud.collector.collect_soon();
        Ok(LocalCloud { endpoint: running.endpoint, file, cloud, stop, server, idle })
    }

    /// `http://127.0.0.1:PORT`, for every service and the registry.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Faults on purpose, and the log of calls.
    pub fn faults(&self) -> &Faults {
        &self.cloud.faults
    }

    /// What users who were created here asked for, and whether they may.
    pub fn access(&self) -> &Access {
        &self.cloud.access
    }

    /// The log events, for who writes or waits for many in this process: a client's way is PutLogEvents.
    pub fn log_events(&self) -> &LogEvents {
        &self.cloud.events
    }

    /// The Live Tail sessions that clients have open.
    pub fn live_tails(&self) -> &LiveTails {
        &self.cloud.live_tails
    }

    /// Ends every process that it started, saves what is left to save, and stops listening.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Err(error) = std::fs::remove_file(&self.file) {
            tracing::warn!(%error, "endpoint.json could not be removed");
        }
        self.cloud.gateways.stop().await;
        self.cloud.functions.stop().await;
        if tokio::time::timeout(STOP_PATIENCE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        if (&mut self.idle).await.is_err() {
            tracing::error!("the watch for idle functions has failed");
        }
        let (events, metrics) = (self.cloud.events.clone(), self.cloud.metrics.clone());
        let closed = tokio::task::spawn_blocking(move || {
            events.close();
            metrics.close();
        });
        if closed.await.is_err() {
            tracing::error!("the log events and metrics could not be closed");
        }
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A port that was asked for is taken or refused; the last one is only preferred.
async fn listen(wanted: u16, last: Option<u16>) -> Result<TcpListener, OpenError> {
    let bind = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    if wanted == 0
        && let Some(last) = last
        && let Ok(listener) = bind(last).await
    {
        return Ok(listener);
    }
    bind(wanted).await.map_err(|error| OpenError::Listen { port: wanted, error })
}

/// Nobody else on the machine may look in: environments of functions lie in there.
#[cfg(unix)]
fn private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private(_: &Path) -> io::Result<()> {
    Ok(())
}

fn folder(path: &Path, error: io::Error) -> OpenError {
    OpenError::Folder { path: path.display().to_string(), error }
}
