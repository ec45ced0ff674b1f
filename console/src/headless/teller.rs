//! Tells a person how a change goes: plain lines, and on a terminal a count of bytes that overwrites itself.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::output;
use crate::domain::{Progress, StepId, StepResult, harmless};

/// A step that ended well.
#[derive(Clone, Serialize)]
pub(super) struct Step {
    step: StepId,
    result: StepResult,
    detail: String,
    seconds: f64,
}

/// Who tells.
pub(super) struct Teller {
    json: bool,
    live: bool,
    state: Mutex<State>,
}

struct State {
    steps: Vec<Step>,
    counted: Option<Instant>,
    current: Option<StepId>,
}

impl Teller {
    /// With `json` everything goes to stderr.
    pub(super) fn new(json: bool) -> Teller {
        let live = if json { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
        Teller { json, live, state: Mutex::new(State { steps: Vec::new(), counted: None, current: None }) }
    }

    /// The steps that ended well.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).steps.clone()
    }

    /// The step in hand, by its name.
    pub(super) fn current(&self) -> &'static str {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.current.map_or("the first", StepId::title)
    }

    /// Tells a line. A change goes on, whether or not anybody can read how it goes.
    pub(super) fn line(&self, line: &str) {
        if self.json {
            output::aside(line);
        } else {
            let _ = output::line(line);
        }
    }

    fn overwrite(&self, text: &str) {
        let text = format!("\r{text:<60}\r");
        if self.json {
            let mut errors = std::io::stderr().lock();
            let _ = errors.write_all(text.as_bytes()).and_then(|()| errors.flush());
        } else {
            let _ = output::bytes(text.as_bytes());
        }
    }

    /// Tells how far the change is.
    pub(super) fn tell(&self, progress: Progress) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counted.is_some() && !matches!(progress, Progress::Bytes { .. }) {
            state.counted = None;
            self.overwrite("");
        }
        match progress {
            // Why it waits was told when the wait began.
            Progress::Started(step) => state.current = Some(step),
            Progress::Countdown { .. } => {}
            Progress::Did(command) => self.line(&format!("  $ {}", harmless(&command))),
            Progress::Output(step, line) => self.line(&format!("  {}: {}", step.title(), harmless(&line))),
            Progress::Bytes { step, done, total } => {
                let due = state.counted.is_none_or(|at| at.elapsed() > Duration::from_millis(100));
                if self.live && due {
                    state.counted = Some(Instant::now());
                    let (done, total) = (done as f64 / 1e6, total as f64 / 1e6);
                    self.overwrite(&format!("  {}: {done:.1} of {total:.1} MB", step.title()));
                }
            }
            Progress::Ended { step, result, detail, took } => {
                let result_word = result.as_str();
                self.line(&format!(
                    "{:<22} {result_word:<9} {:>7.1} s  {detail}",
                    step.title(),
                    took.as_secs_f64()
                ));
                state.steps.push(Step { step, result, detail, seconds: took.as_secs_f64() });
            }
            Progress::Failed(step, _) => self.line(&format!("{:<22} FAILED", step.title())),
        }
    }
}
