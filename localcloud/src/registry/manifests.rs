//! Manifests and tags.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use super::contents::{Contents, contents, is_tag, media_type};
use super::{Fault, Registry, empty, parameter, with_body};
use crate::blobs::digest_of;
use crate::lifecycle::carry_out;
use crate::world::repositories::{Image, Repository};

/// Bytes of the largest manifest, as ECR's limit.
const MAX_MANIFEST: usize = 4 * 1024 * 1024;
/// Tags in an answer when the client does not say how many it wants, and at most.
const MAX_TAGS: usize = 1000;

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
        let told = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type(told, &bytes).map_err(Fault::manifest_invalid)?;
        let contents = contents(&media_type, &bytes).map_err(Fault::manifest_invalid)?;
        let image = Image {
            digest: digest.clone(),
            media_type,
            artifact_media_type: contents.artifact_media_type.clone(),
            size: contents.size,
            pushed_ms: jiff::Timestamp::now().as_millisecond(),
        };
        let (world, blobs, name) = (Arc::clone(&self.world), self.blobs.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || {
            let _kept = blobs.taking_in();
            blobs.write(&bytes)?;
            world.change(|state| {
                let repository =
                    state.repositories.get_mut(&name).ok_or_else(|| Fault::name_unknown(&name))?;
                tag_image(repository, &contents, image, tag)?;
                carry_out(repository, &blobs, crate::cloud::now_ms());
                Ok::<_, Fault>(())
            })?;
            blobs.redeem(contents.blobs.iter());
            Ok::<_, Fault>(())
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
