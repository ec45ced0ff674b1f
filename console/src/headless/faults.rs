//! `callboard local faults`: what the local cloud that runs is to do wrong on purpose.

use std::time::Duration;

use localcloud::faults::{Called, Delivery, PATH, Report, SlowIam};
use reqwest::{Client, Method, RequestBuilder, Response};

use super::{Exit, output};
use crate::cli::{Faults, FaultsCommand};
use crate::domain::{Problem, harmless};
use crate::settings::Settings;

/// The local cloud answers these from memory.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(settings: &Settings, arguments: &Faults) -> Result<Exit, Problem> {
    let list = FaultsCommand::List { json: false };
    let command = arguments.command.as_ref().unwrap_or(&list);
    // What cannot be read is said before anything else, whether or not a local cloud runs.
    let rules = match command {
        FaultsCommand::Set { file } => Some(std::fs::read(file).map_err(|error| {
            Problem::new(format!("{} cannot be read", file.display()))
                .because(error)
                .fix("name a file with JSON rules or delivery: docs/faults.md says how they look")
        })?),
        FaultsCommand::List { .. } | FaultsCommand::Clear => None,
    };
    let running = Running::find(settings).await?;
    match command {
        FaultsCommand::List { json } => {
            let report: Report =
                running.send(running.request(Method::GET)).await?.json().await.map_err(|error| {
                    Problem::new("the local cloud's answer makes no sense")
                        .because(error)
                        .fix("run it with the same version of Callboard as this one")
                })?;
            match json {
                true => output::json(&report)?,
                false => tell(&report)?,
            }
        }
        FaultsCommand::Set { .. } => {
            running.send(running.request(Method::PUT).body(rules.unwrap_or_default())).await?;
        }
        FaultsCommand::Clear => {
            running.send(running.request(Method::DELETE)).await?;
        }
    }
    Ok(Exit::Done)
}

/// The local cloud that runs in this folder.
struct Running {
    http: Client,
    url: String,
}

impl Running {
    async fn find(settings: &Settings) -> Result<Running, Problem> {
        let dir = settings.local_dir();
        let running = localcloud::running(&dir).await.ok_or_else(|| {
            Problem::new("no local cloud is running")
                .because(format!("looked in {}", dir.display()))
                .fix("start it with `callboard local`, or open the console on it")
        })?;
        Ok(Running { http: crate::http::client()?, url: format!("{}{PATH}", running.endpoint) })
    }

    fn request(&self, method: Method) -> RequestBuilder {
        self.http.request(method, &self.url).timeout(PATIENCE)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Problem> {
        let answer = request.send().await.map_err(|error| {
            Problem::new("the local cloud does not answer").because(error).fix("end it and start it again")
        })?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status => {
                let why = answer.text().await.unwrap_or_default();
                let problem = Problem::new(format!("the local cloud refuses this ({status})"));
                Err(problem.because(why.trim_end()).fix("docs/faults.md says how rules look"))
            }
        }
    }
}

fn tell(report: &Report) -> Result<(), Problem> {
    if report.rules.is_empty() {
        output::line("no rules")?;
    }
    for standing in &report.rules {
        let (matched, met) = (standing.matched, standing.met);
        output::line(format!("{}   ({matched} calls matched, {met} met it)", standing.rule))?;
    }
    if report.delivery != Delivery::default() {
        output::line(format!("log events: {}", report.delivery))?;
    }
    if report.iam != SlowIam::default() {
        output::line(format!("iam: {}", report.iam))?;
    }
    if !report.calls.is_empty() {
        output::line("calls:")?;
    }
    for call in &report.calls {
        output::line(harmless(&format!("  {}:{}   {}", call.service, call.operation, became(call))))?;
    }
    Ok(())
}

fn became(call: &Called) -> String {
    match (call.status, &call.fault) {
        (Some(status), None) => status.to_string(),
        (Some(status), Some(fault)) => format!("{status}, {fault}"),
        (None, Some(fault)) => fault.to_string(),
        (None, None) => "under way".to_owned(),
    }
}
