//! REST APIs as the account keeps them.

mod methods;
mod models;
mod stages;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use methods::{Integration, IntegrationResponse, Method, MethodResponse};
pub use models::{Model, RequestValidator, default_models};
pub use stages::{AccessLog, Canary, MethodSettings, Stage, Throttle};

/// What API Gateway keeps of the account itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GatewaySettings {
    /// ARN of the role with which it would write execution logs.
    pub cloudwatch_role_arn: Option<String>,
}

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
    /// Bytes from which on answers are compressed; `None` is never.
    #[serde(default)]
    pub minimum_compression_size: Option<u32>,
    /// `HEADER` or `AUTHORIZER`.
    #[serde(default = "header")]
    pub api_key_source: String,
    /// Whether the API's own address answers nothing but 403.
    #[serde(default)]
    pub disable_execute_api_endpoint: bool,
    /// Models by name, AWS's own two among them.
    #[serde(default = "default_models")]
    pub models: BTreeMap<String, Model>,
    /// Request validators by id.
    #[serde(default)]
    pub validators: BTreeMap<String, RequestValidator>,
}

fn header() -> String {
    "HEADER".to_owned()
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
    /// What the API's smallest size to be compressed was at that moment.
    #[serde(default)]
    pub minimum_compression_size: Option<u32>,
    /// Whether the API's own address was closed at that moment.
    #[serde(default)]
    pub disable_execute_api_endpoint: bool,
    /// What the API's request validators were at that moment.
    #[serde(default)]
    pub validators: BTreeMap<String, RequestValidator>,
    /// What the API's models were at that moment.
    #[serde(default)]
    pub models: BTreeMap<String, Model>,
}

/// What the gateway itself answers in one situation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GatewayResponse {
    /// Replaces the situation's own status.
    pub status_code: Option<String>,
    /// `gatewayresponse.header.NAME` → `'value'`.
    pub parameters: BTreeMap<String, String>,
    /// Content type → template.
    pub templates: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_from_before_there_were_models_and_canaries_loads() {
        let method = r#"{"authorization_type":"NONE","api_key_required":false,"integration":{"kind":"AWS_PROXY","http_method":"POST",
            "uri":"u","timeout_ms":29000,"passthrough_behavior":"WHEN_NO_MATCH","cache_namespace":"r",
            "response_transfer_mode":"BUFFERED"}}"#;
        let resources = format!(
            r#"{{"r":{{"id":"r","parent_id":null,"path_part":null,"path":"/","methods":{{"ANY":{method}}}}}}}"#
        );
        let old = format!(
            r#"{{"id":"a","name":"n","description":null,"created_ms":1,"version":null,"endpoint_type":"REGIONAL",
            "ip_address_type":"ipv4","binary_media_types":[],"root_resource_id":"r","resources":{resources},"deployments":{{"d":{{
            "id":"d","created_ms":1,"description":null,"resources":{resources},"gateway_responses":{{}},"binary_media_types":[]}}}},
            "stages":{{"s":{{"name":"s","deployment_id":"d","description":null,"variables":{{}},"created_ms":1,"updated_ms":1,
            "tags":{{}},"throttle":{{"rate":1.0,"burst":null}}}}}},"gateway_responses":{{}},"tags":{{}},"port":4000}}"#
        );
        let api: RestApi = serde_json::from_str(&old).unwrap();
        assert_eq!(api.models.keys().collect::<Vec<_>>(), ["Empty", "Error"]);
        assert_eq!(api.api_key_source, "HEADER");
        assert_eq!(api.stages["s"].method_settings["*/*"].throttle.rate, Some(1.0));
        assert!(api.stages["s"].canary.is_none() && !api.deployments["d"].disable_execute_api_endpoint);
        let text = serde_json::to_string(&api).unwrap();
        assert_eq!(serde_json::from_str::<RestApi>(&text).unwrap(), api);
    }
}
