//! Which image a URI means: repository and digest, resolved once when the function is made or its code is changed.

use super::invalid;
use crate::account;
use crate::wire::fault::Fault;
use crate::world::State;

/// What Lambda takes; an index of several images it does not [FACTS §3].
const MANIFESTS: [&str; 2] =
    ["application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"];

pub(super) struct Resolved {
    pub(super) repository: String,
    pub(super) digest: String,
}

/// `HOST/NAME:TAG` or `HOST/NAME@sha256:…`, the host being any loopback port or the account's ECR.
pub(super) fn resolve(state: &State, uri: &str) -> Result<Resolved, Fault> {
    let not_valid = || invalid(format!("Source image {uri} is not valid. Provide a valid source image."));
    let (host, rest) = uri.split_once('/').ok_or_else(not_valid)?;
    if !is_registry(host) {
        return Err(not_valid());
    }
    let (name, reference) = match rest.split_once('@') {
        Some((name, digest)) => (name.split(':').next().unwrap_or(name), Reference::Digest(digest)),
        None => match rest.split_once(':') {
            Some((name, tag)) => (name, Reference::Tag(tag)),
            None => (rest, Reference::Tag("latest")),
        },
    };
    let missing = || invalid(format!("Source image {uri} does not exist. Provide a valid source image."));
    let repository = state.repositories.get(name).ok_or_else(missing)?;
    let digest = match reference {
        Reference::Digest(digest) => digest,
        Reference::Tag(tag) => repository.image_tags.get(tag).ok_or_else(missing)?,
    };
    let image = repository.images.get(digest).ok_or_else(missing)?;
    if !MANIFESTS.contains(&image.media_type.as_str()) {
        return Err(invalid(format!(
            "The image manifest, config or layer media type for the source image {uri} is not supported."
        )));
    }
    Ok(Resolved { repository: name.to_owned(), digest: image.digest.clone() })
}

enum Reference<'a> {
    Tag(&'a str),
    Digest(&'a str),
}

/// The port does not matter: a local cloud that came back on another one still has the image.
fn is_registry(host: &str) -> bool {
    let ecr = format!("{}.dkr.ecr.{}.amazonaws.com", account::ACCOUNT_ID, account::REGION);
    let loopback = host.rsplit_once(':').is_some_and(|(name, port)| {
        ["127.0.0.1", "localhost", "[::1]"].contains(&name) && port.parse::<u16>().is_ok()
    });
    loopback || host == ecr
}
