//! How a browser decides about another origin, after the Fetch standard (<https://fetch.spec.whatwg.org>): "CORS check" and
//! "CORS-preflight fetch", for a request without credentials.

use reqwest::Method;
use reqwest::header::HeaderMap;

use super::Fault;
use super::ask::Answer;
use crate::domain::one_line;

/// The CORS check: may a page of this origin see the answer?
pub(super) fn allows_origin(headers: &HeaderMap, origin: &str) -> Result<(), Fault> {
    // Several header lines count as one list, and a list is no origin.
    let lines: Vec<String> = headers
        .get_all("access-control-allow-origin")
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let fix =
        format!("allow {origin} in the service's CORS layer (CORS_ALLOW_ORIGINS), or any origin with *");
    match lines.as_slice() {
        [] => Err(Fault::new(
            "there is no access-control-allow-origin: the browser keeps the answer to itself",
            fix,
        )),
        [allowed] if allowed == "*" || allowed == origin => Ok(()),
        [allowed] => Err(Fault::new(
            format!(
                "access-control-allow-origin is {:?}, and must be * or exactly {origin}",
                one_line(allowed, 100)
            ),
            fix,
        )),
        several => Err(Fault::new(
            format!(
                "access-control-allow-origin is there {} times: together they are no origin, so the browser refuses",
                several.len()
            ),
            "let one place alone set CORS headers: the service, not the service and the gateway",
        )),
    }
}

/// What a preflight must answer before the browser sends the true request with one `content-type` of its own.
pub(super) fn preflight(answer: &Answer, origin: &str, method: &Method, header: &str) -> Result<(), Fault> {
    allows_origin(&answer.headers, origin)?;
    if !answer.status.is_success() {
        return Err(Fault::new(
            format!("the preflight was answered with {}, and must be a success", answer.status.as_u16()),
            "let the CORS layer answer OPTIONS before the router, authentication or redirects do",
        ));
    }
    let methods = list(&answer.headers, "access-control-allow-methods");
    let safelisted = [Method::GET, Method::HEAD, Method::POST].contains(method);
    if !safelisted && !methods.iter().any(|allowed| allowed == "*" || allowed == method.as_str()) {
        return Err(Fault::new(
            format!("access-control-allow-methods does not have {method}"),
            "allow the method in the service's CORS layer (CORS_ALLOW_METHODS)",
        ));
    }
    let headers = list(&answer.headers, "access-control-allow-headers");
    if !headers.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(header)) {
        return Err(Fault::new(
            format!("access-control-allow-headers does not have {header}"),
            "allow the header in the service's CORS layer (CORS_ALLOW_HEADERS)",
        ));
    }
    Ok(())
}

/// The members of a header that is a list.
fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .split(',')
                .map(|part| part.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|part| !part.is_empty())
        .collect()
}
