//! Errors as JSON: `{"detail": "…"}`, whatever went wrong.

use std::any::Any;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The body of every error.
#[derive(Serialize)]
struct Problem {
    detail: &'static str,
}

/// 404: no route has this path.
pub async fn not_found() -> Response {
    answer(StatusCode::NOT_FOUND, "Not Found")
}

/// 405: the path is known, but not with this method; axum adds the `Allow` header.
pub async fn method_not_allowed() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

/// 500: a handler panicked. What it said is in the log (see [`crate::request_log::install`]), not in the answer.
pub fn panicked(_said: Box<dyn Any + Send + 'static>) -> Response {
    internal()
}

/// 500: an answer could not be made.
pub(crate) fn internal() -> Response {
    answer(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn answer(status: StatusCode, detail: &'static str) -> Response {
    (status, Json(Problem { detail })).into_response()
}
