//! Would a browser on another origin be let in? Per origin, route and method, as the Fetch standard decides it.

use futures_util::StreamExt;
use futures_util::stream;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN};

use super::ask::{Answer, Asked, Question, ask};
use super::browse::{Browsed, browse};
use super::fetch::{self, Page};
use super::openapi::{Document, Operation};
use super::{Subject, diagnosis};
use crate::domain::{Check, CheckKind, Diagnosis, Fault, Verdict, one_line};

/// An origin that nobody names.
const ELSEWHERE: &str = "https://elsewhere.callboard.test";

/// One cell for each operation of the document and each origin. A GET that needs nothing is really sent; of other methods
/// only the preflight is.
pub(super) async fn run(
    subject: &Subject<'_>,
    document: &Result<Document, Fault>,
    asked: &Asked,
) -> Vec<Check> {
    let document = match document {
        Ok(document) => document,
        // One that is not there leaves nothing else to say; one that is there is smoke's business.
        Err(fault) => {
            let name = format!("GET {}", subject.rules.openapi);
            return vec![asked.check(CheckKind::Cors, name, Verdict::Failed(fault.clone()))];
        }
    };
    let wanted = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let operations: Vec<&Operation> =
        document.operations.iter().filter(|one| wanted.contains(&one.method)).collect();
    let origins = &subject.rules.origins;
    // The futures are made beforehand: a stream that makes them cannot be sent to another thread.
    let simple: Vec<_> = origins.iter().map(|origin| simple(subject, origin)).collect();
    let simple: Vec<Asked> = stream::iter(simple).buffered(subject.limits.at_once).collect().await;
    let cells =
        operations.iter().flat_map(|operation| origins.iter().zip(&simple).map(move |at| (operation, at)));
    let cells: Vec<_> =
        cells.map(|(operation, (origin, simple))| cell(subject, operation, origin, simple)).collect();
    let mut checks: Vec<Check> =
        stream::iter(cells).buffered(subject.limits.at_once.div_ceil(2)).collect().await;
    for (origin, simple) in origins.iter().zip(&simple) {
        checks.extend(by_origin(subject, origin, simple).await);
    }
    checks
}

/// A request that a browser sends without asking first.
async fn simple(subject: &Subject<'_>, origin: &str) -> Asked {
    let question = Question::get(subject.url(&subject.rules.openapi));
    ask(subject, of_page(question, origin)).await
}

fn of_page(question: Question, origin: &str) -> Question {
    match HeaderValue::from_str(origin) {
        Ok(value) => question.header(ORIGIN, value),
        Err(_) => question,
    }
}

async fn cell(subject: &Subject<'_>, operation: &Operation, origin: &str, simple: &Asked) -> Check {
    let page = Page {
        origin: origin.to_owned(),
        method: operation.method.clone(),
        headers: subject.rules.headers.iter().map(|name| (name.clone(), sample(name))).collect(),
        credentials: subject.rules.credentials,
    };
    // Only a preflight goes to a path with parameters: any value will do.
    let send = operation.plain && operation.method == Method::GET;
    let path = filled(&operation.path);
    let browsed = browse(subject, &page, subject.url(&path), send).await;
    let name = format!("{} {}", operation.method, one_line(&operation.path, 100));
    let verdict = match &browsed.verdict {
        Ok(()) => worth_a_word(&browsed, &page),
        Err(fault) => Verdict::Failed(named(subject, &browsed, fault, simple, &page)),
    };
    let mut check = match browsed.decisive() {
        Some(asked) => asked.check(CheckKind::Cors, name, verdict),
        None => simple.check(CheckKind::Cors, name, verdict),
    };
    check.got = got(&browsed);
    check.origin = Some(origin.to_owned());
    check
}

/// `/items/{id}` with something for each parameter.
fn filled(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "0".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn sample(name: &HeaderName) -> HeaderValue {
    HeaderValue::from_static(match name.as_str() {
        "authorization" => "Bearer callboard-check",
        name if name == CONTENT_TYPE.as_str() => "application/json",
        _ => "callboard-check",
    })
}

fn got(browsed: &Browsed) -> String {
    let status = |asked: &Asked| match &asked.outcome {
        Ok(answer) => answer.status.as_u16().to_string(),
        Err(_) => asked.got(),
    };
    let preflight = browsed.preflight.as_ref().map(|asked| format!("preflight {}", status(asked)));
    let actual = browsed.actual.as_ref().map(|asked| format!("{} {}", asked.question.method, status(asked)));
    preflight.into_iter().chain(actual).collect::<Vec<_>>().join(", ")
}

/// The cause's own name, where the rule that failed is but a consequence.
fn named(subject: &Subject<'_>, browsed: &Browsed, fault: &Fault, simple: &Asked, page: &Page) -> Fault {
    let Some(answer) = browsed.decisive().and_then(|asked| asked.outcome.as_ref().ok()) else {
        return fault.clone();
    };
    if let Some(own) = diagnosis::gateway(answer, subject.stage) {
        let status = answer.status.as_u16();
        let cause = format!(
            "the gateway's own error ({status}) has no CORS headers, so a browser hides it: {}",
            own.cause
        );
        return Fault::new(own.diagnosis, cause, own.fix);
    }
    let in_preflight = browsed.actual.is_none();
    let judged = |asked: &Asked| {
        asked.outcome.as_ref().is_ok_and(|answer| fetch::allows(&answer.headers, page).is_ok())
    };
    match fault.diagnosis {
        Diagnosis::CorsOriginMissing if in_preflight && judged(simple) => Fault::new(
            Diagnosis::CorsPreflightEaten,
            format!(
                "the preflight is answered with {} and no CORS headers, though other answers have them: something in front of the \
                 CORS layer answers OPTIONS",
                answer.status.as_u16()
            ),
            "let the CORS layer be the outermost one, before authentication and the router; let the gateway pass OPTIONS on",
        ),
        Diagnosis::CorsOriginMissing if in_preflight && has_layer(answer) => Fault::new(
            Diagnosis::CorsOriginRefused,
            format!("the service's CORS layer does not allow {}", page.origin),
            format!(
                "add {} to the origins that it allows (CORS_ALLOW_ORIGINS in the stage's env file), or take it out of `[cors] origins` in \
                 callboard.toml if no page there uses the service",
                page.origin
            ),
        ),
        Diagnosis::CorsOriginMissing if in_preflight => Fault::new(
            Diagnosis::CorsOff,
            "neither the preflight nor an answer has CORS headers: the service's CORS layer is off",
            format!(
                "add a CORS layer to the service that allows {} (API Gateway's proxy integration adds none)",
                page.origin
            ),
        ),
        _ => fault.clone(),
    }
}

/// Whether a CORS layer answered, though not for this origin: its other headers are there.
fn has_layer(answer: &Answer) -> bool {
    let by_origin = answer.headers.get_all("vary").iter().any(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .to_ascii_lowercase()
            .split(',')
            .any(|name| name.trim() == "origin")
    });
    by_origin || answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

fn worth_a_word(browsed: &Browsed, page: &Page) -> Verdict {
    let answer = browsed.preflight.as_ref().and_then(|asked| asked.outcome.as_ref().ok());
    if let Some(fault) = answer.and_then(|answer| fetch::authorization_by_wildcard(answer, page)) {
        return Verdict::Warned(fault);
    }
    match answer.and_then(|answer| answer.text("access-control-max-age")) {
        Some(age) if age.parse::<u64>().is_err() => Verdict::Warned(Fault::new(
            Diagnosis::CorsMaxAge,
            format!("access-control-max-age is {age:?}, no number of seconds: browsers ask again after 5 s"),
            "set a number of seconds (CORS_MAX_AGE); browsers keep it 2 hours at most",
        )),
        _ => Verdict::Passed,
    }
}

/// What can only be told by asking for another origin too; nothing where one answer is for all.
async fn by_origin(subject: &Subject<'_>, origin: &str, simple: &Asked) -> Option<Check> {
    let answer = simple.outcome.as_ref().ok()?;
    if allowed(answer)? != origin {
        return None;
    }
    let other = ask(subject, of_page(Question::get(subject.url(&subject.rules.openapi)), ELSEWHERE)).await;
    let other = other.outcome.ok()?;
    let varies = answer.headers.get_all("vary").iter().any(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        value.split(',').any(|name| matches!(name.trim(), "origin" | "*"))
    });
    let credentials = other.text("access-control-allow-credentials").as_deref() == Some("true");
    let verdict = if allowed(&other).as_deref() == Some(ELSEWHERE) && credentials {
        Verdict::Warned(Fault::new(
            Diagnosis::CorsAnyOrigin,
            format!(
                "an origin that nobody named ({ELSEWHERE}) may send credentials: every web site can act as the signed-in user"
            ),
            "name the origins that may (CORS_ALLOW_ORIGINS) instead of giving each its own back",
        ))
    } else if allowed(&other).as_deref() != Some(origin) && !varies {
        Verdict::Warned(Fault::new(
            Diagnosis::CorsVary,
            "answers differ by origin and do not say so: a cache may give one origin's answer to another",
            "add `Vary: Origin` to every answer",
        ))
    } else {
        Verdict::Passed
    };
    let mut check = simple.check(CheckKind::Cors, "answers differ by origin", verdict);
    check.got = format!("vary: {}", answer.text("vary").unwrap_or_else(|| "none".to_owned()));
    check.origin = Some(origin.to_owned());
    Some(check)
}

fn allowed(answer: &Answer) -> Option<String> {
    answer.text("access-control-allow-origin")
}
