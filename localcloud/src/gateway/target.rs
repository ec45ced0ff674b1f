//! The function that an integration leads to, and whether the gateway may call it. Everything that depends on how an
//! integration names its function is in here.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::permission;
use crate::account::{ACCOUNT_ID, REGION};
use crate::functions::Callee;
use crate::world::State;
use crate::world::apis::Integration;

/// A function to be called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) callee: Callee,
    /// As the integration names it, with its qualifier if it has one.
    pub(super) arn: String,
}

/// A function as an integration names it.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    name: &'a str,
    /// A version, an alias or `$LATEST`.
    qualifier: Option<&'a str>,
    arn: &'a str,
}

/// Headers that an integration must not set: AWS fails each call that would (recorded).
const RESERVED: [&str; 7] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "proxy-authenticate",
    "te",
    "transfer-encoding",
];

/// The function of a proxy integration at a stage with these variables. `source_arn` is the method that calls it.
pub(super) fn resolve(
    integration: &Integration,
    variables: &BTreeMap<String, String>,
    state: &State,
    source_arn: &str,
) -> Result<Target, Fault> {
    let mut settings = integration.request_parameters.iter().flatten();
    let sets_reserved = settings.any(|(place, _)| {
        let header = place.strip_prefix("integration.request.header.");
        header.is_some_and(|header| RESERVED.iter().any(|name| header.eq_ignore_ascii_case(name)))
    });
    if sets_reserved || integration.kind != "AWS_PROXY" || integration.http_method.as_deref() != Some("POST")
    {
        return Err(Fault::Configuration);
    }
    let uri = integration.uri.as_deref().and_then(|uri| with_variables(uri, variables));
    let streams = integration.response_transfer_mode == "STREAM";
    let named = uri.as_deref().and_then(|uri| parse(uri, streams)).ok_or(Fault::Configuration)?;
    let function = state.functions.get(named.name).ok_or(Fault::Configuration)?;
    let qualified = function.qualified(named.qualifier).ok_or(Fault::Configuration)?;
    if !permission::allows(function.statements(named.qualifier), source_arn) {
        return Err(Fault::Configuration);
    }
    let callee = Callee { name: named.name.to_owned(), version: qualified.runs(fastrand::f64()) };
    Ok(Target { callee, arn: named.arn.to_owned() })
}

/// The URI with the stage's variables in it; one that is not set is empty.
fn with_variables(uri: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut left = uri;
    let mut uri = String::with_capacity(left.len());
    while let Some((before, rest)) = left.split_once("${stageVariables.") {
        let (name, after) = rest.split_once('}')?;
        uri.push_str(before);
        uri.push_str(variables.get(name).map_or("", String::as_str));
        left = after;
    }
    uri.push_str(left);
    Some(uri)
}

/// What stands around the function's ARN in the path of a URI, by whether the answer is streamed.
pub(crate) fn around(streams: bool) -> (&'static str, &'static str) {
    match streams {
        false => ("2015-03-31/functions/", "/invocations"),
        true => ("2021-11-15/functions/", "/response-streaming-invocations"),
    }
}

/// The function of a URI `arn:aws:apigateway:REGION:lambda:path/DATE/functions/FUNCTION-ARN/invocations`.
fn parse(uri: &str, streams: bool) -> Option<Named<'_>> {
    let path =
        uri.strip_prefix("arn:aws:apigateway:")?.strip_prefix(REGION)?.strip_prefix(":lambda:path/")?;
    let (before, behind) = around(streams);
    let arn = path.strip_prefix(before)?.strip_suffix(behind)?;
    let parts: Vec<&str> = arn.split(':').collect();
    match parts[..] {
        ["arn", "aws", "lambda", REGION, ACCOUNT_ID, "function", name] => {
            Some(Named { name, qualifier: None, arn })
        }
        ["arn", "aws", "lambda", REGION, ACCOUNT_ID, "function", name, qualifier] => {
            Some(Named { name, qualifier: Some(qualifier), arn })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integration_leads_to_a_function_of_this_account() {
        let uri = |arn: &str| {
            format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations")
        };
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:hello-stage";
        let plain = uri(arn);
        assert_eq!(parse(&plain, false), Some(Named { name: "hello-stage", qualifier: None, arn }));
        for qualifier in ["$LATEST", "7", "live"] {
            let uri = uri(&format!("{arn}:{qualifier}"));
            assert_eq!(parse(&uri, false).unwrap().qualifier, Some(qualifier));
        }
        for bad in [
            uri(&format!("{arn}:live:1")),
            uri("arn:aws:lambda:eu-west-1:000000000000:function:f"),
            uri("arn:aws:lambda:us-east-1:123456789012:function:f"),
            uri(""),
            arn.to_owned(),
        ] {
            assert!(parse(&bad, false).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_streaming_integration_has_a_path_of_its_own() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
        let uri = |path: &str| format!("arn:aws:apigateway:us-east-1:lambda:path/{path}");
        let streaming = uri(&format!("2021-11-15/functions/{arn}/response-streaming-invocations"));
        assert_eq!(parse(&streaming, true).unwrap().name, "f");
        assert!(parse(&streaming, false).is_none());
        assert!(parse(&uri(&format!("2015-03-31/functions/{arn}/invocations")), true).is_none());
    }

    #[test]
    fn variables_stand_anywhere_in_the_uri() {
        let variables = BTreeMap::from([("env".to_owned(), "stage".to_owned())]);
        let uri = |text: &str| with_variables(text, &variables);
        assert_eq!(uri("a-${stageVariables.env}-${stageVariables.none}b").unwrap(), "a-stage-b");
        assert_eq!(uri("a-${stageVariables.env"), None);
    }
}
