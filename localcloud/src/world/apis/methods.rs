//! The methods of a resource, with what they take, where they lead and what they answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One method of a resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// `NONE` or `AWS_IAM`.
    pub authorization_type: String,
    /// Whether a call needs an API key.
    pub api_key_required: bool,
    /// Where the method leads.
    pub integration: Option<Integration>,
    /// What generated clients call it.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// `method.request.LOCATION.NAME` → whether it is required.
    #[serde(default)]
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type → name of a model.
    #[serde(default)]
    pub request_models: BTreeMap<String, String>,
    /// The request validator that requests have to pass.
    #[serde(default)]
    pub request_validator_id: Option<String>,
    /// What it may answer, by status.
    #[serde(default)]
    pub responses: BTreeMap<String, MethodResponse>,
}

/// What a method may answer with one status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MethodResponse {
    /// `method.response.header.NAME` → whether it is required; `None` unless given.
    pub parameters: Option<BTreeMap<String, bool>>,
    /// Content type → name of a model; `None` unless given.
    pub models: Option<BTreeMap<String, String>>,
}

/// Where a method leads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    /// `AWS_PROXY` or `MOCK`, the ones that the local cloud serves.
    pub kind: String,
    /// The method of the call to the integration; anything but `POST` fails each call of a function, as on AWS.
    pub http_method: Option<String>,
    /// With `${stageVariables.NAME}` still in it.
    pub uri: Option<String>,
    /// Milliseconds, 29,000 unless set.
    pub timeout_ms: u32,
    /// `WHEN_NO_MATCH` unless set.
    pub passthrough_behavior: String,
    /// The resource's id unless set.
    pub cache_namespace: String,
    /// `BUFFERED` unless set; `STREAM` passes the answer on as it comes.
    pub response_transfer_mode: String,
    /// `integration.request.LOCATION.NAME` → what it is set to; `None` unless given.
    #[serde(default)]
    pub request_parameters: Option<BTreeMap<String, String>>,
    /// Content type → template; `None` unless given. A template may be `None` too.
    #[serde(default)]
    pub request_templates: Option<BTreeMap<String, Option<String>>>,
    /// `CONVERT_TO_TEXT`, if set.
    #[serde(default)]
    pub content_handling: Option<String>,
    /// What would tell cached answers apart.
    #[serde(default)]
    pub cache_key_parameters: Vec<String>,
    /// What its answers become, by the method's status.
    #[serde(default)]
    pub responses: BTreeMap<String, IntegrationResponse>,
}

/// What some of an integration's answers become.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IntegrationResponse {
    /// A regular expression that the integration's status must match; none or empty: all that no other takes.
    pub selection_pattern: Option<String>,
    /// `method.response.header.NAME` → what it is set to; `None` unless given.
    pub parameters: Option<BTreeMap<String, String>>,
    /// Content type → template; `None` unless given. A template may be `None` too.
    pub templates: Option<BTreeMap<String, Option<String>>>,
    /// `CONVERT_TO_TEXT`, if set.
    pub content_handling: Option<String>,
}
