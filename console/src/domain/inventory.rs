use serde::Serialize;

use super::gateway::{Deployment, GatewayStage, RestApi};
use super::image::StoredImage;
use super::stage_name::StageName;

/// An image that the repository holds, and what the stages have to do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageRow {
    /// The image.
    #[serde(flatten)]
    pub image: StoredImage,
    /// The stages that run it.
    pub runs: Vec<StageName>,
    /// The newest published version of each stage's function that holds it: with it, its environment is known.
    pub versions: Vec<HeldBy>,
    /// Abbreviated git commit that it was built from, where a deploy wrote it down.
    pub git: Option<String>,
}

/// A published version that holds an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HeldBy {
    /// Of this stage's function.
    pub stage: StageName,
    /// Its number.
    pub version: u64,
}

impl ImageRow {
    /// The version by which a stage's function holds it.
    pub fn version_of(&self, stage: StageName) -> Option<u64> {
        self.versions.iter().find(|held| held.stage == stage).map(|held| held.version)
    }
}

/// The gateway as the operator browses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayView {
    /// The API; `None` before the first deploy.
    pub api: Option<RestApi>,
    /// Its stages, others' too.
    pub stages: Vec<GatewayStage>,
    /// Its deployments, newest first.
    pub deployments: Vec<Deployment>,
}
