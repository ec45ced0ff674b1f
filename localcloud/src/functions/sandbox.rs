//! A root, processes, a `/proc`, a `/dev` and a `/tmp` of a function's own, in Linux's user, mount, pid and ipc
//! namespaces, where the host allows it. The network is the host's, because the Runtime API is on loopback.
//!
//! Whether the host allows it is found out once, by doing it.

#[cfg(target_os = "linux")]
mod enter;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod plan;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod start;

#[cfg(target_os = "linux")]
pub(super) use plan::{Kit, Plan};
#[cfg(target_os = "linux")]
pub(super) use probe::join_and_end;
#[cfg(target_os = "linux")]
pub(super) use start::{Isolated, start};

use std::io;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::sync::Arc;

/// Whether functions can be given namespaces of their own here.
#[derive(Debug, Clone)]
pub(super) enum Isolation {
    /// They can, with this.
    #[cfg(target_os = "linux")]
    Namespaces(Arc<Kit>),
    /// They cannot, for this reason: a sentence with what to do.
    Refused(String),
}

impl Isolation {
    /// Tries it; blocks for some milliseconds. `dir` is where the trial's files may lie meanwhile.
    #[cfg(target_os = "linux")]
    pub(super) fn find(dir: &Path) -> Isolation {
        match probe::probe(dir) {
            Ok(kit) => Isolation::Namespaces(Arc::new(kit)),
            Err(reason) => {
                tracing::warn!("functions get no namespaces of their own: {reason}");
                Isolation::Refused(reason)
            }
        }
    }

    /// Only Linux has namespaces.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn find(_: &Path) -> Isolation {
        Isolation::Refused(format!("namespaces are Linux's, and this machine is {}.", std::env::consts::OS))
    }

    /// The reason why not.
    pub(super) fn refusal(&self) -> Option<&str> {
        match self {
            #[cfg(target_os = "linux")]
            Isolation::Namespaces(_) => None,
            Isolation::Refused(reason) => Some(reason),
        }
    }

    /// Makes an unpacked image ready to be a root.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "only Linux has namespaces"))]
    pub(super) fn prepare(&self, root: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Isolation::Namespaces(_) => plan::make_places(root),
            Isolation::Refused(_) => Ok(()),
        }
    }

    /// Gives a folder to the user that functions run as.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "only Linux has namespaces"))]
    pub(super) fn hand_over(&self, folder: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Isolation::Namespaces(kit) => kit.hand_over(folder),
            Isolation::Refused(_) => Ok(()),
        }
    }
}
