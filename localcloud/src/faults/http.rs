//! The rules and the log for other processes: `GET`, `PUT` and `DELETE` of [`PATH`].

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;

use super::{Faults, PATH, Report, Rule};

pub(crate) fn routes(faults: Faults) -> Router {
    Router::new().route(PATH, get(report).put(set).delete(clear)).with_state(faults)
}

async fn report(State(faults): State<Faults>) -> Json<Report> {
    Json(faults.report())
}

async fn set(State(faults): State<Faults>, body: Bytes) -> Response {
    let rules: Vec<Rule> = match serde_json::from_slice(&body) {
        Ok(rules) => rules,
        Err(error) => return refused(&error.to_string()),
    };
    match faults.set(rules) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&error.to_string()),
    }
}

fn refused(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("This is not a list of rules: {why}\n")).into_response()
}

async fn clear(State(faults): State<Faults>) -> StatusCode {
    faults.clear();
    StatusCode::NO_CONTENT
}
