//! What a process does between fork and exec to get a sandbox, worked out before the fork: in between nothing may be
//! allocated.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, StatVfsMountFlags};
use rustix::mount::MountFlags;
use rustix::process::{Pid, getegid, geteuid, getpid};

use super::super::image::Program;
use super::super::unpack::resolve;

/// The user and the group of a function on Lambda (`sbx_user1051`), where the function sees itself as this.
pub(super) const USER: u32 = 993;
pub(super) const GROUP: u32 = 990;

/// Devices that a function has. Like on Lambda there is no `/dev/shm`.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];
/// Files of this machine's without which a function could not find other hosts: the network is this machine's too.
const NETWORK_FILES: [&str; 2] = ["etc/resolv.conf", "etc/hosts"];

/// What all sandboxes need.
#[derive(Debug)]
pub(in super::super) struct Kit {
    /// The program of process 1.
    pub(super) init: OwnedFd,
    /// The host's `/proc`, which tells whose child a process is on the host.
    pub(super) proc: OwnedFd,
    /// The local cloud is root, needs no user namespace, and runs functions as a user of no rights.
    pub(super) root: bool,
}

/// A read-only or writable mount of what is there already.
#[derive(Debug)]
pub(super) struct Bind {
    pub(super) source: CString,
    pub(super) target: CString,
    /// Beyond MS_REMOUNT and MS_BIND. What the source's mount forbids must be forbidden here too.
    pub(super) flags: MountFlags,
}

/// Everything that is needed between fork and exec.
#[derive(Debug)]
pub(in super::super) struct Plan {
    /// The local cloud's process.
    pub(super) parent: Pid,
    /// `setgroups`, `gid_map` and `uid_map` of the user namespace; `None` without one.
    pub(super) maps: Option<[(&'static str, Vec<u8>); 3]>,
    /// The image, bound to itself.
    pub(super) image: Bind,
    pub(super) proc: CString,
    pub(super) dev: CString,
    pub(super) devices: Vec<(CString, CString)>,
    pub(super) links: Vec<(CString, CString)>,
    pub(super) binds: Vec<Bind>,
    /// Inside.
    pub(super) directory: CString,
    /// The file of the cgroup that limits the memory.
    pub(super) cgroup: Option<OwnedFd>,
}

impl Kit {
    pub(super) fn new() -> io::Result<Kit> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let proc = rustix::fs::open("/proc", flags, Mode::empty())?;
        Ok(Kit { init: super::init::waiting()?, proc, root: geteuid().is_root() })
    }

    /// Gives a new `/tmp` to the user that functions run as.
    pub(in super::super) fn hand_over(&self, tmp: &Path) -> io::Result<()> {
        match self.root {
            true => std::os::unix::fs::chown(tmp, Some(USER), Some(GROUP)),
            false => Ok(()),
        }
    }
}

impl Plan {
    pub(in super::super) fn new(
        kit: &Kit,
        program: &Program,
        tmp: &Path,
        cgroup: Option<OwnedFd>,
    ) -> io::Result<Plan> {
        let root = &program.root;
        let below = |name: &str| root_place(root, name);
        let dev = below("dev")?;
        let inside_dev = |name: &str| c(&dev.join(name));
        let mut devices = Vec::new();
        for device in DEVICES {
            devices.push((c(&Path::new("/dev").join(device))?, inside_dev(device)?));
        }
        let mut links = Vec::new();
        for (name, target) in LINKS {
            links.push((c(Path::new(target))?, inside_dev(name)?));
        }
        let quiet = MountFlags::NOSUID | MountFlags::NODEV;
        let mut binds = vec![Bind::new(tmp, &below("tmp")?, quiet)?];
        for name in NETWORK_FILES {
            // A host without the file, or an image with something else there, has none.
            if let (Ok(source), Ok(target)) = (Path::new("/").join(name).canonicalize(), below(name))
                && target.is_file()
            {
                binds.push(Bind::new(&source, &target, quiet | MountFlags::RDONLY)?);
            }
        }
        let maps = (!kit.root).then(|| {
            [
                ("self/setgroups", b"deny".to_vec()),
                ("self/gid_map", format!("{GROUP} {} 1", getegid().as_raw()).into_bytes()),
                ("self/uid_map", format!("{USER} {} 1", geteuid().as_raw()).into_bytes()),
            ]
        });
        Ok(Plan {
            parent: getpid(),
            maps,
            image: Bind::new(root, root, quiet | MountFlags::RDONLY)?,
            proc: c(&below("proc")?)?,
            dev: c(&dev)?,
            devices,
            links,
            binds,
            directory: c(&program.working_directory)?,
            cgroup,
        })
    }
}

impl Bind {
    fn new(source: &Path, target: &Path, flags: MountFlags) -> io::Result<Bind> {
        let there = rustix::fs::statvfs(source)?.f_flag;
        // In a user namespace the kernel refuses a remount that would allow what the mount did not.
        let kept = [
            (StatVfsMountFlags::RDONLY, MountFlags::RDONLY),
            (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
            (StatVfsMountFlags::NODEV, MountFlags::NODEV),
            (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
            (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
            (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
            (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
        ];
        let kept = kept.into_iter().filter(|(found, _)| there.contains(*found));
        let flags = kept.fold(flags, |flags, (_, keep)| flags | keep);
        Ok(Bind { source: c(source)?, target: c(target)?, flags })
    }
}

/// Makes the places in an unpacked image on which the sandbox's own things are mounted, as far as the image lacks them:
/// later its root cannot be written.
pub(in super::super) fn make_places(root: &Path) -> io::Result<()> {
    for name in ["proc", "dev", "tmp"] {
        let place = root_place(root, name)?;
        if !place.is_dir() {
            fs::create_dir_all(place)?;
        }
    }
    for name in NETWORK_FILES {
        let place = root_place(root, name)?;
        // An image that has something else there keeps it.
        let parent_is_dir = place.parent().is_some_and(|parent| parent.is_dir() || !parent.exists());
        if parent_is_dir && fs::symlink_metadata(&place).is_err() {
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(place, "")?;
        }
    }
    Ok(())
}

fn root_place(root: &Path, name: &str) -> io::Result<PathBuf> {
    resolve(root, Path::new(name), true)
}

fn c(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}
