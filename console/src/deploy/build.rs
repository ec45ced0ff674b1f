//! From source to an image on this machine. Changes nothing in the cloud, so the operator may stop it at any moment.

use std::path::PathBuf;

use super::steps::{Context, Ended};
use crate::domain::{Problem, StepId, StepResult};
use crate::image::{self, Archive, ContainerSource, Image, NativeSource};
use crate::settings::{Architecture, Builder};

/// What a builder hands on.
pub(super) enum Built {
    /// The service's binary.
    Binary(PathBuf),
    /// The image, as a container tool gave it away.
    Archive(Archive),
}

/// Builds the binary, or has a container tool build the image.
pub(super) async fn binary(
    context: &Context<'_>,
    architecture: Architecture,
) -> Result<Ended<Built>, Problem> {
    tokio::select! {
        built = build(context, architecture) => built,
        () = context.stop.cancelled() => Err(Problem::new("stopped while building")),
    }
}

async fn build(context: &Context<'_>, architecture: Architecture) -> Result<Ended<Built>, Problem> {
    let settings = &context.settings.build;
    let log = context.settings.build_log();
    let output = |line: String| context.say(StepId::Build, line);
    let (built, by, file) = match settings.builder {
        Builder::Native => {
            let source = NativeSource::of(settings, architecture);
            let binary = image::build_native(&source, &log, &output).await?;
            (Built::Binary(binary.clone()), settings.binary.clone(), binary)
        }
        Builder::Container => {
            let source = ContainerSource::of(settings, architecture);
            let archive = image::build_container(&source, &log, &output).await?;
            let (by, file) = (archive.built_by().to_owned(), archive.file());
            (Built::Archive(archive), by, file)
        }
    };
    let size = tokio::fs::metadata(&file).await.map(|data| data.len()).unwrap_or_default();
    Ok(Ended::new(built, StepResult::Done, format!("{by} {}", megabytes(size))))
}

/// Assembles the image of a binary, or reads the one that a container tool has built.
pub(super) async fn image(
    context: &Context<'_>,
    built: Built,
    architecture: Architecture,
) -> Result<Ended<Image>, Problem> {
    let architecture = architecture.as_str();
    let image = match built {
        Built::Binary(binary) => {
            let assembled = tokio::task::spawn_blocking(move || image::assemble(&binary, architecture)).await;
            assembled.map_err(|error| Problem::new("the image could not be assembled").because(error))??
        }
        Built::Archive(archive) => {
            let output = |line: String| context.say(StepId::Image, line);
            tokio::select! {
                read = image::read_archive(archive, architecture, &output) => read?,
                () = context.stop.cancelled() => {
                    return Err(Problem::new("stopped while reading the image"));
                }
            }
        }
    };
    let size = image.layers.iter().map(|layer| layer.size).sum();
    let detail = format!("{} {}", image.digest.short(), megabytes(size));
    Ok(Ended::new(image, StepResult::Done, detail))
}

/// A size as it stands in a step's detail.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
