//! Whether this host lets functions have sandboxes: by starting a program that ends at once in one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::super::image::Program;
use super::super::process::before_exec;
use super::plan::{Kit, Plan, make_places};
use super::start::start;

/// What sandboxes need, or the reason why there are none. Blocks for some milliseconds.
pub(super) fn probe(dir: &Path) -> Result<Kit, String> {
    let tried = Kit::new().and_then(|kit| {
        let kit = Arc::new(kit);
        attempt(&kit, dir)?;
        Arc::try_unwrap(kit).map_err(|_| io::Error::other("the trial has not ended"))
    });
    tried.map_err(|error| {
        format!(
            "This machine does not let the local cloud give a function namespaces of its own ({error}). A user other \
             than root needs unprivileged user namespaces: see the sysctls kernel.unprivileged_userns_clone, \
             user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns. In a container, it takes \
             CAP_SYS_ADMIN and a seccomp profile that lets unshare, mount and pivot_root through."
        )
    })
}

/// Starts a program that ends at once in a cgroup, which is joined by its file.
pub(in super::super) fn join_and_end(cgroup: OwnedFd) -> io::Result<()> {
    let program = super::init::in_memory(&super::init::exiting())?;
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    before_exec(&mut command, move || {
        rustix::io::write(&cgroup, b"0")?;
        Ok(())
    });
    match command.status()? {
        status if status.success() => Ok(()),
        status => Err(io::Error::other(format!("a program that was tried ended with {status}"))),
    }
}

fn attempt(kit: &Arc<Kit>, dir: &Path) -> io::Result<()> {
    let dir = tempfile::tempdir_in(dir)?;
    let (root, tmp) = (dir.path().join("root"), dir.path().join("tmp"));
    for folder in [&root, &tmp] {
        fs::create_dir(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    // No file on the disk: one that was just written cannot be executed while a process that was forked meanwhile, for
    // whatever reason, still has it open.
    let file = super::init::in_memory(&super::init::exiting())?;
    make_places(&root)?;
    let program = Program {
        root,
        executable: format!("/proc/self/fd/{}", file.as_raw_fd()).into(),
        name: "exit".to_owned(),
        arguments: Vec::new(),
        working_directory: "/".into(),
        environment: BTreeMap::new(),
        isolated: true,
    };
    let plan = Plan::new(kit, &program, &tmp, None)?;
    let mut command = Command::new(&program.executable);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = start(kit, plan, command)?.finish()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("a program that was tried ended with {status}"))),
    }
}
