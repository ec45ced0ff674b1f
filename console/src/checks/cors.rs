use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use reqwest::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HeaderValue,
    ORIGIN as ORIGIN_HEADER,
};
use reqwest::{Client, Method};

use super::ask::{Answer, Asked, Asker};
use super::smoke::{check, document};
use super::{Fault, Limits, diagnosis, fetch};
use crate::domain::{CheckKind, Report, StageName, Verdict, one_line};

/// The origin of the page that the checks play: one that no service can have on its list by accident.
pub const ORIGIN: &str = "https://callboard.test";

/// Runs the CORS checks of a stage: for each GET of its OpenAPI document that needs no parameter, the preflight and the true
/// request of a page on [`ORIGIN`], judged as a browser judges them.
///
/// `base_url` ends in the stage: `http://127.0.0.1:4567/stage`.
pub async fn cors(http: &Client, stage: StageName, base_url: &str) -> Report {
    cors_within(http, stage, base_url, Limits::default()).await
}

/// [`cors`] with limits of its own.
pub async fn cors_within(http: &Client, stage: StageName, base_url: &str, limits: Limits) -> Report {
    let at = Timestamp::now();
    let asker = Asker::new(http, base_url, limits);
    let (routes, document) = document(&asker, stage, CheckKind::Cors).await;
    // A document that is there is smoke's business; one that is not leaves nothing else to say.
    let mut checks = if document.verdict == Verdict::Passed { Vec::new() } else { vec![document] };
    let mut answers = stream::iter(routes)
        .map(async |route| {
            let (preflight, actual) =
                tokio::join!(preflight(&asker, &route.path), actual(&asker, &route.path));
            (route, preflight, actual)
        })
        .buffered(asker.at_once().div_ceil(2));
    while let Some((route, preflight, actual)) = answers.next().await {
        let path = one_line(&route.path, 100);
        let judged = judge(&preflight, stage, |answer| {
            fetch::preflight(answer, ORIGIN, &Method::GET, CONTENT_TYPE.as_str())
        });
        checks.push(check(CheckKind::Cors, format!("OPTIONS {path} (preflight)"), &preflight, judged));
        let judged = judge(&actual, stage, |answer| fetch::allows_origin(&answer.headers, ORIGIN));
        checks.push(check(CheckKind::Cors, format!("GET {path} from another origin"), &actual, judged));
    }
    Report { stage, kind: CheckKind::Cors, at, checks }
}

/// The question that a browser asks before a GET with a `content-type` that is not of the harmless three.
async fn preflight(asker: &Asker<'_>, path: &str) -> Asked {
    let headers = [
        (ORIGIN_HEADER, HeaderValue::from_static(ORIGIN)),
        (ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("GET")),
        (ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("content-type")),
    ];
    asker.ask(Method::OPTIONS, path, &headers).await
}

/// The request itself.
async fn actual(asker: &Asker<'_>, path: &str) -> Asked {
    let headers = [
        (ORIGIN_HEADER, HeaderValue::from_static(ORIGIN)),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ];
    asker.ask(Method::GET, path, &headers).await
}

/// Judges an answer; where the browser refuses because the gateway answered in the service's place, that is the cause.
fn judge(asked: &Asked, stage: StageName, rule: impl Fn(&Answer) -> Result<(), Fault>) -> Result<(), Fault> {
    let answer = asked.outcome.as_ref().map_err(diagnosis::unanswered)?;
    rule(answer).map_err(|refused| match diagnosis::gateway(answer, stage) {
        Some(gateway) => Fault::new(
            format!(
                "the gateway's own error ({}) has no CORS headers, so a browser hides it: {}",
                answer.status.as_u16(),
                gateway.cause
            ),
            gateway.fix,
        ),
        None => refused,
    })
}
