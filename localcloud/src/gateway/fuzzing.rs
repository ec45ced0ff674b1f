//! The data plane with one API, whose function never became Active: all but its run, for the fuzz targets.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde_json::json;

use super::answer;
use super::call::{Call, Shared};
use super::throttle::Buckets;
use crate::cloud::Cloud;
use crate::http1::{Body, Head};
use crate::store::StoreError;

const API: &str = "abcdefghij";

pub(crate) struct Door {
    call: Call,
}

impl Door {
    /// Puts the API and its function into the account.
    pub(crate) fn open(cloud: &Cloud) -> Door {
        let (api, function) = (api(), function());
        let made = cloud.world.change::<(), StoreError>(|state| {
            state.apis.insert(API.to_owned(), serde_json::from_value(api)?);
            state.functions.insert("f".to_owned(), serde_json::from_value(function)?);
            Ok(())
        });
        made.expect("the API is written as the account keeps it");
        let shared = Shared {
            world: Arc::clone(&cloud.world),
            functions: cloud.functions.clone(),
            events: cloud.events.clone(),
            api_id: API.to_owned(),
            buckets: Buckets::default(),
            port: 1,
        };
        Door { call: Call::new(Arc::new(shared), IpAddr::V4(Ipv4Addr::LOCALHOST)) }
    }

    /// The status of the answer.
    pub(crate) async fn answer(&self, head: &Head, body: Body) -> u16 {
        let response = self.call.answer(head, body).await;
        for (name, value) in &response.headers {
            assert!(!name.is_empty() && !name.contains(['\r', '\n']), "{name:?}");
            assert!(!value.contains(['\r', '\n']), "{value:?}");
        }
        response.status.as_u16()
    }
}

/// What a function's answer comes to: its status.
pub(crate) fn answer(payload: &[u8], binary: &[String], accept: Option<&str>) -> Option<u16> {
    let response = answer::response(payload, binary, accept)?;
    assert!((200..=599).contains(&response.status.as_u16()));
    Some(response.status.as_u16())
}

fn api() -> serde_json::Value {
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:${stageVariables.name}/invocations";
    let integration = json!({"kind": "AWS_PROXY", "http_method": "POST", "uri": uri, "timeout_ms": 29000, "passthrough_behavior": "WHEN_NO_MATCH", "cache_namespace": "n", "response_transfer_mode": "BUFFERED"});
    let methods =
        json!({"ANY": {"authorization_type": "NONE", "api_key_required": false, "integration": integration}});
    let resource = |id: &str, parent: Option<&str>, part: Option<&str>, path: &str| json!({"id": id, "parent_id": parent, "path_part": part, "path": path, "methods": methods});
    let resources = json!({
        "root00": resource("root00", None, None, "/"),
        "proxy0": resource("proxy0", Some("root00"), Some("{proxy+}"), "/{proxy+}"),
        "users0": resource("users0", Some("root00"), Some("users"), "/users"),
        "user00": resource("user00", Some("users0"), Some("{id}"), "/users/{id}"),
    });
    json!({
        "id": API, "name": "fuzzed", "description": null, "created_ms": 0, "version": null, "endpoint_type": "REGIONAL",
        "ip_address_type": "ipv4", "binary_media_types": ["image/*"], "root_resource_id": "root00", "resources": resources,
        "deployments": {"d00000": {"id": "d00000", "description": null, "created_ms": 0, "resources": resources,
            "binary_media_types": ["image/*"], "gateway_responses": {}}},
        "stages": {"s": {"name": "s", "deployment_id": "d00000", "description": null, "variables": {"name": "f"},
            "created_ms": 0, "updated_ms": 0, "tags": {}}},
        "gateway_responses": {}, "tags": {}, "port": null,
    })
}

fn function() -> serde_json::Value {
    let configuration = json!({"image_uri": "h/f:v1", "repository": "f", "digest": "sha256:00", "architecture": "arm64",
        "memory_mb": 128, "timeout_s": 3, "environment": {}, "tracing_mode": "PassThrough", "image_config": null,
        "log_format": "Text", "log_group": "/aws/lambda/f", "ephemeral_storage_mb": 512});
    json!({"name": "f", "description": "", "role": "r", "configuration": configuration, "live": null,
        "state": {"value": "Failed", "reason": null, "code": null}, "last_update": null, "revision_id": "1", "last_modified_ms": 1,
        "policy": [{"id": "s", "principal": "apigateway.amazonaws.com", "action": "lambda:InvokeFunction", "source_arn": null, "source_account": null}],
        "policy_revision_id": "1", "reserved_concurrency": null, "tags": {}})
}
