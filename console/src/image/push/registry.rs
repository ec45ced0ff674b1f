use std::time::Duration;

use futures_util::TryStreamExt;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode, Url};
use tokio::sync::watch;
use tokio_util::io::ReaderStream;

use super::super::{Blob, Image, PushProblem, Registry};
use super::answer::{explained, unreachable};
use crate::domain::{Digest, Problem, one_line};

/// How long a question to the registry may take; an upload has no such limit, only one for standing still.
const QUESTION: Duration = Duration::from_secs(30);

/// How much of a blob is handed to the connection at a time, and so how fine the progress is.
const CHUNK: usize = 64 * 1024;

/// What a tag may hold: without the indexes in the list a registry would answer 404 for a tag that holds one.
const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.index.v1+json";

/// One repository of a registry, as OCI distribution sees it.
pub(super) struct Repository<'a> {
    http: &'a Client,
    registry: &'a Registry,
    name: &'a str,
}

impl<'a> Repository<'a> {
    pub(super) fn new(http: &'a Client, registry: &'a Registry, name: &'a str) -> Repository<'a> {
        Repository { http, registry, name }
    }

    /// What a tag holds.
    pub(super) async fn tagged(&self, tag: &str) -> Result<Option<Digest>, PushProblem> {
        let url = self.url(&format!("manifests/{tag}"));
        let answer =
            self.ask(self.request(Method::HEAD, &url).header(ACCEPT, MANIFESTS).timeout(QUESTION)).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::OK => {}
            _ => return Err(self.explain("the registry does not tell what the tag holds", answer).await),
        }
        if let Some(digest) = digest_of(&answer) {
            return Ok(Some(digest));
        }
        // The header is optional in the standard; the bytes themselves are not.
        let answer =
            self.ask(self.request(Method::GET, &url).header(ACCEPT, MANIFESTS).timeout(QUESTION)).await?;
        if answer.status() != StatusCode::OK {
            return Err(self.explain("the registry does not show what the tag holds", answer).await);
        }
        let bytes = answer.bytes().await.map_err(|error| unreachable(&self.registry.url, error))?;
        Ok(Some(Digest::of(&bytes)))
    }

    /// Whether a blob is there.
    pub(super) async fn has(&self, digest: &Digest) -> Result<bool, PushProblem> {
        let url = self.url(&format!("blobs/{digest}"));
        let answer = self.ask(self.request(Method::HEAD, &url).timeout(QUESTION)).await?;
        match answer.status() {
            // A redirect points at where the blob lies.
            status if status == StatusCode::OK || status.is_redirection() => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.explain("the registry does not tell what it has", answer).await),
        }
    }

    /// Sends a blob in one piece, adding to `sent` as it goes.
    pub(super) async fn upload(&self, blob: &Blob, sent: watch::Sender<u64>) -> Result<(), PushProblem> {
        let url = self.url("blobs/uploads/");
        let begin = self.request(Method::POST, &url).header(CONTENT_LENGTH, 0).timeout(QUESTION);
        let answer = self.ask(begin).await?;
        if answer.status() != StatusCode::ACCEPTED {
            return Err(self.explain("the registry takes no upload", answer).await);
        }
        let mut place = answer
            .headers()
            .get(LOCATION)
            .and_then(|place| place.to_str().ok())
            .and_then(|place| url.join(place).ok())
            .ok_or_else(|| Problem::new("the registry names no place for the upload"))?;
        place.query_pairs_mut().append_pair("digest", &blob.digest.0);
        let content = blob.read().await.map_err(|error| {
            Problem::new("a layer of the image is no longer there")
                .because(error)
                .fix("something cleans the temporary folder up: deploy again, or set TMPDIR to another one")
        })?;
        let pieces = ReaderStream::with_capacity(content, CHUNK)
            .inspect_ok(move |piece| sent.send_modify(|total| *total += piece.len() as u64));
        let put = self
            .request(Method::PUT, &place)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, blob.size)
            .body(Body::wrap_stream(pieces));
        let answer = self.ask(put).await?;
        if answer.status() != StatusCode::CREATED {
            return Err(self.explain("the registry refuses a layer", answer).await);
        }
        Ok(())
    }

    /// Puts the manifest under its tag, and has the registry say what it then holds.
    pub(super) async fn name(&self, tag: &str, image: &Image) -> Result<(), PushProblem> {
        let put = self
            .request(Method::PUT, &self.url(&format!("manifests/{tag}")))
            .header(CONTENT_TYPE, &image.media_type)
            .body(image.manifest.clone())
            .timeout(QUESTION);
        let answer = self.ask(put).await?;
        if answer.status() != StatusCode::CREATED {
            return Err(self.explain("the registry refuses the manifest", answer).await);
        }
        let held = match digest_of(&answer) {
            Some(digest) => Some(digest),
            None => self.tagged(tag).await?,
        };
        if held.as_ref() == Some(&image.digest) {
            return Ok(());
        }
        let held = held.map_or_else(|| "nothing".to_owned(), |digest| digest.0);
        Err(Problem::new("the registry holds another image than the one that was pushed")
            .because(format!("under the tag {tag} it holds {held}, and {} was pushed", image.digest))
            .fix(
                "something between here and the registry changes what is sent: deploy again, without a proxy",
            )
            .into())
    }

    /// A URL below this repository.
    fn url(&self, path: &str) -> Url {
        let mut url = self.registry.url.clone();
        url.set_path(&format!("/v2/{}/{path}", self.name));
        url
    }

    /// A request with our name and password, if it goes to the registry itself and nowhere else.
    fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let request = self.http.request(method, url.clone());
        if url.origin() == self.registry.url.origin() {
            request.basic_auth(&self.registry.username, Some(self.registry.password.expose()))
        } else {
            request
        }
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response, PushProblem> {
        Ok(request.send().await.map_err(|error| unreachable(&self.registry.url, error))?)
    }

    async fn explain(&self, what: &str, answer: Response) -> PushProblem {
        explained(what, self.name, answer).await
    }
}

/// The digest that an answer names, if it is one.
fn digest_of(answer: &Response) -> Option<Digest> {
    let text = answer.headers().get("docker-content-digest")?.to_str().ok()?;
    text.starts_with("sha256:").then(|| Digest(one_line(text, 71)))
}
