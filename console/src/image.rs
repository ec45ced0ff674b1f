//! From source to an image in the registry. Either cargo builds a static binary and a reproducible two-layer image is
//! assembled from it, or a container tool builds a Dockerfile and its layers are taken over. Only what the registry lacks is
//! sent.

mod assemble;
mod blob;
mod build;
mod config;
mod container;
mod layer;
mod preflight;
mod prerequisites;
mod process;
mod push;
mod target;
mod transcript;

use std::path::PathBuf;

use bytes::Bytes;
use reqwest::Url;

use crate::domain::{Digest, Problem, Secret};
use crate::settings::{Architecture, BuildSettings};

pub use assemble::assemble;
pub use blob::{Blob, Content};
pub use build::build_native;
pub use container::{Archive, ContainerSource, build_container, read_archive};
pub use prerequisites::prerequisites;
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

impl NativeSource {
    /// As the settings say it.
    pub fn of(build: &BuildSettings, architecture: Architecture) -> NativeSource {
        NativeSource {
            dir: build.service_dir.clone(),
            package: build.package.clone(),
            binary: build.binary.clone(),
            architecture: architecture.as_str().to_owned(),
            profile: build.profile.clone(),
        }
    }
}

/// An image, whole: in memory, or with its layers in a temporary folder that goes with it.
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

/// A push that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushProblem {
    /// What failed and what to do.
    pub problem: Problem,
    /// The registry takes no more calls for now: later it will do, and what has arrived is not sent again.
    pub throttled: bool,
    /// The registry knows who asks and does not let them.
    pub denied: bool,
}

impl From<Problem> for PushProblem {
    fn from(problem: Problem) -> PushProblem {
        PushProblem { problem, throttled: false, denied: false }
    }
}
