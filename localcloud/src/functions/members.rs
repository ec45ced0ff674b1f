//! The processes in a sandbox, found through the host's `/proc`: process 1 and the function have descendants there,
//! and what loses its parent becomes a child of process 1, so nothing can leave.

use std::fs;
use std::os::fd::OwnedFd;

use rustix::process::Pid;

/// How often the processes are gone through until none is new. One that starts others faster than that stays in part.
#[cfg(target_os = "linux")]
const ROUNDS: usize = 16;

/// Stops all processes of a sandbox that are not in the function's own process group, and says which.
#[cfg(target_os = "linux")]
pub(super) fn stop(first: Pid, function: Pid) -> Vec<OwnedFd> {
    use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let mut stopped = Vec::new();
    let mut known = std::collections::HashSet::new();
    for _ in 0..ROUNDS {
        let new: Vec<i32> =
            descendants(first, function).into_iter().filter(|pid| known.insert(*pid)).collect();
        if new.is_empty() {
            break;
        }
        let sandbox = namespace(first.as_raw_pid());
        for pid in new {
            let Some(process) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
            else {
                continue;
            };
            // The id may have become another process's before it was opened.
            if sandbox.is_some()
                && namespace(pid) == sandbox
                && pidfd_send_signal(&process, Signal::STOP).is_ok()
            {
                stopped.push(process);
            }
        }
    }
    stopped
}

/// Lets a process go on that was stopped; one that has ended meanwhile is none.
#[cfg(target_os = "linux")]
pub(super) fn go_on(process: &OwnedFd) {
    let _ = rustix::process::pidfd_send_signal(process, rustix::process::Signal::CONT);
}

/// There are no sandboxes elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn stop(_: Pid, _: Pid) -> Vec<OwnedFd> {
    Vec::new()
}

/// There are no sandboxes elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn go_on(_: &OwnedFd) {}

/// Memory that a process has resident, megabytes rounded up.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resident {
    /// The most of all kinds that it ever had.
    pub(super) peak_mb: u32,
    /// The most that it ever had without what is only a copy of files: those pages the kernel takes back when memory is
    /// short, so they are no reason to kill it. An estimate that is rather too low: it takes the files' share of now.
    pub(super) own_mb: u32,
}

/// What a process has resident; `None` once it has ended.
pub(super) fn resident(process: Pid) -> Option<Resident> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).ok()?;
    let peak = kilobytes(&status, "VmHWM:")?;
    let own = peak.saturating_sub(kilobytes(&status, "RssFile:").unwrap_or_default());
    Some(Resident { peak_mb: peak.div_ceil(1024), own_mb: own.div_ceil(1024) })
}

/// What all processes of a sandbox but the function itself have resident, each at its most.
pub(super) fn resident_of_others(first: Pid, function: Pid) -> Resident {
    let others = descendants(first, function).into_iter().filter_map(Pid::from_raw).filter_map(resident);
    others.fold(Resident::default(), Resident::plus)
}

impl Resident {
    pub(super) fn plus(self, other: Resident) -> Resident {
        Resident { peak_mb: self.peak_mb + other.peak_mb, own_mb: self.own_mb + other.own_mb }
    }

    /// The greater of each.
    pub(super) fn max(self, other: Resident) -> Resident {
        Resident { peak_mb: self.peak_mb.max(other.peak_mb), own_mb: self.own_mb.max(other.own_mb) }
    }
}

/// A figure of a `/proc/PID/status`.
fn kilobytes(status: &str, name: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The descendants of both.
fn descendants(first: Pid, function: Pid) -> Vec<i32> {
    let mut left = vec![first.as_raw_pid(), function.as_raw_pid()];
    let mut found = Vec::new();
    while let Some(pid) = left.pop() {
        // A process that has just ended has no children.
        for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_ascii_whitespace().filter_map(|child| child.parse().ok()) {
                found.push(child);
                left.push(child);
            }
        }
    }
    found
}

/// The pid namespace of a process, as the kernel names it.
#[cfg(target_os = "linux")]
fn namespace(pid: i32) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_files_are_not_its_own() {
        let status = "Name:\tVmHWM: 1 kB\nVmHWM:\t  204800 kB\nVmRSS:\t 102400 kB\nRssAnon:\t 1 kB\nRssFile:\t  51200 kB\n";
        assert_eq!(
            (kilobytes(status, "VmHWM:"), kilobytes(status, "RssFile:")),
            (Some(204_800), Some(51_200))
        );
        assert_eq!(kilobytes(status, "VmSwap:"), None);
        let own = resident(rustix::process::getpid()).unwrap();
        assert!(own.own_mb > 0 && own.own_mb < own.peak_mb, "{own:?}");
        let more = Resident { peak_mb: 1, own_mb: 100_000 };
        assert_eq!(own.max(more), Resident { peak_mb: own.peak_mb, own_mb: 100_000 });
        assert_eq!(own.plus(more).peak_mb, own.peak_mb + 1);
    }
}
