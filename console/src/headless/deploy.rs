//! `callboard deploy`

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::plan::{self, Document};
use super::signals::Signals;
use super::{Exit, confirm, output};
use crate::cli;
use crate::cloud::Cloud;
use crate::deploy::{self, Deployed};
use crate::domain::{Problem, Progress, Report, StepId, StepResult, harmless};
use crate::settings::Settings;

pub(super) async fn run(
    cloud: &Cloud,
    settings: &Settings,
    arguments: &cli::Deploy,
) -> Result<Exit, Problem> {
    let plan = deploy::plan(cloud, settings, arguments.stage).await?;
    let teller = Teller::new(arguments.json);
    for line in plan::lines(&plan) {
        teller.line(&line);
    }
    if !arguments.yes && !confirm::asked(&plan) {
        output::aside("callboard: not confirmed: nothing was changed");
        return Ok(Exit::Failed);
    }
    let stop = CancellationToken::new();
    let mut signals = Signals::take()?;
    let progress = |progress| teller.tell(progress);
    let mut work = std::pin::pin!(deploy::apply(cloud, settings, &plan, &stop, &progress));
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = signals.next() => {
                if stop.is_cancelled() {
                    output::aside(
                        "callboard: left in the middle of a step; what it was doing may be half done\n  do: deploy again: it goes on from what is there",
                    );
                    return Ok(Exit::Failed);
                }
                stop.cancel();
                output::aside("callboard: stopping after the step in hand; once more leaves at once");
            }
        }
    };
    match outcome {
        Ok(deployed) => {
            if arguments.json {
                output::json(&Answer {
                    plan: Document::of(&plan),
                    steps: teller.steps(),
                    deployed: Some(Outcome::of(&deployed)),
                    problem: None,
                })?;
            } else {
                let Deployed { stage, tag, url, .. } = &deployed;
                output::line(format!("{stage} runs {tag} at {url}"))?;
            }
            Ok(if deployed.green() { Exit::Done } else { Exit::ChecksFailed })
        }
        Err(problem) if arguments.json => {
            output::json(&Answer {
                plan: Document::of(&plan),
                steps: teller.steps(),
                deployed: None,
                problem: Some(&problem),
            })?;
            output::complain(&problem);
            Ok(Exit::Failed)
        }
        Err(problem) => Err(problem),
    }
}

/// A deploy as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    plan: Document<'a>,
    steps: Vec<Step>,
    deployed: Option<Outcome<'a>>,
    problem: Option<&'a Problem>,
}

#[derive(Serialize)]
struct Outcome<'a> {
    tag: &'a str,
    digest: &'a str,
    url: &'a str,
    green: bool,
    smoke: &'a Report,
    cors: &'a Report,
}

impl Outcome<'_> {
    fn of(deployed: &Deployed) -> Outcome<'_> {
        Outcome {
            tag: &deployed.tag,
            digest: &deployed.digest.0,
            url: &deployed.url,
            green: deployed.green(),
            smoke: &deployed.smoke,
            cors: &deployed.cors,
        }
    }
}

/// A step that ended well.
#[derive(Clone, Serialize)]
struct Step {
    step: StepId,
    result: StepResult,
    detail: String,
    seconds: f64,
}

/// Tells a person how a deploy goes: plain lines, and on a terminal a count of bytes that overwrites itself.
struct Teller {
    json: bool,
    live: bool,
    state: Mutex<State>,
}

struct State {
    steps: Vec<Step>,
    counted: Option<Instant>,
}

impl Teller {
    fn new(json: bool) -> Teller {
        let live = if json { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
        Teller { json, live, state: Mutex::new(State { steps: Vec::new(), counted: None }) }
    }

    fn steps(&self) -> Vec<Step> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).steps.clone()
    }

    // A deploy goes on, whether or not anybody can read how it goes.
    fn line(&self, line: &str) {
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

    fn tell(&self, progress: Progress) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counted.is_some() && !matches!(progress, Progress::Bytes { .. }) {
            state.counted = None;
            self.overwrite("");
        }
        match progress {
            Progress::Started(_) => {}
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
                let result_word = word(result);
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

fn word(result: StepResult) -> &'static str {
    match result {
        StepResult::Created => "created",
        StepResult::Updated => "updated",
        StepResult::Unchanged => "unchanged",
        StepResult::Done => "done",
    }
}
