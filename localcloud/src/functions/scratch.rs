//! The folders that are `/tmp` in sandboxes: one each, gone with it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::sandbox::Isolation;

/// Where they lie.
#[derive(Debug)]
pub(super) struct Scratches {
    dir: PathBuf,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Scratch {
    dir: PathBuf,
}

impl Scratches {
    /// Removes what an earlier process left.
    pub(super) fn new(dir: PathBuf) -> Scratches {
        remove(&dir);
        Scratches { dir }
    }

    /// An empty folder. Nobody else on this machine may look into it.
    pub(super) fn make(&self, isolation: &Isolation) -> io::Result<Scratch> {
        fs::create_dir_all(&self.dir)?;
        let dir =
            tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir_in(&self.dir)?;
        let scratch = Scratch { dir: dir.keep() };
        isolation.hand_over(&scratch.dir)?;
        Ok(scratch)
    }
}

impl Scratch {
    pub(super) fn path(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

fn remove(dir: &Path) {
    let removed = fs::remove_dir_all(dir).or_else(|error| match error.kind() {
        // A function may have closed its folders to their owner.
        io::ErrorKind::PermissionDenied => {
            open_up(dir);
            fs::remove_dir_all(dir)
        }
        _ => Err(error),
    });
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("what functions left in {} cannot be removed: {error}", dir.display());
        }
        _ => {}
    }
}

/// Lets the owner into all folders; a link is not followed.
fn open_up(dir: &Path) {
    // What cannot be changed shows when it is removed.
    let _ = fs::set_permissions(dir, Permissions::from_mode(0o700));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_however_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let scratches = Scratches::new(dir.path().join("environments"));
        let refused = Isolation::Refused(String::new());
        let scratch = scratches.make(&refused).unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir_all(path.join("a/b")).unwrap();
        fs::write(path.join("a/b/c"), "x").unwrap();
        fs::set_permissions(path.join("a"), Permissions::from_mode(0o000)).unwrap();
        drop(scratch);
        assert!(!path.exists());
        let left = scratches.make(&refused).unwrap();
        let path = left.path().to_owned();
        std::mem::forget(left);
        drop(Scratches::new(dir.path().join("environments")));
        assert!(!path.exists());
    }
}
