//! Whether a call was signed with the secret that belongs to its access key, and a short time ago.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Protocol;
use super::fault::Fault;
use super::sigv4::Credential;

/// How far a signature's time may be from now (AWS General Reference, "Signature Version 4": five minutes).
const SKEW: Duration = Duration::from_secs(5 * 60);

/// A request as it came.
pub(super) struct Received<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) payload: &'a [u8],
}

/// Signs the request anew with the secret and compares.
pub(super) fn verify(
    request: &Received<'_>,
    credential: &Credential<'_>,
    secret: &str,
    protocol: Protocol,
    now: Timestamp,
) -> Result<(), Fault> {
    let refused = |message: String| {
        let code = match protocol {
            Protocol::Query | Protocol::Cbor => "SignatureDoesNotMatch",
            Protocol::RestJson | Protocol::AwsJson => "InvalidSignatureException",
        };
        Err(Fault::new(super::sigv4::status(protocol), code, message))
    };
    let text = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let date = text("x-amz-date").unwrap_or_default();
    let Some(at) = time(date) else { return Err(super::sigv4::incomplete(protocol)) };
    if credential.date != date.get(..8).unwrap_or_default() {
        return refused(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{date}'.",
            credential.date,
            date.get(..8).unwrap_or_default()
        ));
    }
    // The words of AWS, with its two times.
    let (earliest, latest) = (now - SKEW, now + SKEW);
    if at < earliest {
        let (earliest, now) = (basic(earliest), basic(now));
        return refused(format!("Signature expired: {date} is now earlier than {earliest} ({now} - 5 min.)"));
    }
    if at > latest {
        let (latest, now) = (basic(latest), basic(now));
        return refused(format!(
            "Signature not yet current: {date} is still later than {latest} ({now} + 5 min.)"
        ));
    }
    match signature(request, credential, secret, at) {
        Some(made) if is_same(made.as_bytes(), credential.signature.as_bytes()) => Ok(()),
        _ => refused(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
             and signing method. Consult the service documentation for details."
                .to_owned(),
        ),
    }
}

/// What the request's signature must be; `None` when it cannot be signed as it says.
fn signature(
    request: &Received<'_>,
    credential: &Credential<'_>,
    secret: &str,
    at: Timestamp,
) -> Option<String> {
    let names: Vec<&str> = credential.signed_headers.split(';').collect();
    // The time is put in by who signs; without it nobody could tell how old a signature is.
    if !names.contains(&"host") || !names.contains(&"x-amz-date") {
        return None;
    }
    let mut headers = Vec::new();
    for name in names.iter().filter(|name| **name != "x-amz-date") {
        let mut values = request.headers.get_all(*name).iter().peekable();
        values.peek()?;
        for value in values {
            headers.push((*name, value.to_str().ok()?));
        }
    }
    let unsigned = names.contains(&"x-amz-content-sha256")
        && headers.contains(&("x-amz-content-sha256", "UNSIGNED-PAYLOAD"));
    let body = if unsigned { SignableBody::UnsignedPayload } else { SignableBody::Bytes(request.payload) };
    let host = request.headers.get("host")?.to_str().ok()?;
    let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = format!("http://{host}{path}");
    let signable = SignableRequest::new(request.method.as_str(), uri, headers.into_iter(), body).ok()?;
    let identity = Credentials::new(credential.access_key, secret, None, None, "local cloud").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings.signature_location = SignatureLocation::Headers;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Enabled;
    // What was signed is what counts, `user-agent` too.
    settings.excluded_headers = None;
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(credential.region)
        .name(credential.service)
        .time(SystemTime::from(at))
        .settings(settings)
        .build()
        .ok()?;
    let (_, signature) = sign(signable, &parameters.into()).ok()?.into_parts();
    Some(signature)
}

/// `20261125T120000Z`.
fn time(text: &str) -> Option<Timestamp> {
    let time = text.strip_suffix('Z')?;
    let time = DateTime::strptime("%Y%m%dT%H%M%S", time).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn basic(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Compared in a time that does not tell how far they are alike.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS itself (its test suite for signatures, `get-vanilla-query-order-key-case`).
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const SIGNATURE: &str = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";

    fn received(signature: &str, path: &str, at: &str) -> Result<(), Fault> {
        let mut headers = HeaderMap::new();
        headers.insert("host", "example.amazonaws.com".parse().unwrap());
        headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
        let uri: Uri = path.parse().unwrap();
        let request = Received { method: &Method::GET, uri: &uri, headers: &headers, payload: b"" };
        let credential = Credential {
            access_key: "AKIDEXAMPLE",
            date: "20150830",
            region: "us-east-1",
            service: "service",
            signed_headers: "host;x-amz-date",
            signature,
        };
        verify(&request, &credential, SECRET, Protocol::RestJson, time(at).unwrap())
    }

    #[test]
    fn the_example_of_aws_is_let_through_and_what_differs_from_it_is_not() {
        let path = "/?Param2=value2&Param1=value1";
        assert!(received(SIGNATURE, path, "20150830T123600Z").is_ok());
        assert!(received(SIGNATURE, path, "20150830T124059Z").is_ok());
        let other = format!("0{}", &SIGNATURE[1..]);
        for (signature, path, at, word) in [
            (other.as_str(), path, "20150830T123600Z", "does not match the signature you provided"),
            ("", path, "20150830T123600Z", "does not match"),
            (SIGNATURE, "/?Param2=value2&Param1=value3", "20150830T123600Z", "does not match"),
            (SIGNATURE, "/x?Param2=value2&Param1=value1", "20150830T123600Z", "does not match"),
            (
                SIGNATURE,
                path,
                "20150830T124200Z",
                "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)",
            ),
            (
                SIGNATURE,
                path,
                "20150830T123000Z",
                "Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z",
            ),
        ] {
            let fault = received(signature, path, at).expect_err(word);
            assert!(format!("{fault:?}").contains(word), "{fault:?}");
        }
    }
}
