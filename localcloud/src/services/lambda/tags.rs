//! Tags of functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{function_not_found, invalid, new_revision};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::functions::Function;

const PATTERN: &str = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)";

/// The function whose ARN stands in the path.
fn name_in(call: &Call) -> Result<&str, Fault> {
    let arn = call.path("Resource")?;
    let Some(rest) = arn.strip_prefix(account::function_arn("").as_str()) else {
        let constraint = format!("Member must satisfy regular expression pattern: {PATTERN}");
        return Err(Fault::validation(Service::Lambda, "resource", arn, &constraint));
    };
    if rest.contains(':') {
        return Err(invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ));
    }
    Ok(rest)
}

fn change(cloud: &Cloud, name: &str, change: impl FnOnce(&mut Function)) -> Result<Answer, Fault> {
    cloud.world.change(|state| {
        let function = state.functions.get_mut(name).ok_or_else(|| function_not_found(name))?;
        change(function);
        function.revision_id = new_revision();
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(204))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    tags: BTreeMap<String, String>,
}

pub(super) fn tag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Tag = call.input()?;
    change(cloud, name_in(call)?, |function| function.tags.extend(input.tags))
}

#[derive(Deserialize)]
struct Untag {
    #[serde(rename = "tagKeys")]
    tag_keys: Vec<String>,
}

pub(super) fn untag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Untag = call.input()?;
    change(cloud, name_in(call)?, |function| function.tags.retain(|key, _| !input.tag_keys.contains(key)))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let name = name_in(call)?;
    let state = cloud.world.snapshot();
    let function = state.functions.get(name).ok_or_else(|| function_not_found(name))?;
    Ok(Answer::ok(json!({ "Tags": function.tags })))
}
