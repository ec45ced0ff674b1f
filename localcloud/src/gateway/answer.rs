//! A function's answer, made into an HTTP response by the rules of the Lambda proxy integration. A pure function.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::call::Response;
use super::event::is_binary;

/// Headers of the function's that the gateway sets itself: they come out as `x-amzn-Remapped-…`.
const REMAPPED: [&str; 6] =
    ["connection", "content-length", "date", "server", "www-authenticate", "x-amzn-requestid"];

/// All fields may be absent, none may be unknown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Answer {
    status_code: Option<Text>,
    headers: Option<BTreeMap<String, Option<Text>>>,
    multi_value_headers: Option<BTreeMap<String, Option<Vec<Text>>>>,
    body: Option<Text>,
    is_base64_encoded: Option<Text>,
}

/// A string, or a number or boolean taken as one.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string, a number or a boolean")
    }

    fn visit_str<E>(self, value: &str) -> Result<Text, E> {
        Ok(Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Text, E> {
        Ok(Text(value))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }
}

/// `None` when the answer is malformed. `accept` is the request's `Accept`.
pub(super) fn response(
    payload: &[u8],
    binary_media_types: &[String],
    accept: Option<&str>,
) -> Option<Response> {
    let answer: Answer = serde_json::from_slice(payload).ok()?;
    let empty = answer.status_code.is_none()
        && answer.headers.is_none()
        && answer.multi_value_headers.is_none()
        && answer.body.is_none()
        && answer.is_base64_encoded.is_none();
    if empty {
        // Recorded of AWS: each field may be absent, but not all of them.
        return None;
    }
    let status = status(answer.status_code.as_ref())?;
    let headers =
        headers(answer.headers.unwrap_or_default(), answer.multi_value_headers.unwrap_or_default())?;
    let text = answer.body.map(|Text(body)| body).unwrap_or_default();
    let encoded = answer.is_base64_encoded.is_some_and(|Text(value)| value == "true");
    let first_accepted = accept.and_then(|accept| accept.split(',').next());
    let body: Bytes = if encoded && is_binary(binary_media_types, first_accepted) {
        STANDARD.decode(text).ok()?.into()
    } else {
        text.into()
    };
    // These two have no body on the wire, whatever the function says.
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Some(Response { status, headers, body: if bodiless { Bytes::new() } else { body }, stream: None })
}

/// The head of an answer that is streamed. Nothing may be unknown, as in a whole answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Prelude {
    status_code: Option<Text>,
    headers: Option<BTreeMap<String, Option<Text>>>,
    multi_value_headers: Option<BTreeMap<String, Option<Vec<Text>>>>,
    cookies: Option<Vec<String>>,
}

/// Status and headers; `None` when the head is malformed.
pub(super) fn prelude(json: &[u8]) -> Option<(StatusCode, Vec<(String, String)>)> {
    let prelude: Prelude = serde_json::from_slice(json).ok()?;
    let status = status(prelude.status_code.as_ref())?;
    let mut headers =
        headers(prelude.headers.unwrap_or_default(), prelude.multi_value_headers.unwrap_or_default())?;
    let cookies = prelude.cookies.unwrap_or_default();
    headers.extend(cookies.into_iter().map(|cookie| ("Set-Cookie".to_owned(), cookie)));
    Some((status, headers))
}

fn status(code: Option<&Text>) -> Option<StatusCode> {
    let code = match code {
        Some(Text(code)) => code.trim().parse().ok().filter(|code| (200..=599).contains(code))?,
        None => 200_u16,
    };
    StatusCode::from_u16(code).ok()
}

/// Both kinds of headers as one list: `multiValueHeaders` come first, and their case wins.
fn headers(
    single: BTreeMap<String, Option<Text>>,
    multi: BTreeMap<String, Option<Vec<Text>>>,
) -> Option<Vec<(String, String)>> {
    let mut headers: Vec<(String, Vec<String>)> = Vec::new();
    let multi = multi.into_iter().flat_map(|(name, values)| {
        values.unwrap_or_default().into_iter().map(move |value| (name.clone(), value)).collect::<Vec<_>>()
    });
    let single = single.into_iter().filter_map(|(name, value)| Some((name, value?)));
    for (from_single, (name, Text(value))) in
        multi.map(|pair| (false, pair)).chain(single.map(|pair| (true, pair)))
    {
        HeaderName::from_bytes(name.as_bytes()).ok()?;
        match headers.iter_mut().find(|(given, _)| given.eq_ignore_ascii_case(&name)) {
            // What both say is said once.
            Some((_, values)) if from_single && values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => headers.push((name, vec![value])),
        }
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.insert(0, ("Content-Type".to_owned(), vec!["application/json".to_owned()]));
    }
    let lines = headers
        .into_iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("transfer-encoding"))
        .flat_map(|(name, values)| {
            let remapped = REMAPPED.iter().any(|taken| name.eq_ignore_ascii_case(taken));
            let name = if remapped { format!("x-amzn-Remapped-{name}") } else { name };
            values.into_iter().map(move |value| (name.clone(), value)).collect::<Vec<_>>()
        });
    Some(lines.collect())
}

#[cfg(test)]
mod tests;
