//! `GET /docs`: Swagger UI over the OpenAPI document. Its files are in the binary: nothing comes from a CDN.
//!
//! Every address in the page is relative to the page, so it works under any prefix, with and without a trailing
//! slash. Only text is served: API Gateway would hand a binary file (an icon, say) to the browser as base64 unless
//! the API were set up with `binaryMediaTypes`, so the page brings an empty icon of its own.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Extension, Router,
    body::Bytes,
    http::header,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use tracing::error;
use utoipa_swagger_ui::Config;

use crate::{error, path_prefix::PublicPath};

const STYLE: &str = "swagger-ui.css";
const SCRIPT: &str = "swagger-ui-bundle.js";

/// The page and the two files that it loads.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(page))
        .route("/docs/swagger-ui.css", get(|| file(STYLE)))
        .route("/docs/swagger-ui-bundle.js", get(|| file(SCRIPT)))
}

async fn page(Extension(public): Extension<PublicPath>) -> Html<String> {
    // From `…/docs` the files are in the folder `docs/`; from `…/docs/` they are beside the page.
    let (files, root) = if public.trailing_slash { ("", "../") } else { ("docs/", "") };
    Html(format!(
        r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API service – Swagger UI</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{files}{STYLE}">
<link rel="alternate" type="application/json" href="{root}openapi.json" id="openapi">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{files}{SCRIPT}"></script>
<script>
SwaggerUIBundle({{
  url: document.getElementById("openapi").href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: "none",
}});
</script>
</body>
</html>
"##
    ))
}

async fn file(name: &'static str) -> Response {
    match utoipa_swagger_ui::serve(name, Arc::new(Config::default())) {
        Ok(Some(file)) => {
            let bytes = match file.bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let headers = [
                (header::CONTENT_TYPE, file.content_type),
                (header::CACHE_CONTROL, "max-age=86400".to_owned()),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => {
            error!(file = name, "this build of Swagger UI lacks a file");
            error::internal()
        }
        Err(problem) => {
            error!(file = name, "Swagger UI cannot serve a file: {problem}");
            error::internal()
        }
    }
}
