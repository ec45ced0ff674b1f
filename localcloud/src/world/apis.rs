//! REST APIs as the account keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A REST API (API Gateway v1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestApi {
    /// Ten lower-case letters and digits.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Free text.
    pub version: Option<String>,
    /// `REGIONAL`, `EDGE` or `PRIVATE`.
    pub endpoint_type: String,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
    /// Content types that are passed on as bytes (`*/*` for all).
    pub binary_media_types: Vec<String>,
    /// The resource with the path `/`.
    pub root_resource_id: String,
    /// The resources as they are edited now: what answers is the snapshot that a stage's deployment holds.
    pub resources: BTreeMap<String, Resource>,
    /// Deployments by id.
    pub deployments: BTreeMap<String, Deployment>,
    /// Stages by name.
    pub stages: BTreeMap<String, Stage>,
    /// Gateway responses that were set, by type (`DEFAULT_4XX` …).
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The loopback port at which the data plane of this API listens; kept, so that a bookmarked URL stays right.
    pub port: Option<u16>,
}

/// One path of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Six lower-case letters and digits.
    pub id: String,
    /// `None` for the root.
    pub parent_id: Option<String>,
    /// Last segment, such as `{proxy+}`; `None` for the root.
    pub path_part: Option<String>,
    /// Whole path, such as `/{proxy+}`.
    pub path: String,
    /// Methods by name (`ANY`, `GET` …).
    pub methods: BTreeMap<String, Method>,
}

/// One method of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// `NONE`, the only one that the local cloud serves.
    pub authorization_type: String,
    /// Whether a call needs an API key.
    pub api_key_required: bool,
    /// Where the method leads.
    pub integration: Option<Integration>,
}

/// Where a method leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    /// `AWS_PROXY`, the only one that the local cloud serves.
    pub kind: String,
    /// The method of the call to the integration; anything but `POST` fails each call, as on AWS.
    pub http_method: Option<String>,
    /// With `${stageVariables.NAME}` still in it.
    pub uri: Option<String>,
    /// Milliseconds, 29,000 unless set.
    pub timeout_ms: u32,
    /// `WHEN_NO_MATCH` unless set.
    pub passthrough_behavior: String,
    /// The resource's id unless set.
    pub cache_namespace: String,
    /// `BUFFERED` unless set.
    pub response_transfer_mode: String,
}

/// An immutable snapshot of an API's resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Six lower-case letters and digits.
    pub id: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Free text.
    pub description: Option<String>,
    /// What the API's resources were at that moment.
    pub resources: BTreeMap<String, Resource>,
    /// What the API's gateway responses were at that moment.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// What the API's binary media types were at that moment.
    pub binary_media_types: Vec<String>,
}

/// How fast a stage takes requests: its method settings of `*/*`. What is `None` is the account's own limit, and -1 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Throttle {
    /// Requests a second.
    pub rate: Option<f64>,
    /// Requests at once.
    pub burst: Option<i32>,
}

/// A named place at which a deployment answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// First segment of the path of each call.
    pub name: String,
    /// The deployment that answers.
    pub deployment_id: String,
    /// Free text.
    pub description: Option<String>,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Epoch milliseconds.
    pub updated_ms: i64,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// How fast it takes requests.
    #[serde(default)]
    pub throttle: Throttle,
}

/// What the gateway itself answers in one situation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayResponse {
    /// Replaces the situation's own status.
    pub status_code: Option<String>,
    /// `gatewayresponse.header.NAME` → `'value'`.
    pub parameters: BTreeMap<String, String>,
    /// Content type → template.
    pub templates: BTreeMap<String, String>,
}
