//! Between fork and exec: from a copy of the local cloud to process 1 and a function in namespaces of their own.
//!
//! `Command` forks once (call that one the *usher*). The kernel puts a process's children, not itself, into a new pid
//! namespace, so the usher starts two: process 1, and the function. Both are made with CLONE_PARENT, as if the local
//! cloud had made them: it waits for them itself, and they die with it. The usher then ends.
//!
//! All of this makes plain system calls only, without allocating, locking or unwinding.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open, openat, symlinkat};
use rustix::io::{Errno, pread, write};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};
use rustix::process::{
    Pid, Signal, chdir, getpid, kill_process, pivot_root, set_parent_process_death_signal, setpgid,
};
use rustix::thread::{
    UnshareFlags, set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::super::process::{close_the_rest, execute, fork_beside, leave_namespaces};
use super::plan::{Bind, GROUP, Kit, Plan, USER};

/// What a message to the local cloud is about, and the words for it.
pub(super) const STEPS: [&str; 13] = [
    "",
    "joining the memory's cgroup",
    "unshare",
    "writing the user namespace's maps",
    "clone of process 1",
    "exec of process 1",
    "clone of the function's process",
    "mount of the image's root",
    "mount of /dev",
    "mount of /tmp and the network's files",
    "mount of /proc",
    "pivot_root",
    "giving up the rights of root",
];
/// Not a failure: the ids of process 1 and of the function's process.
pub(super) const STARTED: usize = 0;

/// A message: what about, and two numbers.
pub(super) fn message(about: usize, one: i32, other: i32) -> [u8; 12] {
    let mut bytes = [0; 12];
    let about = about as u32;
    bytes[..4].copy_from_slice(&about.to_ne_bytes());
    bytes[4..8].copy_from_slice(&one.to_ne_bytes());
    bytes[8..].copy_from_slice(&other.to_ne_bytes());
    bytes
}

/// Tells the local cloud in which step it failed.
struct Reporter<'a>(BorrowedFd<'a>);

impl Reporter<'_> {
    fn step<T>(&self, step: usize, result: Result<T, Errno>) -> io::Result<T> {
        result.map_err(|errno| {
            // The error itself is told by `Command`; it only knows no step.
            let _ = write(self.0, &message(step, errno.raw_os_error(), 0));
            errno.into()
        })
    }

    /// The local cloud takes a start without this as one that failed.
    fn started(&self, first: Option<Pid>, function: Option<Pid>) {
        let _ = write(self.0, &message(STARTED, Pid::as_raw(first), Pid::as_raw(function)));
    }
}

/// Runs in the usher; returns in the function's process, or not at all, or with an error.
pub(super) fn enter(kit: &Kit, plan: &Plan, report: &OwnedFd) -> io::Result<()> {
    let reporter = Reporter(report.as_fd());
    if let Some(cgroup) = &plan.cgroup {
        reporter.step(1, write(cgroup, b"0").map(drop))?;
    }
    let mut namespaces = UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWIPC;
    if plan.maps.is_some() {
        namespaces |= UnshareFlags::NEWUSER;
    }
    reporter.step(2, leave_namespaces(namespaces))?;
    for (file, content) in plan.maps.iter().flatten() {
        let written = openat(&kit.proc, *file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
            .and_then(|file| write(file, content));
        reporter.step(3, written)?;
    }
    // Process 1 must not keep a folder of the host's in `/proc/1/cwd`.
    chdir(c"/")?;
    let Some(first) = reporter.step(4, fork_beside())? else {
        return reporter.step(5, wait_for_ever(kit, plan));
    };
    reporter.started(Some(first), None);
    let Some(function) = reporter.step(6, fork_beside())? else {
        return become_function(kit, plan, &reporter);
    };
    reporter.started(Some(first), Some(function));
    // Ends without any of what the local cloud would do at its own end.
    kill_process(getpid(), Signal::KILL)?;
    Err(Errno::INTR.into())
}

/// Process 1. Returns only when it fails.
fn wait_for_ever(kit: &Kit, plan: &Plan) -> Result<(), Errno> {
    // The pipe of the function's output must not stay open because of this process.
    rustix::stdio::dup2_stdout(rustix::stdio::stdin())?;
    rustix::stdio::dup2_stderr(rustix::stdio::stdin())?;
    close_the_rest();
    set_no_new_privs(true)?;
    die_with(kit, plan.parent)?;
    Err(execute(&kit.init))
}

fn become_function(kit: &Kit, plan: &Plan, reporter: &Reporter<'_>) -> io::Result<()> {
    // Not a session: Linux shares the processors out among sessions (autogroup), so each function would get as much as the local
    // cloud that serves all of them. A terminal is out of reach all the same: none is in its /dev.
    setpgid(None, None)?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    let bound = mount_change(c"/", private)
        .and_then(|()| mount_bind_recursive(plan.image.source.as_c_str(), plan.image.target.as_c_str()));
    reporter.step(7, bound)?;
    reporter.step(8, devices(plan))?;
    for own in &plan.binds {
        let bound = mount_bind(own.source.as_c_str(), own.target.as_c_str()).and_then(|()| restrict(own));
        reporter.step(9, bound)?;
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    reporter.step(10, mount(c"proc", plan.proc.as_c_str(), c"proc", flags, None::<&CStr>))?;
    reporter.step(7, restrict(&plan.image))?;
    // Stacks the old root on the new one, from where it is taken away: no folder is needed to put it.
    let pivoted = chdir(plan.image.target.as_c_str())
        .and_then(|()| pivot_root(c".", c"."))
        .and_then(|()| unmount(c".", UnmountFlags::DETACH))
        .and_then(|()| chdir(c"/"));
    reporter.step(11, pivoted)?;
    if kit.root {
        reporter.step(12, give_up_root())?;
    }
    close_the_rest();
    set_no_new_privs(true)?;
    chdir(plan.directory.as_c_str())?;
    Ok(die_with(kit, plan.parent)?)
}

fn restrict(bind: &Bind) -> Result<(), Errno> {
    mount_remount(bind.target.as_c_str(), MountFlags::BIND | bind.flags, c"")
}

fn devices(plan: &Plan) -> Result<(), Errno> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount(c"tmpfs", plan.dev.as_c_str(), c"tmpfs", flags, c"mode=755,size=64k")?;
    let make = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    for (source, target) in &plan.devices {
        open(target.as_c_str(), make, Mode::from_raw_mode(0o644))?;
        mount_bind(source.as_c_str(), target.as_c_str())?;
    }
    for (target, link) in &plan.links {
        symlinkat(target.as_c_str(), rustix::fs::CWD, link.as_c_str())?;
    }
    mount_remount(plan.dev.as_c_str(), MountFlags::BIND | MountFlags::RDONLY | flags, c"")
}

/// This process is the only thread here, so what is set for the thread is set for it.
fn give_up_root() -> Result<(), Errno> {
    let (user, group) = (rustix::process::Uid::from_raw(USER), rustix::process::Gid::from_raw(GROUP));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)
}

/// Has the kernel kill this process when the thread of the local cloud that starts functions is gone. To be called
/// after the last change of rights, which would undo it.
fn die_with(kit: &Kit, parent: Pid) -> Result<(), Errno> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before this was set. `getppid` does not see out of the pid namespace; the host's `/proc`
    // does.
    let stat = openat(&kit.proc, c"self/stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut line = [0_u8; 512];
    let read = pread(stat, &mut line, 0)?;
    if parent_in(&line[..read]) == Some(parent.as_raw_pid()) { Ok(()) } else { Err(Errno::SRCH) }
}

/// The parent's id in a `/proc/…/stat`: "1 (name) S 2 …". The name may hold anything.
fn parent_in(stat: &[u8]) -> Option<i32> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let digits = stat.get(name_end + 4..)?;
    let mut number = 0_i32;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        number = number.checked_mul(10)?.checked_add(i32::from(digit - b'0'))?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_in(b"12 (a) b) S 345 1 2"), Some(345));
        assert_eq!(parent_in(b"nonsense"), None);
    }
}
