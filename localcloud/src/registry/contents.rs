//! What a manifest refers to.

use oci_spec::image::{ImageIndex, ImageManifest};
use serde::Deserialize;

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
pub(crate) struct Contents {
    /// Digests of its configuration and layers.
    pub(crate) blobs: Vec<String>,
    /// Digests of the manifests that an index lists.
    pub(crate) manifests: Vec<String>,
    /// Bytes of the configuration and the layers together.
    pub(crate) size: u64,
    pub(crate) artifact_media_type: Option<String>,
}

/// The manifest's media type, as it was told and as it says itself. An `Err` says what is wrong.
pub(crate) fn media_type(told: Option<&str>, bytes: &[u8]) -> Result<String, String> {
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    match (told, envelope.media_type) {
        (Some(told), Some(inside)) if told != inside => {
            Err(format!("its mediaType is {inside}, but it was sent as {told}"))
        }
        (Some(told), _) => Ok(told.to_owned()),
        (None, Some(inside)) => Ok(inside),
        (None, None) => Err("it has no media type".to_owned()),
    }
}

/// What a manifest of that media type refers to. An `Err` says what is wrong.
pub(crate) fn contents(media_type: &str, bytes: &[u8]) -> Result<Contents, String> {
    if IMAGE_TYPES.contains(&media_type) {
        let manifest = ImageManifest::from_reader(bytes).map_err(|error| error.to_string())?;
        let parts = || std::iter::once(manifest.config()).chain(manifest.layers());
        return Ok(Contents {
            blobs: parts().map(|part| part.digest().to_string()).collect(),
            manifests: Vec::new(),
            size: parts().fold(0, |size, part| size.saturating_add(part.size())),
            artifact_media_type: Some(manifest.config().media_type().to_string()),
        });
    }
    if INDEX_TYPES.contains(&media_type) {
        let index = ImageIndex::from_reader(bytes).map_err(|error| error.to_string())?;
        return Ok(Contents {
            blobs: Vec::new(),
            manifests: index.manifests().iter().map(|part| part.digest().to_string()).collect(),
            size: bytes.len() as u64,
            artifact_media_type: None,
        });
    }
    Err(format!("the media type {media_type} is not supported"))
}

/// A tag as the distribution specification defines it.
pub(crate) fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut bytes = text.bytes();
    text.len() <= 128
        && bytes.next().is_some_and(word)
        && bytes.all(|byte| word(byte) || b".-".contains(&byte))
}
