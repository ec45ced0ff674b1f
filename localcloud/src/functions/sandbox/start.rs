//! Starts a function in a sandbox, and waits for its end.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, pidfd_send_signal, waitid,
};

use super::super::process::{before_exec, watch};
use super::enter::{STARTED, STEPS, enter};
use super::plan::{Kit, Plan};

/// The two processes of a sandbox; whatever else is in it ends with the first of them.
#[derive(Debug)]
pub(in super::super) struct Isolated {
    pub(in super::super) first: Pid,
    pub(in super::super) function: Pid,
    /// What to wait on for the end of each.
    first_end: OwnedFd,
    function_end: OwnedFd,
    gone: AtomicBool,
}

/// Starts `command`, which names a file inside the sandbox, and returns once it runs. Blocks for that long. The calling
/// thread is the one with which the processes die.
pub(in super::super) fn start(kit: &Arc<Kit>, plan: Plan, mut command: Command) -> io::Result<Isolated> {
    let (mut told, report) = io::pipe()?;
    let (kit, report) = (Arc::clone(kit), OwnedFd::from(report));
    before_exec(&mut command, move || enter(&kit, &plan, &report));
    let spawned = command.spawn();
    // It holds the pipe's other end.
    drop(command);
    let mut messages = Vec::new();
    let heard = told.read_to_end(&mut messages);
    let spawned = spawned.and_then(|mut usher| usher.wait());
    heard?;
    let told = Told::read(&messages);
    let ends = match (told.failure.or(spawned.err()), told.first, told.function) {
        (None, Some(first), Some(function)) => pidfd_open(first, PidfdFlags::empty())
            .and_then(|first_end| {
                Ok((first, function, first_end, pidfd_open(function, PidfdFlags::empty())?))
            })
            .map_err(io::Error::from),
        (Some(error), _, _) => Err(error),
        (None, _, _) => Err(io::Error::other("the process that starts functions was killed")),
    };
    match ends {
        Ok((first, function, first_end, function_end)) => {
            Ok(Isolated { first, function, first_end, function_end, gone: AtomicBool::new(false) })
        }
        Err(error) => {
            bury([told.function, told.first]);
            Err(error)
        }
    }
}

/// What was told of a start.
#[derive(Default)]
struct Told {
    first: Option<Pid>,
    function: Option<Pid>,
    /// Of the first step that failed.
    failure: Option<io::Error>,
}

impl Told {
    fn read(messages: &[u8]) -> Told {
        let mut told = Told::default();
        for message in messages.chunks_exact(12) {
            let number =
                |at: usize| message[at..at + 4].try_into().map(i32::from_ne_bytes).unwrap_or_default();
            match usize::try_from(number(0)) {
                Ok(STARTED) => {
                    (told.first, told.function) = (Pid::from_raw(number(4)), Pid::from_raw(number(8)));
                }
                Ok(step) if told.failure.is_none() => {
                    let error = io::Error::from_raw_os_error(number(4));
                    let what = STEPS.get(step).copied().unwrap_or("an unknown step");
                    told.failure = Some(io::Error::new(error.kind(), format!("{what}: {error}")));
                }
                _ => {}
            }
        }
        told
    }
}

/// Ends and reaps processes that nobody has waited for yet; process 1 comes last, because it ends after all others.
fn bury(processes: [Option<Pid>; 2]) {
    for process in processes.into_iter().flatten() {
        // It may have ended already.
        let _ = kill_process(process, Signal::KILL);
    }
    for process in processes.into_iter().flatten() {
        if let Err(errno) = waitid(WaitId::Pid(process), WaitIdOptions::EXITED) {
            tracing::warn!(%errno, "a process of a function that did not start cannot be waited for");
        }
    }
}

impl Isolated {
    /// Waits until the function's process has ended. To be awaited to its end once only.
    pub(in super::super) async fn wait(&self) -> io::Result<ExitStatus> {
        end_of(&self.function_end).await
    }

    /// Waits until nothing of the sandbox is left, after process 1 was killed and the function waited for.
    pub(in super::super) async fn gone(&self) -> io::Result<()> {
        end_of(&self.first_end).await?;
        self.gone.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// As [`Isolated::wait`] for the thread that may block: ends the sandbox and says how the function has ended.
    pub(super) fn finish(&self) -> io::Result<ExitStatus> {
        let how = waitid(WaitId::PidFd(self.function_end.as_fd()), WaitIdOptions::EXITED)?;
        kill_process(self.first, Signal::KILL)?;
        waitid(WaitId::PidFd(self.first_end.as_fd()), WaitIdOptions::EXITED)?;
        self.gone.store(true, Ordering::Relaxed);
        how.map(status).ok_or_else(|| io::Error::other("the process has not ended"))
    }
}

/// A sandbox that nobody waits for ends, and leaves nothing.
impl Drop for Isolated {
    fn drop(&mut self) {
        if self.gone.load(Ordering::Relaxed) {
            return;
        }
        for end in [&self.first_end, &self.function_end] {
            // It may have ended already.
            let _ = pidfd_send_signal(end, Signal::KILL);
        }
        for end in [&self.function_end, &self.first_end] {
            // It may have been waited for already.
            let _ = waitid(WaitId::PidFd(end.as_fd()), WaitIdOptions::EXITED);
        }
    }
}

async fn end_of(process: &OwnedFd) -> io::Result<ExitStatus> {
    let end = watch(process.as_fd())?;
    loop {
        let mut ready = end.readable().await?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        if let Some(how) = waitid(WaitId::PidFd(process.as_fd()), options)? {
            return Ok(status(how));
        }
        ready.clear_ready();
    }
}

fn status(how: rustix::process::WaitIdStatus) -> ExitStatus {
    // As wait(2) packs it: the code in the second byte, or else the signal in the first.
    let packed = how.exit_status().map(|code| code << 8).or(how.terminating_signal());
    ExitStatus::from_raw(packed.unwrap_or_default())
}
