//! `[[check]]`: requests of the operator's own.

use futures_util::StreamExt;
use futures_util::stream;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::ask::{Asked, Question, ask, verdict};
use super::{Subject, diagnosis};
use crate::domain::{Check, CheckKind, Diagnosis, Fault, Verdict, one_line};
use crate::settings::CustomCheck;

/// Those of this stage, in the file's order.
pub(super) async fn run(subject: &Subject<'_>) -> Vec<Check> {
    let wanted = subject.rules.custom.iter().filter(|check| check.stages.contains(&subject.stage));
    // The futures are made beforehand: a stream that makes them cannot be sent to another thread.
    let asked: Vec<_> = wanted.map(|check| one(subject, check)).collect();
    stream::iter(asked).buffered(subject.limits.at_once).collect().await
}

async fn one(subject: &Subject<'_>, check: &CustomCheck) -> Check {
    if subject.read_only && !check.method.is_safe() {
        let fault = Fault::new(
            Diagnosis::NotSent,
            format!(
                "{} may change something, and {} is read-only: it was not sent",
                check.method, subject.stage
            ),
            "run it without --read-only, or leave the stage out of its `stages`",
        );
        return unsent(check, Verdict::Warned(fault));
    }
    let question = match question(subject, check) {
        Ok(question) => question,
        Err(fault) => return unsent(check, Verdict::Failed(fault)),
    };
    let mut earlier = Vec::new();
    let mut retries = check.retries;
    loop {
        let mut asked = ask(subject, question.clone()).await;
        let judged = judge(&asked, check, subject);
        // A function that had to be started first is slow once; that is told apart, not called slow.
        let slow = judged.as_ref().is_err_and(|fault| fault.diagnosis == Diagnosis::TooSlow);
        let probe = asked.check(CheckKind::Smoke, &check.name, Verdict::Passed);
        let started = slow && probe.cold && earlier.is_empty();
        if judged.is_err() && (started || retries > 0) {
            if !started {
                retries -= 1;
            }
            let why = judged.err().map(|fault| fault.cause).unwrap_or_default();
            let cold = if probe.cold { ", a cold start" } else { "" };
            earlier.push(one_line(
                &format!("{} in {} ms{cold}: {why}", asked.got(), asked.took.as_millis()),
                200,
            ));
            continue;
        }
        asked.earlier = earlier;
        return asked.check(CheckKind::Smoke, &check.name, verdict(judged));
    }
}

fn unsent(check: &CustomCheck, verdict: Verdict) -> Check {
    Check::unasked(CheckKind::Smoke, &check.name, "not sent", verdict)
}

fn question(subject: &Subject<'_>, check: &CustomCheck) -> Result<Question, Fault> {
    let mut question = Question::new(check.method.clone(), subject.url(&check.path));
    for (name, written) in &check.headers {
        let value = filled(written)?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            Fault::new(
                Diagnosis::VariableUnset,
                format!("the value of the header {name} cannot be sent once its variables are filled in"),
                "look at the variables: a header is one line",
            )
        })?;
        if value.as_bytes() != written.as_bytes() {
            value.set_sensitive(true);
            question.aliases.push((name.clone(), written.clone()));
        }
        question.headers.push((name.clone(), value));
    }
    if let Some(body) = &check.body {
        question.body = Some(filled(body)?);
        question.shown_body = Some(body.clone());
        let json = serde_json::from_str::<Value>(body).is_ok();
        if json && !question.headers.iter().any(|(name, _)| *name == CONTENT_TYPE) {
            question.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        }
    }
    Ok(question)
}

/// `text` with the variables of this process in the place of `${NAME}`.
fn filled(text: &str) -> Result<String, Fault> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        let value = std::env::var(name).map_err(|_| {
            Fault::new(
                Diagnosis::VariableUnset,
                format!("the check needs the variable {}, which is not set here", one_line(name, 60)),
                "set it where callboard is started; a secret belongs there and not into callboard.toml",
            )
        })?;
        out.push_str(before);
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn judge(asked: &Asked, check: &CustomCheck, subject: &Subject<'_>) -> Result<(), Fault> {
    let answer = asked.outcome.as_ref().map_err(diagnosis::unanswered)?;
    let status = answer.status.as_u16();
    if status != check.status {
        if let Some(fault) = diagnosis::gateway(answer, subject.stage) {
            return Err(fault);
        }
        return Err(Fault::new(
            Diagnosis::Status,
            format!("it answered {status}, and the check wants {}", check.status),
            "look at the log lines of this request, or correct `status` of the check",
        ));
    }
    if !check.values.is_empty() {
        let json = answer.json().ok_or_else(|| {
            Fault::new(
                Diagnosis::BadJson,
                "the check looks for values in a JSON answer, and this is none",
                "look at the answer, or take `value` out of the check",
            )
        })?;
        for (pointer, wanted) in &check.values {
            let found = json.pointer(pointer);
            if found != Some(wanted) {
                let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
                return Err(Fault::new(
                    Diagnosis::Value,
                    format!(
                        "at {pointer} is {}, and the check wants {}",
                        one_line(&found, 80),
                        one_line(&wanted.to_string(), 80)
                    ),
                    "look at the log lines of this request, or correct `value` of the check",
                ));
            }
        }
    }
    match check.max {
        Some(max) if asked.took > max => Err(Fault::new(
            Diagnosis::TooSlow,
            format!("it took {} ms, and the check allows {}", asked.took.as_millis(), max.as_millis()),
            "look at the log lines of this request: duration and memory are there",
        )),
        _ => Ok(()),
    }
}
