use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// `sha256:` and 64 hexadecimal digits: what an image's manifest hashes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// What these bytes hash to.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::of_hash(&Sha256::digest(bytes))
    }

    /// The digest whose SHA-256 was reckoned elsewhere.
    pub fn of_hash(hash: &[u8]) -> Digest {
        use fmt::Write;
        let mut text = String::from("sha256:");
        for byte in hash {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Digest(text)
    }

    /// The first 12 hexadecimal digits: enough to tell images apart on a screen.
    pub fn short(&self) -> &str {
        let hex = self.0.strip_prefix("sha256:").unwrap_or(&self.0);
        hex.get(..12).unwrap_or(hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// An image as a function names it: `REPOSITORY_URI:TAG` or `REPOSITORY_URI@DIGEST`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRef {
    /// Registry host and repository, without a scheme.
    pub repository_uri: String,
    /// The tag, where the image was named by one or one is known for the digest.
    pub tag: Option<String>,
    /// What the function was pinned to.
    pub digest: Option<Digest>,
}

/// An image that the repository holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredImage {
    /// What its manifest hashes to.
    pub digest: Digest,
    /// Its tags, as foreign text made harmless; may be none.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Option<Timestamp>,
    /// Bytes, compressed.
    pub size: Option<u64>,
}

impl StoredImage {
    /// The newest-looking tag, else the short digest.
    pub fn name(&self) -> &str {
        self.tags.iter().max().map_or_else(|| self.digest.short(), String::as_str)
    }
}
