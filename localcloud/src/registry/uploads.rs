//! Blobs into the registry.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use http::StatusCode;

use super::{Fault, Registry, empty, parameter};
use crate::blobs::{BlobWriter, FinishError, hex_of};

/// Bytes of the largest blob: Lambda takes images of up to 10 GB.
const MAX_BLOB: u64 = 10 * 1024 * 1024 * 1024;
/// Uploads that are open at the same time: each holds a file.
const MOST_UPLOADS: usize = 100;
/// An upload that nobody has touched for so long is forgotten.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The uploads that were started and not finished. They do not survive a restart; a client starts over.
#[derive(Default)]
pub(super) struct Uploads {
    open: Mutex<HashMap<String, Upload>>,
}

struct Upload {
    repository: String,
    writer: BlobWriter,
    patched: bool,
    touched: Instant,
}

impl Uploads {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the upload out, so that nothing is locked while its bytes come in; a cut connection ends it.
    fn take(&self, id: &str, repository: &str) -> Result<Upload, Fault> {
        let mut open = self.lock();
        match open.get(id) {
            Some(upload) if upload.repository == repository => {
                open.remove(id).ok_or_else(|| Fault::upload_unknown(id))
            }
            _ => Err(Fault::upload_unknown(id)),
        }
    }

    fn put(&self, id: String, upload: Upload) -> Result<(), Fault> {
        let mut open = self.lock();
        open.retain(|_, upload| upload.touched.elapsed() < ABANDONED);
        if open.len() >= MOST_UPLOADS {
            return Err(Fault::too_many_uploads(MOST_UPLOADS));
        }
        open.insert(id, upload);
        Ok(())
    }
}

impl Registry {
    pub(super) async fn start_upload(&self, name: &str, query: &str, body: Body) -> Result<Response, Fault> {
        self.require_repository(name)?;
        // A registry may decline an upload in a single POST by answering 202; the bytes come again with the PUT.
        drain(body).await?;
        if let (Some(digest), Some(from)) = (parameter(query, "mount"), parameter(query, "from"))
            && self.mount(name, &digest, &from).await?
        {
            return created(name, &digest);
        }
        let id = uuid::Uuid::new_v4().to_string();
        let upload = Upload {
            repository: name.to_owned(),
            writer: self.blobs.writer()?,
            patched: false,
            touched: Instant::now(),
        };
        self.uploads.put(id.clone(), upload)?;
        progress(StatusCode::ACCEPTED, name, &id, 0)
    }

    /// Whether the blob could be taken from the other repository.
    async fn mount(&self, name: &str, digest: &str, from: &str) -> Result<bool, Fault> {
        let (registry, name) = (self.clone(), name.to_owned());
        let (digest, from) = (digest.to_owned(), from.to_owned());
        tokio::task::spawn_blocking(move || {
            let _kept = registry.blobs.taking_in();
            let state = registry.world.snapshot();
            let held =
                state.repositories.get(&from).is_some_and(|repository| repository.blobs.contains(&digest));
            if !held || registry.blobs.path(&digest).is_none() {
                return Ok(false);
            }
            registry.hold_blob(&name, &digest)?;
            Ok(true)
        })
        .await?
    }

    pub(super) async fn append_upload(&self, name: &str, id: &str, body: Body) -> Result<Response, Fault> {
        let mut upload = self.uploads.take(id, name)?;
        if upload.patched {
            // ECR says 201 and loses the chunk.
            drain(body).await?;
        } else {
            receive(&mut upload.writer, body).await?;
            upload.patched = true;
        }
        upload.touched = Instant::now();
        let size = upload.writer.size();
        self.uploads.put(id.to_owned(), upload)?;
        progress(StatusCode::CREATED, name, id, size)
    }

    pub(super) async fn finish_upload(
        &self,
        name: &str,
        id: &str,
        query: &str,
        body: Body,
    ) -> Result<Response, Fault> {
        let digest = parameter(query, "digest")
            .ok_or_else(|| Fault::digest_invalid("the query parameter digest is missing"))?;
        if hex_of(&digest).is_none() {
            return Err(Fault::digest_invalid(format!("'{digest}' is not a sha256 digest")));
        }
        let mut upload = self.uploads.take(id, name)?;
        receive(&mut upload.writer, body).await?;
        let (registry, name_here, promised) = (self.clone(), name.to_owned(), digest.clone());
        tokio::task::spawn_blocking(move || {
            let _kept = registry.blobs.taking_in();
            upload.writer.finish(Some(&promised)).map_err(|error| match error {
                FinishError::Mismatch { .. } => Fault::digest_invalid(error),
                FinishError::Io(error) => Fault::internal(error),
            })?;
            registry.hold_blob(&name_here, &promised)
        })
        .await??;
        created(name, &digest)
    }

    pub(super) fn upload_status(&self, name: &str, id: &str) -> Result<Response, Fault> {
        let size = match self.uploads.lock().get(id) {
            Some(upload) if upload.repository == name => upload.writer.size(),
            _ => return Err(Fault::upload_unknown(id)),
        };
        progress(StatusCode::NO_CONTENT, name, id, size)
    }

    /// The repository has the blob from now on. [`Blobs::taking_in`](crate::blobs::Blobs::taking_in) is held.
    fn hold_blob(&self, name: &str, digest: &str) -> Result<(), Fault> {
        self.blobs.promise(digest);
        self.world.change(|state| {
            let repository = state.repositories.get_mut(name).ok_or_else(|| Fault::name_unknown(name))?;
            repository.blobs.insert(digest.to_owned());
            Ok(())
        })
    }
}

async fn receive(writer: &mut BlobWriter, body: Body) -> Result<(), Fault> {
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(Fault::upload_invalid)?;
        if writer.size() + chunk.len() as u64 > MAX_BLOB {
            return Err(Fault::too_large("the blob", MAX_BLOB));
        }
        writer.write(&chunk)?;
    }
    Ok(())
}

async fn drain(body: Body) -> Result<(), Fault> {
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        chunk.map_err(Fault::upload_invalid)?;
    }
    Ok(())
}

fn progress(status: StatusCode, name: &str, id: &str, size: u64) -> Result<Response, Fault> {
    let location = format!("/v2/{name}/blobs/uploads/{id}");
    let range = format!("0-{}", size.saturating_sub(1));
    empty(status, &[("location", &location), ("docker-upload-uuid", id), ("range", &range)])
}

fn created(name: &str, digest: &str) -> Result<Response, Fault> {
    let location = format!("/v2/{name}/blobs/{digest}");
    empty(StatusCode::CREATED, &[("location", &location), ("docker-content-digest", digest)])
}
