//! Version 0 of the API.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::settings::Settings;

pub mod items;
pub mod users;

/// The routes of this version, relative to where it is mounted.
pub fn router() -> OpenApiRouter<Arc<Settings>> {
    OpenApiRouter::new()
        .routes(routes!(greet))
        .nest("/items", items::router())
        .nest("/users", users::router())
}

/// An answer that is one sentence.
#[derive(Serialize, ToSchema)]
pub struct Message {
    /// The sentence.
    message: &'static str,
}

/// Which environment answers, and what it was given.
#[derive(Serialize, ToSchema)]
struct Greeting {
    /// Name of the environment: `stage`, `prod`; `dev` when it has none.
    #[serde(rename = "ENV")]
    env: String,
    /// Always `Hello World!`.
    message: &'static str,
    /// The sample setting `SOME_ENV`; empty when it is not set.
    #[serde(rename = "SOME_ENV")]
    some_env: String,
    /// The sample setting `OTHER_ENV`; empty when it is not set.
    #[serde(rename = "OTHER_ENV")]
    other_env: String,
}

/// Greet from this environment
#[utoipa::path(
    get,
    path = "/",
    operation_id = "greet_v0",
    tag = "Root",
    responses((status = OK, description = "The greeting", body = Greeting)),
)]
async fn greet(State(settings): State<Arc<Settings>>) -> Json<Greeting> {
    Json(Greeting {
        env: settings.env.clone().unwrap_or_else(|| "dev".to_owned()),
        message: "Hello World!",
        some_env: settings.some_env.clone(),
        other_env: settings.other_env.clone(),
    })
}
