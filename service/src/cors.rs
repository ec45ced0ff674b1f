//! Cross-origin requests: what browsers of other origins may do. API Gateway only passes requests through, so the
//! service answers preflights itself, on every path, also on those that it does not have.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, Any, CorsLayer};

use crate::settings::{Lookup, Unusable, text};

const DEFAULT_MAX_AGE: Duration = Duration::from_secs(600);

/// The `CORS_*` settings, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    origins: Allowed<HeaderValue>,
    methods: Allowed<Method>,
    headers: Allowed<HeaderName>,
    expose: Vec<HeaderName>,
    credentials: bool,
    max_age: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed<T> {
    Any,
    Only(Vec<T>),
}

/// Any origin, method and header, without credentials.
impl Default for Policy {
    fn default() -> Self {
        Self {
            origins: Allowed::Any,
            methods: Allowed::Any,
            headers: Allowed::Any,
            expose: Vec::new(),
            credentials: false,
            max_age: DEFAULT_MAX_AGE,
        }
    }
}

impl Policy {
    /// Reads the `CORS_*` variables (listed in [`crate::settings`]).
    ///
    /// # Errors
    /// The first variable whose value cannot be used.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, Unusable> {
        let policy = Self {
            origins: allowed(lookup, "CORS_ALLOW_ORIGINS", "scheme://host[:port] without a path", origin)?,
            methods: allowed(lookup, "CORS_ALLOW_METHODS", "a method in capitals", method)?,
            headers: allowed(lookup, "CORS_ALLOW_HEADERS", "a header's name", header)?,
            expose: match text(lookup, "CORS_EXPOSE_HEADERS")? {
                None => Vec::new(),
                Some(list) => entries("CORS_EXPOSE_HEADERS", &list, "a header's name", header)?,
            },
            credentials: match text(lookup, "CORS_ALLOW_CREDENTIALS")?.as_deref().map(str::trim) {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return Err(Unusable::new("CORS_ALLOW_CREDENTIALS", "has to be true or false")),
            },
            max_age: match text(lookup, "CORS_MAX_AGE")? {
                None => DEFAULT_MAX_AGE,
                Some(seconds) => seconds.trim().parse().map(Duration::from_secs).map_err(|_| {
                    Unusable::new("CORS_MAX_AGE", "has to be a whole number of seconds, 0 or more")
                })?,
            },
        };
        if policy.credentials && policy.origins == Allowed::Any {
            return Err(Unusable::new(
                "CORS_ALLOW_CREDENTIALS",
                "is true while CORS_ALLOW_ORIGINS allows any: name the origins that may send credentials",
            ));
        }
        Ok(policy)
    }

    /// The layer that answers preflights and marks the other answers.
    pub fn layer(&self) -> CorsLayer {
        CorsLayer::new()
            .allow_origin(match &self.origins {
                Allowed::Any => AllowOrigin::any(),
                Allowed::Only(origins) => AllowOrigin::list(origins.iter().cloned()),
            })
            .allow_methods(match &self.methods {
                // With credentials browsers take a `*` literally, for headers and methods alike.
                Allowed::Any if self.credentials => AllowMethods::mirror_request(),
                Allowed::Any => Any.into(),
                Allowed::Only(methods) => AllowMethods::list(methods.iter().cloned()),
            })
            .allow_headers(match &self.headers {
                // A `*` never stands for `Authorization` in a browser: what the preflight asks for is named.
                Allowed::Any => AllowHeaders::mirror_request(),
                Allowed::Only(headers) => AllowHeaders::list(headers.iter().cloned()),
            })
            .expose_headers(self.expose.clone())
            .allow_credentials(self.credentials)
            .max_age(self.max_age)
    }
}

fn allowed<T>(
    lookup: Lookup<'_>,
    variable: &'static str,
    expected: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Allowed<T>, Unusable> {
    match text(lookup, variable)? {
        None => Ok(Allowed::Any),
        Some(list) if list.trim() == "*" => Ok(Allowed::Any),
        Some(list) => entries(variable, &list, expected, parse).map(Allowed::Only),
    }
}

fn entries<T>(
    variable: &'static str,
    list: &str,
    expected: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Vec<T>, Unusable> {
    if list.trim().is_empty() {
        return Err(Unusable::new(variable, "is empty: give it a value or leave it out"));
    }
    list.split(',')
        .enumerate()
        .map(|(at, entry)| {
            parse(entry.trim())
                .ok_or_else(|| Unusable::new(variable, format!("entry {} has to be {expected}", at + 1)))
        })
        .collect()
}

/// An origin is compared with what the browser sends, byte by byte, so only what a browser can send is let in
/// (<https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>).
fn origin(entry: &str) -> Option<HeaderValue> {
    let uri: Uri = entry.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
    let is_bare = entry == format!("{scheme}://{authority}");
    let is_sendable = !entry.contains(['@', '*']) && !entry.contains(|c: char| c.is_ascii_uppercase());
    (is_bare && is_sendable).then(|| HeaderValue::from_str(entry).ok()).flatten()
}

fn method(entry: &str) -> Option<Method> {
    let method = Method::from_bytes(entry.as_bytes()).ok()?;
    (entry.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')).then_some(method)
}

fn header(entry: &str) -> Option<HeaderName> {
    (entry != "*").then(|| entry.parse().ok()).flatten()
}
