//! Calls that are signed by hand, where the SDK does not write or show what a test is about.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use localcloud::account;

/// The headers that a signature adds to a request without others.
pub(crate) fn signed(
    method: &str,
    url: &str,
    service: &str,
    body: &[u8],
    at: SystemTime,
) -> Vec<(String, String)> {
    let keys = Credentials::new(account::ACCESS_KEY_ID, account::SECRET_ACCESS_KEY, None, None, "test");
    let identity = keys.into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(account::REGION)
        .name(service)
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let request = SignableRequest::new(method, url, std::iter::empty(), SignableBody::Bytes(body)).unwrap();
    let (instructions, _) = sign(request, &parameters.into()).unwrap().into_parts();
    instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Signs a request of reqwest's.
pub(crate) fn sign_now(request: reqwest::RequestBuilder, service: &str) -> reqwest::Request {
    let mut request = request.build().unwrap();
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
    let headers =
        signed(request.method().as_str(), request.url().as_str(), service, &body, SystemTime::now());
    for (name, value) in headers {
        let name: reqwest::header::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}
