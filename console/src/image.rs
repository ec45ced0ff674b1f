//! From source to an image in the registry: cargo builds a static binary, a reproducible two-layer image is assembled from
//! it, and only what the registry lacks is sent.

mod assemble;
mod build;
mod config;
mod layer;
mod preflight;
mod push;

use std::path::PathBuf;

use bytes::Bytes;
use reqwest::Url;

use crate::domain::{Digest, Secret};

pub use assemble::assemble;
pub use build::build_native;
pub use push::push;

/// What the native builder builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeSource {
    /// Folder of the workspace or of the crate.
    pub dir: PathBuf,
    /// The package, as `cargo build -p` takes it.
    pub package: String,
    /// The binary target, as `cargo build --bin` takes it.
    pub binary: String,
    /// `x86_64` or `arm64`, as Lambda says it.
    pub architecture: String,
    /// Cargo profile: `lambda` for a quick redeploy, `release` for the smallest binary.
    pub profile: String,
}

/// An image, whole, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What the manifest hashes to: the image's name.
    pub digest: Digest,
    /// The manifest's bytes, exactly as they are sent.
    pub manifest: Bytes,
    /// The manifest's media type: Docker's v2 schema 2.
    pub media_type: String,
    /// The image configuration: entry point, environment, architecture.
    pub config: Blob,
    /// The gzipped layers, lowest first.
    pub layers: Vec<Blob>,
}

/// One content-addressed part of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// What the bytes hash to.
    pub digest: Digest,
    /// As the manifest says it.
    pub media_type: String,
    /// The bytes, exactly as they are sent.
    pub bytes: Bytes,
}

/// A registry that speaks OCI distribution, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Its origin: `http://127.0.0.1:1234`, or `https://…` of ECR.
    pub url: Url,
    /// `AWS` on ECR.
    pub username: String,
    /// ECR's 12-hour token.
    pub password: Secret,
}

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The image, as the registry named it too.
    pub digest: Digest,
    /// Bytes of blobs and manifest that went over the wire.
    pub sent_bytes: u64,
    /// Blobs that the registry lacked.
    pub blobs_sent: usize,
    /// Blobs that it had.
    pub blobs_reused: usize,
}
