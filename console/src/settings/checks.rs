//! `[checks]`, `[cors]`, `[[check]]`

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{CheckSettings, CustomCheck};
use crate::domain::StageName;

/// The origin of the page that the checks play unless the file says otherwise: one that no service can have on its list by
/// accident, so that it passes where any origin may.
const ORIGIN: &str = "https://callboard.test";

/// What the checks look at, and how hard they push.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Checks {
    #[serde(deserialize_with = "path")]
    openapi: String,
    #[serde(deserialize_with = "path")]
    docs: String,
    #[serde(deserialize_with = "seconds")]
    timeout: u64,
    #[serde(deserialize_with = "at_once")]
    at_once: usize,
}

impl Default for Checks {
    /// Two seconds longer than the gateway itself waits (29 s), so that its own time-out is seen as what it is.
    fn default() -> Checks {
        Checks { openapi: "/openapi.json".to_owned(), docs: "/docs".to_owned(), timeout: 31, at_once: 4 }
    }
}

/// The pages on other origins that the service is for.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Cors {
    #[serde(deserialize_with = "origins")]
    origins: Vec<String>,
    #[serde(deserialize_with = "names")]
    headers: Vec<HeaderName>,
    credentials: bool,
}

impl Default for Cors {
    fn default() -> Cors {
        let headers = vec![hyper::header::CONTENT_TYPE];
        Cors { origins: vec![ORIGIN.to_owned()], headers, credentials: false }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Custom {
    name: Option<String>,
    #[serde(default = "get", deserialize_with = "method")]
    method: Method,
    #[serde(deserialize_with = "path")]
    path: String,
    #[serde(default, deserialize_with = "headers")]
    headers: Vec<(HeaderName, String)>,
    body: Option<String>,
    #[serde(default = "ok", deserialize_with = "status")]
    status: u16,
    #[serde(default, deserialize_with = "values")]
    value: Vec<(String, Value)>,
    max_ms: Option<u64>,
    #[serde(default, deserialize_with = "retries")]
    retries: u8,
    stages: Option<Vec<StageName>>,
}

impl CheckSettings {
    pub(super) fn of(checks: Checks, cors: Cors, custom: Vec<Custom>) -> CheckSettings {
        CheckSettings {
            openapi: checks.openapi,
            docs: checks.docs,
            timeout: Duration::from_secs(checks.timeout),
            at_once: checks.at_once,
            origins: cors.origins,
            headers: cors.headers,
            credentials: cors.credentials,
            custom: custom.into_iter().map(CustomCheck::from).collect(),
        }
    }
}

impl From<Custom> for CustomCheck {
    fn from(said: Custom) -> CustomCheck {
        CustomCheck {
            name: said.name.unwrap_or_else(|| format!("{} {}", said.method, said.path)),
            method: said.method,
            path: said.path,
            headers: said.headers,
            body: said.body,
            status: said.status,
            values: said.value,
            max: said.max_ms.map(Duration::from_millis),
            retries: said.retries,
            stages: said.stages.unwrap_or_else(|| StageName::ALL.to_vec()),
        }
    }
}

/// The checks of the file. What could change something must say on which stages.
pub(super) fn custom<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Custom>, D::Error> {
    let all = Vec::<Custom>::deserialize(input)?;
    for check in &all {
        if !check.method.is_safe() && check.stages.is_none() {
            let name = format!("{} {}", check.method, check.path);
            return Err(D::Error::custom(format!(
                "the check {name} may change something: name its `stages`, such as [\"stage\"]"
            )));
        }
    }
    Ok(all)
}

fn get() -> Method {
    Method::GET
}

fn ok() -> u16 {
    200
}

fn path<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let path = String::deserialize(input)?;
    let sendable = path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains('#');
    if path.starts_with('/') && sendable {
        Ok(path)
    } else {
        Err(D::Error::custom("a path begins with `/`, and its blanks and special letters are written %20"))
    }
}

fn seconds<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    let seconds = u64::deserialize(input)?;
    if (1..=900).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(D::Error::custom("`timeout` is in seconds, 1 to 900"))
    }
}

fn at_once<'de, D: Deserializer<'de>>(input: D) -> Result<usize, D::Error> {
    let count = usize::deserialize(input)?;
    if (1..=64).contains(&count) { Ok(count) } else { Err(D::Error::custom("`at_once` is 1 to 64 requests")) }
}

fn retries<'de, D: Deserializer<'de>>(input: D) -> Result<u8, D::Error> {
    let count = u8::deserialize(input)?;
    if count <= 10 { Ok(count) } else { Err(D::Error::custom("`retries` is 0 to 10")) }
}

fn status<'de, D: Deserializer<'de>>(input: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(input)?;
    if (200..=599).contains(&status) { Ok(status) } else { Err(D::Error::custom("`status` is 200 to 599")) }
}

// As a browser writes an origin (<https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>).
fn origins<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let origins = Vec::<String>::deserialize(input)?;
    for origin in &origins {
        let written = url::Url::parse(origin).map(|url| url.origin().ascii_serialization());
        if origin != "null" && written.as_ref() != Ok(origin) {
            let like = match written {
                Ok(written) if written != "null" => format!(", such as {written}"),
                _ => String::new(),
            };
            return Err(D::Error::custom(format!(
                "`{origin}` is no origin as browsers send it{like}: scheme://host[:port] without a path, or null"
            )));
        }
    }
    if origins.is_empty() {
        return Err(D::Error::custom("`origins` is empty: name one, or leave it out"));
    }
    Ok(origins)
}

fn names<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<HeaderName>, D::Error> {
    let names = Vec::<String>::deserialize(input)?;
    names.iter().map(|name| name.parse().map_err(|_| no_header(name))).collect()
}

fn no_header<E: Error>(name: &str) -> E {
    E::custom(format!("`{name}` is no name of a header"))
}

fn method<'de, D: Deserializer<'de>>(input: D) -> Result<Method, D::Error> {
    let text = String::deserialize(input)?;
    match Method::from_bytes(text.as_bytes()) {
        Ok(method) if text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') => Ok(method),
        _ => Err(D::Error::custom("`method` is written in capitals, such as \"POST\"")),
    }
}

fn headers<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<(HeaderName, String)>, D::Error> {
    let all = BTreeMap::<String, String>::deserialize(input)?;
    let header = |(name, value): (String, String)| {
        let parsed = name.parse().map_err(|_| no_header(&name))?;
        HeaderValue::from_str(&value)
            .map_err(|_| D::Error::custom(format!("the value of `{name}` cannot be sent")))?;
        Ok((parsed, value))
    };
    all.into_iter().map(header).collect()
}

// JSON pointer (RFC 6901) = value.
fn values<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<(String, Value)>, D::Error> {
    let all = BTreeMap::<String, Value>::deserialize(input)?;
    for pointer in all.keys() {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(D::Error::custom(format!("`{pointer}` is no JSON pointer: it begins with `/`")));
        }
    }
    Ok(all.into_iter().collect())
}
