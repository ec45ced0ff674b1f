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
    /// The lifecycle policy, a JSON text, if set.
    #[serde(default)]
    pub lifecycle_policy: Option<String>,
    /// When it was carried out last, epoch milliseconds.
    #[serde(default)]
    pub lifecycle_evaluated_ms: Option<i64>,
}

impl Repository {
    /// An empty one, with what CreateRepository sets unless told otherwise.
    pub fn new(name: &str, created_ms: i64) -> Repository {
        Repository {
            name: name.to_owned(),
            created_ms,
            tag_mutability: "MUTABLE".to_owned(),
            scan_on_push: false,
            images: BTreeMap::new(),
            image_tags: BTreeMap::new(),
            blobs: BTreeSet::new(),
            policy: None,
            tags: BTreeMap::new(),
            lifecycle_policy: None,
            lifecycle_evaluated_ms: None,
        }
    }
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
