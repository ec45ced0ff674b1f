//! From a function's configuration to an environment that is ready, or the reason why it is not.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::environment::{Call, Environment, Started};
use super::failure::{Failure, error_payload};
use super::image::{self, Images, Program};
use super::memory::{Bound, Memory};
use super::output::Output;
use super::pool::Pool;
use super::process::{Spawner, Surroundings};
use super::report::{End, Figures, Subject};
use super::scratch::{Scratch, Scratches};
use super::{Callee, ImageProblem, Outcome, runtime_api};
use crate::events::LogEvents;
use crate::metrics::Metrics;
use crate::world::functions::Configuration;

/// How long a process has until it asks for its first invocation; then it is started once more.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// What starting an environment needs.
pub(super) struct Starter {
    pub(super) images: Arc<Images>,
    pub(super) events: LogEvents,
    pub(super) metrics: Metrics,
    pub(super) memory: Memory,
    pub(super) spawner: Arc<Spawner>,
    pub(super) scratches: Arc<Scratches>,
    pub(super) pool: Arc<Pool>,
    pub(super) tasks: TaskTracker,
    /// The local cloud stops.
    pub(super) stopping: CancellationToken,
}

/// Where processes of a function run one after the other: when one fails to start or ends, the next one finds the same
/// log stream and the same `/tmp`.
pub(super) struct Sandbox {
    pub(super) callee: Callee,
    pub(super) configuration: Arc<Configuration>,
    program: Program,
    log_stream: String,
    scratch: Scratch,
}

impl Starter {
    /// Runs an invocation in a new environment. Whatever happens is told to the call.
    pub(super) async fn cold(&self, callee: &Callee, configuration: Arc<Configuration>, mut call: Call) {
        let subject = Subject { callee, configuration: &configuration };
        let sandbox = match self.pool.reuse(callee, &configuration) {
            Some(sandbox) => sandbox,
            None => {
                let log_stream = log_stream(callee, &configuration);
                self.log(&configuration, &log_stream, subject.init_start());
                let sandbox = match self.sandbox(callee, &configuration, &log_stream).await {
                    Ok(sandbox) => Arc::new(sandbox),
                    Err(failure) => {
                        return self.fail(&subject, &log_stream, call, Duration::ZERO, failure, Vec::new());
                    }
                };
                let began = Instant::now();
                match self.start(&sandbox, INIT_TIMEOUT).await {
                    Ok(environment) => {
                        call.init = Some(began.elapsed());
                        return self.hand(&environment, &subject, &sandbox.log_stream, call);
                    }
                    Err(failure) => {
                        let took = began.elapsed().min(INIT_TIMEOUT);
                        let lines = subject.init_report("init", took, &failure.end);
                        self.log(&configuration, &sandbox.log_stream, lines);
                    }
                }
                sandbox
            }
        };
        // As Lambda: after a start that failed, or a process that ended, there is one more start in the invocation's
        // own time. So a function that cannot start costs two starts at its first invocation and one at each other.
        let began = Instant::now();
        let timeout = Duration::from_secs(configuration.timeout_s.into());
        match self.start(&sandbox, timeout).await {
            Ok(environment) => {
                call.began = Some(began);
                self.hand(&environment, &subject, &sandbox.log_stream, call);
            }
            Err(failure) => {
                let took = began.elapsed().min(timeout);
                // It is the invocation's own: who asks for the end of its log sees it.
                let init = subject.init_report("invoke", took, &failure.end);
                self.pool.cool(Arc::clone(&sandbox));
                self.fail(&subject, &sandbox.log_stream, call, took, failure, init);
            }
        }
    }

    /// The image unpacked, and a `/tmp`.
    async fn sandbox(
        &self,
        callee: &Callee,
        configuration: &Arc<Configuration>,
        log_stream: &str,
    ) -> Result<Sandbox, Failure> {
        let (images, spawner) = (Arc::clone(&self.images), Arc::clone(&self.spawner));
        let (scratches, wanted) = (Arc::clone(&self.scratches), Arc::clone(configuration));
        let made = tokio::task::spawn_blocking(move || {
            let isolation = spawner.isolation();
            let program = images.program(&wanted, isolation)?;
            let scratch = scratches.make(isolation).map_err(image::failed)?;
            Ok::<_, ImageProblem>((program, scratch))
        });
        let failure =
            |error_type, sentence| Failure { end: End::Exit { error_type, sentence }, payload: None };
        let (program, scratch) = made
            .await
            .map_err(|error| failure("InternalError".to_owned(), error.to_string()))?
            .map_err(|problem| failure(problem.code, problem.message))?;
        Ok(Sandbox {
            callee: callee.clone(),
            configuration: Arc::clone(configuration),
            program,
            log_stream: log_stream.to_owned(),
            scratch,
        })
    }

    fn hand(&self, environment: &Environment, subject: &Subject<'_>, log_stream: &str, call: Call) {
        if let Some(call) = environment.hand(call) {
            let sentence = "Runtime exited without providing a reason".to_owned();
            let end = End::Exit { error_type: "Runtime.ExitError".to_owned(), sentence };
            self.fail(subject, log_stream, call, Duration::ZERO, Failure { end, payload: None }, Vec::new());
        }
    }

    /// Starts the process and waits until it asks for its first invocation.
    async fn start(&self, sandbox: &Arc<Sandbox>, timeout: Duration) -> Result<Arc<Environment>, Failure> {
        let (environment, started) = self.launch(sandbox).await.map_err(|error| {
            let sentence = format!("fork/exec {}: {error}", sandbox.program.name);
            Failure {
                end: End::Exit { error_type: "Runtime.InvalidEntrypoint".to_owned(), sentence },
                payload: None,
            }
        })?;
        let failure = match tokio::time::timeout(timeout, started).await {
            Ok(Ok(Started::Ready)) => return Ok(environment),
            Ok(Ok(Started::Failed(failure))) => failure,
            Ok(Err(_)) | Err(_) => Failure { end: End::Timeout, payload: None },
        };
        environment.look();
        environment.kill();
        environment.ended().await;
        environment.log(Vec::new());
        Err(failure)
    }

    async fn launch(
        &self,
        sandbox: &Arc<Sandbox>,
    ) -> io::Result<(Arc<Environment>, oneshot::Receiver<Started>)> {
        let configuration = &sandbox.configuration;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let runtime_api = listener.local_addr()?.to_string();
        let variables = super::variables::variables(
            &sandbox.callee,
            configuration,
            &sandbox.program,
            &runtime_api,
            &sandbox.log_stream,
        );
        let bound = self.memory.bound(configuration.memory_mb)?;
        let surroundings = Surroundings {
            variables: &variables,
            tmp: sandbox.scratch.path(),
            cgroup: bound.as_ref().map(Bound::door).transpose()?,
        };
        let (process, group, pipe) = self.spawner.start(&sandbox.program, surroundings).await?;
        let output = Output::new(self.events.clone(), &configuration.log_group, &sandbox.log_stream, pipe);
        let (environment, started) = Environment::new(
            Arc::clone(sandbox),
            Arc::clone(&self.pool),
            self.metrics.clone(),
            group,
            bound,
            output,
        );
        if !self.pool.admit(&environment) {
            // Dropping the process ends it.
            return Err(io::Error::other("the local cloud is stopping"));
        }
        self.tasks.spawn(runtime_api::serve(listener, Arc::clone(&environment)));
        self.tasks.spawn(Arc::clone(&environment).supervise(process));
        Ok((environment, started))
    }

    /// Ends an invocation for which there is no process; `before` is logged in front of it.
    fn fail(
        &self,
        subject: &Subject<'_>,
        log_stream: &str,
        call: Call,
        duration: Duration,
        failure: Failure,
        before: Vec<String>,
    ) {
        let figures = Figures { duration, init: None, max_memory_mb: 0 };
        let mut lines = before;
        lines.extend(subject.start(&call.request_id));
        lines.extend(subject.end(&call.request_id, &figures, &failure.end));
        let log_tail = call.invocation.log_tail.then(|| lines.concat().into_bytes());
        self.log(subject.configuration, log_stream, lines);
        let timeout_s = subject.configuration.timeout_s;
        let made = || error_payload(&call.request_id, &failure.end, timeout_s);
        let payload = failure.payload.unwrap_or_else(made);
        figures.count(&self.metrics, &call.slot, subject.callee, &failure.end);
        drop(call.slot);
        let outcome = Outcome {
            request_id: call.request_id,
            payload,
            function_error: Some("Unhandled".to_owned()),
            log_tail,
        };
        // Nobody waits any more.
        let _ = call.answer.send(outcome);
    }

    fn log(&self, configuration: &Configuration, log_stream: &str, lines: Vec<String>) {
        let now = jiff::Timestamp::now().as_millisecond();
        let events = lines.into_iter().map(|line| (now, line)).collect();
        self.events.append(&configuration.log_group, log_stream, events);
    }
}

/// The name of a new log stream. In a group that is not the function's own, it names the function.
fn log_stream(callee: &Callee, configuration: &Configuration) -> String {
    let day = jiff::Timestamp::now().strftime("%Y/%m/%d");
    let id = uuid::Uuid::new_v4().simple();
    let own = configuration.log_group.strip_prefix("/aws/lambda/") == Some(callee.name.as_str());
    let name = if own { "" } else { &callee.name };
    format!("{day}/{name}[{}]{id}", callee.version_name())
}
