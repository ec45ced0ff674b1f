//! Whose call it is: the credential of a SigV4 `Authorization` header.

use super::fault::Fault;
use super::{Protocol, Service};
use crate::access::Identity;
use crate::account;

/// The parts of `Credential=KEY/DATE/REGION/SERVICE/aws4_request`, and what was signed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Credential<'a> {
    pub(super) access_key: &'a str,
    /// `20261125`.
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// Names in small letters, separated by semicolons.
    pub(super) signed_headers: &'a str,
    /// In hexadecimal digits.
    pub(super) signature: &'a str,
}

/// Reads the header; `None` when it is not a whole SigV4 header.
pub(super) fn parse(authorization: &str) -> Option<Credential<'_>> {
    let rest = authorization.strip_prefix("AWS4-HMAC-SHA256")?.trim_start();
    let mut credential = None;
    let (mut signed_headers, mut signature) = ("", "");
    for part in rest.split(',') {
        match part.trim().split_once('=')? {
            ("Credential", value) => credential = Some(value),
            ("SignedHeaders", value) => signed_headers = value,
            ("Signature", value) => signature = value,
            _ => return None,
        }
    }
    let mut scope = credential?.split('/');
    let (access_key, date) = (scope.next()?, scope.next()?);
    let (region, service) = (scope.next()?, scope.next()?);
    let whole = scope.next() == Some("aws4_request") && scope.next().is_none();
    let whole = whole && !signed_headers.is_empty() && !signature.is_empty();
    whole.then_some(Credential { access_key, date, region, service, signed_headers, signature })
}

const NOT_AWS: &str = "This endpoint is Callboard's local cloud, not AWS";

/// The status of a refused credential: services of awsJson say 400 to all that is the caller's fault
/// (github.com/aws/aws-sdk-php/issues/1114 shows it of ECR).
pub(super) fn status(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::AwsJson => 400,
        Protocol::RestJson | Protocol::Query | Protocol::Cbor => 403,
    }
}

/// No `Authorization` header at all.
pub(super) fn missing(protocol: Protocol) -> Fault {
    let code = match protocol {
        Protocol::Query | Protocol::Cbor => "MissingAuthenticationToken",
        Protocol::RestJson | Protocol::AwsJson => "MissingAuthenticationTokenException",
    };
    Fault::new(status(protocol), code, format!("Missing Authentication Token. {NOT_AWS}: {}", how_to_sign()))
}

/// An `Authorization` header that is not SigV4.
pub(super) fn incomplete(protocol: Protocol) -> Fault {
    let code = match protocol {
        Protocol::Query | Protocol::Cbor => "IncompleteSignature",
        Protocol::RestJson | Protocol::AwsJson => "IncompleteSignatureException",
    };
    Fault::new(
        status(protocol),
        code,
        format!(
            "The Authorization header is not a complete AWS Signature Version 4. {NOT_AWS}: {}",
            how_to_sign()
        ),
    )
}

/// Refuses every credential but those of the local cloud, so that no client can take it for AWS, nor AWS for it, and temporary
/// ones without their token or after their time; answers whose it is. The signature is still to be verified.
pub(super) fn check(
    credential: &Credential<'_>,
    identity: Option<Identity>,
    token: Option<&str>,
    protocol: Protocol,
    service: Service,
) -> Result<Identity, Fault> {
    let identity = identity.filter(|identity| match (&identity.token, token) {
        (Some((wanted, _)), Some(given)) => super::signature::is_same(wanted.0.as_bytes(), given.as_bytes()),
        (None, None) => true,
        _ => false,
    });
    let Some(identity) = identity else {
        let code = match protocol {
            Protocol::Query | Protocol::Cbor => "InvalidClientTokenId",
            Protocol::RestJson | Protocol::AwsJson => "UnrecognizedClientException",
        };
        return Err(Fault::new(
            status(protocol),
            code,
            format!("The security token included in the request is invalid. {NOT_AWS}: {}", how_to_sign()),
        ));
    };
    if identity.token.as_ref().is_some_and(|(_, expired)| *expired) {
        return Err(Fault::expired(service));
    }
    if credential.region != account::REGION {
        let code = match protocol {
            Protocol::Query | Protocol::Cbor => "SignatureDoesNotMatch",
            Protocol::RestJson | Protocol::AwsJson => "InvalidSignatureException",
        };
        return Err(Fault::new(
            status(protocol),
            code,
            format!(
                "Credential should be scoped to a valid region, not '{}'. {NOT_AWS}: its {} is in {} only",
                credential.region,
                service.name(),
                account::REGION
            ),
        ));
    }
    Ok(identity)
}

fn how_to_sign() -> String {
    let own = account::ACCESS_KEY_ID;
    format!(
        "it answers only to its own access key {own} and to those of users and sessions that were created in it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_scope() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab12";
        assert_eq!(
            parse(header),
            Some(Credential {
                access_key: "AKIA",
                date: "20261122",
                region: "us-east-1",
                service: "lambda",
                signed_headers: "host;x-amz-date",
                signature: "ab12",
            })
        );
        // Without blanks after the commas, as some clients write it.
        assert!(parse(&header.replace(", ", ",")).is_some());
    }

    #[test]
    fn refuses_halves() {
        for header in [
            "",
            "Basic QVdTOng=",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/lambda, SignedHeaders=host, Signature=ab",
            "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/lambda/aws4_request, SignedHeaders=host",
            "AWS4-HMAC-SHA256 Credential=A/B/C/D/aws4_request/E, SignedHeaders=host, Signature=ab",
        ] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}
