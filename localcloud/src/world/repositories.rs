//! ECR repositories as the account keeps them. Blobs lie in files of their own, named by digest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Name, may hold `/`.
    pub name: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Whether a tag may be moved (`MUTABLE` or `IMMUTABLE`).
    pub tag_mutability: String,
    /// Whether an image is scanned when it is pushed (kept and answered; nothing is scanned here).
    pub scan_on_push: bool,
    /// Manifests by digest.
    pub images: BTreeMap<String, Image>,
    /// Tag → digest.
    pub image_tags: BTreeMap<String, String>,
    /// Digests of the blobs that this repository holds.
    pub blobs: BTreeSet<String>,
    /// The repository policy, a JSON text, if set.
    pub policy: Option<String>,
    /// Tags of the repository itself.
    pub tags: BTreeMap<String, String>,
}

/// A manifest in a repository; its bytes are a blob under its digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// `sha256:…` of the manifest's bytes.
    pub digest: String,
    /// Media type of the manifest.
    pub media_type: String,
    /// Media type of the image's configuration.
    pub artifact_media_type: Option<String>,
    /// Bytes of the config and the layers together, as pushed (compressed).
    pub size: u64,
    /// Epoch milliseconds.
    pub pushed_ms: i64,
}
