//! PutImage, which gives a manifest that is there another tag; and which layers are there.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_registry, invalid, repository, repository_mut};
use crate::account;
use crate::blobs::digest_of;
use crate::cloud::{Cloud, now_ms};
use crate::lifecycle::carry_out;
use crate::registry::{contents, is_tag, media_type};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::repositories::{Image, Repository};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    registry_id: Option<String>,
    repository_name: String,
    image_manifest: String,
    image_manifest_media_type: Option<String>,
    image_tag: Option<String>,
    image_digest: Option<String>,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let bytes = input.image_manifest.as_bytes();
    let wrong = |why: String| invalid("ImageManifest", &why);
    let media_type = media_type(input.image_manifest_media_type.as_deref(), bytes).map_err(wrong)?;
    let contents = contents(&media_type, bytes).map_err(wrong)?;
    let digest = digest_of(bytes);
    if input.image_digest.is_some_and(|promised| promised != digest) {
        let message =
            "The specified image digest does not match the digest that ECR calculated for the image.";
        return Err(Fault::new(400, "ImageDigestDoesNotMatchException", message));
    }
    if input.image_tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
        return Err(invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9-_.]+'"));
    }
    repository(&cloud.world.snapshot(), &input.repository_name)?;
    cloud
        .blobs
        .write(bytes)
        .map_err(|error| Fault::internal(format!("the manifest could not be written: {error}")))?;
    let image = Image {
        digest: digest.clone(),
        media_type: media_type.clone(),
        artifact_media_type: contents.artifact_media_type.clone(),
        size: contents.size,
        pushed_ms: now_ms(),
    };
    cloud.world.change(|state| {
        let repository = repository_mut(state, &input.repository_name)?;
        let missing = contents.blobs.iter().find(|digest| !repository.blobs.contains(*digest));
        if let Some(missing) = missing {
            return Err(not_there("LayersNotFoundException", "Layers", missing, repository));
        }
        let missing = contents.manifests.iter().find(|digest| !repository.images.contains_key(*digest));
        if let Some(missing) = missing {
            return Err(not_there("ReferencedImagesNotFoundException", "Images", missing, repository));
        }
        may_be_put(repository, &digest, input.image_tag.as_deref())?;
        if let Some(tag) = &input.image_tag {
            repository.image_tags.insert(tag.clone(), digest.clone());
        }
        repository.images.entry(digest.clone()).or_insert(image);
        carry_out(repository, &cloud.blobs, now_ms());
        Ok(())
    })?;
    let mut image_id = json!({ "imageDigest": digest });
    if let Some(tag) = input.image_tag {
        image_id["imageTag"] = tag.into();
    }
    Ok(Answer::ok(json!({ "image": {
        "registryId": account::ACCOUNT_ID,
        "repositoryName": input.repository_name,
        "imageId": image_id,
        "imageManifest": input.image_manifest,
        "imageManifestMediaType": media_type,
    } })))
}

fn not_there(code: &'static str, what: &str, digest: &str, repository: &Repository) -> Fault {
    let message = format!(
        "{what} with digests '[{digest}]' required for pushing image into repository with name '{}' in the registry with id '{}' do not exist",
        repository.name,
        account::ACCOUNT_ID
    );
    Fault::new(400, code, message)
}

/// The same image under the same tag is refused, and under an immutable tag any image.
fn may_be_put(repository: &Repository, digest: &str, tag: Option<&str>) -> Result<(), Fault> {
    let Repository { name, .. } = repository;
    let tagged = tag.and_then(|tag| repository.image_tags.get(tag));
    let again = match tag {
        Some(_) => tagged.is_some_and(|tagged| tagged == digest),
        None => repository.images.contains_key(digest),
    };
    if again {
        let tag = tag.map(|tag| format!(" and tag '{tag}'")).unwrap_or_default();
        let message = format!(
            "Image with digest '{digest}'{tag} already exists in the repository with name '{name}' in registry with id '{}'",
            account::ACCOUNT_ID
        );
        return Err(Fault::new(400, "ImageAlreadyExistsException", message));
    }
    match (tagged, tag) {
        (Some(_), Some(tag)) if repository.tag_mutability == "IMMUTABLE" => {
            let message = format!(
                "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the repository is immutable."
            );
            Err(Fault::new(400, "ImageTagAlreadyExistsException", message))
        }
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layers {
    registry_id: Option<String>,
    repository_name: String,
    layer_digests: Vec<String>,
}

pub(super) fn layers(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Layers = call.input()?;
    check_registry(input.registry_id.as_ref())?;
    let state = cloud.world.snapshot();
    let repository = repository(&state, &input.repository_name)?;
    let (mut layers, mut failures): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for digest in &input.layer_digests {
        if crate::blobs::hex_of(digest).is_none() {
            let reason = format!("Invalid layer digest '{digest}'");
            failures.push(
                json!({ "layerDigest": digest, "failureCode": "InvalidLayerDigest", "failureReason": reason }),
            );
            continue;
        }
        let size = cloud.blobs.size(digest).filter(|_| repository.blobs.contains(digest));
        layers.push(match size {
            Some(size) => {
                json!({ "layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": size })
            }
            None => json!({ "layerDigest": digest, "layerAvailability": "UNAVAILABLE" }),
        });
    }
    Ok(Answer::ok(json!({ "layers": layers, "failures": failures })))
}
