//! The limit of a function's memory: by a cgroup of version 2 where this machine lets the local cloud make one, else by
//! looking.
//!
//! Not by a resource limit: RLIMIT_AS and RLIMIT_DATA count what is reserved or mapped, of which runtimes such as Go's,
//! Node's and Java's map far more than they use; they count each process for itself; and what is over them fails as an
//! allocation, which a function may even survive, while Lambda kills it. Looking at what is resident, some fifty times a
//! second, ends it as Lambda does, if a little late.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether and where cgroups can be made.
#[derive(Debug)]
pub(super) struct Memory {
    /// The cgroup below which they are made.
    parent: Option<PathBuf>,
    next: AtomicU64,
}

/// A cgroup of one function's process and all that it starts. Gone with this value.
#[derive(Debug)]
pub(super) struct Bound {
    dir: PathBuf,
}

impl Memory {
    /// Tries it.
    pub(super) fn find() -> Memory {
        match first_that_works() {
            Ok(parent) => {
                remove_abandoned(&parent);
                Memory { parent: Some(parent), next: AtomicU64::new(1) }
            }
            Err(error) => {
                tracing::info!(
                    "the memory of functions is limited by looking at it, not by a cgroup: {error}"
                );
                Memory { parent: None, next: AtomicU64::new(1) }
            }
        }
    }

    /// A cgroup with that limit; `None` where there are none.
    pub(super) fn bound(&self, memory_mb: u32) -> io::Result<Option<Bound>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.parent.as_deref().map(|parent| Bound::make(parent, number, memory_mb)).transpose()
    }
}

impl Bound {
    fn make(parent: &Path, number: u64, memory_mb: u32) -> io::Result<Bound> {
        let dir = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&dir)?;
        let bound = Bound { dir };
        bound.set("memory.max", &(u64::from(memory_mb) * 1024 * 1024).to_string())?;
        // What is killed for its memory is killed whole, as the machine on Lambda is.
        bound.set("memory.oom.group", "1")?;
        match bound.set("memory.swap.max", "0") {
            // A kernel without swap.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            set => set?,
        }
        Ok(bound)
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        // Not created: where there is no such file, the parent does not limit memory.
        let file = fs::OpenOptions::new().write(true).open(self.dir.join(file))?;
        io::Write::write_all(&mut { file }, value.as_bytes())
    }

    /// The file to which a process writes `0` to join.
    pub(super) fn door(&self) -> io::Result<OwnedFd> {
        Ok(fs::OpenOptions::new().write(true).open(self.dir.join("cgroup.procs"))?.into())
    }

    /// Whether the kernel has killed it for its memory.
    pub(super) fn has_killed(&self) -> bool {
        let events = fs::read_to_string(self.dir.join("memory.events")).unwrap_or_default();
        let count = events.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse::<u64>().ok());
        count.is_some_and(|count| count > 0)
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Without a sandbox something may have got away from the function. Kernels before 5.14 have no such file.
        let _ = self.set("cgroup.kill", "1");
        if let Err(error) = fs::remove_dir(&self.dir) {
            tracing::debug!("{} is left to the next start: {error}", self.dir.display());
        }
    }
}

/// What the names of all cgroups of the local cloud begin with; then come its process id and a number.
const PREFIX: &str = "localcloud-";

/// The local cloud's own cgroup or the next one above it below which a process can be limited.
#[cfg(target_os = "linux")]
fn first_that_works() -> io::Result<PathBuf> {
    let (mounted, own) = own_cgroup()?;
    let mut last = io::Error::other("there is no cgroup above this process");
    for parent in own.ancestors().take_while(|parent| parent.starts_with(&mounted)) {
        match Bound::make(parent, 0, 64).and_then(|bound| super::sandbox::join_and_end(bound.door()?)) {
            Ok(()) => return Ok(parent.to_owned()),
            Err(error) => last = io::Error::new(error.kind(), format!("{}: {error}", parent.display())),
        }
    }
    Err(last)
}

/// Only Linux has cgroups.
#[cfg(not(target_os = "linux"))]
fn first_that_works() -> io::Result<PathBuf> {
    Err(io::Error::other(format!("cgroups are Linux's, and this machine is {}", std::env::consts::OS)))
}

/// Where cgroups of version 2 are mounted, and where this process is among them.
#[cfg(target_os = "linux")]
fn own_cgroup() -> io::Result<(PathBuf, PathBuf)> {
    let none = || io::Error::other("there are no cgroups of version 2 here");
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let mount = mounts.lines().find_map(|line| {
        let (fields, kind) = line.split_once(" - ")?;
        let mut fields = fields.split(' ').skip(3);
        kind.starts_with("cgroup2 ").then(|| Some((fields.next()?, fields.next()?)))?
    });
    let (root, mounted) = mount.ok_or_else(none)?;
    let groups = fs::read_to_string("/proc/self/cgroup")?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).ok_or_else(none)?;
    let below = Path::new(own).strip_prefix(root).map_err(|_| none())?;
    Ok((mounted.into(), Path::new(mounted).join(below)))
}

/// Removes the cgroups of local clouds that were killed; nothing is in them any more.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            // Another local cloud may have been faster.
            let _ = fs::remove_dir(entry.path());
        }
    }
}
