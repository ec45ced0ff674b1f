mod answer;
mod registry;

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::watch;

use self::registry::Repository;
use super::{Blob, Image, PushProblem, Pushed, Registry};
use crate::domain::{Problem, one_line};

/// How many blobs are sent at once.
const AT_ONCE: usize = 3;

/// How long nothing may move before an upload counts as dead. Also covers the registry's own work after the last byte.
const STALLED: Duration = Duration::from_secs(60);

/// Pushes an image under a tag, sending only what the registry lacks.
///
/// `progress` hears bytes sent and bytes to send. A tag that already holds this image is left alone and nothing is sent; a tag
/// that holds another one is a problem: tags are never moved. The order is the one that ECR needs: it refuses the same
/// tag a second time, drops all but the first of several PATCHes, and names no `Location` for a manifest.
pub async fn push(
    http: &reqwest::Client,
    registry: &Registry,
    repository: &str,
    tag: &str,
    image: &Image,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<Pushed, PushProblem> {
    let repository = Repository::new(http, registry, repository);
    let mut blobs: Vec<&Blob> = Vec::new();
    for blob in image.layers.iter().chain([&image.config]) {
        // A container image may well have the same layer twice.
        if blobs.iter().all(|other| other.digest != blob.digest) {
            blobs.push(blob);
        }
    }
    if let Some(there) = repository.tagged(tag).await? {
        if there == image.digest {
            return Ok(Pushed { digest: there, sent_bytes: 0, blobs_sent: 0, blobs_reused: blobs.len() });
        }
        return Err(Problem::new(format!("the tag {} already holds another image", one_line(tag, 128)))
            .because(format!("it holds {there}, and {} was to be pushed", image.digest))
            .fix("push under another tag: tags are never moved, so that a tag always says what ran")
            .into());
    }
    // The futures are made before the stream: with a closure inside it, rustc cannot tell that this function's future
    // may move between threads, as the screen's runtime moves it.
    let asked: Vec<_> = blobs.iter().map(|blob| repository.has(&blob.digest)).collect();
    let there: Vec<bool> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let missing: Vec<&Blob> =
        blobs.iter().zip(there).filter(|(_, there)| !there).map(|(blob, _)| *blob).collect();
    let total = missing.iter().map(|blob| blob.size).sum::<u64>() + image.manifest.len() as u64;
    send(&repository, &missing, &|done| progress(done, total)).await?;
    repository.name(tag, image).await?;
    progress(total, total);
    Ok(Pushed {
        digest: image.digest.clone(),
        sent_bytes: total,
        blobs_sent: missing.len(),
        blobs_reused: blobs.len() - missing.len(),
    })
}

/// Sends blobs, a few at once, and tells how many bytes of all of them have gone out.
async fn send(
    repository: &Repository<'_>,
    blobs: &[&Blob],
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), PushProblem> {
    let sent = watch::Sender::new(0);
    let mut seen = sent.subscribe();
    let uploads: Vec<_> = blobs.iter().map(|blob| repository.upload(blob, sent.clone())).collect();
    let uploads = stream::iter(uploads).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>();
    let mut uploads = std::pin::pin!(uploads);
    loop {
        tokio::select! {
            ended = &mut uploads => return ended.map(|_| ()),
            moved = tokio::time::timeout(STALLED, seen.changed()) => match moved {
                // `sent` outlives the loop, so that the channel is never closed here.
                Ok(_) => progress(*seen.borrow_and_update()),
                Err(_) => {
                    return Err(Problem::new("the push has come to a standstill")
                        .because(format!("nothing moved for {} s", STALLED.as_secs()))
                        .fix("look at the network and deploy again: what has arrived is not sent again")
                        .into());
                }
            },
        }
    }
}
