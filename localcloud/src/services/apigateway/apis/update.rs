//! Changes of an API's own settings.

use serde_json::json;

use super::super::patch::{Operation, Patch};
use super::super::{api_mut, bad_request};
use super::{compression, described};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::RestApi;

/// What AWS knows; `vpcEndpointIds` and policies are not offered here.
const PATHS: [(&str, &[&str]); 3] = [
    ("add", &["/binaryMediaTypes/{binaryMediaType}", "/endpointConfiguration/vpcEndpointIds"]),
    ("remove", &["/binaryMediaTypes/{binaryMediaType}", "/endpointConfiguration/vpcEndpointIds"]),
    (
        "replace",
        &[
            "/name",
            "/description",
            "/apiKeySource",
            "/binaryMediaTypes/{binaryMediaType}",
            "/disableExecuteApiEndpoint",
            "/endpointConfiguration/ipAddressType",
            "/endpointConfiguration/types/{type}",
            "/minimumCompressionSize",
            "/policy",
        ],
    ),
];

const THREE: &str = "Invalid patch operation specified. Must be 'add'|'remove'|'replace'";

pub(in super::super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateRestApiInput")?;
    let updated = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        for operation in &patch.operations {
            apply(call, api, operation)?;
        }
        if api.endpoint_type == "PRIVATE" && api.ip_address_type == "ipv4" {
            return Err(bad_request("Only dualstack ipAddressType is supported for Private APIs."));
        }
        Ok(api.clone())
    })?;
    let mut members = described(&updated);
    members["tags"] = json!(updated.tags);
    Ok(Answer::ok(members))
}

fn apply(call: &Call, api: &mut RestApi, operation: &Operation) -> Result<(), Fault> {
    let segments = operation.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let [
        "name"
        | "description"
        | "version"
        | "apiKeySource"
        | "disableExecuteApiEndpoint"
        | "minimumCompressionSize"
        | "policy",
    ]
    | ["endpointConfiguration", "ipAddressType"] = words.as_slice()
    {
        operation.replaces()?;
    }
    match words.as_slice() {
        ["name"] => api.name = operation.value()?.to_owned(),
        ["description"] => api.description = Some(operation.value()?.to_owned()),
        ["version"] => api.version = Some(operation.value()?.to_owned()),
        ["disableExecuteApiEndpoint"] => api.disable_execute_api_endpoint = operation.is_on(),
        ["apiKeySource"] => match operation.value()? {
            value @ ("HEADER" | "AUTHORIZER") => api.api_key_source = value.to_owned(),
            value => {
                return Err(bad_request(format!(
                    "Invalid API key source {value} specified. Valid options are HEADER,AUTHORIZER"
                )));
            }
        },
        ["minimumCompressionSize"] => {
            // Nothing turns it off.
            let size = operation.text().map(|text| compression(text.parse().unwrap_or(-1))).transpose()?;
            api.minimum_compression_size = size;
        }
        ["policy"] if operation.text().is_none() => {}
        ["policy"] | ["endpointConfiguration", "vpcEndpointIds", ..] => {
            return Err(call.parameter_not_offered(&format!("the patch path {}", operation.path_text())));
        }
        ["binaryMediaTypes", kind] => binary_media_types(api, kind, operation)?,
        ["endpointConfiguration", "ipAddressType"] => match operation.value()? {
            value @ ("ipv4" | "dualstack") => api.ip_address_type = value.to_owned(),
            _ => return Err(bad_request("ipAddressType must be either ipv4 or dualstack.")),
        },
        ["endpointConfiguration", "types", ..] => endpoint_type(call, api, operation)?,
        _ => return Err(operation.unknown(&PATHS)),
    }
    Ok(())
}

fn binary_media_types(api: &mut RestApi, kind: &str, operation: &Operation) -> Result<(), Fault> {
    let kinds = &mut api.binary_media_types;
    match operation.op.as_str() {
        "add" if kinds.iter().any(|one| one == kind) => {}
        "add" => kinds.push(kind.to_owned()),
        "remove" => kinds.retain(|one| one != kind),
        "replace" => {
            let value = operation.value()?.to_owned();
            let old = kinds.iter_mut().find(|one| *one == kind);
            *old.ok_or_else(|| operation.invalid())? = value;
        }
        _ => return Err(bad_request(THREE)),
    }
    Ok(())
}

fn endpoint_type(call: &Call, api: &mut RestApi, operation: &Operation) -> Result<(), Fault> {
    match operation.op.as_str() {
        "replace" => {}
        op @ ("add" | "remove") => {
            return Err(call.parameter_not_offered(&format!("{op} of {}", operation.path_text())));
        }
        _ => return Err(bad_request(THREE)),
    }
    match operation.value()? {
        value @ ("REGIONAL" | "EDGE") => api.endpoint_type = value.to_owned(),
        "PRIVATE" => {
            api.endpoint_type = "PRIVATE".to_owned();
            api.ip_address_type = "dualstack".to_owned();
        }
        _ => {
            return Err(bad_request(
                "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
            ));
        }
    }
    Ok(())
}
