//! Does the stage answer as it should? Derived from its OpenAPI document.

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use super::ask::{Answer, Asked, ask, verdict};
use super::openapi::{Declared, Document, is_json, plain};
use super::{Subject, diagnosis};
use crate::domain::{Check, CheckKind, Diagnosis, Fault, StageName, Verdict, one_line};

/// The path whose answer says under which ENV the service runs.
const GREETING: &str = "/api/v0";

/// The document itself, each GET in it that needs nothing, and that `/api/v0` says ENV=STAGE where the document has that
/// path.
pub(super) async fn run(
    subject: &Subject<'_>,
    document: &Result<Document, Fault>,
    asked: &Asked,
) -> Vec<Check> {
    let name = format!("GET {}", subject.rules.openapi);
    let document = match document {
        Ok(document) => document,
        Err(fault) => return vec![asked.check(CheckKind::Smoke, name, Verdict::Failed(fault.clone()))],
    };
    let paths = document.plain_gets();
    let judged = if paths.is_empty() {
        Verdict::Warned(Fault::new(
            Diagnosis::OpenApiEmpty,
            "the OpenAPI document has no GET that can be asked without parameters or a sign-in",
            "add such a path, or describe what is to be asked as [[check]] in callboard.toml",
        ))
    } else {
        Verdict::Passed
    };
    let mut checks = vec![asked.check(CheckKind::Smoke, name, judged)];
    let mut answers = stream::iter(paths)
        .map(async |path| (ask(subject, plain(subject.url(&path))).await, path))
        .buffered(subject.limits.at_once);
    while let Some((asked, path)) = answers.next().await {
        let name = format!("GET {}", one_line(&path, 100));
        let judged = judge(&asked, document, &path, subject.stage);
        let greets = path == GREETING && judged.is_ok();
        checks.push(asked.check(CheckKind::Smoke, name.clone(), verdict(judged)));
        if greets {
            let judged = verdict(environment(&asked, subject.stage));
            checks.push(asked.check(CheckKind::Smoke, format!("{name} says ENV={}", subject.stage), judged));
        }
    }
    checks
}

/// A success that is as the document declares it.
fn judge(asked: &Asked, document: &Document, path: &str, stage: StageName) -> Result<(), Fault> {
    let answer = asked.outcome.as_ref().map_err(diagnosis::unanswered)?;
    diagnosis::no_success(answer, stage).map_or(Ok(()), Err)?;
    diagnosis::mangled(answer)?;
    let content = match document.declared(path, answer.status) {
        Declared::AnyBody => return well_formed(answer),
        Declared::Nothing => {
            return Err(Fault::new(
                Diagnosis::StatusUndeclared,
                format!("it answers {}, which its OpenAPI document does not list", answer.status.as_u16()),
                "declare the status in the document, or answer one that is declared",
            ));
        }
        Declared::Content(content) => content,
    };
    let media_type = answer.media_type();
    let fits = |declared: &str| {
        let declared = declared.split(';').next().unwrap_or(declared).trim().to_ascii_lowercase();
        let Some(came) = &media_type else { return false };
        match declared.split_once('/') {
            Some(("*", _)) => true,
            Some((kind, "*")) => came.split('/').next() == Some(kind),
            _ => *came == declared || (is_json(came) && is_json(&declared)),
        }
    };
    let Some((_, schema)) = content.iter().find(|(declared, _)| fits(declared)) else {
        let declared: Vec<&str> = content.iter().map(|(declared, _)| declared.as_str()).collect();
        let declared = one_line(&declared.join(", "), 100);
        let came = match &media_type {
            Some(media_type) => format!("comes as {}", one_line(media_type, 60)),
            None => "comes without a content-type".to_owned(),
        };
        return Err(Fault::new(
            Diagnosis::ContentType,
            format!("it is declared as {declared} and {came}"),
            "correct the answer's content-type or the OpenAPI document",
        ));
    };
    well_formed(answer)?;
    match (schema, answer.json()) {
        (Some(place), Some(json)) if !answer.cut => document.schemas.check(place, &json),
        _ => Ok(()),
    }
}

/// JSON, where the answer itself says that it is.
fn well_formed(answer: &Answer) -> Result<(), Fault> {
    let says_so = answer.media_type().is_some_and(|media_type| is_json(&media_type));
    let empty = answer.body.is_empty() && answer.status.as_u16() == 204;
    if !says_so || answer.cut || empty || answer.json().is_some() {
        return Ok(());
    }
    Err(Fault::new(
        Diagnosis::BadJson,
        "it says that it is JSON and is not",
        "look at the log lines of this request: the answer is mangled",
    ))
}

/// Whether the greeting comes from a function that runs as this stage.
fn environment(asked: &Asked, stage: StageName) -> Result<(), Fault> {
    let body = asked.outcome.as_ref().ok().and_then(Answer::json).unwrap_or_default();
    let Some(env) = body.get("ENV").and_then(Value::as_str) else {
        return Err(Fault::new(
            Diagnosis::EnvMissing,
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
            Diagnosis::EnvOther,
            format!(
                "{stage} answers with ENV={said}: the other stage's function answers, or this one has its ENV"
            ),
            format!("deploy {stage}: it sets the stage variable `env` and ENV={stage}"),
        ));
    }
    Err(Fault::new(
        Diagnosis::EnvWrong,
        format!("it says ENV={said}: the function's ENV is missing, or was not written by a deploy"),
        format!("deploy {stage}: it sets ENV={stage}, whatever .env.{stage} says"),
    ))
}
