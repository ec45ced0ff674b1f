use std::fs;
use std::sync::Arc;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::super::{Image, config};
use super::archive::{Contents, unreadable};
use super::layers::{self, LIMIT, Packed};
use super::{Archive, tool};
use crate::domain::{Problem, one_line};

/// How many layers Lambda takes.
const MOST_LAYERS: usize = 127;

/// What of an image's configuration decides whether Lambda runs it.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    config: Option<Run>,
    rootfs: RootFs,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Run {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// Reads the image that a container tool has built: its configuration as it is, its layers compressed, and one manifest of
/// ours. `output` hears of each layer.
///
/// `architecture` is `x86_64` or `arm64`. An image that Lambda would not take or could not run is refused with the reason.
/// Layers stay on disk. Dropping the future ends the reading.
pub async fn read_archive(
    archive: Archive,
    architecture: &str,
    output: &(dyn Fn(String) + Send + Sync),
) -> Result<Image, Problem> {
    let platform = tool::platform(architecture)?;
    let stop = CancellationToken::new();
    let _stopped_with_this_future = stop.clone().drop_guard();
    let (lines, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let reading = tokio::task::spawn_blocking(move || {
        // Nobody listens any more only when nobody waits for the image either.
        read(archive, platform, &stop, &|line| {
            let _ = lines.send(line);
        })
    });
    while let Some(line) = heard.recv().await {
        output(line);
    }
    reading.await.map_err(|error| Problem::new("the image could not be read").because(error))?
}

fn read(
    archive: Archive,
    platform: &str,
    stop: &CancellationToken,
    output: &dyn Fn(String),
) -> Result<Image, Problem> {
    let contents = Contents::of(&archive.file())?;
    let listed = contents.image()?;
    let json = contents.document(&listed.config)?;
    let configuration: Configuration = serde_json::from_slice(&json).map_err(|error| {
        unreadable(std::io::Error::other(format!("{}: {error}", one_line(&listed.config, 100))))
    })?;
    check(&configuration, listed.layers.len(), platform)?;
    let mut sizes = listed.layers.iter().map(|name| contents.file(name).map(|(_, size)| size));
    if sizes.try_fold(0u64, |sum, size| size.map(|size| sum.saturating_add(size)))? > LIMIT {
        return Err(layers::too_large());
    }
    let file = archive.file();
    let folder = Arc::new(archive.folder);
    let mut room = LIMIT;
    let mut blobs = Vec::new();
    let several = listed.layers.len();
    for (index, (name, diff_id)) in listed.layers.iter().zip(&configuration.rootfs.diff_ids).enumerate() {
        let (layer, _) = contents.file(name)?;
        let Packed { blob, diff_id: found, size } =
            layers::pack(layer, room, &format!("layer-{index}"), &folder, stop)?;
        if found.0 != *diff_id {
            return Err(unreadable(std::io::Error::other(format!(
                "layer {} hashes to {found}, and the configuration says {}",
                index + 1,
                one_line(diff_id, 80)
            ))));
        }
        room -= size;
        output(format!("layer {} of {several}: {:.1} MB compressed", index + 1, blob.size as f64 / 1e6));
        blobs.push(blob);
    }
    // The layers are there a second time now; if it fails, the folder takes the archive along later.
    let _ = fs::remove_file(file);
    config::image(json, blobs)
}

/// Refuses what Lambda would refuse only after the push, or fail with at the first request.
fn check(configuration: &Configuration, layers: usize, platform: &str) -> Result<(), Problem> {
    let built = format!("{}/{}", configuration.os, configuration.architecture);
    if built != platform {
        return Err(Problem::new(format!(
            "the image is built for {}, the function runs on {platform}",
            one_line(&built, 60)
        ))
        .because("the Dockerfile or its base image does not follow the platform that was asked for")
        .fix("take a base image of that platform, or set `architecture` of [function] to what the image is for"));
    }
    let run = configuration.config.as_ref();
    let said = |words: Option<&Vec<String>>| words.is_some_and(|words| !words.is_empty());
    if !said(run.and_then(|run| run.entrypoint.as_ref())) && !said(run.and_then(|run| run.cmd.as_ref())) {
        return Err(Problem::new("the image does not say what to run")
            .because("it has neither ENTRYPOINT nor CMD")
            .fix("end the Dockerfile with ENTRYPOINT [\"/path/of/the/binary\"]"));
    }
    if layers > MOST_LAYERS {
        return Err(Problem::new(format!("the image has {layers} layers, and Lambda takes {MOST_LAYERS}"))
            .fix("join RUN and COPY lines, or copy what is needed into a last stage of the Dockerfile"));
    }
    let hashes = configuration.rootfs.diff_ids.len();
    if hashes != layers {
        return Err(unreadable(std::io::Error::other(format!(
            "it has {layers} layers, and hashes of {hashes} in its configuration"
        ))));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
