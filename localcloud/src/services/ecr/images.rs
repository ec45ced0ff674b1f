//! The images of a repository, as the registry took them in.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{check_registry, invalid, limit, repository, repository_mut, seconds};
use crate::account;
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::repositories::{Image, Repository};

/// An image by digest, by tag, or by both.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageId {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<String>,
}

impl ImageId {
    fn find<'a>(&self, repository: &'a Repository) -> Option<&'a Image> {
        let digest = match (&self.image_digest, &self.image_tag) {
            (Some(digest), None) => digest,
            (None, Some(tag)) => repository.image_tags.get(tag)?,
            (Some(digest), Some(tag)) => repository.image_tags.get(tag).filter(|tagged| *tagged == digest)?,
            (None, None) => return None,
        };
        repository.images.get(digest)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    tag_status: Option<String>,
    image_status: Option<String>,
}

impl Filter {
    fn wants(&self, tagged: bool) -> Result<bool, Fault> {
        // No image here is ever archived.
        match self.image_status.as_deref() {
            None | Some("ACTIVE" | "ANY") => {}
            Some("ARCHIVED" | "ACTIVATING") => return Ok(false),
            Some(_) => {
                let set = "must satisfy enum value set: [ACTIVE, ARCHIVED, ACTIVATING, ANY]";
                return Err(invalid("filter.imageStatus", set));
            }
        }
        match self.tag_status.as_deref() {
            None | Some("ANY") => Ok(true),
            Some("TAGGED") => Ok(tagged),
            Some("UNTAGGED") => Ok(!tagged),
            Some(_) => {
                Err(invalid("filter.tagStatus", "must satisfy enum value set: [TAGGED, UNTAGGED, ANY]"))
            }
        }
    }
}

fn tags_of<'a>(repository: &'a Repository, digest: &'a str) -> impl Iterator<Item = &'a String> {
    repository.image_tags.iter().filter(move |(_, tagged)| *tagged == digest).map(|(tag, _)| tag)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    next_token: Option<String>,
    max_results: Option<u32>,
    #[serde(default)]
    filter: Filter,
}

pub(super) fn describe(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Describe = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let state = cloud.world.snapshot();
    let repository = repository(&state, &input.repository_name)?;
    if let Some(ids) = input.image_ids {
        let mut found: Vec<Value> = Vec::new();
        for id in ids {
            let image = id.find(repository).ok_or_else(|| not_found(&id, &input.repository_name))?;
            let details = details(repository, image);
            if !found.contains(&details) {
                found.push(details);
            }
        }
        return Ok(Answer::ok(json!({ "imageDetails": found })));
    }
    let mut wanted = Vec::new();
    for image in repository.images.values() {
        if input.filter.wants(tags_of(repository, &image.digest).next().is_some())? {
            wanted.push(image);
        }
    }
    let page =
        page(wanted, |image| image.digest.clone(), input.next_token.as_deref(), limit(input.max_results)?)
            .ok_or_else(|| invalid("nextToken", "Invalid token"))?;
    let found: Vec<Value> = page.items.into_iter().map(|image| details(repository, image)).collect();
    let mut members = json!({ "imageDetails": found });
    if let Some(next) = page.next {
        members["nextToken"] = next.into();
    }
    Ok(Answer::ok(members))
}

fn details(repository: &Repository, image: &Image) -> Value {
    let tags: Vec<&String> = tags_of(repository, &image.digest).collect();
    let mut members = json!({
        "imageDigest": image.digest,
        "imageManifestMediaType": image.media_type,
        "imagePushedAt": seconds(image.pushed_ms),
        "imageSizeInBytes": image.size,
        "imageStatus": "ACTIVE",
        "registryId": account::ACCOUNT_ID,
        "repositoryName": repository.name,
    });
    if !tags.is_empty() {
        members["imageTags"] = json!(tags);
    }
    if let Some(kind) = &image.artifact_media_type {
        members["artifactMediaType"] = json!(kind);
    }
    members
}

fn not_found(id: &ImageId, repository: &str) -> Fault {
    let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "null".to_owned());
    Fault::new(
        400,
        "ImageNotFoundException",
        format!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{repository}' in the registry with id '{}'",
            text(&id.image_digest),
            text(&id.image_tag),
            account::ACCOUNT_ID
        ),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    registry_id: Option<String>,
    repository_name: String,
    next_token: Option<String>,
    max_results: Option<u32>,
    #[serde(default)]
    filter: Filter,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: List = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let state = cloud.world.snapshot();
    let repository = repository(&state, &input.repository_name)?;
    let mut ids: Vec<(String, Value)> = Vec::new();
    if input.filter.wants(true)? {
        for (tag, digest) in &repository.image_tags {
            ids.push((format!("{digest} {tag}"), json!({ "imageDigest": digest, "imageTag": tag })));
        }
    }
    if input.filter.wants(false)? {
        for digest in repository.images.keys() {
            if tags_of(repository, digest).next().is_none() {
                ids.push((digest.clone(), json!({ "imageDigest": digest })));
            }
        }
    }
    ids.sort_by(|one, other| one.0.cmp(&other.0));
    let page = page(ids, |(key, _)| key.clone(), input.next_token.as_deref(), limit(input.max_results)?)
        .ok_or_else(|| invalid("nextToken", "Invalid token"))?;
    let found: Vec<Value> = page.items.into_iter().map(|(_, id)| id).collect();
    let mut members = json!({ "imageIds": found });
    if let Some(next) = page.next {
        members["nextToken"] = next.into();
    }
    Ok(Answer::ok(members))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Vec<ImageId>,
    /// For BatchGetImage: a manifest of another type is not an answer.
    accepted_media_types: Option<Vec<String>>,
}

fn failure(id: &ImageId) -> Value {
    json!({ "imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found" })
}

impl Batch {
    /// One to a hundred images.
    fn check(&self) -> Result<(), Fault> {
        let bound = match self.image_ids.len() {
            0 => "greater than or equal to 1",
            1..=100 => return Ok(()),
            _ => "less than or equal to 100",
        };
        Err(invalid("imageIds", &format!("Member must have length {bound}")))
    }
}

pub(super) fn batch_get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Batch = call.input()?;
    input.check()?;
    check_registry(input.registry_id.as_ref())?;
    let state = cloud.world.snapshot();
    let repository = repository(&state, &input.repository_name)?;
    let accepted = |image: &Image| {
        input.accepted_media_types.as_ref().is_none_or(|types| types.contains(&image.media_type))
    };
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in &input.image_ids {
        let Some(image) = id.find(repository).filter(|image| accepted(image)) else {
            failures.push(failure(id));
            continue;
        };
        let manifest = cloud.blobs.read(&image.digest).map_err(|error| {
            Fault::internal(format!("the manifest {} cannot be read: {error}", image.digest))
        })?;
        let mut image_id = json!({ "imageDigest": image.digest });
        if let Some(tag) = &id.image_tag {
            image_id["imageTag"] = json!(tag);
        }
        images.push(json!({
            "imageId": image_id,
            "imageManifest": String::from_utf8_lossy(&manifest),
            "imageManifestMediaType": image.media_type,
            "registryId": account::ACCOUNT_ID,
            "repositoryName": repository.name,
        }));
    }
    Ok(Answer::ok(json!({ "images": images, "failures": failures })))
}

pub(super) fn batch_delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Batch = call.input()?;
    input.check()?;
    check_registry(input.registry_id.as_ref())?;
    let (gone, failures) = cloud.world.change(|state| {
        let repository = repository_mut(state, &input.repository_name)?;
        let (mut gone, mut failures) = (Vec::new(), Vec::new());
        for id in &input.image_ids {
            let Some(digest) = id.find(repository).map(|image| image.digest.clone()) else {
                failures.push(failure(id));
                continue;
            };
            // A tag alone takes away that tag; the image goes with its last one.
            let tags: Vec<String> = match &id.image_tag {
                Some(tag) => vec![tag.clone()],
                None => tags_of(repository, &digest).cloned().collect(),
            };
            for tag in &tags {
                repository.image_tags.remove(tag);
                gone.push(json!({ "imageDigest": digest, "imageTag": tag }));
            }
            if tags.is_empty() {
                gone.push(json!({ "imageDigest": digest }));
            }
            if tags_of(repository, &digest).next().is_none() {
                repository.images.remove(&digest);
            }
        }
        Ok::<_, Fault>((gone, failures))
    })?;
    cloud.collector.collect_soon();
    Ok(Answer::ok(json!({ "imageIds": gone, "failures": failures })))
}
