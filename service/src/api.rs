//! The versions of the API, each with all its routes and their OpenAPI notes.

use std::sync::Arc;

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::settings::Settings;

pub mod v0;

#[derive(OpenApi)]
#[openapi(info(
    title = "API service",
    description = "An axum service on AWS Lambda behind API Gateway, operated with Callboard.",
    license(name = "MIT", identifier = "MIT"),
))]
struct Document;

/// All versions under `/api`. Each line adds one; without its line a version is gone, routes and document.
pub fn router() -> OpenApiRouter<Arc<Settings>> {
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v0", v0::router()) // version 0
}
