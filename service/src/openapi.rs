//! `GET /openapi.json`: the OpenAPI 3.1 document of all versions.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use utoipa::openapi::{OpenApi, Server};

use crate::path_prefix::PublicPath;

/// The document as it is served: with the prefix under which its client reaches the API, if there is one.
#[derive(Serialize)]
struct Served<'a> {
    #[serde(flatten)]
    document: &'a OpenApi,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<[Server; 1]>,
}

/// The route of the document. It is put together once, here; only `servers` depends on the request.
pub fn router<S: Clone + Send + Sync + 'static>(document: OpenApi) -> Router<S> {
    let document = Arc::new(document);
    Router::new()
        .route("/openapi.json", get(move |Extension(public)| async move { serve(&document, public) }))
}

fn serve(document: &OpenApi, public: PublicPath) -> Response {
    let servers = (!public.prefix.is_empty()).then(|| [Server::new(public.prefix)]);
    Json(Served { document, servers }).into_response()
}
