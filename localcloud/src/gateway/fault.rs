//! What the gateway itself answers when nothing else does, and how an API's gateway responses change it.

use std::collections::BTreeMap;

use http::StatusCode;

use super::call::Response;
use crate::http1::Head;
use crate::world::apis::GatewayResponse;

/// A situation in which the gateway answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such stage.
    NoStage,
    /// There is no such path or method in the deployment.
    NoRoute,
    /// The method asks for a key, and the request has none that is valid.
    NoKey,
    /// The method asks for a signature, which the local cloud does not verify.
    NotVerified,
    /// The stage takes no more requests for now.
    Throttled,
    /// The body has more than 10 MB, or the event more than Lambda takes.
    TooLarge,
    /// The integration cannot be called as it is configured, or may not be.
    Configuration,
    /// The function failed, or its answer is malformed.
    Integration,
    /// The function did not answer in time.
    Timeout,
}

struct Words {
    /// The type of gateway response that the situation has.
    kind: &'static str,
    status: StatusCode,
    message: &'static str,
    error_type: &'static str,
}

impl Fault {
    fn words(self) -> Words {
        let words = |kind, status, message, error_type| Words { kind, status, message, error_type };
        let internal =
            |kind, status| words(kind, status, "Internal server error", "InternalServerErrorException");
        match self {
            Fault::NoStage => {
                words("ACCESS_DENIED", StatusCode::FORBIDDEN, "Forbidden", "ForbiddenException")
            }
            Fault::NoRoute => words(
                "MISSING_AUTHENTICATION_TOKEN",
                StatusCode::FORBIDDEN,
                "Missing Authentication Token",
                "MissingAuthenticationTokenException",
            ),
            Fault::NoKey => {
                words("INVALID_API_KEY", StatusCode::FORBIDDEN, "Forbidden", "ForbiddenException")
            }
            Fault::NotVerified => words(
                "ACCESS_DENIED",
                StatusCode::FORBIDDEN,
                "The local cloud does not verify who calls an API: it lets nobody through a method with AWS_IAM",
                "AccessDeniedException",
            ),
            Fault::Throttled => words(
                "THROTTLED",
                StatusCode::TOO_MANY_REQUESTS,
                "Too Many Requests",
                "TooManyRequestsException",
            ),
            Fault::TooLarge => words(
                "REQUEST_TOO_LARGE",
                StatusCode::PAYLOAD_TOO_LARGE,
                "Request Too Long",
                "RequestTooLargeException",
            ),
            Fault::Configuration => internal("API_CONFIGURATION_ERROR", StatusCode::INTERNAL_SERVER_ERROR),
            Fault::Integration => internal("DEFAULT_5XX", StatusCode::BAD_GATEWAY),
            Fault::Timeout => words(
                "INTEGRATION_TIMEOUT",
                StatusCode::GATEWAY_TIMEOUT,
                "Endpoint request timed out",
                "InternalServerErrorException",
            ),
        }
    }

    /// The answer, as the deployment's gateway responses have it.
    pub(super) fn response(
        self,
        request_id: &str,
        head: &Head,
        responses: Option<&BTreeMap<String, GatewayResponse>>,
    ) -> Response {
        let words = self.words();
        let default = if words.status.is_client_error() { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
        let custom =
            responses.and_then(|responses| responses.get(words.kind).or_else(|| responses.get(default)));
        let mut response = Response {
            status: words.status,
            headers: vec![("x-amzn-ErrorType".to_owned(), words.error_type.to_owned())],
            // Recorded of AWS: a server error's body has a blank that a client error's has not.
            body: match words.status.is_server_error() {
                true => format!(r#"{{"message": "{}"}}"#, words.message).into(),
                false => format!(r#"{{"message":"{}"}}"#, words.message).into(),
            },
        };
        let mut content_type = "application/json";
        if let Some(custom) = custom {
            let status = custom.status_code.as_deref().and_then(|status| status.parse().ok());
            if let Some(status) = status {
                response.status = status;
            }
            let template =
                custom.templates.get_key_value("application/json").or(custom.templates.iter().next());
            if let Some((kind, template)) = template {
                content_type = kind;
                response.body = render(template, &words, request_id).into();
            }
            for (place, value) in &custom.parameters {
                let header = place.strip_prefix("gatewayresponse.header.");
                if let (Some(name), Some(value)) = (header, parameter(value, head)) {
                    response.headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
                    response.headers.push((name.to_owned(), value));
                }
            }
        }
        if !response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            response.headers.insert(0, ("Content-Type".to_owned(), content_type.to_owned()));
        }
        response
    }
}

/// The value of a mapping: `'text'`, or a header or query parameter of the request.
fn parameter(mapping: &str, head: &Head) -> Option<String> {
    if let Some(text) = mapping.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return Some(text.to_owned());
    }
    if let Some(name) = mapping.strip_prefix("method.request.header.") {
        return head.header(name).map(str::to_owned);
    }
    let name = mapping.strip_prefix("method.request.querystring.")?;
    let (_, query) = head.target.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The variables that a gateway response's template may hold.
fn render(template: &str, words: &Words, request_id: &str) -> String {
    template
        .replace("$context.error.messageString", &format!("\"{}\"", words.message))
        .replace("$context.error.message", words.message)
        .replace("$context.error.responseType", words.kind)
        .replace("$context.requestId", request_id)
}
