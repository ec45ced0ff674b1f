//! Execution environments: unpacks an image, runs its entry point as a process of its own and serves it through the
//! Lambda Runtime API.
//!
//! One process serves one invocation at a time. Between invocations it is kept, stopped by SIGSTOP, until it has been
//! idle for long enough; neither it nor what it has started outlives the process that started it.

mod environment;
mod executable;
mod failure;
mod image;
mod members;
mod memory;
mod output;
mod pool;
mod process;
mod report;
pub(crate) mod roots;
mod runtime_api;
mod sandbox;
mod scratch;
mod start;
mod streamed;
pub(crate) mod trace;
mod unpack;
mod usage;
mod variables;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::Blobs;
use crate::cloud::now_ms;
use crate::events::LogEvents;
use crate::metrics::Metrics;
use crate::world::functions::{Configuration, RESTORING, Status};
use crate::world::{State, World};
use environment::Call;
use image::Images;
use memory::Memory;
pub use pool::Limits;
use pool::{Full, Place, Pool};
use process::Spawner;
use roots::Roots;
pub(crate) use runtime_api::MAX_PAYLOAD;
use scratch::Scratches;
use start::Starter;
pub use streamed::Streamed;
pub(crate) use usage::Usage;

/// `PATH` of a function, as recorded of Lambda.
const FUNCTION_PATH: &str = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin";
/// How long an invocation waits for an environment that has answered to be ready again, before one more is started.
const TURNROUND: Duration = Duration::from_millis(50);

/// Why an image cannot be run: what a function's `State` or `LastUpdateStatus` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageProblem {
    /// The reason code, such as `InvalidImage`.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// What is called: a function's `$LATEST`, or one of its versions. Each has execution environments of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Callee {
    /// The function's name.
    pub name: String,
    /// The version's number; `None` is `$LATEST`.
    pub version: Option<u64>,
}

impl Callee {
    /// A function's `$LATEST`.
    pub fn latest(name: &str) -> Callee {
        Callee { name: name.to_owned(), version: None }
    }

    /// `$LATEST` or a number.
    fn version_name(&self) -> String {
        self.version.map_or_else(|| "$LATEST".to_owned(), |number| number.to_string())
    }

    /// Whether there is such a function and such a version of it.
    pub fn exists(&self, state: &State) -> bool {
        let function = state.functions.get(&self.name);
        function
            .is_some_and(|function| self.version.is_none_or(|number| function.versions.contains_key(&number)))
    }
}

/// One call of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The event: JSON.
    pub payload: Bytes,
    /// The ARN as the caller named the function, with its qualifier if one was given.
    pub invoked_arn: String,
    /// `Root=…;Parent=…;Sampled=…`; one is made when the caller has none.
    pub trace_id: Option<String>,
    /// The client context: JSON.
    pub client_context: Option<String>,
    /// Whether the last 4 KB of the log are wanted in the answer.
    pub log_tail: bool,
}

/// What a function answered, or how it failed.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The id of the invocation.
    pub request_id: String,
    /// What the function answered; with `function_error` a JSON object that describes the error.
    pub payload: Bytes,
    /// `Unhandled` when the function failed.
    pub function_error: Option<String>,
    /// The last 4 KB of the invocation's log, if asked for.
    pub log_tail: Option<Vec<u8>>,
}

/// Why a function was not run at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no function of that name.
    NotFound,
    /// The function has never become Active.
    NotActive {
        /// Its state, such as `Pending`.
        state: String,
    },
    /// The function was idle for so long that it has to be made ready again, which this call has begun.
    Restoring,
    /// All concurrent executions that it may have are in use.
    Throttled {
        /// Such as `ReservedFunctionConcurrentInvocationLimitExceeded`.
        reason: String,
    },
    /// The local cloud itself failed.
    Failed(String),
}

/// The execution environments of all functions. Cheap to clone.
#[derive(Clone)]
pub struct Functions {
    world: Arc<World>,
    starter: Arc<Starter>,
    roots: Arc<Roots>,
    usage: Arc<Usage>,
}

impl Functions {
    /// `dir` holds the unpacked images, one folder each, named by the manifest's digest; beside it lies `environments`,
    /// with the `/tmp` of each sandbox.
    pub fn new(
        world: Arc<World>,
        events: LogEvents,
        metrics: Metrics,
        blobs: Blobs,
        dir: PathBuf,
    ) -> Functions {
        Functions::with_limits(world, events, metrics, blobs, dir, Limits::default())
    }

    /// As [`Functions::new`], with bounds of the caller's own.
    pub fn with_limits(
        world: Arc<World>,
        events: LogEvents,
        metrics: Metrics,
        blobs: Blobs,
        dir: PathBuf,
        limits: Limits,
    ) -> Functions {
        let roots = Arc::new(Roots::open(dir.clone()));
        // What cannot be used as a folder shows, and is told, when the first image is unpacked.
        let trials = if dir.is_dir() { dir.clone() } else { std::env::temp_dir() };
        let starter = Starter {
            scratches: Arc::new(Scratches::new(dir.with_file_name("environments"))),
            images: Arc::new(Images::new(Arc::clone(&world), blobs, Arc::clone(&roots))),
            events,
            metrics,
            memory: Memory::find(),
            spawner: Arc::new(Spawner::new(trials)),
            pool: Arc::new(Pool::new(limits)),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        };
        Functions { world, starter: Arc::new(starter), roots, usage: Arc::default() }
    }

    /// Unpacks the image and checks that it can be run here; done once per image.
    pub async fn prepare(&self, configuration: &Configuration) -> Result<(), ImageProblem> {
        let (images, configuration) = (Arc::clone(&self.starter.images), configuration.clone());
        let spawner = Arc::clone(&self.starter.spawner);
        let made = tokio::task::spawn_blocking(move || images.program(&configuration, spawner.isolation()));
        match made.await {
            Ok(program) => program.map(drop),
            Err(error) => Err(ImageProblem { code: "InternalError".to_owned(), message: error.to_string() }),
        }
    }

    /// Does `work` until the local cloud stops; what is left of it then is not done.
    pub(crate) fn in_background(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.starter.stopping.clone();
        self.starter.tasks.spawn(async move {
            tokio::select! {
                // First: what the stop does to an invocation is not the function's failure.
                biased;
                () = stopping.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// The pauses before an event that failed is tried again.
    pub(crate) fn event_retries(&self) -> [Duration; 2] {
        self.starter.pool.event_retries()
    }

    /// When functions were called.
    pub(crate) fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Runs what is live once. When the caller stops waiting, the function goes on all the same.
    pub async fn invoke(&self, callee: &Callee, invocation: Invocation) -> Result<Outcome, Refusal> {
        self.invoke_as(uuid::Uuid::new_v4().to_string(), callee, invocation).await
    }

    /// As [`Functions::invoke`], under an id of the caller's own: all attempts at an event have the same one.
    pub async fn invoke_as(
        &self,
        request_id: String,
        callee: &Callee,
        invocation: Invocation,
    ) -> Result<Outcome, Refusal> {
        let outcome = self.begin(request_id, callee, invocation, None)?;
        outcome.await.map_err(|_| Refusal::Failed("the local cloud has stopped".to_owned()))
    }

    /// As [`Functions::invoke`], with the answer as it comes. A caller that goes away lets the rest come to nothing.
    pub fn stream(&self, callee: &Callee, invocation: Invocation) -> Result<Streamed, Refusal> {
        let (sender, pieces) = mpsc::channel(streamed::AHEAD);
        let outcome = self.begin(uuid::Uuid::new_v4().to_string(), callee, invocation, Some(sender))?;
        Ok(Streamed::new(pieces, outcome))
    }

    /// Finds a place for an invocation; `pieces` takes a streaming answer.
    fn begin(
        &self,
        request_id: String,
        callee: &Callee,
        invocation: Invocation,
        pieces: Option<mpsc::Sender<Bytes>>,
    ) -> Result<oneshot::Receiver<Outcome>, Refusal> {
        let state = self.world.snapshot();
        let function = state.functions.get(&callee.name).ok_or(Refusal::NotFound)?;
        let inactive = |state: &Status| Refusal::NotActive { state: state.value.clone() };
        let live = match callee.version {
            None => match &function.live {
                Some(live) => live,
                None if function.state.value == "Inactive" => {
                    self.usage.called_inactive(&callee.name);
                    return Err(Refusal::Restoring);
                }
                None if function.state.code.as_deref() == Some(RESTORING) => return Err(Refusal::Restoring),
                None => return Err(inactive(&function.state)),
            },
            Some(number) => {
                let version = function.versions.get(&number).ok_or(Refusal::NotFound)?;
                if version.state.value != "Active" {
                    return Err(inactive(&version.state));
                }
                &version.configuration
            }
        };
        self.usage.used(&callee.name, now_ms());
        let acquired = self.starter.pool.acquire(callee, live, function.reserved_concurrency);
        let (slot, place) = acquired.map_err(|full| match full {
            Full::Reserved => self.throttled(callee, "ReservedFunctionConcurrentInvocationLimitExceeded"),
            Full::Account => self.throttled(callee, "ConcurrentInvocationLimitExceeded"),
            Full::Stopped => Refusal::Failed("the local cloud is stopping".to_owned()),
        })?;
        let (answer, outcome) = oneshot::channel();
        let call = Call { request_id, invocation, slot, answer, pieces, init: None, began: None };
        let unplaced = match place {
            Place::Warm(environment) => environment.hand(call).map(|call| (None, call)),
            Place::Soon(soon) => Some((Some(soon), call)),
            Place::Cold => Some((None, call)),
        };
        if let Some((soon, call)) = unplaced {
            let (starter, callee, live) = (Arc::clone(&self.starter), callee.clone(), Arc::new(live.clone()));
            self.starter.tasks.spawn(async move {
                let call = match soon {
                    Some(soon) => match hand_soon(soon, call).await {
                        Some(call) => call,
                        None => return,
                    },
                    None => call,
                };
                starter.cold(&callee, live, call).await;
            });
        }
        Ok(outcome)
    }

    fn throttled(&self, callee: &Callee, reason: &str) -> Refusal {
        self.starter.metrics.throttled(&callee.name, now_ms());
        Refusal::Throttled { reason: reason.to_owned() }
    }

    /// The live configuration was replaced or the version was deleted: idle environments end now, busy ones after
    /// their invocation.
    pub fn retire(&self, callee: &Callee) {
        self.starter.pool.retire(|other| other == callee);
    }

    /// As [`Functions::retire`], for a function that was deleted with all of its versions.
    pub fn retire_all(&self, name: &str) {
        self.starter.pool.retire(|other| other.name == name);
    }

    /// The unpacked images.
    pub(crate) fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The images that processes run from, by digest.
    pub(crate) fn running_images(&self) -> HashSet<String> {
        self.starter.pool.images()
    }

    /// Ends every process.
    pub async fn stop(&self) {
        self.starter.stopping.cancel();
        self.starter.pool.stop();
        self.starter.tasks.close();
        self.starter.tasks.wait().await;
    }
}

/// Unpacks layers, for the fuzz targets.
#[cfg(fuzzing)]
pub(crate) fn unpack_layers(layers: &[PathBuf], root: &std::path::Path) -> Result<(), String> {
    unpack::unpack(layers, root).map_err(|problem| problem.to_string())
}

/// Gives the call to the environment that comes back in time; else gives it back.
async fn hand_soon(mut soon: oneshot::Receiver<Arc<environment::Environment>>, call: Call) -> Option<Call> {
    let environment = match tokio::time::timeout(TURNROUND, &mut soon).await {
        Ok(come) => come.ok(),
        Err(_) => {
            soon.close();
            // It may have come in between.
            soon.try_recv().ok()
        }
    };
    match environment {
        Some(environment) => environment.hand(call),
        None => Some(call),
    }
}
