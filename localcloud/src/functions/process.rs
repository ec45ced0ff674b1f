//! Processes of functions: started so that they cannot outlive the local cloud, frozen, thawed and ended together with
//! what they have started.

use std::collections::BTreeMap;
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
#[cfg(target_os = "linux")]
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::image::Program;
use super::members::{self, Resident};
#[cfg(target_os = "linux")]
use super::sandbox;
use super::sandbox::Isolation;

/// Starts processes from one thread, which lives as long as this value does. On Linux a process is told to die with
/// the *thread* that started it, so threads that come and go will not do; and when this value is dropped, or its
/// process is killed, every process that it started dies, even a frozen one.
pub(super) struct Spawner {
    requests: mpsc::Sender<Request>,
    isolation: Arc<OnceLock<Isolation>>,
}

struct Request {
    start: Start,
    answer: oneshot::Sender<io::Result<Process>>,
}

enum Start {
    /// On the host's own root.
    Plain(Command, Handle),
    /// In a sandbox.
    #[cfg(target_os = "linux")]
    Isolated(Arc<sandbox::Kit>, Box<sandbox::Plan>, Command),
}

/// What a start needs besides the program.
pub(super) struct Surroundings<'a> {
    /// All of the process's environment.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// The folder that is its `/tmp`, in a sandbox.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has sandboxes"))]
    pub(super) tmp: &'a Path,
    /// The file of the cgroup that limits its memory, if there is one.
    pub(super) cgroup: Option<OwnedFd>,
}

impl Spawner {
    /// `dir` is where files may lie while it is tried what this host allows.
    pub(super) fn new(dir: PathBuf) -> Spawner {
        let (requests, received) = mpsc::channel::<Request>();
        let isolation = Arc::new(OnceLock::new());
        let found = Arc::clone(&isolation);
        let thread = std::thread::Builder::new().name("function spawner".to_owned()).spawn(move || {
            found.get_or_init(|| Isolation::find(&dir));
            for request in received {
                let started = match request.start {
                    Start::Plain(command, runtime) => {
                        let _inside = runtime.enter();
                        let mut command = tokio::process::Command::from(command);
                        command.kill_on_drop(true).spawn().map(Process::Plain)
                    }
                    #[cfg(target_os = "linux")]
                    Start::Isolated(kit, plan, command) => {
                        sandbox::start(&kit, *plan, command).map(Process::Isolated)
                    }
                };
                // Nobody to hear of it: dropping the process ends it.
                let _ = request.answer.send(started);
            }
        });
        if let Err(error) = thread {
            let reason = format!("There is no thread to start functions from: {error}.");
            tracing::error!(reason);
            isolation.get_or_init(|| Isolation::Refused(reason));
        }
        Spawner { requests, isolation }
    }

    /// Whether functions get namespaces of their own here. Blocks until that has been tried.
    pub(super) fn isolation(&self) -> &Isolation {
        self.isolation.wait()
    }

    /// Starts a program with exactly these surroundings, in a process group of its own. What it writes to stdout and
    /// stderr comes out of one pipe, in order.
    pub(super) async fn start(
        &self,
        program: &Program,
        surroundings: Surroundings<'_>,
    ) -> io::Result<(Process, Group, pipe::Receiver)> {
        let (reader, writer) = io::pipe()?;
        let reader = pipe::Receiver::from_owned_fd(reader.into())?;
        let mut command = Command::new(&program.executable);
        std::os::unix::process::CommandExt::arg0(&mut command, &program.name)
            .args(&program.arguments)
            .env_clear()
            .envs(surroundings.variables)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let start = match self.isolation.get() {
            #[cfg(target_os = "linux")]
            Some(Isolation::Namespaces(kit)) => {
                let plan = sandbox::Plan::new(kit, program, surroundings.tmp, surroundings.cgroup)?;
                Start::Isolated(Arc::clone(kit), Box::new(plan), command)
            }
            _ => {
                std::os::unix::process::CommandExt::process_group(&mut command, 0);
                command.current_dir(&program.working_directory);
                die_with_parent(&mut command, surroundings.cgroup);
                Start::Plain(command, Handle::current())
            }
        };
        let (answer, started) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts functions has ended");
        self.requests.send(Request { start, answer }).map_err(|_| gone())?;
        let process = started.await.map_err(|_| gone())??;
        let group = process.group()?;
        Ok((process, group, reader))
    }
}

/// A function's process, to be waited for.
#[derive(Debug)]
pub(super) enum Process {
    Plain(Child),
    #[cfg(target_os = "linux")]
    Isolated(sandbox::Isolated),
}

impl Process {
    /// Waits until the process has ended. To be awaited to its end once only.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Process::Plain(child) => child.wait().await,
            #[cfg(target_os = "linux")]
            Process::Isolated(isolated) => isolated.wait().await,
        }
    }

    /// Waits until nothing is left of what was started with it, after all of it was killed and it was waited for.
    pub(super) async fn gone(&self) -> io::Result<()> {
        match self {
            Process::Plain(_) => Ok(()),
            #[cfg(target_os = "linux")]
            Process::Isolated(isolated) => isolated.gone().await,
        }
    }

    fn group(&self) -> io::Result<Group> {
        let (function, first) = match self {
            Process::Plain(child) => {
                let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
                (pid.ok_or_else(|| io::Error::other("the process has no id"))?, None)
            }
            #[cfg(target_os = "linux")]
            Process::Isolated(isolated) => (isolated.function, Some(isolated.first)),
        };
        Ok(Group { function, first, wanted_still: AtomicBool::new(false), standing: Mutex::default() })
    }
}

/// Has the kernel kill the process when the thread that starts it is gone, and joins the cgroup that limits its memory.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command, cgroup: Option<OwnedFd>) {
    let parent = rustix::process::getpid();
    before_exec(command, move || {
        if let Some(cgroup) = &cgroup {
            rustix::io::write(cgroup, b"0")?;
        }
        close_the_rest();
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before this was set.
        if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    });
}

/// Only Linux has such a signal. Elsewhere a process ends when it finds its Runtime API gone.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command, _: Option<OwnedFd>) {}

/// Runs `steps` in the new process between fork and exec. They must make system calls only: no allocation, no lock, no
/// panic (an `io::Error` made of an error number holds just that).
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn before_exec(
    command: &mut Command,
    steps: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: after the fork of a process with threads only what POSIX calls async-signal-safe may be done. Both
    // callers (`die_with_parent` and `sandbox::enter`) make bare system calls, through rustix or the three functions
    // below, on what was prepared before the fork.
    unsafe { std::os::unix::process::CommandExt::pre_exec(command, steps) };
}

/// Closes at exec whatever is open beyond stdin, stdout and stderr: files that the local cloud was itself started with
/// are not for functions.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn close_the_rest() {
    let flags = libc::CLOSE_RANGE_CLOEXEC as usize;
    // SAFETY: a flag of descriptors is set, in a table that no other thread shares between fork and exec.
    if unsafe { libc::syscall(libc::SYS_close_range, 3_usize, libc::c_uint::MAX as usize, flags) } == 0 {
        return;
    }
    // Kernels before 5.11 do not know that.
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    // What the kernel allows unless it was told otherwise.
    let most = most.and_then(|most| i32::try_from(most).ok()).unwrap_or(1 << 20).min(1 << 20);
    for descriptor in 3..most {
        // SAFETY: as above; that there is no such descriptor is an error without an effect.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// A fork whose child is a child of this process's parent; `None` is the child. For the time between fork and exec.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn fork_beside() -> Result<Option<Pid>, rustix::io::Errno> {
    let flags = libc::c_long::from(libc::CLONE_PARENT | libc::SIGCHLD);
    // SAFETY: without CLONE_VM and with no new stack this is a fork by the bare system call: the child goes on with a
    // copy of all memory, as its only thread. Of the C library's own state only its idea of the thread's id is stale,
    // which nothing uses before exec.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0_usize, 0_usize, 0_usize, 0_usize) };
    match i32::try_from(pid) {
        Ok(0) => Ok(None),
        Ok(pid) if pid > 0 => Ok(Pid::from_raw(pid)),
        _ => Err(last_errno()),
    }
}

/// Becomes the program in an open file, without arguments and environment. Returns only when that fails, with why.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn execute(program: &OwnedFd) -> rustix::io::Errno {
    let arguments = [c"init".as_ptr(), std::ptr::null()];
    let environment = [std::ptr::null()];
    // SAFETY: both arrays end with a null pointer and, like the string in the first, live until the call is over.
    unsafe {
        libc::fexecve(std::os::fd::AsRawFd::as_raw_fd(program), arguments.as_ptr(), environment.as_ptr())
    };
    last_errno()
}

/// unshare(2), for the time between fork and exec.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn leave_namespaces(flags: rustix::thread::UnshareFlags) -> Result<(), rustix::io::Errno> {
    // SAFETY: what could do harm is a table of file descriptors that other threads do not share, and there are no other
    // threads between fork and exec.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// Waits on a descriptor with the runtime.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn watch(descriptor: BorrowedFd<'_>) -> io::Result<AsyncFd<BorrowedFd<'_>>> {
    // SAFETY: it is borrowed, so it stays open and the same for as long as it is watched.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, tokio::io::Interest::READABLE) }?)
}

#[cfg(target_os = "linux")]
fn last_errno() -> rustix::io::Errno {
    rustix::io::Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(rustix::io::Errno::INVAL)
}

/// A function's process and all that it has started.
#[derive(Debug)]
pub(super) struct Group {
    /// Leads a process group, in which what it starts stays if it does not leave it.
    function: Pid,
    /// Process 1 of the sandbox, with which everything in it ends.
    first: Option<Pid>,
    /// Whether it is to stand still, which is decided in a moment; to bring it about takes longer.
    wanted_still: AtomicBool,
    standing: Mutex<Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    still: bool,
    /// What was stopped besides the process group.
    outsiders: Vec<OwnedFd>,
}

impl Group {
    /// Decides whether the processes are to stand still. [`Group::settle`] has to follow, with no lock held.
    pub(super) fn want_still(&self, still: bool) {
        self.wanted_still.store(still, Ordering::SeqCst);
    }

    /// Stops the processes where they are or lets them go on, as was decided last. Whoever decides and then settles finds it
    /// so, whatever others have decided before.
    pub(super) fn settle(&self) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let still = self.wanted_still.load(Ordering::SeqCst);
        if still == standing.still {
            return;
        }
        standing.still = still;
        if !still {
            standing.outsiders.drain(..).for_each(|process| members::go_on(&process));
            return self.signal(Signal::CONT);
        }
        self.signal(Signal::STOP);
        if let Some(first) = self.first {
            standing.outsiders = members::stop(first, self.function);
        }
    }

    /// Ends them, frozen or not.
    pub(super) fn kill(&self) {
        if let Some(first) = self.first {
            // It may have ended; then the others have too.
            let _ = kill_process(first, Signal::KILL);
        }
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // The only failure is that the group is already gone, which its supervisor hears of.
        let _ = kill_process_group(self.function, signal);
    }

    /// What the function's process has resident; `None` once it has ended.
    pub(super) fn resident(&self) -> Option<Resident> {
        members::resident(self.function)
    }

    /// As [`Group::resident`], with all other processes of the sandbox.
    pub(super) fn resident_of_all(&self) -> Option<Resident> {
        let own = self.resident()?;
        Some(self.first.map_or(own, |first| own.plus(members::resident_of_others(first, self.function))))
    }
}
