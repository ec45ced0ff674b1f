use futures_util::StreamExt;
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;

use super::super::PushProblem;
use crate::domain::{Problem, one_line};
use crate::http::chain;

/// How much of a registry's answer is read: its errors are a few hundred bytes.
const BODY: usize = 64 * 1024;

/// The errors of an answer, as OCI distribution lays them out.
#[derive(Deserialize)]
struct Errors {
    errors: Vec<Error>,
}

#[derive(Deserialize)]
struct Error {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// A registry that could not be spoken to.
pub(super) fn unreachable(registry: &Url, error: reqwest::Error) -> Problem {
    let place = registry.origin().ascii_serialization();
    let (what, hint) = if error.is_timeout() {
        (
            "does not answer in time",
            "look at the network, and deploy again: what has arrived is not sent again",
        )
    } else if error.is_connect() {
        ("cannot be reached", "look at the network, the region and the proxy (HTTPS_PROXY), and deploy again")
    } else {
        ("broke off", "deploy again: what has arrived is not sent again")
    };
    Problem::new(format!("the registry {place} {what}"))
        // The URL of an upload may hold a signature: the error goes without it.
        .because(one_line(&chain(&error.without_url()), 300))
        .fix(hint)
}

/// An answer of the registry that was not the one that was hoped for.
pub(super) async fn explained(what: &str, repository: &str, answer: Response) -> PushProblem {
    let status = answer.status();
    let body = bounded(answer).await;
    let errors = serde_json::from_slice::<Errors>(&body).map(|body| body.errors).unwrap_or_default();
    let detail = match errors.as_slice() {
        [] => one_line(&format!("{status} {}", String::from_utf8_lossy(&body)), 300),
        errors => {
            let told: Vec<String> =
                errors.iter().map(|error| format!("{} {}", error.code, error.message)).collect();
            one_line(&format!("{status} {}", told.join("; ")), 300)
        }
    };
    let code = errors.first().map_or("", |error| error.code.as_str());
    let hint = match (code, status) {
        ("NAME_UNKNOWN", _) => format!(
            "there is no repository {:?} in this account and region: a deploy makes it; it may have been deleted meanwhile",
            one_line(repository, 100)
        ),
        ("NAME_INVALID", _) => "a repository's name is lower-case letters, digits, and . _ - / between them".to_owned(),
        ("TAG_INVALID", _) => {
            "the repository is immutable and has this tag: push under another one, never the same tag twice".to_owned()
        }
        ("MANIFEST_BLOB_UNKNOWN" | "BLOB_UPLOAD_UNKNOWN" | "LAYERS_NOT_FOUND", _) => {
            "a layer was lost on the way or cleaned up meanwhile: deploy again".to_owned()
        }
        ("TOOMANYREQUESTS", _) | (_, StatusCode::TOO_MANY_REQUESTS) => {
            "the registry is throttling: wait a minute and deploy again".to_owned()
        }
        ("UNAUTHORIZED", _) | (_, StatusCode::UNAUTHORIZED) => {
            "the registry's token is wrong or has expired (it lives for 12 hours): deploy again to get a new one".to_owned()
        }
        ("DENIED", _) | (_, StatusCode::FORBIDDEN) => {
            "the identity needs ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, \
             ecr:CompleteLayerUpload, ecr:BatchGetImage and ecr:PutImage on the repository"
                .to_owned()
        }
        (_, StatusCode::PAYLOAD_TOO_LARGE) => {
            "something before the registry limits the size of a layer: make the binary smaller (profile = \"release\")".to_owned()
        }
        (_, status) if status.is_server_error() => "the registry failed: deploy again in a minute".to_owned(),
        _ => String::new(),
    };
    let throttled = code == "TOOMANYREQUESTS" || status == StatusCode::TOO_MANY_REQUESTS;
    let denied = code == "DENIED" || status == StatusCode::FORBIDDEN;
    PushProblem { problem: Problem::new(what).because(detail).fix(hint), throttled, denied }
}

/// The first part of a body; what breaks off is what there is.
async fn bounded(answer: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        let room = BODY - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == BODY {
            break;
        }
    }
    body
}
