//! OCI distribution v2, standing in for ECR: what `docker push`, `skopeo` and Callboard's own builder talk to.
//!
//! ECR's deviations from the specification are kept, because a client that trips over them here trips over them on
//! AWS: an upload's `PATCH` is answered with 201 and everything after its first chunk is dropped, a manifest's `PUT`
//! has no `Location`, a repository must have been created through the API of ECR, and a tag of an immutable
//! repository cannot even be set to what it is.

mod content;
mod contents;
mod fault;
mod manifests;
mod needs;
mod tokens;
mod uploads;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio_util::sync::CancellationToken;

use crate::access::{Access, Caller};
use crate::blobs::Blobs;
use crate::faults::{Cut, Faults};
use crate::world::World;
pub(crate) use contents::{contents, is_tag, media_type};
use fault::Fault;
pub use tokens::Tokens;
use uploads::Uploads;

/// More than the buffers of a connection hold, bytes.
const SENT_AT_ONCE: usize = 16 * 1024 * 1024;

#[derive(Clone)]
struct Registry {
    world: Arc<World>,
    blobs: Blobs,
    tokens: Tokens,
    uploads: Arc<Uploads>,
    faults: Faults,
    access: Access,
}

/// What its operations are called where faults are set.
pub(crate) const OPERATIONS: [&str; 11] = [
    "Ping",
    "HeadManifest",
    "GetManifest",
    "PutManifest",
    "HeadBlob",
    "GetBlob",
    "StartUpload",
    "PatchUpload",
    "PutUpload",
    "GetUpload",
    "ListTags",
];

/// The registry by itself, all of its paths below `/v2/`.
pub fn router(world: Arc<World>, blobs: Blobs, tokens: Tokens) -> axum::Router {
    let access = Access::new(Arc::clone(&world));
    with_faults(world, blobs, tokens, Faults::new(CancellationToken::new()), access)
}

/// [`router`] as part of an account, where its calls may meet faults.
pub(crate) fn with_faults(
    world: Arc<World>,
    blobs: Blobs,
    tokens: Tokens,
    faults: Faults,
    access: Access,
) -> axum::Router {
    let registry = Registry { world, blobs, tokens, uploads: Arc::default(), faults, access };
    axum::Router::new()
        .route("/v2", any(serve))
        .route("/v2/", any(serve))
        .route("/v2/{*path}", any(serve))
        .with_state(registry)
}

async fn serve(State(registry): State<Registry>, request: Request) -> Response {
    let cut = Cut::of(&request);
    let target = Target::of(request.uri().path());
    let operation = target.as_ref().and_then(|target| target.operation(request.method()));
    let repository = target.and_then(|target| target.repository()).unwrap_or_default().to_owned();
    let mut response = if let Some(holder) = registry.holder(request.headers()) {
        let request = match registry.faults.are_set() {
            true => read_whole(request).await,
            false => request,
        };
        let work = async {
            match registry.admit(&holder, operation, &repository) {
                Ok(()) => registry.answer(request).await.unwrap_or_else(Fault::into_response),
                Err(denied) => denied.into_response(),
            }
        };
        match operation {
            Some(operation) => {
                let instead = |instead| Fault::on_purpose(instead).into_response();
                registry.faults.meet("registry", operation, &cut, work, instead).await
            }
            // What the registry does not offer.
            None => work.await,
        }
    } else {
        Fault::unauthorized().into_response()
    };
    response
        .headers_mut()
        .insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
    response
}

/// Takes a body in before its call meets a fault, if it is small enough to have been sent in full by then: the server
/// notices that a client has gone away only once it has read what that one sent.
async fn read_whole(request: Request) -> Request {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_none_or(|length: usize| length > SENT_AT_ONCE) {
        return request;
    }
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, SENT_AT_ONCE).await {
        Ok(bytes) => Body::from(bytes),
        // Whoever reads it next is told the same.
        Err(error) => Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(error)])),
    };
    Request::from_parts(parts, body)
}

/// What a path below `/v2/` names. A repository's name may hold slashes, so the path is read from its end.
enum Target<'a> {
    Root,
    Uploads(&'a str),
    Upload(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Manifest(&'a str, &'a str),
    Tags(&'a str),
}

impl<'a> Target<'a> {
    fn of(path: &'a str) -> Option<Target<'a>> {
        let path = path.strip_prefix("/v2")?.trim_start_matches('/');
        if path.is_empty() {
            return Some(Target::Root);
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            return Some(Target::Tags(name));
        }
        if let Some((name, upload)) = path.rsplit_once("/blobs/uploads") {
            return Some(match upload.trim_start_matches('/') {
                "" => Target::Uploads(name),
                upload => Target::Upload(name, upload),
            });
        }
        let (rest, last) = path.rsplit_once('/')?;
        if let Some(name) = rest.strip_suffix("/blobs") {
            return Some(Target::Blob(name, last));
        }
        rest.strip_suffix("/manifests").map(|name| Target::Manifest(name, last))
    }

    fn repository(&self) -> Option<&'a str> {
        match *self {
            Target::Root => None,
            Target::Uploads(name) | Target::Tags(name) => Some(name),
            Target::Upload(name, _) | Target::Blob(name, _) | Target::Manifest(name, _) => Some(name),
        }
    }

    /// One of [`OPERATIONS`].
    fn operation(&self, method: &Method) -> Option<&'static str> {
        Some(match (self, method.as_str()) {
            (Target::Root, "GET" | "HEAD") => "Ping",
            (Target::Manifest(..), "HEAD") => "HeadManifest",
            (Target::Manifest(..), "GET") => "GetManifest",
            (Target::Manifest(..), "PUT") => "PutManifest",
            (Target::Blob(..), "HEAD") => "HeadBlob",
            (Target::Blob(..), "GET") => "GetBlob",
            (Target::Uploads(..), "POST") => "StartUpload",
            (Target::Upload(..), "PATCH") => "PatchUpload",
            (Target::Upload(..), "PUT") => "PutUpload",
            (Target::Upload(..), "GET") => "GetUpload",
            (Target::Tags(..), "GET") => "ListTags",
            _ => return None,
        })
    }
}

impl Registry {
    /// Whose password the request brings.
    fn holder(&self, headers: &HeaderMap) -> Option<Caller> {
        let password = || {
            let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
            let (scheme, encoded) = value.split_once(' ')?;
            let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
            let (user, password) = pair.split_once(':')?;
            (scheme.eq_ignore_ascii_case("basic") && user == "AWS").then(|| password.to_owned())
        };
        self.tokens.holder(&password()?)
    }

    /// Lets an operation through that the holder may do. What has no name is refused later by what it is.
    fn admit(&self, holder: &Caller, operation: Option<&str>, repository: &str) -> Result<(), Fault> {
        let needs = operation.map(|operation| needs::needs(operation, repository)).unwrap_or_default();
        self.access.admit(holder, &needs).map_err(Fault::denied)
    }

    async fn answer(&self, request: Request) -> Result<Response, Fault> {
        let (parts, body) = request.into_parts();
        let method = &parts.method;
        let query = parts.uri.query().unwrap_or_default();
        let Some(target) = Target::of(parts.uri.path()) else {
            return Err(Fault::unsupported(method, parts.uri.path()));
        };
        match target {
            Target::Root if method == Method::GET || method == Method::HEAD => Ok(Response::default()),
            Target::Uploads(name) if method == Method::POST => self.start_upload(name, query, body).await,
            Target::Upload(name, upload) if method == Method::PATCH => {
                self.append_upload(name, upload, body).await
            }
            Target::Upload(name, upload) if method == Method::PUT => {
                self.finish_upload(name, upload, query, body).await
            }
            Target::Upload(name, upload) if method == Method::GET => self.upload_status(name, upload),
            Target::Blob(name, digest) if method == Method::GET => self.get_blob(name, digest, true).await,
            Target::Blob(name, digest) if method == Method::HEAD => self.get_blob(name, digest, false).await,
            Target::Manifest(name, reference) if method == Method::GET => {
                self.get_manifest(name, reference, true).await
            }
            Target::Manifest(name, reference) if method == Method::HEAD => {
                self.get_manifest(name, reference, false).await
            }
            Target::Manifest(name, reference) if method == Method::PUT => {
                self.put_manifest(name, reference, &parts.headers, body).await
            }
            Target::Tags(name) if method == Method::GET => self.list_tags(name, query),
            _ => Err(Fault::unsupported(method, parts.uri.path())),
        }
    }

    /// Fails when no repository of that name was created: pushing does not create one.
    fn require_repository(&self, name: &str) -> Result<(), Fault> {
        if self.world.snapshot().repositories.contains_key(name) {
            Ok(())
        } else {
            Err(Fault::name_unknown(name))
        }
    }
}

/// A response without a body.
fn empty(status: StatusCode, headers: &[(&'static str, &str)]) -> Result<Response, Fault> {
    with_body(status, headers, Body::empty())
}

fn with_body(status: StatusCode, headers: &[(&'static str, &str)], body: Body) -> Result<Response, Fault> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body).map_err(Fault::internal)
}

/// The first value of a query parameter.
fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
