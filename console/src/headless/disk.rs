//! `callboard local status`, `prune` and `reset`: what the local cloud keeps on disk.

use localcloud::disk::{self, DiskError, Held, Policy, Status};

use super::{Exit, confirm, output};
use crate::cli::{LocalPrune, LocalReset};
use crate::domain::{Problem, harmless};
use crate::settings::Settings;

const MB: u64 = 1_000_000;

pub(super) async fn status(settings: &Settings, json: bool) -> Result<Exit, Problem> {
    let status = disk::status(&settings.local_dir()).await.map_err(problem)?;
    match json {
        true => output::json(&status)?,
        false => tell(&status)?,
    }
    Ok(Exit::Done)
}

fn tell(status: &Status) -> Result<(), Problem> {
    let runs = match &status.running {
        Some(running) => format!("runs at {}, process {}", running.endpoint, running.pid),
        None => "does not run".to_owned(),
    };
    let held = |held: Held| format!("{:>9}   {}", megabytes(held.bytes), held.count);
    let unused = |of: Held| match of.count {
        0 => String::new(),
        count => format!(", {count} unused ({})", megabytes(of.bytes)),
    };
    let account = [
        (status.functions, "function"),
        (status.versions, "version"),
        (status.apis, "REST API"),
        (status.repositories, "repository"),
        (status.images, "image"),
        (status.log_groups, "log group"),
    ];
    let account: Vec<String> = account.iter().map(|(count, what)| counted(*count, what)).collect();
    for line in [
        format!("{}: {runs}", status.dir.display()),
        format!("account         {}", account.join(", ")),
        format!("images, packed  {} files{}", held(status.blobs), unused(status.unreferenced_blobs)),
        format!("images, to run  {} folders{}", held(status.unpacked), unused(status.unused_unpacked)),
        format!("log events      {}", held(status.log_events)),
        format!("metrics         {} minutes", held(status.metrics)),
        format!("state.redb      {:>9}   format {}", megabytes(status.state_bytes), status.format),
    ] {
        output::line(harmless(&line))?;
    }
    Ok(())
}

pub(super) async fn prune(settings: &Settings, arguments: &LocalPrune) -> Result<Exit, Problem> {
    let policy = Policy { log_bytes: arguments.logs.map(|mb| mb * MB), ..Policy::unused_now() };
    let pruned = disk::prune(&settings.local_dir(), &policy).await.map_err(problem)?;
    if arguments.json {
        output::json(&pruned)?;
        return Ok(Exit::Done);
    }
    for (held, what) in [
        (pruned.blobs, "files of images that nothing referred to"),
        (pruned.unpacked, "unpacked images that no function used"),
        (pruned.log_events, "log events"),
    ] {
        if held.count > 0 {
            output::line(format!("{} {what}, {}", held.count, megabytes(held.bytes)))?;
        }
    }
    if pruned.state_bytes > 0 {
        output::line(format!("state.redb is {} smaller", megabytes(pruned.state_bytes)))?;
    }
    if pruned == disk::Pruned::default() {
        output::line("nothing is unused")?;
    }
    Ok(Exit::Done)
}

pub(super) async fn reset(settings: &Settings, arguments: &LocalReset) -> Result<Exit, Problem> {
    let dir = settings.local_dir();
    if !arguments.yes {
        if !confirm::possible() {
            return Ok(confirm::impossible());
        }
        if !confirm::reset(&dir) {
            output::aside("nothing was done");
            return Ok(Exit::Failed);
        }
    }
    let freed = disk::reset(&dir).await.map_err(problem)?;
    output::line(format!("the local cloud is empty; {} are free again", megabytes(freed)))?;
    Ok(Exit::Done)
}

fn counted(count: u64, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        _ => format!("{count} {what}s"),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / MB as f64)
}

/// The error's own sentence names what to do where there is something.
fn problem(error: DiskError) -> Problem {
    let problem = Problem::new("the local cloud's folder cannot be looked after");
    match &error {
        DiskError::Nothing(_) => {
            problem.because(&error).fix("open the console on it, or run `callboard local`")
        }
        DiskError::Running(_) => problem.because(&error).fix("end that Callboard, then try again"),
        DiskError::Store(_) => {
            problem.because(&error).fix("`callboard local reset` starts over with an empty one")
        }
        DiskError::Silent(_) | DiskError::Answer { .. } | DiskError::Io { .. } => problem.because(&error),
    }
}
