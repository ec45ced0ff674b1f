//! Users.

use std::sync::Arc;

use axum::Json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Message;
use crate::settings::Settings;

/// The routes of users, relative to where they are mounted.
pub(super) fn router() -> OpenApiRouter<Arc<Settings>> {
    OpenApiRouter::new().routes(routes!(all))
}

/// Get all users
#[utoipa::path(
    get,
    path = "/",
    operation_id = "get_users_v0",
    tag = "Users",
    responses((status = OK, description = "All users", body = Message)),
)]
async fn all() -> Json<Message> {
    Json(Message { message: "Get all users" })
}
