//! The API service: one axum [`Router`] that runs under AWS Lambda behind an API Gateway REST API, and on a local port.
//!
//! - [`api`] holds the versions of the API; a version comes or goes with one line there.
//! - [`openapi`] serves the OpenAPI 3.1 document, [`docs`] the Swagger UI over it, without a CDN.
//! - [`path_prefix`] gives the router the clean path and remembers the prefix (`/stage`) under which the client sees it.
//! - [`settings`] lists every environment variable that the service reads.
//! - [`request_log`] writes one JSON line for each request.

pub mod api;
pub mod cors;
pub mod docs;
pub mod error;
pub mod openapi;
pub mod path_prefix;
pub mod request_log;
pub mod settings;

use std::sync::Arc;

use axum::{Router, middleware};
use tower::{Layer, util::MapRequestLayer};
use tower_http::catch_panic::CatchPanicLayer;

use crate::settings::Settings;

/// The whole service, ready for `lambda_http::run` or `axum::serve`.
pub fn app(settings: Settings) -> Router {
    let cors = settings.cors.clone();
    let (api, document) = api::router().split_for_parts();
    let routes = Router::new()
        .merge(api)
        .merge(openapi::router(document))
        .merge(docs::router())
        .with_state(Arc::new(settings));
    wrap(routes, &cors)
}

/// Puts around `routes` what every request goes through, from the outside in: the clean path, the log line, CORS,
/// and a panic turned into a 500. Unknown paths and methods are answered with JSON here too.
pub fn wrap(routes: Router, cors: &cors::Policy) -> Router {
    let routed = routes
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(cors.layer())
        .layer(middleware::from_fn_with_state(request_log::Warmth::default(), request_log::log));
    // The path has to be clean before a route is chosen for it, and a router's own layers run after that choice:
    // so the router is wrapped, and the wrapping is made a router again.
    Router::new().fallback_service(MapRequestLayer::new(path_prefix::enter).layer(routed))
}
