//! The registry's errors, as the OCI distribution specification shapes them and ECR words them.

use std::borrow::Cow;
use std::fmt::Display;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::account::{self, ACCOUNT_ID};
use crate::faults::Instead;
use crate::store::StoreError;

/// An error of the registry.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: [Error<'a>; 1],
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
}

impl Fault {
    fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: String) -> Fault {
        Fault { status, code: code.into(), message }
    }

    /// One that is set on purpose.
    pub(super) fn on_purpose(instead: Instead) -> Fault {
        match instead {
            Instead::Error { status, code, message } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Fault::new(status, code, message)
            }
            Instead::Throttle => {
                let message = "Rate exceeded".to_owned();
                Fault::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", message)
            }
            Instead::Deny => {
                Fault::denied(format!("User: {} is not authorized to perform this", account::user_arn()))
            }
            // ECR's own sentence.
            Instead::Expired => Fault::denied(
                "Your authorization token has expired. Reauthenticate and try again.".to_owned(),
            ),
        }
    }

    pub(super) fn too_many_uploads(most: usize) -> Fault {
        let message = format!(
            "{most} uploads are under way: finish them, or try again once they are forgotten after an hour"
        );
        Fault::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", message)
    }

    pub(super) fn unauthorized() -> Fault {
        Fault::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "Not Authorized: log in as AWS with a token of ecr get-authorization-token".to_owned(),
        )
    }

    /// The holder of the token may not do this, in IAM's words.
    pub(super) fn denied(message: String) -> Fault {
        Fault::new(StatusCode::FORBIDDEN, "DENIED", message)
    }

    pub(super) fn unsupported(method: &Method, path: &str) -> Fault {
        let message = format!("the local registry does not offer {method} {path}");
        Fault::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
    }

    pub(super) fn name_unknown(name: &str) -> Fault {
        let message = format!(
            "The repository with name '{name}' does not exist in the registry with id '{ACCOUNT_ID}'"
        );
        Fault::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message)
    }

    pub(super) fn blob_unknown(digest: &str) -> Fault {
        let message = format!("The layer '{digest}' does not exist in the repository");
        Fault::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", message)
    }

    pub(super) fn manifest_unknown() -> Fault {
        Fault::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "Requested image not found".to_owned())
    }

    pub(super) fn manifest_blob_unknown(name: &str, digest: &str) -> Fault {
        let message = format!(
            "The manifest refers to '{digest}', which does not exist in the repository with name '{name}'"
        );
        Fault::new(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", message)
    }

    pub(super) fn manifest_invalid(reason: impl Display) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", format!("manifest invalid: {reason}"))
    }

    pub(super) fn tag_immutable(tag: &str, name: &str) -> Fault {
        let message = format!(
            "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the \
             repository is immutable."
        );
        Fault::new(StatusCode::BAD_REQUEST, "TAG_INVALID", message)
    }

    pub(super) fn tag_malformed(tag: &str) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "TAG_INVALID", format!("'{tag}' is not a valid image tag"))
    }

    pub(super) fn digest_invalid(reason: impl Display) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", reason.to_string())
    }

    pub(super) fn upload_unknown(upload: &str) -> Fault {
        let message = format!("There is no upload '{upload}', or it was cut");
        Fault::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", message)
    }

    pub(super) fn upload_invalid(reason: impl Display) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", reason.to_string())
    }

    pub(super) fn too_large(what: &str, limit: u64) -> Fault {
        let message = format!("{what} has more than {limit} bytes");
        Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", message)
    }

    pub(super) fn internal(error: impl Display) -> Fault {
        tracing::error!("the local registry: {error}");
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", error.to_string())
    }

    pub(super) fn into_response(self) -> Response {
        let errors = Errors { errors: [Error { code: &self.code, message: &self.message }] };
        // Two strings always serialise.
        let body = serde_json::to_vec(&errors).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge =
                HeaderValue::from_static(r#"Basic realm="local cloud",service="ecr.amazonaws.com""#);
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::internal(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        Fault::internal(error)
    }
}

impl From<tokio::task::JoinError> for Fault {
    fn from(error: tokio::task::JoinError) -> Fault {
        Fault::internal(error)
    }
}
