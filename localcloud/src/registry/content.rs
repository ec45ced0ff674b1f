//! Blobs out of the registry.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use tokio_util::io::ReaderStream;

use super::{Fault, Registry, empty, with_body};

/// Bytes that are read from a blob's file at a time.
const CHUNK: usize = 64 * 1024;

impl Registry {
    pub(super) async fn get_blob(&self, name: &str, digest: &str, body: bool) -> Result<Response, Fault> {
        let state = self.world.snapshot();
        let repository = state.repositories.get(name).ok_or_else(|| Fault::name_unknown(name))?;
        // What another repository holds is not to be had here, although it is the same file.
        let path = repository.blobs.get(digest).and_then(|digest| self.blobs.path(digest));
        let path = path.ok_or_else(|| Fault::blob_unknown(digest))?;
        self.blobs.promise(digest);
        let file = tokio::fs::File::open(path).await?;
        let length = file.metadata().await?.len().to_string();
        let headers = [
            ("content-type", "application/octet-stream"),
            ("content-length", &length),
            ("docker-content-digest", digest),
        ];
        if !body {
            return empty(StatusCode::OK, &headers);
        }
        with_body(StatusCode::OK, &headers, Body::from_stream(ReaderStream::with_capacity(file, CHUNK)))
    }
}
