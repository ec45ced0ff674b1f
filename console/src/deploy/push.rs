//! The repository, and the image in it. A tag is only pushed with an image that the repository does not hold yet, and is
//! never moved.

use jiff::{Timestamp, ToSpan};

use super::build::megabytes;
use super::patience::patiently;
use super::steps::{Context, Ended};
use super::world::World;
use crate::cloud::{FaultKind, Repository};
use crate::domain::{Problem, Progress, StepId, StepResult, StoredImage};
use crate::image::Image;

/// Makes the repository, if there is none.
pub(super) async fn repository(context: &Context<'_>, world: &World) -> Result<Ended<Repository>, Problem> {
    if let Some(found) = &world.repository {
        return Ok(Ended::new(found.clone(), StepResult::Unchanged, found.uri.clone()));
    }
    let name = &context.settings.build.image;
    let made =
        patiently(context, StepId::Repository, || context.cloud.create_repository(context.permit, name))
            .await;
    let repository = match made {
        Ok(made) => made,
        Err(fault) if fault.kind == FaultKind::Conflict => {
            context.cloud.repository(name).await?.ok_or(fault.problem)?
        }
        Err(fault) => return Err(fault.into()),
    };
    let uri = repository.uri.clone();
    Ok(Ended::new(repository, StepResult::Created, uri))
}

/// Pushes the image, unless the repository holds it; answers its tag.
pub(super) async fn image(
    context: &Context<'_>,
    world: &World,
    repository: &Repository,
    image: &Image,
) -> Result<Ended<String>, Problem> {
    let stored = patiently(context, StepId::Push, || context.cloud.images(&repository.name)).await?;
    if let Some(held) = stored.iter().find(|one| one.digest == image.digest) {
        let running =
            world.function.as_ref().filter(|function| function.image.digest.as_ref() == Some(&image.digest));
        let tag = running
            .and_then(|function| function.image.tag.clone())
            .filter(|tag| held.tags.contains(tag))
            .or_else(|| held.tags.iter().max().cloned());
        let tag = tag.unwrap_or_else(|| image.digest.short().to_owned());
        return Ok(Ended::new(tag.clone(), StepResult::Unchanged, format!("{tag} is there: nothing sent")));
    }
    let tag = free_tag(&stored, Timestamp::now());
    let progress = |done, total| (context.progress)(Progress::Bytes { step: StepId::Push, done, total });
    let push = || context.cloud.push_image(context.permit, repository, &tag, image, &progress);
    let pushed = patiently(context, StepId::Push, push).await?;
    let detail = format!(
        "{tag} {}, {} of {} blobs sent",
        megabytes(pushed.sent_bytes),
        pushed.blobs_sent,
        pushed.blobs_sent + pushed.blobs_reused
    );
    Ok(Ended::new(tag, StepResult::Created, detail))
}

// `YYYYmmdd_HHMMSS` in UTC; the next second that is free where two operators push in the same one.
fn free_tag(stored: &[StoredImage], mut now: Timestamp) -> String {
    loop {
        let tag = now.strftime("%Y%m%d_%H%M%S").to_string();
        if !stored.iter().any(|image| image.tags.contains(&tag)) {
            return tag;
        }
        now = now.saturating_add(1.second()).unwrap_or(Timestamp::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Digest;

    #[test]
    fn a_tag_is_never_taken_twice() {
        let stored = [StoredImage {
            digest: Digest("sha256:00".to_owned()),
            pushed_at: None,
            size: None,
            tags: vec!["20261122_120301".to_owned(), "20261122_120302".to_owned()],
        }];
        let now: Timestamp = "2026-11-22T12:03:01.5Z".parse().expect("a time");
        assert_eq!(free_tag(&[], now), "20261122_120301");
        assert_eq!(free_tag(&stored, now), "20261122_120303");
    }
}
