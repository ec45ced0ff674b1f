//! REST APIs themselves. Each has a loopback port at which its data plane answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::patch::{Operation, Patch};
use super::{Nothing, Paged, api, api_mut, bad_request, no_such_api, seconds, tags};
use crate::cloud::{Cloud, now_ms, short_id};
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};
use crate::world::apis::{Resource, RestApi};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: String,
    description: Option<String>,
    version: Option<String>,
    #[serde(default)]
    binary_media_types: Vec<String>,
    minimum_compression_size: Option<i64>,
    api_key_source: Option<String>,
    endpoint_configuration: Option<EndpointConfiguration>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointConfiguration {
    types: Option<Vec<String>>,
    ip_address_type: Option<String>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    let endpoint = endpoint(input.endpoint_configuration.as_ref())?;
    if input.description.as_deref() == Some("") {
        return Err(bad_request("Description cannot be an empty string"));
    }
    if input.minimum_compression_size.is_some_and(|size| !(0..=10_485_760).contains(&size)) {
        return Err(bad_request("Invalid minimum compression size, must be between 0 and 10485760"));
    }
    if input.minimum_compression_size.is_some() {
        return Err(call.parameter_not_offered("the parameter minimumCompressionSize"));
    }
    if input.api_key_source.is_some_and(|source| source != "HEADER") {
        return Err(call.parameter_not_offered("an apiKeySource other than HEADER"));
    }
    let (endpoint_type, ip_address_type) = endpoint;
    if endpoint_type == "PRIVATE" && ip_address_type == "ipv4" {
        return Err(bad_request("Only dualstack ipAddressType is supported for Private APIs."));
    }
    let root = Resource {
        id: short_id(10),
        parent_id: None,
        path_part: None,
        path: "/".to_owned(),
        methods: BTreeMap::new(),
    };
    let mut api = RestApi {
        id: short_id(10),
        name: input.name,
        description: input.description,
        created_ms: now_ms(),
        version: input.version,
        endpoint_type,
        ip_address_type,
        binary_media_types: input.binary_media_types,
        root_resource_id: root.id.clone(),
        resources: BTreeMap::from([(root.id.clone(), root)]),
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
        gateway_responses: BTreeMap::new(),
        tags: input.tags,
        port: None,
    };
    cloud.world.change(|state| {
        state.apis.insert(api.id.clone(), api.clone());
        Ok::<_, Fault>(())
    })?;
    let opened = tokio::runtime::Handle::current().block_on(cloud.gateways.open(&api.id));
    match opened {
        Ok(port) => api.port = Some(port),
        Err(error) => {
            cloud.world.change(|state| {
                state.apis.remove(&api.id);
                Ok::<_, Fault>(())
            })?;
            return Err(Fault::internal(format!("the API has no port to listen on: {error}")));
        }
    }
    // A list that is empty is not told at creation.
    api.binary_media_types.retain(|kind| !kind.is_empty());
    Ok(Answer::with_status(201, described(&api)))
}

/// Type and IP address type.
fn endpoint(wanted: Option<&EndpointConfiguration>) -> Result<(String, String), Fault> {
    let types = wanted.and_then(|wanted| wanted.types.as_deref());
    let address = wanted.and_then(|wanted| wanted.ip_address_type.as_deref());
    let mut errors = Vec::new();
    if let Some(types) = types
        && !types.iter().all(|kind| ["PRIVATE", "EDGE", "REGIONAL"].contains(&kind.as_str()))
    {
        errors.push(broken(
            "createRestApiInput.endpointConfiguration.types",
            &format!("[{}]", types.join(", ")),
            "Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]",
        ));
    }
    if let Some(address) = address
        && !["ipv4", "dualstack"].contains(&address)
    {
        errors.push(broken(
            "createRestApiInput.endpointConfiguration.ipAddressType",
            address,
            "Member must satisfy enum value set: [ipv4, dualstack]",
        ));
    }
    if !errors.is_empty() {
        return Err(Fault::validations(Service::ApiGateway, &errors));
    }
    let kind = match types {
        None => "EDGE",
        Some([]) => {
            return Err(bad_request(
                "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
            ));
        }
        Some([one]) => one,
        Some(_) => return Err(bad_request("Cannot create an api with multiple Endpoint Types.")),
    };
    let address = address.unwrap_or(if kind == "PRIVATE" { "dualstack" } else { "ipv4" });
    Ok((kind.to_owned(), address.to_owned()))
}

fn described(api: &RestApi) -> Value {
    let mut members = json!({
        "apiKeySource": "HEADER",
        "createdDate": seconds(api.created_ms),
        "disableExecuteApiEndpoint": false,
        "endpointConfiguration": { "ipAddressType": api.ip_address_type, "types": [api.endpoint_type] },
        "id": api.id,
        "name": api.name,
        "rootResourceId": api.root_resource_id,
    });
    if let Some(text) = &api.description {
        members["description"] = text.as_str().into();
    }
    if let Some(text) = &api.version {
        members["version"] = text.as_str().into();
    }
    if !api.binary_media_types.is_empty() {
        members["binaryMediaTypes"] = json!(api.binary_media_types);
    }
    let tags = tags::told(api);
    if !tags.is_empty() {
        members["tags"] = json!(tags);
    }
    members
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    Ok(Answer::ok(described(api(&cloud.world.snapshot(), call)?)))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paged = call.input()?;
    let state = cloud.world.snapshot();
    // In the order of their creation, as recorded.
    let mut apis: Vec<&RestApi> = state.apis.values().collect();
    apis.sort_by_key(|api| (api.created_ms, &api.id));
    let key = |api: &&RestApi| format!("{:020}{}", api.created_ms, api.id);
    Ok(Answer::ok(input.page(apis, key, described)?))
}

pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
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
    members["tags"] = json!(tags::told(&updated));
    Ok(Answer::ok(members))
}

fn apply(call: &Call, api: &mut RestApi, operation: &Operation) -> Result<(), Fault> {
    let replaced = || match operation.op.as_str() {
        "replace" => operation.value(),
        _ => Err(bad_request("Invalid patch operation specified. Must be one of: [replace]")),
    };
    match operation.segments().as_slice() {
        [name] if name == "name" => api.name = replaced()?.to_owned(),
        [name] if name == "description" => api.description = Some(replaced()?.to_owned()),
        [name] if name == "version" => api.version = Some(replaced()?.to_owned()),
        [name, rest @ ..] if name == "binaryMediaTypes" => {
            let [kind] = rest else {
                return Err(bad_request(format!("Invalid patch path {}", operation.path_text())));
            };
            match operation.op.as_str() {
                "add" if !api.binary_media_types.contains(kind) => api.binary_media_types.push(kind.clone()),
                "add" => {}
                "remove" => api.binary_media_types.retain(|one| one != kind),
                "replace" => {
                    let value = operation.value()?.to_owned();
                    let old = api.binary_media_types.iter_mut().find(|one| *one == kind);
                    *old.ok_or_else(|| {
                        bad_request(format!("Invalid patch path {}", operation.path_text()))
                    })? = value;
                }
                _ => {
                    return Err(bad_request(
                        "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
                    ));
                }
            }
        }
        [name, kind] if name == "endpointConfiguration" && kind == "ipAddressType" => match replaced()? {
            value @ ("ipv4" | "dualstack") => api.ip_address_type = value.to_owned(),
            _ => return Err(bad_request("ipAddressType must be either ipv4 or dualstack.")),
        },
        [name, kind, ..] if name == "endpointConfiguration" && kind == "types" => {
            if operation.op != "replace" {
                return Err(match operation.op.as_str() {
                    "add" | "remove" => {
                        call.parameter_not_offered(&format!("{} of {}", operation.op, operation.path_text()))
                    }
                    _ => bad_request("Invalid patch operation specified. Must be 'add'|'remove'|'replace'"),
                });
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
        }
        _ => return Err(call.parameter_not_offered(&format!("the patch path {}", operation.path_text()))),
    }
    Ok(())
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let id = call.path("restapi_id")?;
    cloud.world.change(|state| state.apis.remove(id).map(drop).ok_or_else(|| no_such_api(id)))?;
    tokio::runtime::Handle::current().block_on(cloud.gateways.close(id));
    Ok(Answer::empty(202))
}

pub(super) fn account(call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    Ok(Answer::ok(json!({
        "apiKeyVersion": "4",
        "features": ["UsagePlans"],
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10_000.0 },
    })))
}
