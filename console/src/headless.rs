//! The operations without the terminal screen, one file a command: text or JSON out, and an exit code.

mod change;
mod check;
mod confirm;
#[cfg(feature = "local")]
mod disk;
mod doctor;
mod env;
#[cfg(feature = "local")]
mod faults;
mod images;
mod invocations;
mod journal;
#[cfg(feature = "local")]
mod local;
mod logs;
mod output;
mod plan;
mod reader;
mod signals;
mod span;
mod status;
mod teller;

use std::process::ExitCode;

use clap::CommandFactory;
use tokio::runtime;

use crate::cli::{self, Cli, Command, Confirmation, Global, Images, ImagesCommand};
use crate::cloud::{Choice, Cloud};
use crate::domain::{Intent, Problem};
use crate::settings::Settings;

/// How a command ended: what the process answers to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed, or not confirmed.
    Failed = 1,
    /// The command line is wrong, or a confirmation cannot be asked for.
    Usage = 2,
    /// A check failed.
    ChecksFailed = 3,
    /// `plan` found changes, or `env` that what is deployed differs from the file.
    Changes = 4,
    /// SIGHUP ended it.
    HungUp = 129,
    /// Ctrl-C ended it.
    Interrupted = 130,
    /// SIGTERM ended it.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Settings and choice of cloud, from the command line over `callboard.toml`.
pub fn choose(global: &Global) -> Result<(Settings, Choice), Problem> {
    let mut settings = match &global.config {
        Some(path) => Settings::load(path)?,
        None => {
            let here = std::env::current_dir()
                .map_err(|error| Problem::new("the current folder cannot be found").because(error))?;
            Settings::find(&here)?
        }
    };
    settings.read_only |= global.read_only;
    let choice = Choice {
        kind: global.cloud.unwrap_or(settings.cloud),
        profile: global.profile.clone(),
        region: global.region.clone(),
        fresh: global.fresh,
    };
    Ok((settings, choice))
}

/// Runs one command to its end.
pub fn run(global: &Global, command: &Command) -> ExitCode {
    let runtime = match command {
        // One thing after another is read: a second thread would only be woken for each piece of an answer.
        Command::Logs(_) | Command::Invocations(_) => runtime::Builder::new_current_thread(),
        _ => runtime::Builder::new_multi_thread(),
    };
    block_on(runtime, perform(global, command))
}

/// Runs `work` to its end; a problem is said on standard error.
pub fn block_on<T: Into<ExitCode>>(
    mut runtime: runtime::Builder,
    work: impl Future<Output = Result<T, Problem>>,
) -> ExitCode {
    let ended = match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(Problem::new("the program cannot start").because(error)),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(problem) => {
            output::complain(&problem);
            Exit::Failed.into()
        }
    }
}

async fn perform(global: &Global, command: &Command) -> Result<Exit, Problem> {
    if let Command::Completions(arguments) = command {
        let mut script = Vec::new();
        clap_complete::generate(arguments.shell, &mut Cli::command(), "callboard", &mut script);
        output::bytes(&script)?;
        return Ok(Exit::Done);
    }
    if let Command::Doctor(arguments) = command {
        return doctor::run(choose(global), arguments).await;
    }
    let (mut settings, choice) = choose(global)?;
    if let Command::Deploy(cli::Deploy { builder: Some(builder), .. })
    | Command::Plan(cli::Plan { builder: Some(builder), .. }) = command
    {
        settings.build.builder = *builder;
    }
    match command {
        Command::Journal(arguments) => return journal::run(&settings, arguments),
        Command::Env(arguments) => return env::run(&choice, &settings, arguments).await,
        Command::Local(arguments) => return local(&settings, arguments, choice.fresh).await,
        _ => {}
    }
    if let Some(confirmation) = confirmation(command)
        && !confirmation.yes
        && !confirmation.dry_run
        && !confirm::possible()
    {
        return Ok(confirm::impossible());
    }
    let cloud = Cloud::connect(&choice, &settings).await?;
    let ended = match command {
        Command::Deploy(arguments) => {
            let wish = wish(&arguments.confirmation, arguments.rollback_on_failure);
            change::run(&cloud, &settings, &Intent::Deploy { stage: arguments.stage }, &wish).await
        }
        Command::Promote(arguments) => {
            let wish = wish(&arguments.confirmation, arguments.rollback_on_failure);
            change::run(&cloud, &settings, &Intent::Promote, &wish).await
        }
        Command::Rollback(arguments) => {
            change::run(&cloud, &settings, &arguments.intent(), &wish(&arguments.confirmation, false)).await
        }
        Command::Teardown(arguments) => {
            let intent = Intent::TearDown { stage: arguments.stage, logs: arguments.logs };
            let confirmation = &arguments.confirmation;
            let ask_logs = !arguments.logs && !arguments.keep_logs && !confirmation.yes;
            change::run(&cloud, &settings, &intent, &change::Wish { ask_logs, ..wish(confirmation, false) })
                .await
        }
        Command::Images(Images { command: Some(ImagesCommand::Prune(arguments)), .. }) => {
            let intent = Intent::Prune { keep: arguments.keep };
            change::run(&cloud, &settings, &intent, &wish(&arguments.confirmation, false)).await
        }
        Command::Images(arguments) => images::run(&cloud, &settings, arguments).await,
        Command::Plan(arguments) => plan::run(&cloud, &settings, arguments).await,
        Command::Check(arguments) => check::run(&cloud, &settings, arguments).await,
        Command::Logs(arguments) => logs::run(&cloud, &settings, arguments).await,
        Command::Invocations(arguments) => invocations::run(&cloud, &settings, arguments).await,
        Command::Status(arguments) => status::run(&cloud, &settings, arguments).await,
        Command::Local(_)
        | Command::Journal(_)
        | Command::Completions(_)
        | Command::Doctor(_)
        | Command::Env(_) => Ok(Exit::Done),
    };
    cloud.close().await;
    ended
}

// How the command is confirmed, where it changes anything.
fn confirmation(command: &Command) -> Option<&Confirmation> {
    match command {
        Command::Deploy(arguments) => Some(&arguments.confirmation),
        Command::Promote(arguments) => Some(&arguments.confirmation),
        Command::Rollback(arguments) => Some(&arguments.confirmation),
        Command::Teardown(arguments) => Some(&arguments.confirmation),
        Command::Images(Images { command: Some(ImagesCommand::Prune(arguments)), .. }) => {
            Some(&arguments.confirmation)
        }
        _ => None,
    }
}

fn wish(confirmation: &Confirmation, rollback_on_failure: bool) -> change::Wish<'_> {
    change::Wish { confirmation, rollback_on_failure, ask_logs: false }
}

#[cfg(feature = "local")]
async fn local(settings: &Settings, arguments: &cli::Local, fresh: bool) -> Result<Exit, Problem> {
    local::run(settings, arguments, fresh).await
}

#[cfg(not(feature = "local"))]
async fn local(_: &Settings, _: &cli::Local, _: bool) -> Result<Exit, Problem> {
    Err(Problem::new("this callboard was built without the local cloud")
        .fix("build it with the feature `local`"))
}
