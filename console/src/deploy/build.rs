//! From source to an image in memory. Changes nothing in the cloud, so the operator may stop it at any moment.

use std::path::PathBuf;

use super::steps::{Context, Ended};
use crate::domain::{Problem, StepId, StepResult};
use crate::image::{self, Image, NativeSource};
use crate::settings::Builder;

/// Builds the binary.
pub(super) async fn binary(context: &Context<'_>) -> Result<Ended<PathBuf>, Problem> {
    let build = &context.settings.build;
    let source = NativeSource {
        dir: build.dir.clone(),
        package: build.package.clone(),
        binary: build.binary.clone(),
        architecture: context.plan.architecture.as_str().to_owned(),
        profile: build.profile.clone(),
    };
    let output = |line: String| context.say(StepId::Build, line);
    let built = match build.builder {
        Builder::Native => image::build_native(&source, &output),
    };
    let path = tokio::select! {
        built = built => built?,
        () = context.stop.cancelled() => return Err(Problem::new("stopped while building")),
    };
    let size = tokio::fs::metadata(&path).await.map(|data| data.len()).unwrap_or_default();
    Ok(Ended::new(path, StepResult::Done, format!("{} {}", build.binary, megabytes(size))))
}

/// Assembles the image.
pub(super) async fn image(context: &Context<'_>, binary: PathBuf) -> Result<Ended<Image>, Problem> {
    let architecture = context.plan.architecture.as_str();
    let assembled = tokio::task::spawn_blocking(move || image::assemble(&binary, architecture)).await;
    let image =
        assembled.map_err(|error| Problem::new("the image could not be assembled").because(error))??;
    let size = image.layers.iter().map(|layer| layer.bytes.len() as u64).sum();
    let detail = format!("{} {}", image.digest.short(), megabytes(size));
    Ok(Ended::new(image, StepResult::Done, detail))
}

/// A size as it stands in a step's detail.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
