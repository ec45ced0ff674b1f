//! Execution environments: unpacks an image, runs its entry point as a process of its own and serves it through the
//! Lambda Runtime API.
//!
//! One process serves one invocation at a time. Between invocations it is kept, stopped by SIGSTOP, until it has been
//! idle for long enough; it never outlives the process that started it.

mod environment;
mod executable;
mod failure;
mod image;
mod output;
mod pool;
mod process;
mod report;
mod runtime_api;
mod start;
pub(crate) mod trace;
mod unpack;
mod variables;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::blobs::Blobs;
use crate::cloud::now_ms;
use crate::events::LogEvents;
use crate::metrics::Metrics;
use crate::world::functions::{Configuration, Status};
use crate::world::{State, World};
use environment::Call;
use image::Images;
pub use pool::Limits;
use pool::{Full, Place, Pool};
use process::Spawner;
pub(crate) use runtime_api::MAX_PAYLOAD;
use start::Starter;

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
}

impl Functions {
    /// `dir` holds the unpacked images, one folder each, named by the manifest's digest.
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
        let starter = Starter {
            images: Arc::new(Images::new(Arc::clone(&world), blobs, dir)),
            events,
            metrics,
            spawner: Spawner::new(),
            pool: Arc::new(Pool::new(limits)),
            tasks: TaskTracker::new(),
        };
        Functions { world, starter: Arc::new(starter) }
    }

    /// Unpacks the image and checks that it can be run here; done once per image.
    pub async fn prepare(&self, configuration: &Configuration) -> Result<(), ImageProblem> {
        let (images, configuration) = (Arc::clone(&self.starter.images), configuration.clone());
        match tokio::task::spawn_blocking(move || images.program(&configuration)).await {
            Ok(program) => program.map(drop),
            Err(error) => Err(ImageProblem { code: "InternalError".to_owned(), message: error.to_string() }),
        }
    }

    /// Runs what is live once. When the caller stops waiting, the function goes on all the same.
    pub async fn invoke(&self, callee: &Callee, invocation: Invocation) -> Result<Outcome, Refusal> {
        let state = self.world.snapshot();
        let function = state.functions.get(&callee.name).ok_or(Refusal::NotFound)?;
        let inactive = |state: &Status| Refusal::NotActive { state: state.value.clone() };
        let live = match callee.version {
            None => function.live.as_ref().ok_or_else(|| inactive(&function.state))?,
            Some(number) => {
                let version = function.versions.get(&number).ok_or(Refusal::NotFound)?;
                if version.state.value != "Active" {
                    return Err(inactive(&version.state));
                }
                &version.configuration
            }
        };
        let acquired = self.starter.pool.acquire(callee, live, function.reserved_concurrency);
        let (slot, place) = acquired.map_err(|full| match full {
            Full::Reserved => self.throttled(callee, "ReservedFunctionConcurrentInvocationLimitExceeded"),
            Full::Account => self.throttled(callee, "ConcurrentInvocationLimitExceeded"),
            Full::Stopped => Refusal::Failed("the local cloud is stopping".to_owned()),
        })?;
        let (answer, outcome) = oneshot::channel();
        let request_id = uuid::Uuid::new_v4().to_string();
        let call = Call { request_id, invocation, slot, answer, init: None, began: None };
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
        outcome.await.map_err(|_| Refusal::Failed("the local cloud has stopped".to_owned()))
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

    /// Ends every process.
    pub async fn stop(&self) {
        self.starter.pool.stop();
        self.starter.tasks.close();
        self.starter.tasks.wait().await;
    }
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
