//! What an answer, or that there was none, means by itself. What lies behind it is looked for afterwards (`explain`).

use hyper::StatusCode;

use super::ask::Answer;
use super::dial::Failure;
use crate::domain::{Diagnosis, Fault, StageName};

/// What a request that got no answer died of.
pub(super) fn unanswered(failure: &Failure) -> Fault {
    match failure {
        Failure::Refused => Fault::new(
            Diagnosis::Refused,
            "nothing listens at this address",
            "on the local cloud: see that it runs (`callboard local`); on AWS: see that the URL is the gateway's",
        ),
        Failure::Dns(told) => Fault::new(
            Diagnosis::Dns,
            format!("the host's name leads nowhere ({told})"),
            "see that the API still exists in this region and that this machine has DNS",
        ),
        Failure::Tls(told) => Fault::new(
            Diagnosis::Tls,
            format!("no TLS connection came about ({told})"),
            "see whether a proxy or a custom domain answers with its own certificate, and whether that has expired",
        ),
        Failure::Timeout(limit) => Fault::new(
            Diagnosis::NoAnswer,
            format!("no whole answer came within {} s", limit.as_secs_f32()),
            "look at the function's log lines: it hangs, or its own time-out is too long",
        ),
        Failure::Unreachable(told) => Fault::new(
            Diagnosis::Unreachable,
            format!("no connection came about ({told})"),
            "look at the network and the proxy (HTTPS_PROXY)",
        ),
        Failure::Broken(told) => Fault::new(
            Diagnosis::Broken,
            format!("the answer broke off or is no HTTP ({told})"),
            "see that the URL is the gateway's, and ask again",
        ),
    }
}

/// What an answer that API Gateway gave by itself means; `None` when the answer is the service's own.
///
/// The table is API Gateway's (REST APIs): status and `message` of its default gateway responses.
pub(super) fn gateway(answer: &Answer, stage: StageName) -> Option<Fault> {
    let message = match answer.json()? {
        serde_json::Value::Object(body) if body.len() == 1 => body.get("message")?.as_str()?.to_owned(),
        _ => return None,
    };
    let fault = match (answer.status, message.as_str()) {
        (StatusCode::FORBIDDEN, "Missing Authentication Token") => Fault::new(
            Diagnosis::NoRoute,
            "the gateway has no such path or method in what is deployed",
            format!("deploy {stage}: it puts ANY on the root and on {{proxy+}} and makes a new deployment"),
        ),
        (StatusCode::FORBIDDEN, "Forbidden") => Fault::new(
            Diagnosis::Forbidden,
            format!("the API has no stage {stage}, or a policy in front of it keeps this machine out"),
            format!("deploy {stage}; if it is there, look at the API's resource policy and at WAF"),
        ),
        (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests" | "Limit Exceeded") => Fault::new(
            Diagnosis::Throttled,
            "the gateway is throttling",
            "wait and ask again; if it stays, raise the stage's or the account's throttling limit",
        ),
        (StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long") => Fault::new(
            Diagnosis::TooLong,
            "the request is more than the gateway takes (10 MB)",
            "send less, or let clients upload to S3",
        ),
        (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error") => Fault::new(
            Diagnosis::InternalError,
            format!(
                "the gateway may not or cannot call the function: the permission for {stage} is missing, or the \
                 integration's URI with the stage variable `env` names no function"
            ),
            format!("deploy {stage}: it sets integration, stage variable and permission"),
        ),
        (StatusCode::BAD_GATEWAY, "Internal server error") => Fault::new(
            Diagnosis::BadGateway,
            "the function crashed, ran into its own time-out, was throttled, or gave what is no proxy answer",
            "look at the log lines of this request",
        ),
        (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable") => Fault::new(
            Diagnosis::Unavailable,
            "the gateway could not reach the function's service",
            "ask again in a minute",
        ),
        (StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out") => Fault::new(
            Diagnosis::GatewayTimeout,
            "the function gave no answer within the gateway's 29 s",
            "look at the log lines of this request: what takes so long may go on running",
        ),
        _ => return None,
    };
    Some(fault)
}

/// What is wrong about an answer that should have been a success.
pub(super) fn no_success(answer: &Answer, stage: StageName) -> Option<Fault> {
    if answer.status.is_success() {
        return None;
    }
    if let Some(fault) = gateway(answer, stage) {
        return Some(fault);
    }
    let status = answer.status.as_u16();
    Some(match status {
        300..=399 => Fault::new(
            Diagnosis::Redirect,
            format!("it redirects to {}", answer.text("location").unwrap_or_else(|| "nowhere".to_owned())),
            "a path of the API should answer by itself: see that the redirect keeps the stage's prefix, or drop it",
        ),
        401 | 403 => Fault::new(
            Diagnosis::SignIn,
            format!("it asks for a sign-in ({status})"),
            "declare what the operation needs in the OpenAPI document, so that it is not asked without it",
        ),
        404 => Fault::new(
            Diagnosis::PathUnknown,
            "the service itself knows no such path, though its OpenAPI document lists it",
            "see whether the path loses or doubles the stage's prefix on its way to the router",
        ),
        405 => Fault::new(
            Diagnosis::MethodUnknown,
            "the service does not take GET here, though its OpenAPI document lists it",
            "correct the route or the document",
        ),
        500..=599 => Fault::new(
            Diagnosis::ServiceFailed,
            format!("the service itself failed ({status})"),
            "look at the log lines of this request",
        ),
        _ => Fault::new(
            Diagnosis::Status,
            format!("it answered {status}, and the check wants a success"),
            "look at the log lines of this request",
        ),
    })
}

/// Whether bytes came as the base64 text in which Lambda hands them to the gateway: the API lacks `binaryMediaTypes`.
pub(super) fn mangled(answer: &Answer) -> Result<(), Fault> {
    let encoded = answer.text("content-encoding").filter(|one| one != "identity");
    let media_type = answer.media_type().unwrap_or_default();
    let bytes = ["image/", "audio/", "video/", "font/"].iter().any(|kind| media_type.starts_with(kind))
        && media_type != "image/svg+xml"
        || ["application/octet-stream", "application/pdf", "application/zip", "application/wasm"]
            .contains(&media_type.as_str());
    let is_text = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
    let base64 =
        answer.body.len() >= 8 && answer.body.iter().all(is_text) && answer.body.len().is_multiple_of(4);
    if !(base64 && (encoded.is_some() || bytes)) {
        return Ok(());
    }
    let what = match &encoded {
        Some(encoding) => format!("it is compressed ({encoding})"),
        None => format!("it is {media_type}"),
    };
    Err(Fault::new(
        Diagnosis::BinaryMangled,
        format!("{what} and comes as base64 text: the API passes bytes on only for its `binaryMediaTypes`"),
        if encoded.is_some() {
            "drop the compression layer and let the gateway compress (`minimumCompressionSize`), or set `binaryMediaTypes` to */*"
        } else {
            "set the API's `binaryMediaTypes` to */* and deploy it anew, or serve the file from S3"
        },
    ))
}
