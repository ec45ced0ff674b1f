//! Status and pruning for other processes: `GET` and `POST` of [`PATH`].

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;

use super::{Collector, DiskError, PATH, Policy};

pub(crate) fn routes(collector: Collector) -> Router {
    Router::new().route(PATH, get(status).post(prune)).with_state(collector)
}

async fn status(State(collector): State<Collector>) -> Response {
    answer(tokio::task::spawn_blocking(move || collector.status()).await)
}

async fn prune(State(collector): State<Collector>, body: Bytes) -> Response {
    match serde_json::from_slice::<Policy>(&body) {
        Ok(policy) => answer(tokio::task::spawn_blocking(move || collector.prune(&policy)).await),
        Err(why) => (StatusCode::BAD_REQUEST, format!("This is no policy: {why}\n")).into_response(),
    }
}

fn answer<T: serde::Serialize>(done: Result<Result<T, DiskError>, tokio::task::JoinError>) -> Response {
    let refused = |why: String| (StatusCode::INTERNAL_SERVER_ERROR, why).into_response();
    match done {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(error)) => refused(error.to_string()),
        Err(error) => refused(error.to_string()),
    }
}
