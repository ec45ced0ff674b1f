//! Content-addressed files: `<dir>/sha256/<hex>`, written through a temporary file, fsynced, then renamed.

mod keeping;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use keeping::Keeping;
use sha2::{Digest, Sha256};

/// The blobs of all repositories: layers, image configurations and manifests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    finished: PathBuf,
    unfinished: PathBuf,
    keeping: Arc<Keeping>,
}

/// A blob on disk.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) digest: String,
    /// Bytes.
    pub(crate) size: u64,
    /// When it was written last.
    pub(crate) written: SystemTime,
}

impl Blobs {
    /// Opens or creates the folder. What an earlier process left unfinished is removed.
    pub fn open(dir: &Path) -> io::Result<Blobs> {
        let blobs = Blobs {
            finished: dir.join("sha256"),
            unfinished: dir.join("unfinished"),
            keeping: Arc::default(),
        };
        match fs::remove_dir_all(&blobs.unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&blobs.finished)?;
        fs::create_dir_all(&blobs.unfinished)?;
        Ok(blobs)
    }

    /// The file of a blob; `None` when `digest` is no valid digest (`sha256:` and 64 lower-case hex digits) or
    /// there is no such blob.
    pub fn path(&self, digest: &str) -> Option<PathBuf> {
        let path = self.finished.join(hex_of(digest)?);
        path.is_file().then_some(path)
    }

    /// The whole blob. Meant for manifests and configurations; a layer is read through [`Blobs::path`].
    pub fn read(&self, digest: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path(digest).ok_or(io::ErrorKind::NotFound)?)
    }

    /// Bytes of the blob; `None` as for [`Blobs::path`].
    pub fn size(&self, digest: &str) -> Option<u64> {
        Some(fs::metadata(self.path(digest)?).ok()?.len())
    }

    /// Removes the blob; a blob that is not there is no error.
    pub fn remove(&self, digest: &str) -> io::Result<()> {
        match self.path(digest) {
            Some(path) => fs::remove_file(path),
            None => Ok(()),
        }
    }

    /// All blobs.
    pub(crate) fn list(&self) -> io::Result<Vec<Blob>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.finished)? {
            let entry = entry?;
            let digest = format!("sha256:{}", entry.file_name().to_string_lossy());
            if hex_of(&digest).is_some() {
                let file = entry.metadata()?;
                found.push(Blob { digest, size: file.len(), written: file.modified()? });
            }
        }
        Ok(found)
    }

    /// Held from putting a blob in its place until the account's state says who has it: nothing is collected meanwhile.
    pub(crate) fn taking_in(&self) -> RwLockReadGuard<'_, ()> {
        self.keeping.shared()
    }

    /// Held while blobs are collected: none is taken in meanwhile.
    pub(crate) fn collecting(&self) -> RwLockWriteGuard<'_, ()> {
        self.keeping.alone()
    }

    /// A client was told that the blob is there, and may build a manifest on it: it is not collected for an hour.
    pub(crate) fn promise(&self, digest: &str) {
        self.keeping.promise(digest);
    }

    /// A manifest refers to these blobs now.
    pub(crate) fn redeem<'a>(&self, digests: impl Iterator<Item = &'a String>) {
        self.keeping.redeem(digests);
    }

    /// Whether a client may still build a manifest on it.
    pub(crate) fn is_promised(&self, digest: &str) -> bool {
        self.keeping.is_promised(digest)
    }

    /// Writes a whole blob; durable when this returns. The answer is its digest.
    pub fn write(&self, bytes: &[u8]) -> io::Result<String> {
        let mut writer = self.writer()?;
        writer.write(bytes)?;
        writer.finish(None).map_err(|error| match error {
            FinishError::Io(error) => error,
            FinishError::Mismatch { .. } => io::Error::other(error),
        })
    }

    /// Starts a blob of which neither size nor digest is known yet.
    pub fn writer(&self) -> io::Result<BlobWriter> {
        let file = tempfile::NamedTempFile::new_in(&self.unfinished)?;
        Ok(BlobWriter { file, hash: Sha256::new(), size: 0, finished: self.finished.clone() })
    }
}

/// Why a blob could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The bytes do not have the digest that was promised.
    #[error("the content has the digest {actual}, not {promised}")]
    Mismatch {
        /// What the caller said.
        promised: String,
        /// What the bytes have.
        actual: String,
    },
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A blob that is being written. Dropped before [`BlobWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct BlobWriter {
    file: tempfile::NamedTempFile,
    hash: Sha256,
    size: u64,
    finished: PathBuf,
}

impl BlobWriter {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Checks the digest and puts the blob in its place; durable when this returns. The answer is the digest.
    pub fn finish(self, promised: Option<&str>) -> Result<String, FinishError> {
        let hex = hex(&self.hash.finalize());
        let actual = format!("sha256:{hex}");
        if let Some(promised) = promised.filter(|promised| *promised != actual) {
            return Err(FinishError::Mismatch { promised: promised.to_owned(), actual });
        }
        self.file.as_file().sync_all()?;
        self.file.persist(self.finished.join(hex)).map_err(|error| error.error)?;
        File::open(&self.finished)?.sync_all()?;
        Ok(actual)
    }
}

/// The digest of some bytes: `sha256:` and 64 lower-case hex digits.
pub fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// The hex digits of a valid digest. Nothing else ever becomes a part of a path.
pub(crate) fn hex_of(digest: &str) -> Option<&str> {
    let hex = digest.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(hex)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn a_blob_is_there_once_it_is_finished_and_only_under_its_digest() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let mut writer = blobs.writer().unwrap();
        writer.write(b"hel").unwrap();
        writer.write(b"lo").unwrap();
        assert_eq!(blobs.path(HELLO), None);
        assert_eq!(writer.finish(Some(HELLO)).unwrap(), HELLO);
        assert_eq!(blobs.read(HELLO).unwrap(), b"hello");
        assert_eq!(blobs.size(HELLO), Some(5));
        blobs.remove(HELLO).unwrap();
        assert_eq!(blobs.size(HELLO), None);
    }

    #[test]
    fn a_wrong_digest_and_a_restart_leave_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let mut writer = blobs.writer().unwrap();
        writer.write(b"other").unwrap();
        assert!(matches!(writer.finish(Some(HELLO)), Err(FinishError::Mismatch { .. })));
        assert_eq!(fs::read_dir(dir.path().join("unfinished")).unwrap().count(), 0);
        fs::write(dir.path().join("unfinished/left-by-a-kill"), b"x").unwrap();
        Blobs::open(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("unfinished")).unwrap().count(), 0);
    }

    #[test]
    fn no_digest_leads_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        for digest in ["", "sha256:", "sha256:../../x", "sha512:00", &HELLO.to_uppercase(), &HELLO[..70]] {
            assert_eq!(blobs.path(digest), None, "{digest}");
        }
    }
}
