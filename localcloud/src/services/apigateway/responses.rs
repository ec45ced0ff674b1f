//! What the gateway itself answers in each situation.

mod update;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nothing, Paged, api, api_mut, check_status, input_member};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::apis::{GatewayResponse, RestApi};

pub(super) use update::update;

/// Every situation with its own status, as recorded.
const DEFAULTS: [(&str, Option<&str>); 21] = [
    ("ACCESS_DENIED", Some("403")),
    ("API_CONFIGURATION_ERROR", Some("500")),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some("500")),
    ("AUTHORIZER_FAILURE", Some("500")),
    ("BAD_REQUEST_BODY", Some("400")),
    ("BAD_REQUEST_PARAMETERS", Some("400")),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", Some("403")),
    ("INTEGRATION_FAILURE", Some("504")),
    ("INTEGRATION_TIMEOUT", Some("504")),
    ("INVALID_API_KEY", Some("403")),
    ("INVALID_SIGNATURE", Some("403")),
    ("MISSING_AUTHENTICATION_TOKEN", Some("403")),
    ("QUOTA_EXCEEDED", Some("429")),
    ("REQUEST_TOO_LARGE", Some("413")),
    ("RESOURCE_NOT_FOUND", Some("404")),
    ("THROTTLED", Some("429")),
    ("UNAUTHORIZED", Some("401")),
    ("UNSUPPORTED_MEDIA_TYPE", Some("415")),
    ("WAF_FILTERED", Some("403")),
];

const TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

fn kind(call: &Call) -> Result<&'static str, Fault> {
    let wanted = call.path("response_type")?;
    DEFAULTS.iter().map(|(kind, _)| *kind).find(|kind| *kind == wanted).ok_or_else(|| {
        let all: Vec<&str> = DEFAULTS.iter().map(|(kind, _)| *kind).collect();
        let member = input_member(call, "responseType");
        let constraint = format!("Member must satisfy enum value set: [{}]", all.join(", "));
        Fault::validation(Service::ApiGateway, &member, wanted, &constraint)
    })
}

fn described(api: &RestApi, kind: &str) -> Value {
    let set = api.gateway_responses.get(kind);
    let default = DEFAULTS.iter().find(|(name, _)| *name == kind).and_then(|(_, status)| *status);
    let mut members = json!({
        "defaultResponse": set.is_none(),
        "responseParameters": set.map(|one| one.parameters.clone()).unwrap_or_default(),
        "responseTemplates": set
            .map(|one| one.templates.clone())
            .filter(|templates| !templates.is_empty())
            .unwrap_or_else(|| BTreeMap::from([("application/json".to_owned(), TEMPLATE.to_owned())])),
        "responseType": kind,
    });
    if let Some(status) = set.and_then(|one| one.status_code.as_deref()).or(default) {
        members["statusCode"] = status.into();
    }
    members
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    status_code: Option<String>,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    #[serde(default)]
    response_templates: BTreeMap<String, String>,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let kind = kind(call)?;
    if let Some(status) = &input.status_code {
        check_status(call, status)?;
    }
    let told = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        api.gateway_responses.insert(
            kind.to_owned(),
            GatewayResponse {
                status_code: input.status_code,
                parameters: input.response_parameters,
                templates: input.response_templates,
            },
        );
        Ok::<_, Fault>(described(api, kind))
    })?;
    Ok(Answer::with_status(201, told))
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let kind = kind(call)?;
    Ok(Answer::ok(described(api(&cloud.world.snapshot(), call)?, kind)))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paged = call.input()?;
    let state = cloud.world.snapshot();
    let api = api(&state, call)?;
    let kinds = DEFAULTS.iter().map(|(kind, _)| *kind);
    Ok(Answer::ok(input.page(kinds, |kind| (*kind).to_owned(), |kind| described(api, kind))?))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let kind = kind(call)?;
    cloud.world.change(|state| {
        let gone = api_mut(state, call)?.gateway_responses.remove(kind);
        gone.map(drop).ok_or_else(|| super::not_found("Gateway response type not defined on api"))
    })?;
    Ok(Answer::empty(202))
}
