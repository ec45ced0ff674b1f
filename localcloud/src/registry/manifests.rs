//! Manifests and tags.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use oci_spec::image::{ImageIndex, ImageManifest};
use serde::Deserialize;

use super::{Fault, Registry, empty, parameter, with_body};
use crate::blobs::digest_of;
use crate::world::repositories::{Image, Repository};

/// Bytes of the largest manifest, as ECR's limit.
const MAX_MANIFEST: usize = 4 * 1024 * 1024;
/// Tags in an answer when the client does not say how many it wants, and at most.
const MAX_TAGS: usize = 1000;

const IMAGE_TYPES: [&str; 2] =
    ["application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"];
const INDEX_TYPES: [&str; 2] =
    ["application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.oci.image.index.v1+json"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    media_type: Option<String>,
}

/// What a manifest refers to, and what is kept of it.
struct Contents {
    blobs: Vec<String>,
    manifests: Vec<String>,
    size: u64,
    artifact_media_type: Option<String>,
}

impl Registry {
    pub(super) async fn get_manifest(
        &self,
        name: &str,
        reference: &str,
        body: bool,
    ) -> Result<Response, Fault> {
        let state = self.world.snapshot();
        let repository = state.repositories.get(name).ok_or_else(|| Fault::name_unknown(name))?;
        let digest = repository.image_tags.get(reference).map_or(reference, String::as_str);
        let image = repository.images.get(digest).ok_or_else(Fault::manifest_unknown)?;
        let blobs = self.blobs.clone();
        let wanted = digest.to_owned();
        let bytes = tokio::task::spawn_blocking(move || blobs.read(&wanted)).await??;
        let length = bytes.len().to_string();
        let headers = [
            ("content-type", image.media_type.as_str()),
            ("content-length", &length),
            ("docker-content-digest", digest),
        ];
        if body {
            with_body(StatusCode::OK, &headers, Body::from(bytes))
        } else {
            empty(StatusCode::OK, &headers)
        }
    }

    pub(super) async fn put_manifest(
        &self,
        name: &str,
        reference: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, Fault> {
        self.require_repository(name)?;
        let bytes = axum::body::to_bytes(body, MAX_MANIFEST)
            .await
            .map_err(|_| Fault::too_large("the manifest", MAX_MANIFEST as u64))?;
        let digest = digest_of(&bytes);
        let tag = match reference.strip_prefix("sha256:") {
            Some(_) if reference == digest => None,
            Some(_) => {
                let reason = format!("the manifest has the digest {digest}, not {reference}");
                return Err(Fault::digest_invalid(reason));
            }
            None if is_tag(reference) => Some(reference.to_owned()),
            None => return Err(Fault::tag_malformed(reference)),
        };
        let media_type = media_type(headers, &bytes)?;
        let contents = contents(&media_type, &bytes)?;
        let image = Image {
            digest: digest.clone(),
            media_type,
            artifact_media_type: contents.artifact_media_type.clone(),
            size: contents.size,
            pushed_ms: jiff::Timestamp::now().as_millisecond(),
        };
        let (world, blobs, name) = (Arc::clone(&self.world), self.blobs.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || {
            blobs.write(&bytes)?;
            world.change(|state| {
                let repository =
                    state.repositories.get_mut(&name).ok_or_else(|| Fault::name_unknown(&name))?;
                tag_image(repository, &contents, image, tag)
            })
        })
        .await??;
        empty(StatusCode::CREATED, &[("docker-content-digest", &digest)])
    }

    pub(super) fn list_tags(&self, name: &str, query: &str) -> Result<Response, Fault> {
        #[derive(serde::Serialize)]
        struct Tags<'a> {
            name: &'a str,
            tags: &'a [&'a String],
        }
        let state = self.world.snapshot();
        let repository = state.repositories.get(name).ok_or_else(|| Fault::name_unknown(name))?;
        let last = parameter(query, "last");
        let limit = parameter(query, "n").and_then(|n| n.parse().ok()).unwrap_or(MAX_TAGS).clamp(1, MAX_TAGS);
        let after = |tag: &&String| last.as_ref().is_none_or(|last| *tag > last);
        let tags: Vec<&String> = repository.image_tags.keys().filter(after).take(limit + 1).collect();
        let page = &tags[..tags.len().min(limit)];
        let body = serde_json::to_vec(&Tags { name, tags: page }).map_err(Fault::internal)?;
        let mut headers = vec![("content-type", "application/json")];
        let link;
        if let (true, Some(last)) = (tags.len() > limit, page.last()) {
            link = format!("</v2/{name}/tags/list?n={limit}&last={last}>; rel=\"next\"");
            headers.push(("link", &link));
        }
        with_body(StatusCode::OK, &headers, Body::from(body))
    }
}

/// Takes the image in, if everything that it refers to is there and the tag may be set.
fn tag_image(
    repository: &mut Repository,
    contents: &Contents,
    image: Image,
    tag: Option<String>,
) -> Result<(), Fault> {
    let missing = contents
        .blobs
        .iter()
        .find(|digest| !repository.blobs.contains(*digest))
        .or_else(|| contents.manifests.iter().find(|digest| !repository.images.contains_key(*digest)));
    if let Some(digest) = missing {
        return Err(Fault::manifest_blob_unknown(&repository.name, digest));
    }
    if let Some(tag) = tag {
        if repository.tag_mutability == "IMMUTABLE" && repository.image_tags.contains_key(&tag) {
            return Err(Fault::tag_immutable(&tag, &repository.name));
        }
        repository.image_tags.insert(tag, image.digest.clone());
    }
    repository.images.entry(image.digest.clone()).or_insert(image);
    Ok(())
}

/// A tag as the distribution specification defines it.
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut bytes = text.bytes();
    text.len() <= 128
        && bytes.next().is_some_and(word)
        && bytes.all(|byte| word(byte) || b".-".contains(&byte))
}

fn media_type(headers: &HeaderMap, bytes: &[u8]) -> Result<String, Fault> {
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(Fault::manifest_invalid)?;
    let header = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match (header, envelope.media_type) {
        (Some(header), Some(inside)) if header != inside => {
            Err(Fault::manifest_invalid(format!("its mediaType is {inside}, but it was sent as {header}")))
        }
        (Some(header), _) => Ok(header.to_owned()),
        (None, Some(inside)) => Ok(inside),
        (None, None) => Err(Fault::manifest_invalid("it has no media type")),
    }
}

fn contents(media_type: &str, bytes: &[u8]) -> Result<Contents, Fault> {
    if IMAGE_TYPES.contains(&media_type) {
        let manifest = ImageManifest::from_reader(bytes).map_err(Fault::manifest_invalid)?;
        let parts = || std::iter::once(manifest.config()).chain(manifest.layers());
        return Ok(Contents {
            blobs: parts().map(|part| part.digest().to_string()).collect(),
            manifests: Vec::new(),
            size: parts().fold(0, |size, part| size.saturating_add(part.size())),
            artifact_media_type: Some(manifest.config().media_type().to_string()),
        });
    }
    if INDEX_TYPES.contains(&media_type) {
        let index = ImageIndex::from_reader(bytes).map_err(Fault::manifest_invalid)?;
        return Ok(Contents {
            blobs: Vec::new(),
            manifests: index.manifests().iter().map(|part| part.digest().to_string()).collect(),
            size: bytes.len() as u64,
            artifact_media_type: None,
        });
    }
    Err(Fault::manifest_invalid(format!("the media type {media_type} is not supported")))
}
