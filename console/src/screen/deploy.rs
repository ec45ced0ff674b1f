//! A change: plan, confirmation, steps, outcome.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::{Motion, Remote, Ticket};
use crate::deploy::{Done, Failure, Plan};
use crate::domain::{Intent, Problem, Progress, StageName, StepId, StepResult};

use super::checks::moved;

/// Lines of output that are kept for the screen.
const OUTPUT_LINES: usize = 500;

/// How a step stands.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Under way since.
    Running {
        /// When it began.
        since: Timestamp,
        /// Bytes sent, of how many.
        bytes: Option<(u64, u64)>,
        /// The last line that it told.
        says: Option<String>,
    },
    /// Ended well.
    Ended {
        /// What it did.
        result: StepResult,
        /// To what.
        detail: String,
        /// How long it took.
        took: Duration,
    },
    /// Failed.
    Failed(Problem),
}

/// What has the focus in the confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Does nothing, and has the focus first.
    Cancel,
    /// Does it.
    Apply,
}

/// Where the change is.
#[derive(Debug)]
pub enum Phase {
    /// The plan is read; then it waits for a yes.
    Confirm {
        /// What would change.
        plan: Box<Remote<Plan>>,
        /// What Enter would press.
        focus: Focus,
        /// What was typed so far, where the stage's name must be typed.
        typed: String,
    },
    /// The steps run.
    Running {
        /// The change's ticket.
        ticket: Ticket,
        /// Whether it was asked to stop after the step in hand.
        stopping: bool,
    },
    /// The end.
    Ended(Result<Box<Done>, Box<Failure>>),
}

/// What the screen of a change remembers.
#[derive(Debug)]
pub struct Deploy {
    /// What was asked for.
    pub intent: Intent,
    /// Why the plan is shown anew, where somebody changed the world before it could be applied.
    pub moved: Option<String>,
    /// Where it is.
    pub phase: Phase,
    /// The steps in their order.
    pub steps: Vec<(StepId, StepState)>,
    /// What the steps said, newest last.
    pub output: VecDeque<String>,
    /// How far the plan is scrolled.
    pub scroll: usize,
}

impl Deploy {
    /// A change whose plan is being read.
    pub fn new(intent: Intent) -> Deploy {
        let phase = Phase::Confirm {
            plan: Box::new(Remote::Loading { stale: None }),
            focus: Focus::Cancel,
            typed: String::new(),
        };
        Deploy { intent, moved: None, phase, steps: Vec::new(), output: VecDeque::new(), scroll: 0 }
    }

    /// The stage that it is about; prod where it is about both.
    pub fn stage(&self) -> StageName {
        self.intent.stage()
    }

    /// Whether prod's name must be typed.
    pub fn needs_name(&self) -> bool {
        self.intent.touches_prod()
    }

    /// Sets out to apply the plan.
    pub fn start(&mut self, ticket: Ticket, plan: &Plan) {
        self.steps = plan.steps().into_iter().map(|step| (step, StepState::Waiting)).collect();
        self.phase = Phase::Running { ticket, stopping: false };
        self.scroll = 0;
    }

    /// What takes the stage back to what it ran before, once the change has ended and had changed that.
    pub fn way_back(&self) -> Option<&Intent> {
        match &self.phase {
            Phase::Ended(Ok(done)) => done.way_back.as_ref(),
            Phase::Ended(Err(failure)) => match &**failure {
                Failure::Failed { way_back, .. } => way_back.as_ref(),
                Failure::Refused { .. } => None,
            },
            _ => None,
        }
    }

    /// Another way to do the same, where there is one.
    pub fn option(&self) -> Option<Intent> {
        match self.intent.clone() {
            Intent::RollBack { stage, to, parts } => {
                Some(Intent::RollBack { stage, to, parts: parts.next() })
            }
            Intent::TearDown { stage, logs } => Some(Intent::TearDown { stage, logs: !logs }),
            _ => None,
        }
    }

    /// Whether steps run now.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    /// Whether it waits for a name to be typed.
    pub fn is_typing(&self) -> bool {
        let Phase::Confirm { plan, .. } = &self.phase else { return false };
        self.needs_name() && matches!(**plan, Remote::Ready { .. })
    }

    /// The step that runs now.
    pub fn current(&self) -> Option<StepId> {
        self.steps.iter().find(|(_, state)| matches!(state, StepState::Running { .. })).map(|(step, _)| *step)
    }

    /// The plan, once the operator has confirmed it: by the stage's name where that is asked for, by the button
    /// otherwise.
    pub fn confirmed(&self) -> Option<&Plan> {
        let Phase::Confirm { plan, focus, typed } = &self.phase else { return None };
        let Remote::Ready { value, .. } = &**plan else { return None };
        let yes = if self.needs_name() { typed == StageName::Prod.as_str() } else { *focus == Focus::Apply };
        yes.then_some(value)
    }

    /// Moves through the plan.
    pub fn step(&mut self, motion: Motion, count: usize, page: usize) {
        self.scroll = moved(self.scroll, motion, count, page);
    }

    /// Takes in how far the change is.
    pub fn progress(&mut self, progress: Progress, now: Timestamp) {
        match progress {
            Progress::Started(step) => {
                self.set(step, StepState::Running { since: now, bytes: None, says: None });
            }
            Progress::Output(step, line) => {
                let line = crate::domain::plain(&line);
                if let Some(StepState::Running { says, .. }) = self.get_mut(step) {
                    *says = Some(line.clone());
                }
                self.tell(line);
            }
            Progress::Countdown { step, why, left } => {
                if let Some(StepState::Running { says, .. }) = self.get_mut(step) {
                    let seconds = left.as_secs_f64().ceil();
                    *says = Some(crate::domain::plain(&format!("{why}: again in {seconds:.0} s")));
                }
            }
            Progress::Did(command) => self.tell(crate::domain::plain(&format!("$ {command}"))),
            Progress::Bytes { step, done, total } => {
                if let Some(StepState::Running { bytes, .. }) = self.get_mut(step) {
                    *bytes = Some((done, total));
                }
            }
            Progress::Ended { step, result, detail, took } => {
                self.set(step, StepState::Ended { result, detail, took });
            }
            Progress::Failed(step, problem) => self.set(step, StepState::Failed(problem)),
        }
    }

    fn tell(&mut self, line: String) {
        if self.output.len() == OUTPUT_LINES {
            self.output.pop_front();
        }
        self.output.push_back(line);
    }

    fn set(&mut self, step: StepId, state: StepState) {
        if let Some(place) = self.get_mut(step) {
            *place = state;
        }
    }

    fn get_mut(&mut self, wanted: StepId) -> Option<&mut StepState> {
        self.steps.iter_mut().find(|(step, _)| *step == wanted).map(|(_, state)| state)
    }
}
