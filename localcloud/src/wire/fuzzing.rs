//! Calls without their signatures, for the fuzz targets.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use super::{Call, Parts, Protocol, Reply, Service, cbor, json, query, sigv4};
use crate::access::Caller;

/// The call that a request is, whoever signed it. The service is the one that its `Authorization` names.
pub(crate) fn call(
    method: &str,
    target: &str,
    fields: &[(String, String)],
    payload: Vec<u8>,
) -> Option<Call> {
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let uri: Uri = target.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    let payload = Bytes::from(payload);
    // What a stranger sends is looked at as well.
    let (reply, refused) = super::detect(&method, &uri, &headers, payload.clone(), |_| None);
    let fault = refused.expect_err("nobody is known");
    reply.encode(Err(fault));
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?.to_owned();
    let service = Service::by_signing_name(sigv4::parse(&authorization)?.service)?;
    let operation = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let parts = match service.protocol(&headers) {
        Protocol::Query => query::parts(service, &payload),
        Protocol::AwsJson => json::target_parts(service, operation, &payload),
        Protocol::Cbor => cbor::parts(service, uri.path(), &headers, &payload),
        Protocol::RestJson => json::rest_parts(service, &method, &uri, &headers, &payload),
    };
    let Parts { operation, input, path } = parts.ok()?;
    let target = (method, uri.path().to_owned());
    Some(Call { service, operation, caller: Caller::Owner, input, path, target, headers, payload })
}

/// What is needed to answer it.
pub(crate) fn reply(call: &Call) -> Reply {
    Reply {
        protocol: call.service.protocol(&call.headers),
        service: Some(call.service),
        operation: call.operation.clone(),
        request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
    }
}
