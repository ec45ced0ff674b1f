//! How a browser decides about a request of a page on another origin, after the Fetch standard
//! (<https://fetch.spec.whatwg.org>): "CORS-preflight fetch", "CORS check", "HTTP-redirect fetch". Rules only: nothing is sent
//! here.

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::ask::Answer;
use crate::domain::{Diagnosis, Fault, one_line};

/// What a page asks for: `fetch(url, {method, headers, credentials})`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page's origin as browsers write it: `https://app.example.com`, or `null`.
    pub origin: String,
    /// The request's method.
    pub method: Method,
    /// Headers that the page sets.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether it sends credentials (`credentials: "include"`).
    pub credentials: bool,
}

impl Page {
    /// The names of the headers for which a browser asks first, sorted ("CORS-unsafe request-header names").
    pub(super) fn unsafe_headers(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, value)| !is_safelisted(name, value))
            .map(|(name, _)| name.as_str().to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether a browser asks before it sends the request.
    pub(super) fn needs_preflight(&self) -> bool {
        !is_safe_method(&self.method) || !self.unsafe_headers().is_empty()
    }
}

/// "CORS-safelisted method".
fn is_safe_method(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST].contains(method)
}

/// "CORS-safelisted request-header". `range` is not looked at: it is taken as unsafe.
fn is_safelisted(name: &HeaderName, value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() > 128 {
        return false;
    }
    let unsafe_byte = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || b"\"():<>?@[\\]{}\x7f".contains(byte);
    match name.as_str() {
        "accept" => !bytes.iter().any(unsafe_byte),
        "accept-language" | "content-language" => {
            bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte))
        }
        "content-type" => {
            let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
            let essence = text.split(';').next().unwrap_or_default().trim().to_owned();
            !bytes.iter().any(unsafe_byte)
                && ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]
                    .contains(&essence.as_str())
        }
        _ => false,
    }
}

/// The CORS check: may this page see this answer?
pub(super) fn allows(headers: &HeaderMap, page: &Page) -> Result<(), Fault> {
    // Several header lines count as one list, and a list is no origin.
    let lines: Vec<String> = headers
        .get_all("access-control-allow-origin")
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let origin = &page.origin;
    let fix = format!("allow {origin} in the service's CORS layer (CORS_ALLOW_ORIGINS)");
    match lines.as_slice() {
        [] => {
            return Err(Fault::new(
                Diagnosis::CorsOriginMissing,
                "there is no access-control-allow-origin: the browser keeps the answer to itself",
                fix,
            ));
        }
        [allowed] if allowed == "*" && page.credentials => {
            return Err(Fault::new(
                Diagnosis::CorsWildcardCredentials,
                "access-control-allow-origin is *, which no browser takes for a request with credentials",
                format!("let the CORS layer name {origin} instead of *, or send no credentials"),
            ));
        }
        [allowed] if allowed == "*" => return Ok(()),
        [allowed] if allowed == origin => {}
        [allowed] if allowed.contains([',', ' ']) => return Err(twice(1, allowed)),
        [allowed] => {
            return Err(Fault::new(
                Diagnosis::CorsOriginOther,
                format!(
                    "access-control-allow-origin is {:?}, and must be * or exactly {origin}",
                    one_line(allowed, 100)
                ),
                fix,
            ));
        }
        several => return Err(twice(several.len(), &several.join(", "))),
    }
    let credentials: Vec<&[u8]> =
        headers.get_all("access-control-allow-credentials").iter().map(HeaderValue::as_bytes).collect();
    if page.credentials && credentials != [b"true"] {
        return Err(Fault::new(
            Diagnosis::CorsCredentials,
            "access-control-allow-credentials is not `true`, so the browser refuses a request with credentials",
            "let the CORS layer allow credentials (CORS_ALLOW_CREDENTIALS=true), or send none",
        ));
    }
    Ok(())
}

fn twice(lines: usize, all: &str) -> Fault {
    let there =
        if lines == 1 { "holds more than one value".to_owned() } else { format!("is there {lines} times") };
    Fault::new(
        Diagnosis::CorsOriginTwice,
        format!(
            "access-control-allow-origin {there} ({}): together they are no origin, so the browser refuses",
            one_line(all, 100)
        ),
        "let one place alone set CORS headers: the service, not the service and the gateway",
    )
}

/// What a preflight must answer before the browser sends the request itself.
pub(super) fn preflight(answer: &Answer, page: &Page) -> Result<(), Fault> {
    if answer.status.is_redirection() && answer.headers.contains_key("location") {
        return Err(Fault::new(
            Diagnosis::CorsPreflightRedirect,
            format!(
                "the preflight is redirected ({}) to {}, and no browser follows that",
                answer.status.as_u16(),
                answer.text("location").unwrap_or_default()
            ),
            "let the CORS layer answer OPTIONS before the redirect (of a trailing slash, to https, to a sign-in) does",
        ));
    }
    allows(&answer.headers, page)?;
    if !answer.status.is_success() {
        return Err(Fault::new(
            Diagnosis::CorsPreflightStatus,
            format!("the preflight was answered with {}, and must be a success", answer.status.as_u16()),
            "let the CORS layer answer OPTIONS before the router, authentication or redirects do",
        ));
    }
    let methods = list(&answer.headers, "access-control-allow-methods")?;
    let headers = list(&answer.headers, "access-control-allow-headers")?;
    // With credentials `*` is a method or a header of that name, and nothing else.
    let any = |list: &[String]| !page.credentials && list.iter().any(|one| one == "*");
    let method = page.method.as_str();
    if !is_safe_method(&page.method) && !methods.iter().any(|allowed| allowed == method) && !any(&methods) {
        return Err(Fault::new(
            Diagnosis::CorsMethod,
            format!("access-control-allow-methods does not have {method}{}", starred(&methods)),
            "allow the method in the service's CORS layer (CORS_ALLOW_METHODS)",
        ));
    }
    for name in page.unsafe_headers() {
        let named = headers.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name));
        if !named && !any(&headers) {
            return Err(Fault::new(
                Diagnosis::CorsHeader,
                format!("access-control-allow-headers does not have {name}{}", starred(&headers)),
                "allow the header by its name in the service's CORS layer (CORS_ALLOW_HEADERS)",
            ));
        }
    }
    Ok(())
}

/// `Authorization` is never meant by `*` in the standard ("CORS non-wildcard request-header name"). Chromium, asked in our
/// tests, lets it through all the same and warns in its console: so this is a warning and no refusal.
pub(super) fn authorization_by_wildcard(answer: &Answer, page: &Page) -> Option<Fault> {
    let headers = list(&answer.headers, "access-control-allow-headers").ok()?;
    let named = headers.iter().any(|allowed| allowed.eq_ignore_ascii_case("authorization"));
    let sent = page.unsafe_headers().iter().any(|name| name == "authorization");
    (sent && !named && headers.iter().any(|allowed| allowed == "*")).then(|| {
        Fault::new(
            Diagnosis::CorsAuthorizationWildcard,
            "access-control-allow-headers is *, which the Fetch standard does not let stand for Authorization: browsers that keep to \
             it refuse (Chromium still lets it through)",
            "allow Authorization by its name in the service's CORS layer (CORS_ALLOW_HEADERS)",
        )
    })
}

fn starred(list: &[String]) -> &'static str {
    if list.iter().any(|one| one == "*") { ", and its * does not stand for it here" } else { "" }
}

/// The members of a header that is a list of names.
fn list(headers: &HeaderMap, name: &str) -> Result<Vec<String>, Fault> {
    let mut members = Vec::new();
    for value in headers.get_all(name) {
        for member in String::from_utf8_lossy(value.as_bytes()).split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            if !member.bytes().all(is_token) {
                return Err(Fault::new(
                    Diagnosis::CorsUnreadable,
                    format!(
                        "{name} holds {:?}, which is no name: the browser refuses the whole",
                        one_line(member, 60)
                    ),
                    "separate the names by commas, and write nothing else there",
                ));
            }
            members.push(member.to_owned());
        }
    }
    Ok(members)
}

/// A byte of an HTTP token (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;

    fn page(method: Method, headers: &[(&'static str, &'static str)], credentials: bool) -> Page {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = headers.iter().map(header).collect();
        Page { origin: "https://app.test".to_owned(), method, headers, credentials }
    }

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, headers: map, body: Vec::new(), cut: false }
    }

    #[test]
    fn a_browser_asks_first_for_what_a_form_could_not_send() {
        let asks =
            |method, headers: &[(&'static str, &'static str)]| page(method, headers, false).needs_preflight();
        assert!(
            !asks(Method::GET, &[]) && !asks(Method::POST, &[("content-type", "text/plain;charset=UTF-8")])
        );
        assert!(!asks(Method::GET, &[("accept", "application/json"), ("accept-language", "de-CH, *;q=0.5")]));
        assert!(asks(Method::PUT, &[]) && asks(Method::POST, &[("content-type", "application/json")]));
        assert!(asks(Method::GET, &[("authorization", "x")]) && asks(Method::GET, &[("accept", "a{b}")]));
        let long: &'static str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        assert!(asks(Method::GET, &[("accept", long)]));
    }

    #[test]
    fn each_rule_of_the_preflight_has_its_name() {
        let any = ("access-control-allow-origin", "*");
        let own = ("access-control-allow-origin", "https://app.test");
        let yes = ("access-control-allow-credentials", "true");
        let methods = ("access-control-allow-methods", "*");
        let headers = ("access-control-allow-headers", "*");
        let put = page(Method::PUT, &[("x-one", "1")], false);
        let with = page(Method::PUT, &[("x-one", "1")], true);
        let signed = page(Method::GET, &[("authorization", "1")], false);
        let cases: [(&Page, Answer, Option<Diagnosis>); 16] = [
            (&put, answer(204, &[any, methods, headers]), None),
            (&put, answer(204, &[]), Some(Diagnosis::CorsOriginMissing)),
            (&put, answer(405, &[any]), Some(Diagnosis::CorsPreflightStatus)),
            (&put, answer(307, &[any, ("location", "/x")]), Some(Diagnosis::CorsPreflightRedirect)),
            (&put, answer(200, &[any, any, methods, headers]), Some(Diagnosis::CorsOriginTwice)),
            (&put, answer(200, &[any, headers]), Some(Diagnosis::CorsMethod)),
            (&put, answer(200, &[any, methods]), Some(Diagnosis::CorsHeader)),
            (
                &put,
                answer(200, &[any, ("access-control-allow-methods", "put"), headers]),
                Some(Diagnosis::CorsMethod),
            ),
            (&put, answer(200, &[any, methods, ("access-control-allow-headers", "X-ONE")]), None),
            (
                &put,
                answer(200, &[any, methods, ("access-control-allow-headers", "x one")]),
                Some(Diagnosis::CorsUnreadable),
            ),
            (&with, answer(200, &[any, yes, methods, headers]), Some(Diagnosis::CorsWildcardCredentials)),
            (&with, answer(200, &[own, methods, headers]), Some(Diagnosis::CorsCredentials)),
            (&with, answer(200, &[own, yes, methods, headers]), Some(Diagnosis::CorsMethod)),
            (
                &with,
                answer(200, &[own, yes, ("access-control-allow-methods", "PUT"), headers]),
                Some(Diagnosis::CorsHeader),
            ),
            (&signed, answer(200, &[any]), Some(Diagnosis::CorsHeader)),
            (&signed, answer(200, &[any, ("access-control-allow-headers", "*, Authorization")]), None),
        ];
        for (page, answer, wanted) in cases {
            let found = preflight(&answer, page).err().map(|fault| fault.diagnosis);
            assert_eq!(found, wanted, "{page:?} {answer:?}");
        }
    }

    #[test]
    fn an_origin_is_compared_byte_by_byte() {
        let mut page = page(Method::GET, &[], false);
        for (allowed, wanted) in [
            ("https://app.test", None),
            ("https://APP.test", Some(Diagnosis::CorsOriginOther)),
            ("https://app.test/", Some(Diagnosis::CorsOriginOther)),
            ("https://app.test, https://b.test", Some(Diagnosis::CorsOriginTwice)),
            ("null", Some(Diagnosis::CorsOriginOther)),
        ] {
            let answer = answer(200, &[("access-control-allow-origin", allowed)]);
            assert_eq!(
                allows(&answer.headers, &page).err().map(|fault| fault.diagnosis),
                wanted,
                "{allowed}"
            );
        }
        page.origin = "null".to_owned();
        assert!(allows(&answer(200, &[("access-control-allow-origin", "null")]).headers, &page).is_ok());
    }
}
