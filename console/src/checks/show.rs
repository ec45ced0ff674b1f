//! Requests and answers as they are shown, copied and written into reports: harmless, bounded, without secrets.

use hyper::header::{HeaderMap, HeaderName};

use super::ask::{Answer, Question};
use crate::domain::{self, harmless};
use crate::logs::mask::mask;

/// How much of a body is kept for showing, in bytes.
const BODY: usize = 16 * 1024;

/// Bytes as text: what is no UTF-8 becomes `�`.
pub(super) fn text(bytes: &[u8]) -> String {
    harmless(&mask(&String::from_utf8_lossy(bytes)))
}

/// A request as it was sent. A header that came from a variable stands as `$NAME`.
pub(super) fn request(question: &Question) -> domain::Request {
    let alias = |name: &HeaderName| question.aliases.iter().find(|(aliased, _)| aliased == name);
    let header = |name: &HeaderName, value: &[u8]| {
        let value = match alias(name) {
            Some((_, alias)) => alias.clone(),
            None => text(value),
        };
        (name.as_str().to_owned(), value)
    };
    domain::Request {
        method: question.method.as_str().to_owned(),
        url: question.url.to_string(),
        headers: question.headers.iter().map(|(name, value)| header(name, value.as_bytes())).collect(),
        body: question.shown_body.clone().or_else(|| question.body.clone()),
    }
}

/// An answer, JSON in lines.
pub(super) fn answer(answer: &Answer) -> domain::Answer {
    let pretty = answer.json().and_then(|json| serde_json::to_string_pretty(&json).ok());
    let body = match &pretty {
        Some(pretty) => pretty.as_bytes(),
        None => &answer.body,
    };
    let cut = body.len() > BODY;
    let mut body = text(&body[..body.len().min(BODY)]);
    if cut || answer.cut {
        body.push_str("\n…");
    }
    domain::Answer { status: answer.status.as_u16(), headers: headers(&answer.headers), body }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}
