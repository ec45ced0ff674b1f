//! Processes of functions: started so that they cannot outlive the local cloud, frozen and thawed as a group.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::image::Program;

/// Starts processes from one thread, which lives as long as this value does. On Linux a process is told to die with
/// the *thread* that started it, so threads that come and go will not do; and when this value is dropped, or its
/// process is killed, every process that it started dies, even a frozen one.
pub(super) struct Spawner {
    requests: mpsc::Sender<Request>,
}

struct Request {
    command: Command,
    runtime: Handle,
    answer: oneshot::Sender<io::Result<Child>>,
}

impl Spawner {
    pub(super) fn new() -> Spawner {
        let (requests, received) = mpsc::channel::<Request>();
        let thread = std::thread::Builder::new().name("function spawner".to_owned()).spawn(move || {
            for mut request in received {
                let _inside = request.runtime.enter();
                // Nobody to hear of it: dropping the child kills it.
                let _ = request.answer.send(request.command.spawn());
            }
        });
        if let Err(error) = thread {
            tracing::error!("no thread to start functions from: {error}");
        }
        Spawner { requests }
    }

    /// Starts a program with exactly this environment, in a process group of its own. What it writes to stdout and
    /// stderr comes out of one pipe, in order.
    pub(super) async fn start(
        &self,
        program: &Program,
        environment: &BTreeMap<String, String>,
    ) -> io::Result<(Child, Group, pipe::Receiver)> {
        let (reader, writer) = io::pipe()?;
        let reader = pipe::Receiver::from_owned_fd(reader.into())?;
        let mut command = Command::new(&program.executable);
        command
            .arg0(&program.name)
            .args(&program.arguments)
            .current_dir(&program.working_directory)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true);
        die_with_parent(&mut command);
        let (answer, started) = oneshot::channel();
        let request = Request { command, runtime: Handle::current(), answer };
        let gone = |_| io::Error::other("the thread that starts functions has ended");
        self.requests.send(request).map_err(|_| gone(()))?;
        let child = started.await.map_err(|_| gone(()))??;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let group = Group(pid.ok_or_else(|| io::Error::other("the process has no id"))?);
        Ok((child, group, reader))
    }
}

/// Has the kernel kill the process when the thread that starts it is gone.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let before_exec = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before this was set.
        if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: between fork and exec only system calls that POSIX calls async-signal-safe may be made: these are
    // prctl and getppid, without an allocation or a lock (an `io::Error` made of an error number holds just that).
    unsafe { command.pre_exec(before_exec) };
}

/// Only Linux has such a signal. Elsewhere a process ends when it finds its Runtime API gone.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

/// A process and what it started: one process group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group(Pid);

impl Group {
    /// Stops the processes where they are.
    pub(super) fn freeze(self) {
        self.signal(Signal::STOP);
    }

    /// Lets them go on.
    pub(super) fn thaw(self) {
        self.signal(Signal::CONT);
    }

    /// Ends them, frozen or not.
    pub(super) fn kill(self) {
        self.signal(Signal::KILL);
    }

    fn signal(self, signal: Signal) {
        // The only failure is that the group is already gone, which its supervisor hears of.
        let _ = kill_process_group(self.0, signal);
    }

    /// The most memory that the process has had resident, in megabytes rounded up; `None` once it has ended.
    pub(super) fn peak_memory_mb(self) -> Option<u32> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.as_raw_nonzero())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes.div_ceil(1024))
    }
}
