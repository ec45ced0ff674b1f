//! The database's file: opened only if all of it is as it was written.

use std::fs;
use std::io;
use std::path::Path;

use redb::Database;

use super::StoreError;

/// Bytes of the file that redb keeps in memory: what is read again and again is kept in memory by its readers.
const CACHE: usize = 16 << 20;

/// Opens or creates the file. Every page's checksum is checked, since redb trusts what it reads later on.
pub(super) fn open(path: &Path) -> Result<Database, StoreError> {
    // redb makes a new database of an empty file. One that a kill left empty is that of a local cloud that never was; but where
    // there are blobs, there was one.
    let emptied = fs::metadata(path).is_ok_and(|file| file.len() == 0);
    if emptied && path.with_file_name("blobs").exists() {
        return Err(StoreError::Damaged {
            path: path.display().to_string(),
            reason: "it is empty".to_owned(),
        });
    }
    Database::builder()
        .set_cache_size(CACHE)
        .set_check_integrity_on_open(true)
        .create(path)
        .map_err(|error| problem(path, error.into()))
}

/// What an error of the database's says of its file.
pub(super) fn problem(path: &Path, error: redb::Error) -> StoreError {
    let damaged = |reason: String| StoreError::Damaged { path: path.display().to_string(), reason };
    match error {
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse(path.display().to_string()),
        redb::Error::Corrupted(reason) => damaged(reason),
        redb::Error::RepairAborted => damaged("it cannot be repaired".to_owned()),
        redb::Error::Io(error)
            if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            damaged(error.to_string())
        }
        other => StoreError::Database(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// A store with something in it, as a killed process left it: its bytes.
    fn stored(dir: &Path) -> Vec<u8> {
        let path = dir.join("state.redb");
        let store = Store::open(&path, true).unwrap();
        for port in 0..200 {
            store.save_port(port).unwrap();
        }
        drop(store);
        fs::read(path).unwrap()
    }

    #[test]
    fn what_is_damaged_is_said_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let whole = stored(dir.path());
        let path = dir.path().join("state.redb");
        let mut rng = fastrand::Rng::with_seed(1);
        let (mut refused, mut opened) = (0, 0);
        for round in 0..400 {
            let mut bytes = whole.clone();
            match round % 4 {
                0 => bytes.truncate(rng.usize(1..whole.len())),
                1 => {
                    let at = rng.usize(0..whole.len());
                    bytes[at] ^= 1 << rng.u8(0..8);
                }
                2 => {
                    let (from, many) = (rng.usize(0..whole.len()), rng.usize(1..8192));
                    let to = whole.len().min(from + many);
                    bytes[from..to].fill_with(|| rng.u8(..));
                }
                _ => {
                    let (from, many) = (rng.usize(0..whole.len()), rng.usize(1..8192));
                    let to = whole.len().min(from + many);
                    bytes[from..to].fill(0);
                }
            }
            fs::write(&path, &bytes).unwrap();
            match Store::open(&path, false) {
                // What was damaged is not in use.
                Ok(store) => {
                    assert_eq!(store.load_port().unwrap(), Some(199), "{round}");
                    opened += 1;
                }
                Err(StoreError::Damaged { path: named, .. }) => {
                    assert_eq!(named, path.display().to_string());
                    assert!(fs::read(&path).unwrap() == bytes, "{round}: it was changed");
                    refused += 1;
                }
                Err(other) => panic!("{round}: {other:?}"),
            }
        }
        assert!(refused > 100 && opened > 0, "{refused} refused, {opened} opened");
    }
}
