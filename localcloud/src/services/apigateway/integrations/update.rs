//! Changes of an integration.

use super::super::patch::{Operation, Patch};
use super::super::{bad_request, mapping, method_mut};
use super::{check, described, no_such_integration};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::Integration;

const MAPS: &[&str] =
    &["/cacheKeyParameters/{name}", "/requestParameters/{name}", "/requestTemplates/{contentType}"];
/// What AWS knows; connections and credentials are not offered here.
const PATHS: [(&str, &[&str]); 3] = [
    ("add", MAPS),
    ("remove", MAPS),
    (
        "replace",
        &[
            "/cacheNamespace",
            "/connectionId",
            "/connectionType",
            "/contentHandling",
            "/credentials",
            "/httpMethod",
            "/passthroughBehavior",
            "/requestParameters/{name}",
            "/requestTemplates/{contentType}",
            "/responseTransferMode",
            "/timeoutInMillis",
            "/tlsConfig/insecureSkipVerification",
            "/uri",
        ],
    ),
];

pub(in super::super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateIntegrationInput")?;
    let told = cloud.world.change(|state| {
        let method = method_mut(state, call)?;
        let mut integration = method.integration.clone().ok_or_else(no_such_integration)?;
        for operation in &patch.operations {
            apply(call, &mut integration, operation)?;
        }
        check(call, &integration)?;
        mapping::check_integration(&integration, method)?;
        let told = described(&integration);
        method.integration = Some(integration);
        Ok::<_, Fault>(told)
    })?;
    Ok(Answer::ok(told))
}

fn apply(call: &Call, integration: &mut Integration, operation: &Operation) -> Result<(), Fault> {
    let segments = operation.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (operation.op.as_str(), words.as_slice()) {
        ("replace", ["uri"]) => integration.uri = operation.text(),
        ("replace", ["httpMethod"]) => integration.http_method = operation.text(),
        ("replace", ["passthroughBehavior"]) => {
            integration.passthrough_behavior = operation.value()?.to_owned();
        }
        ("replace", ["cacheNamespace"]) => integration.cache_namespace = operation.value()?.to_owned(),
        ("replace", ["contentHandling"]) => integration.content_handling = operation.text(),
        ("replace", ["timeoutInMillis"]) => {
            // What is no number is refused with what is out of bounds.
            integration.timeout_ms = operation.value()?.parse().unwrap_or_default();
        }
        ("replace", ["responseTransferMode"]) => match operation.value()? {
            mode @ ("BUFFERED" | "STREAM") => integration.response_transfer_mode = mode.to_owned(),
            mode => return Err(bad_request(format!("Invalid response transfer mode {mode} specified"))),
        },
        ("replace", ["connectionType"]) if operation.value()? == "INTERNET" => {}
        ("replace", ["credentials" | "connectionId"]) if operation.text().is_none() => {}
        ("replace", ["tlsConfig", "insecureSkipVerification"]) if !operation.is_on() => {}
        ("replace", ["connectionType" | "credentials" | "connectionId"] | ["tlsConfig", _]) => {
            return Err(call.parameter_not_offered(&format!("the patch path {}", operation.path_text())));
        }
        ("add", ["cacheKeyParameters", name]) => integration.cache_key_parameters.push((*name).to_owned()),
        ("remove", ["cacheKeyParameters", name]) => {
            integration.cache_key_parameters.retain(|one| one != name);
        }
        ("add" | "replace" | "remove", ["requestParameters", name]) => {
            let parameters = integration.request_parameters.get_or_insert_default();
            operation.change(parameters, name, |operation| Ok(operation.value()?.to_owned()))?;
        }
        ("add" | "replace" | "remove", ["requestTemplates", kind]) => {
            let templates = integration.request_templates.get_or_insert_default();
            operation.change(templates, kind, |operation| Ok(operation.text()))?;
        }
        _ => return Err(operation.unknown(&PATHS)),
    }
    Ok(())
}
