//! Which image a URI means: repository and digest, resolved once when the function is made or its code is changed.

use serde_json::{Value, json};

use super::invalid;
use crate::access::Need;
use crate::account;
use crate::cloud::Cloud;
use crate::wire::Call;
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

/// What Lambda must be allowed in the repository of an image.
const RETRIEVAL: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Sees to it that Lambda may fetch the image: where the repository's policy does not say so, Lambda adds the statement
/// itself, in the name of a caller who may read and set that policy, and else refuses [FACTS §3].
pub(super) fn open_to_lambda(cloud: &Cloud, call: &Call, uri: &str) -> Result<(), Fault> {
    let state = cloud.world.snapshot();
    // An image that is not there is refused where it is used.
    let Ok(Resolved { repository, .. }) = resolve(&state, uri) else { return Ok(()) };
    let policy = state.repositories.get(&repository).and_then(|repository| repository.policy.clone());
    let mut document: Value = policy
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_else(|| json!({ "Version": "2008-10-17", "Statement": [] }));
    let mut statements = match document["Statement"].take() {
        Value::Array(all) => all,
        one => vec![one],
    };
    if statements.iter().any(opens) {
        return Ok(());
    }
    let arn = account::repository_arn(&repository);
    let needs = ["ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"].map(|action| Need::new(action, &arn));
    cloud.access.admit(&call.caller, &needs).map_err(|_| {
        let message = "Lambda does not have permission to access the ECR image. Check the ECR permissions.";
        Fault::new(403, "AccessDeniedException", message)
    })?;
    let functions = account::function_arn("*");
    statements.push(json!({
        "Sid": "LambdaECRImageRetrievalPolicy",
        "Effect": "Allow",
        "Principal": { "Service": "lambda.amazonaws.com" },
        "Action": RETRIEVAL,
        "Condition": { "StringLike": { "aws:sourceArn": functions } },
    }));
    document["Statement"] = statements.into();
    cloud.world.change(|state| {
        if let Some(repository) = state.repositories.get_mut(&repository) {
            repository.policy = Some(document.to_string());
        }
        Ok(())
    })
}

/// Whether a statement lets Lambda fetch images.
fn opens(statement: &Value) -> bool {
    let lists = |value: &Value, wanted: &str| match value {
        Value::Array(all) => all.iter().any(|one| one == wanted),
        one => one == wanted,
    };
    statement["Effect"] == "Allow"
        && lists(&statement["Principal"]["Service"], "lambda.amazonaws.com")
        && RETRIEVAL.iter().all(|action| lists(&statement["Action"], action))
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
