//! Items.

use std::sync::Arc;

use axum::Json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Message;
use crate::settings::Settings;

/// The routes of items, relative to where they are mounted.
pub(super) fn router() -> OpenApiRouter<Arc<Settings>> {
    OpenApiRouter::new().routes(routes!(all))
}

/// Get all items
#[utoipa::path(
    get,
    path = "/",
    operation_id = "get_items_v0",
    tag = "Items",
    responses((status = OK, description = "All items", body = Message)),
)]
async fn all() -> Json<Message> {
    Json(Message { message: "Get all items" })
}
