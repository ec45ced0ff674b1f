//! Mapping expressions: what parameters are set to, and whether that is there.

use std::collections::BTreeMap;

use super::bad_request;
use crate::wire::Call;
use crate::wire::fault::Fault;
use crate::world::apis::{Integration, Method};

/// Refuses parameters of a request that cannot be.
pub(super) fn check_request_parameters(parameters: &BTreeMap<String, bool>) -> Result<(), Fault> {
    let mut names = Vec::new();
    for place in parameters.keys() {
        let name = ["header", "querystring", "path", "multivalueheader", "multivaluequerystring"]
            .into_iter()
            .find_map(|location| {
                place.strip_prefix("method.request.")?.strip_prefix(location)?.strip_prefix('.')
            })
            .filter(|name| !name.is_empty());
        let Some(name) = name else { return Err(invalid(place)) };
        if names.contains(&name) {
            return Err(bad_request("Parameter names must be unique across querystring, header and path"));
        }
        names.push(name);
    }
    Ok(())
}

/// Refuses parameters of a method's answer that are no headers.
pub(super) fn check_response_parameters(parameters: &BTreeMap<String, bool>) -> Result<(), Fault> {
    let is_header =
        |place: &str| place.strip_prefix("method.response.header.").is_some_and(|name| !name.is_empty());
    match parameters.keys().find(|place| !is_header(place)) {
        Some(place) => Err(invalid(place)),
        None => Ok(()),
    }
}

/// Refuses mappings of an integration's request whose source the method does not take.
pub(super) fn check_integration(integration: &Integration, method: &Method) -> Result<(), Fault> {
    for (place, source) in integration.request_parameters.iter().flatten() {
        let is_place = ["header.", "querystring.", "path."].into_iter().any(|location| {
            place.strip_prefix("integration.request.").is_some_and(|rest| rest.starts_with(location))
        });
        if !is_place {
            return Err(invalid(place));
        }
        let declared = method.request_parameters.contains_key(source)
            || source.starts_with("method.request.body")
            || source.starts_with("method.request.multivalue");
        if !(declared || is_elsewhere(source)) {
            return Err(invalid(source));
        }
    }
    Ok(())
}

/// Refuses mappings of an integration's answer to headers that the method's answer does not have.
pub(super) fn check_integration_response(
    call: &Call,
    method: &Method,
    status: &str,
    parameters: Option<&BTreeMap<String, String>>,
) -> Result<(), Fault> {
    let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) else { return Ok(()) };
    let Some(response) = method.responses.get(status) else {
        return Err(validation("No method response exists for method."));
    };
    for (place, source) in parameters {
        let declared = response.parameters.as_ref().is_some_and(|declared| declared.contains_key(place));
        if !declared {
            return Err(invalid(place));
        }
        if source.starts_with("integration.response.body") {
            return Err(call.parameter_not_offered(&format!("the mapping {source}")));
        }
        if !(source.starts_with("integration.response.") || is_elsewhere(source)) {
            return Err(invalid(source));
        }
    }
    Ok(())
}

/// Whether a source is a text, or of the stage or the context.
fn is_elsewhere(source: &str) -> bool {
    let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
    quoted || source.starts_with("context.") || source.starts_with("stageVariables.")
}

fn invalid(expression: &str) -> Fault {
    validation(&format!("Invalid mapping expression parameter specified: {expression}"))
}

fn validation(error: &str) -> Fault {
    bad_request(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{error}]"
    ))
}
