use std::io::{self, Cursor};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncRead;

use crate::domain::Digest;

/// One content-addressed part of an image.
#[derive(Debug, Clone)]
pub struct Blob {
    /// What the content hashes to.
    pub digest: Digest,
    /// As the manifest says it.
    pub media_type: String,
    /// How many bytes it has.
    pub size: u64,
    /// The bytes, exactly as they are sent.
    pub content: Content,
}

/// Where a blob's bytes are. A layer that a container tool has built may be larger than this machine's memory.
#[derive(Debug, Clone)]
pub enum Content {
    /// In memory.
    Memory(Bytes),
    /// In a file of a temporary folder, which goes with the last blob in it.
    File {
        /// The file.
        path: PathBuf,
        /// The folder that it lies in.
        folder: Arc<TempDir>,
    },
}

impl Blob {
    /// A blob in memory.
    pub(super) fn of(bytes: Vec<u8>, media_type: &str) -> Blob {
        Blob {
            digest: Digest::of(&bytes),
            media_type: media_type.to_owned(),
            size: bytes.len() as u64,
            content: Content::Memory(bytes.into()),
        }
    }

    /// Its bytes, from the first one.
    pub(super) async fn read(&self) -> io::Result<Box<dyn AsyncRead + Send + Unpin>> {
        Ok(match &self.content {
            Content::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
            Content::File { path, .. } => Box::new(File::open(path).await?),
        })
    }
}

// What hashes to the same is the same, wherever it lies.
impl PartialEq for Blob {
    fn eq(&self, other: &Blob) -> bool {
        (&self.digest, &self.media_type, self.size) == (&other.digest, &other.media_type, other.size)
    }
}

impl Eq for Blob {}
