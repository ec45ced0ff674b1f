//! Runs one step after the other, reports each, and says at a failure what was done and what was not.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use crate::cloud::{Cloud, Permit};
use crate::domain::{Problem, Progress, StepId, StepResult};
use crate::settings::Settings;

/// What every step is given.
pub(super) struct Context<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) settings: &'a Settings,
    pub(super) plan: &'a Plan,
    pub(super) permit: &'a Permit<'a>,
    pub(super) stop: &'a CancellationToken,
    pub(super) progress: &'a (dyn Fn(Progress) + Send + Sync),
}

impl Context<'_> {
    /// Tells a line of a step.
    pub(super) fn say(&self, step: StepId, line: impl Into<String>) {
        (self.progress)(Progress::Output(step, line.into()));
    }
}

/// How a step ended, and what later steps need of it.
pub(super) struct Ended<T> {
    value: T,
    result: StepResult,
    detail: String,
}

impl<T> Ended<T> {
    pub(super) fn new(value: T, result: StepResult, detail: impl Into<String>) -> Ended<T> {
        Ended { value, result, detail: detail.into() }
    }
}

/// The steps of one deploy, as they are run.
pub(super) struct Steps<'a> {
    context: &'a Context<'a>,
    done: Mutex<Vec<(StepId, StepResult)>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Steps<'a> {
        Steps { context, done: Mutex::new(Vec::new()) }
    }

    /// Runs a step, unless the operator has stopped the deploy before it.
    pub(super) async fn run<T>(
        &self,
        step: StepId,
        work: impl Future<Output = Result<Ended<T>, Problem>>,
    ) -> Result<T, Problem> {
        if self.context.stop.is_cancelled() {
            return Err(self.interrupted(step));
        }
        let progress = self.context.progress;
        progress(Progress::Started(step));
        let clock = Instant::now();
        match work.await {
            Ok(ended) => {
                progress(Progress::Ended {
                    step,
                    result: ended.result,
                    detail: ended.detail,
                    took: clock.elapsed(),
                });
                self.done.lock().unwrap_or_else(PoisonError::into_inner).push((step, ended.result));
                Ok(ended.value)
            }
            Err(problem) => {
                let problem = self.failed(step, problem);
                progress(Progress::Failed(step, problem.clone()));
                Err(problem)
            }
        }
    }

    /// What of this deploy has changed something in the cloud.
    pub(super) fn changed(&self, steps: &[StepId]) -> bool {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.iter().any(|(step, result)| steps.contains(step) && result.changed())
    }

    fn interrupted(&self, next: StepId) -> Problem {
        let what = self.context.plan.intent.noun();
        Problem::new(format!("the {what} was stopped before the step {}", next.title()))
            .because(self.state(next))
            .fix(self.resume())
    }

    fn failed(&self, step: StepId, mut problem: Problem) -> Problem {
        let what = if problem.detail.is_empty() { String::new() } else { format!("{}\n", problem.detail) };
        problem.detail = format!("{what}{}", self.state(step));
        problem.hint = match problem.hint.as_str() {
            "" => self.resume(),
            hint => format!("{hint}; then {}", self.resume()),
        };
        problem
    }

    fn state(&self, at: StepId) -> String {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let changed: Vec<&str> =
            done.iter().filter(|(_, result)| result.changed()).map(|(step, _)| step.title()).collect();
        let steps = self.context.plan.steps();
        let open: Vec<&str> = steps.into_iter().skip_while(|step| *step != at).map(StepId::title).collect();
        let changed = if changed.is_empty() { "nothing".to_owned() } else { changed.join(", ") };
        format!("changed so far: {changed}\nnot done: {}", open.join(", "))
    }

    fn resume(&self) -> String {
        format!("do the same again: `{}` goes on from what is there", self.context.plan.intent.command())
    }
}
