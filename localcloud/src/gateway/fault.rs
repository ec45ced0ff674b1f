//! What the gateway itself answers when nothing else does, and how an API's gateway responses change it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::call::Response;
use super::context::Context;
use super::template;

/// A situation in which the gateway answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such stage, or the API's own address is closed.
    NoStage,
    /// Request line and header values are larger than API Gateway takes.
    HeadTooLarge,
    /// The request cannot be read.
    Malformed,
    /// Parameters are missing that the method requires; their names.
    MissingParameters(String),
    /// The body does not fit the method's model; in what, as far as it is JSON.
    InvalidBody(Vec<String>),
    /// The integration takes no body of this content type.
    UnsupportedMedia,
    /// There is no such path or method in the deployment.
    NoRoute,
    /// Neither is there, and the request has an `Authorization` that API Gateway takes for a signature which it is not; the header.
    NotSigned(String),
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
    message: String,
    error_type: &'static str,
}

impl Fault {
    fn words(&self) -> Words {
        let words = |kind, status, message: &str, error_type| Words {
            kind,
            status,
            message: message.to_owned(),
            error_type,
        };
        let bad = |kind, message: &str| words(kind, StatusCode::BAD_REQUEST, message, "BadRequestException");
        let internal =
            |kind, status| words(kind, status, "Internal server error", "InternalServerErrorException");
        match self {
            Fault::NoStage => {
                words("ACCESS_DENIED", StatusCode::FORBIDDEN, "Forbidden", "ForbiddenException")
            }
            Fault::HeadTooLarge => words(
                "DEFAULT_4XX",
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Request Header Fields Too Large",
                "BadRequestException",
            ),
            Fault::Malformed => bad("DEFAULT_4XX", "Bad Request"),
            Fault::MissingParameters(names) => {
                bad("BAD_REQUEST_PARAMETERS", &format!("Missing required request parameters: [{names}]"))
            }
            Fault::InvalidBody(_) => bad("BAD_REQUEST_BODY", "Invalid request body"),
            Fault::UnsupportedMedia => words(
                "UNSUPPORTED_MEDIA_TYPE",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported Media Type",
                "BadRequestException",
            ),
            Fault::NoRoute => words(
                "MISSING_AUTHENTICATION_TOKEN",
                StatusCode::FORBIDDEN,
                "Missing Authentication Token",
                "MissingAuthenticationTokenException",
            ),
            Fault::NotSigned(header) => words(
                "MISSING_AUTHENTICATION_TOKEN",
                StatusCode::FORBIDDEN,
                &not_signed(header),
                "IncompleteSignatureException",
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
    pub(super) fn response(&self, context: &mut Context<'_>) -> Response {
        let words = self.words();
        let default = if words.status.is_client_error() { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
        let responses = context.place.as_ref().map(|place| &place.deployment.gateway_responses);
        let custom =
            responses.and_then(|responses| responses.get(words.kind).or_else(|| responses.get(default)));
        let body = match words.status.is_server_error() {
            // Recorded of AWS: a server error's body has a blank that a client error's has not.
            true => format!(r#"{{"message": "{}"}}"#, words.message),
            false => format!(r#"{{"message":"{}"}}"#, words.message),
        };
        let mut response = Response {
            status: words.status,
            headers: vec![("x-amzn-ErrorType".to_owned(), words.error_type.to_owned())],
            body: body.into(),
            stream: None,
        };
        if let Fault::InvalidBody(complaints) = self {
            context.validation_error = Some(format!("[{}]", complaints.join(", ")));
        }
        context.error = Some((words.kind, words.message));
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
                response.body = render(template, context, response.status).into();
            }
            for (place, mapping) in &custom.parameters {
                let header = place.strip_prefix("gatewayresponse.header.");
                if let (Some(name), Some(value)) = (header, context.mapped(mapping)) {
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

/// What is wrong with an `Authorization` that is no signature. It is shown hashed, as it may be a secret.
fn not_signed(header: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(header));
    match header.contains('=') {
        false => format!(
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{hash}'."
        ),
        true => format!(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
             Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a \
             'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization={hash}"
        ),
    }
}

/// A gateway response's template knows variables of the context and of the stage, and nothing else.
fn render(template: &str, context: &Context<'_>, status: StatusCode) -> String {
    template::render(template, |reference| match reference.name.split_once('.')? {
        ("context", "status") => Some(status.as_u16().to_string()),
        ("context", name) => Some(context.get(name).unwrap_or_default()),
        ("stageVariables", name) => Some(context.variable(name).unwrap_or_default().to_owned()),
        _ => None,
    })
}
