use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::Value;

use super::ask::{Answer, Asked, Asker};
use super::openapi::{self, Route};
use super::{Fault, Limits, diagnosis, verdict};
use crate::domain::{Check, CheckKind, Report, StageName, one_line};

/// The path whose answer says under which ENV the service runs.
const GREETING: &str = "/api/v0";

/// Runs the smoke checks of a stage: its OpenAPI document, each GET in it that needs no parameter, and that `/api/v0` says
/// ENV=STAGE where the document has that path.
///
/// `base_url` ends in the stage: `http://127.0.0.1:4567/stage`.
pub async fn smoke(http: &Client, stage: StageName, base_url: &str) -> Report {
    smoke_within(http, stage, base_url, Limits::default()).await
}

/// [`smoke`] with limits of its own.
pub async fn smoke_within(http: &Client, stage: StageName, base_url: &str, limits: Limits) -> Report {
    let at = Timestamp::now();
    let asker = Asker::new(http, base_url, limits);
    let (routes, document) = document(&asker, stage, CheckKind::Smoke).await;
    let mut checks = vec![document];
    let mut answers = stream::iter(routes)
        .map(async |route| (asker.ask(Method::GET, &route.path, &[]).await, route))
        .buffered(asker.at_once());
    while let Some((asked, route)) = answers.next().await {
        let name = format!("GET {}", one_line(&route.path, 100));
        let judged = judge(&asked, &route, stage);
        let greets = route.path == GREETING && judged.is_ok();
        checks.push(check(CheckKind::Smoke, name.clone(), &asked, judged));
        if greets {
            let judged = environment(&asked, stage);
            checks.push(check(CheckKind::Smoke, format!("{name} says ENV={stage}"), &asked, judged));
        }
    }
    Report { stage, kind: CheckKind::Smoke, at, checks }
}

/// Fetches the OpenAPI document: the routes to ask, and the check of the document itself.
pub(super) async fn document(asker: &Asker<'_>, stage: StageName, kind: CheckKind) -> (Vec<Route>, Check) {
    let asked = asker.ask(Method::GET, openapi::PATH, &[]).await;
    let routes = success(&asked, stage).and_then(|answer| {
        if answer.cut {
            return Err(Fault::new("the OpenAPI document is larger than 1 MiB", "make it smaller"));
        }
        answer.json().as_ref().and_then(openapi::routes).ok_or_else(|| {
            Fault::new(
                "what lies at /openapi.json is no OpenAPI 3 document",
                "let the service answer /openapi.json with its document: the checks are derived from it",
            )
        })
    });
    let (routes, judged) = match routes {
        Ok(routes) => (routes, Ok(())),
        Err(fault) => (Vec::new(), Err(fault)),
    };
    (routes, check(kind, format!("GET {}", openapi::PATH), &asked, judged))
}

/// The check that a request makes.
pub(super) fn check(kind: CheckKind, name: String, asked: &Asked, judged: Result<(), Fault>) -> Check {
    let (got, took, request_id) = (asked.got(), asked.took, asked.request_id());
    Check { kind, name, got, took, verdict: verdict(judged), request_id }
}

/// The answer, if there is one and it is a success.
fn success(asked: &Asked, stage: StageName) -> Result<&Answer, Fault> {
    let answer = asked.outcome.as_ref().map_err(diagnosis::unanswered)?;
    diagnosis::no_success(answer, stage).map_or(Ok(answer), Err)
}

/// A success, and JSON where the document says so.
fn judge(asked: &Asked, route: &Route, stage: StageName) -> Result<(), Fault> {
    let answer = success(asked, stage)?;
    if !route.declares_json(answer.status) {
        return Ok(());
    }
    match answer.media_type() {
        Some(media_type) if openapi::is_json(&media_type) => {}
        media_type => {
            return Err(Fault::new(
                match media_type {
                    Some(media_type) => {
                        format!("it is declared as JSON and comes as {}", one_line(&media_type, 60))
                    }
                    None => "it is declared as JSON and comes without a content-type".to_owned(),
                },
                "correct the answer's content-type or the OpenAPI document",
            ));
        }
    }
    if answer.cut || answer.json().is_some() {
        return Ok(());
    }
    Err(Fault::new(
        "it says that it is JSON and is not",
        "look at the log lines of this request: the answer is mangled",
    ))
}

/// Whether the greeting comes from a function that runs as this stage.
fn environment(asked: &Asked, stage: StageName) -> Result<(), Fault> {
    let body = asked.outcome.as_ref().ok().and_then(Answer::json).unwrap_or_default();
    let Some(env) = body.get("ENV").and_then(Value::as_str) else {
        return Err(Fault::new(
            "the answer has no ENV",
            "let the greeting say the ENV that the function runs under",
        ));
    };
    if env == stage.as_str() {
        return Ok(());
    }
    let said = one_line(env, 40);
    if env == stage.other().as_str() {
        return Err(Fault::new(
            format!(
                "{stage} answers with ENV={said}: the other stage's function answers, or this one has its ENV"
            ),
            format!("deploy {stage}: it sets the stage variable `env` and ENV={stage}"),
        ));
    }
    Err(Fault::new(
        format!("it says ENV={said}: the function's ENV is missing, or was not written by a deploy"),
        format!("deploy {stage}: it sets ENV={stage}, whatever .env.{stage} says"),
    ))
}
