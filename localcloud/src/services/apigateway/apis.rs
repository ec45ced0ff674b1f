//! REST APIs themselves. Each has a loopback port at which its data plane answers.

mod update;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nothing, Paged, api, bad_request, no_such_api, seconds, tags};
use crate::cloud::{Cloud, now_ms, short_id};
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};
use crate::world::apis::{Resource, RestApi, default_models};

pub(super) use update::update;

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
    disable_execute_api_endpoint: bool,
    policy: Option<String>,
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
    let endpoint = endpoint(&input)?;
    if input.description.as_deref() == Some("") {
        return Err(bad_request("Description cannot be an empty string"));
    }
    let minimum_compression_size = input.minimum_compression_size.map(compression).transpose()?;
    if input.policy.is_some_and(|policy| !policy.is_empty()) {
        return Err(call.parameter_not_offered("the parameter policy"));
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
        minimum_compression_size,
        api_key_source: input.api_key_source.unwrap_or_else(|| "HEADER".to_owned()),
        disable_execute_api_endpoint: input.disable_execute_api_endpoint,
        models: default_models(),
        validators: BTreeMap::new(),
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
    let mut members = described(&api);
    tell(&mut members, &tags::told(&api));
    Ok(Answer::with_status(201, members))
}

/// The smallest size to be compressed.
fn compression(size: i64) -> Result<u32, Fault> {
    match u32::try_from(size) {
        Ok(size @ 0..=10_485_760) => Ok(size),
        _ => Err(bad_request("Invalid minimum compression size, must be between 0 and 10485760")),
    }
}

/// Type and IP address type.
fn endpoint(input: &Create) -> Result<(String, String), Fault> {
    let wanted = input.endpoint_configuration.as_ref();
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
    if let Some(source) = &input.api_key_source
        && !["HEADER", "AUTHORIZER"].contains(&source.as_str())
    {
        let constraint = "Member must satisfy enum value set: [HEADER, AUTHORIZER]";
        errors.push(broken("createRestApiInput.apiKeySource", source, constraint));
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
        "apiKeySource": api.api_key_source,
        "createdDate": seconds(api.created_ms),
        "disableExecuteApiEndpoint": api.disable_execute_api_endpoint,
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
    if let Some(size) = api.minimum_compression_size {
        members["minimumCompressionSize"] = size.into();
    }
    members
}

fn tell(members: &mut Value, tags: &BTreeMap<String, String>) {
    if !tags.is_empty() {
        members["tags"] = json!(tags);
    }
}

/// With the tags that were set: what a deploy tool compares with its own list must hold nothing else, so where the API
/// answers is told by creation, list and GetTags alone.
pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let state = cloud.world.snapshot();
    let api = api(&state, call)?;
    let mut members = described(api);
    tell(&mut members, &api.tags);
    Ok(Answer::ok(members))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paged = call.input()?;
    let state = cloud.world.snapshot();
    // In the order of their creation, as recorded.
    let mut apis: Vec<&RestApi> = state.apis.values().collect();
    apis.sort_by_key(|api| (api.created_ms, &api.id));
    let key = |api: &&RestApi| format!("{:020}{}", api.created_ms, api.id);
    let told = |api: &RestApi| {
        let mut members = described(api);
        tell(&mut members, &tags::told(api));
        members
    };
    Ok(Answer::ok(input.page(apis, key, told)?))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let id = call.path("restapi_id")?;
    cloud.world.change(|state| state.apis.remove(id).map(drop).ok_or_else(|| no_such_api(id)))?;
    tokio::runtime::Handle::current().block_on(cloud.gateways.close(id));
    Ok(Answer::empty(202))
}
