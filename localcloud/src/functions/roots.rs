//! The unpacked images on disk: a folder for each, named by the manifest's digest.
//!
//! An unpacked image is Lambda's own copy, which outlives the image in its repository. Its folder's time of modification is
//! when an execution environment was last started from it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::blobs::hex_of;

/// From finding the program to the process that runs it: what was used so lately is not collected.
const STARTING: Duration = Duration::from_secs(60);

/// The folder of unpacked images.
#[derive(Debug)]
pub(crate) struct Roots {
    dir: PathBuf,
    /// How many starts are looking for their program, by digest.
    held: Mutex<HashMap<String, usize>>,
}

/// Keeps an image from being collected while its program is looked for.
pub(crate) struct Hold<'a> {
    roots: &'a Roots,
    digest: &'a str,
}

/// An unpacked image.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// `sha256:…` of its manifest.
    pub(crate) digest: String,
    /// Bytes on disk, counted as file sizes.
    pub(crate) bytes: u64,
    /// When an environment was last started from it.
    pub(crate) used: SystemTime,
}

impl Root {
    /// For how long nothing was started from it; none at all if a clock says it lies ahead.
    pub(crate) fn idle(&self) -> Duration {
        self.used.elapsed().unwrap_or_default()
    }
}

impl Roots {
    /// The images below `dir`. What an earlier process left half unpacked is removed.
    pub(crate) fn open(dir: PathBuf) -> Roots {
        let roots = Roots { dir, held: Mutex::default() };
        if let Err(error) = remove(&roots.unfinished()) {
            tracing::warn!("half unpacked images cannot be removed: {error}");
        }
        roots
    }

    /// Where images are unpacked before they get their name.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.dir.join("unfinished")
    }

    /// Where the image lies once it is unpacked; `None` when its digest is none.
    pub(crate) fn path(&self, digest: &str) -> Option<PathBuf> {
        Some(self.dir.join(hex_of(digest)?))
    }

    /// Whether the image was ever unpacked here: Lambda has a copy then, or can make one again.
    pub(crate) fn has_copy(&self, digest: &str) -> bool {
        let marked = |hex| self.dir.join(mark_of(hex)).is_file();
        self.path(digest).is_some_and(|path| path.is_dir()) || hex_of(digest).is_some_and(marked)
    }

    /// Keeps the image while the answer lives, and notes that it is used now.
    pub(crate) fn hold<'a>(&'a self, digest: &'a str) -> Hold<'a> {
        *self.held().entry(digest.to_owned()).or_default() += 1;
        if let Some(path) = self.path(digest).filter(|path| path.is_dir()) {
            let touched = File::open(path).and_then(|folder| folder.set_modified(SystemTime::now()));
            if let Err(error) = touched {
                tracing::warn!(digest, "an unpacked image's use cannot be noted: {error}");
            }
        }
        Hold { roots: self, digest }
    }

    /// All unpacked images.
    pub(crate) fn list(&self) -> io::Result<Vec<Root>> {
        let mut found = Vec::new();
        for entry in entries(&self.dir)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let digest = format!("sha256:{name}");
            if hex_of(&digest).is_some() {
                let bytes = bytes_below(&entry.path())?;
                found.push(Root { digest, bytes, used: entry.metadata()?.modified()? });
            }
        }
        Ok(found)
    }

    /// Removes an unpacked image, unless something is being started from it. One that a function still refers to leaves
    /// a mark, so that it may be unpacked again although its repository has it no more. Whether it was removed.
    pub(crate) fn collect(&self, root: &Root, referred: bool) -> io::Result<bool> {
        let Some(hex) = hex_of(&root.digest) else { return Ok(false) };
        let away = self.unfinished().join(format!("collected-{hex}"));
        fs::create_dir_all(self.unfinished())?;
        remove(&away)?;
        {
            let held = self.held();
            let path = self.dir.join(hex);
            let used = fs::metadata(&path)?.modified()?;
            if held.contains_key(&root.digest) || used.elapsed().unwrap_or_default() < STARTING {
                return Ok(false);
            }
            if referred {
                File::create(self.dir.join(mark_of(hex)))?;
            }
            fs::rename(path, &away)?;
        }
        remove(&away)?;
        Ok(true)
    }

    /// Removes the marks of images that nothing refers to any more.
    pub(crate) fn forget_marks(&self, referred: &HashSet<String>) -> io::Result<()> {
        for entry in entries(&self.dir)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let digest = name.strip_suffix(MARK).map(|hex| format!("sha256:{hex}"));
            if digest.is_some_and(|digest| !referred.contains(&digest)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut held = self.roots.held();
        if let Some(count) = held.get_mut(self.digest) {
            *count -= 1;
            if *count == 0 {
                held.remove(self.digest);
            }
        }
    }
}

/// What marks an image that was collected while a function refers to it.
const MARK: &str = ".collected";

fn mark_of(hex: &str) -> String {
    format!("{hex}{MARK}")
}

/// What lies in a folder; nothing when there is none.
fn entries(dir: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Bytes of all files below a folder. Links are not followed.
pub(crate) fn bytes_below(dir: &Path) -> io::Result<u64> {
    let mut folders = vec![dir.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok(bytes)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(letter: char) -> String {
        format!("sha256:{}", letter.to_string().repeat(64))
    }

    /// An unpacked image that was last used so many seconds ago.
    fn unpacked(roots: &Roots, digest: &str, seconds: u64) -> Root {
        let path = roots.path(digest).unwrap();
        fs::create_dir_all(path.join("bin")).unwrap();
        fs::write(path.join("bin/program"), [0; 100]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(seconds);
        File::open(&path).unwrap().set_modified(used).unwrap();
        roots.list().unwrap().into_iter().find(|root| root.digest == digest).unwrap()
    }

    #[test]
    fn what_is_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let roots = Roots::open(dir.path().to_owned());
        let (a, b) = (digest('a'), digest('b'));
        let old = unpacked(&roots, &a, 3600);
        assert_eq!(old.bytes, 100);
        assert!(old.idle() >= Duration::from_secs(3600));
        let held = roots.hold(&a);
        assert!(!roots.collect(&old, false).unwrap(), "somebody looks for its program");
        drop(held);
        assert!(!roots.collect(&old, false).unwrap(), "it was used just now");
        let old = unpacked(&roots, &a, 3600);
        assert!(roots.collect(&old, false).unwrap());
        assert!(!roots.has_copy(&a));
        let referred = unpacked(&roots, &b, 3600);
        assert!(roots.collect(&referred, true).unwrap());
        assert!(roots.has_copy(&b) && !roots.path(&b).unwrap().exists());
        roots.forget_marks(&HashSet::from([b.clone()])).unwrap();
        assert!(roots.has_copy(&b));
        roots.forget_marks(&HashSet::new()).unwrap();
        assert!(!roots.has_copy(&b));
        assert_eq!(fs::read_dir(roots.unfinished()).unwrap().count(), 0);
    }
}
