//! `callboard deploy`, `promote`, `rollback`, `teardown` and `images prune`: plan, confirmation, steps, outcome.

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::plan::{self, Document};
use super::signals::Signals;
use super::teller::{Step, Teller};
use super::{Exit, confirm, output};
use crate::cli::Confirmation;
use crate::cloud::Cloud;
use crate::deploy::{self, Deployed, Done, Failure, Plan};
use crate::domain::{Intent, Problem, Report};
use crate::settings::Settings;

/// What a change is asked to do besides itself.
pub(super) struct Wish<'a> {
    /// How it is confirmed and told.
    pub(super) confirmation: &'a Confirmation,
    /// Go back to what ran before when it fails or its checks do.
    pub(super) rollback_on_failure: bool,
    /// Ask whether the log groups are to go too, once the plan was seen.
    pub(super) ask_logs: bool,
}

pub(super) async fn run(
    cloud: &Cloud,
    settings: &Settings,
    intent: &Intent,
    wish: &Wish<'_>,
) -> Result<Exit, Problem> {
    let json = wish.confirmation.json;
    let mut plan = deploy::plan(cloud, settings, intent).await?;
    if wish.confirmation.dry_run {
        return plan::tell(&plan, json);
    }
    let teller = Teller::new(json);
    let mut signals = Signals::take()?;
    loop {
        plan::lines(&plan).iter().for_each(|line| teller.line(line));
        if let Intent::TearDown { stage, logs: false } = plan.intent
            && wish.ask_logs
            && confirm::logs()
        {
            plan = deploy::plan(cloud, settings, &Intent::TearDown { stage, logs: true }).await?;
            plan::lines(&plan).iter().for_each(|line| teller.line(line));
        }
        if !wish.confirmation.yes && !confirm::asked(&plan) {
            output::aside("callboard: not confirmed: nothing was changed");
            return Ok(Exit::Failed);
        }
        let outcome = match applied(cloud, settings, &plan, &teller, &mut signals).await {
            Some(outcome) => outcome,
            None => return Ok(Exit::Failed),
        };
        match outcome {
            // Somebody was quicker: what would change now is shown and asked for anew. With --yes nobody would see it.
            Err(Failure::Refused { problem, moved: true }) if !wish.confirmation.yes => {
                output::complain(&problem);
                plan = deploy::plan(cloud, settings, &plan.intent.clone()).await?;
            }
            outcome => {
                let back = match way_back(&outcome, wish.rollback_on_failure) {
                    Some(back) => Some(go_back(cloud, settings, back, &teller, &mut signals).await),
                    None => None,
                };
                return told(&plan, &outcome, back, &teller, json);
            }
        }
    }
}

// `None` when the operator left in the middle of a step.
async fn applied(
    cloud: &Cloud,
    settings: &Settings,
    plan: &Plan,
    teller: &Teller,
    signals: &mut Signals,
) -> Option<Result<Done, Failure>> {
    let stop = CancellationToken::new();
    let progress = |progress| teller.tell(progress);
    let mut work = std::pin::pin!(deploy::apply(cloud, settings, plan, &stop, &progress));
    loop {
        tokio::select! {
            outcome = &mut work => return Some(outcome),
            _ = signals.next() => {
                if stop.is_cancelled() {
                    output::aside(format!(
                        "callboard: left during the step `{}`, which may be half done; nothing after it was started\n  do: `{}` again: it goes on from what is there",
                        teller.current(),
                        plan.intent.command()
                    ));
                    return None;
                }
                stop.cancel();
                output::aside("callboard: stopping after the step in hand; once more leaves at once");
            }
        }
    }
}

// What --rollback-on-failure does after this outcome. Where it was not given, the way back is named.
fn way_back(outcome: &Result<Done, Failure>, wanted: bool) -> Option<&Intent> {
    let back = match outcome {
        Ok(done) if done.green() => None,
        Ok(done) => Some(&done.way_back),
        Err(Failure::Failed { way_back, .. }) => Some(way_back),
        Err(Failure::Refused { .. }) => None,
    }?;
    match back {
        Some(back) if wanted => Some(back),
        Some(back) => {
            output::aside(format!("callboard: `{}` goes back to what ran before", back.command()));
            None
        }
        None if wanted => {
            output::aside(
                "callboard: there is nothing to roll back to by itself: this change did not change what runs, or no change of Callboard's had ended before it\n  do: `callboard images` lists what there is; `callboard rollback STAGE --to WHAT` goes to it",
            );
            None
        }
        None => None,
    }
}

async fn go_back(
    cloud: &Cloud,
    settings: &Settings,
    back: &Intent,
    teller: &Teller,
    signals: &mut Signals,
) -> Result<Done, Problem> {
    teller.line(&format!("rolling back: {}", back.command()));
    let plan = deploy::plan(cloud, settings, back).await?;
    plan::lines(&plan).iter().for_each(|line| teller.line(line));
    let left = || Problem::new("the roll back was left in the middle").fix(back.command());
    match applied(cloud, settings, &plan, teller, signals).await {
        None => Err(left()),
        Some(outcome) => outcome.map_err(|failure| failure.problem().clone()),
    }
}

fn told(
    plan: &Plan,
    outcome: &Result<Done, Failure>,
    back: Option<Result<Done, Problem>>,
    teller: &Teller,
    json: bool,
) -> Result<Exit, Problem> {
    let problem = outcome.as_ref().err().map(Failure::problem);
    let back_problem = back.as_ref().and_then(|back| back.as_ref().err());
    if json {
        output::json(&Answer {
            plan: Document::of(plan),
            steps: teller.steps(),
            deployed: outcome.as_ref().ok().and_then(|done| done.deployed.as_ref()).map(Outcome::of),
            problem,
            rolled_back: back.as_ref().map(|back| RolledBack {
                deployed: back.as_ref().ok().and_then(|done| done.deployed.as_ref()).map(Outcome::of),
                problem: back_problem,
            }),
        })?;
    } else {
        for line in sentences(outcome, back.as_ref()) {
            output::line(line)?;
        }
    }
    [problem, back_problem].into_iter().flatten().for_each(output::complain);
    Ok(match outcome {
        Ok(done) if done.green() => Exit::Done,
        Ok(_) => Exit::ChecksFailed,
        Err(_) => Exit::Failed,
    })
}

// What runs in the end.
fn sentences(outcome: &Result<Done, Failure>, back: Option<&Result<Done, Problem>>) -> Vec<String> {
    match (outcome, back) {
        (Ok(done), None) => vec![done.sentence()],
        (Err(_), None) => Vec::new(),
        (_, Some(Ok(back))) => {
            let why = if outcome.is_ok() { "its checks failed" } else { "it failed" };
            vec![format!("rolled back, for {why}: {}", back.sentence())]
        }
        (Ok(done), Some(Err(_))) => {
            vec![format!("its checks failed, and the roll back failed too: {}", done.sentence())]
        }
        (Err(_), Some(Err(_))) => {
            vec!["it failed, and the roll back failed too: look at `callboard status`".to_owned()]
        }
    }
}

/// A change as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    plan: Document<'a>,
    steps: Vec<Step>,
    deployed: Option<Outcome<'a>>,
    problem: Option<&'a Problem>,
    rolled_back: Option<RolledBack<'a>>,
}

#[derive(Serialize)]
struct RolledBack<'a> {
    deployed: Option<Outcome<'a>>,
    problem: Option<&'a Problem>,
}

#[derive(Serialize)]
struct Outcome<'a> {
    tag: &'a str,
    digest: &'a str,
    url: Option<&'a str>,
    green: bool,
    smoke: Option<&'a Report>,
    cors: Option<&'a Report>,
}

impl Outcome<'_> {
    fn of(deployed: &Deployed) -> Outcome<'_> {
        Outcome {
            tag: &deployed.tag,
            digest: &deployed.digest.0,
            url: deployed.url.as_deref(),
            green: deployed.green(),
            smoke: deployed.smoke.as_ref(),
            cors: deployed.cors.as_ref(),
        }
    }
}
