//! What is set, and the log, for other processes: `GET`, `PUT` and `DELETE` of [`PATH`].

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;

use super::{Faults, PATH, Report, Setting};

pub(crate) fn routes(faults: Faults) -> Router {
    Router::new().route(PATH, get(report).put(set).delete(clear)).with_state(faults)
}

async fn report(State(faults): State<Faults>) -> Json<Report> {
    Json(faults.report())
}

async fn set(State(faults): State<Faults>, body: Bytes) -> Response {
    match read(&body).and_then(|setting| faults.set_all(setting)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, format!("These are not faults: {why}\n")).into_response(),
    }
}

/// The whole document, or only the list of its rules.
fn read(body: &[u8]) -> Result<Setting, String> {
    // Which of the two is meant is seen first, so that what is wrong is said of that one.
    let setting = match body.trim_ascii_start().starts_with(b"{") {
        true => serde_json::from_slice(body),
        false => serde_json::from_slice(body).map(|rules| Setting { rules, ..Setting::default() }),
    };
    setting.map_err(|error| error.to_string())
}

async fn clear(State(faults): State<Faults>) -> Result<StatusCode, String> {
    faults.set_all(Setting::default()).map(|()| StatusCode::NO_CONTENT)
}
