//! Tags of functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::constraints::{Constraints, is_word};
use super::{function_not_found, invalid, new_revision, target, user_fault};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::functions::Function;

const PATTERN: &str = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)";
/// What a key and a value must satisfy, as AWS lists it.
const KEYS: &str = r"Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
const VALUES: &str = r"Member must have length less than or equal to 256, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
/// How many tags a function has at most (AWS's documentation, "Using tags on Lambda functions").
const MOST: usize = 50;

/// The name of the function whose ARN stands in the path.
fn name_in(call: &Call) -> Result<&str, Fault> {
    let arn = call.path("Resource")?;
    let mut constraints = Constraints::default();
    constraints.pattern("resource", arn, is_resource(arn), PATTERN);
    constraints.verdict()?;
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", _, "lambda", region, id, kind, rest] = parts[..] else {
        return Err(Fault::internal(format!("{arn} is no ARN, and keeps to the pattern")));
    };
    if kind == "function" && rest.contains(':') {
        return Err(invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ));
    }
    let not_found = |message: String| user_fault(404, "ResourceNotFoundException", message);
    match kind {
        "function" if region != account::REGION => Err(not_found(format!(
            "Functions from '{region}' are not reachable in this region ('{}')",
            account::REGION
        ))),
        _ if id != account::ACCOUNT_ID => Err(Fault::new(403, "AccessDeniedException", "")),
        "function" => Ok(rest),
        // None of these is ever here.
        "capacity-provider" => Err(not_found(format!("Capacity provider not found: {arn}"))),
        "event-source-mapping" => Err(not_found(format!("Event source mapping not found: {arn}"))),
        "code-signing-config" => {
            Err(not_found(format!("The Lambda code signing configuration {arn} can not be found.")))
        }
        _ => Err(call.parameter_not_offered("tags of a layer (Resource)")),
    }
}

fn is_resource(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", partition, "lambda", region, id, kind, rest] = parts[..] else { return false };
    let hexadecimal = |group: &str, length: usize| {
        group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    partition.starts_with("aws")
        && target::is_region(region)
        && id.len() == 12
        && id.bytes().all(|byte| byte.is_ascii_digit())
        && match kind {
            "function" => {
                let (name, qualifier) = match rest.split_once(':') {
                    None => (rest, None),
                    Some((name, qualifier)) => (name, Some(qualifier)),
                };
                is_word(name, b"-_")
                    && qualifier.is_none_or(|qualifier| qualifier == "$LATEST" || is_word(qualifier, b"-_"))
            }
            "layer" | "capacity-provider" => is_word(rest, b"-_"),
            "code-signing-config" => rest.strip_prefix("csc-").is_some_and(|id| {
                let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                id.len() == 17 && id.bytes().all(fits)
            }),
            "event-source-mapping" => {
                let groups: Vec<&str> = rest.split('-').collect();
                groups.len() == 5
                    && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| hexadecimal(group, length))
            }
            _ => false,
        }
}

pub(super) fn constrain(tags: &BTreeMap<String, String>, constraints: &mut Constraints) {
    let fits = |text: &str| {
        let fits = |character: char| {
            character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
        };
        text.chars().all(fits)
    };
    let key = |key: &str| fits(key) && (1..=128).contains(&key.chars().count());
    let value = |value: &str| fits(value) && value.chars().count() <= 256;
    constraints.map("tags", tags, (key, KEYS), (value, VALUES));
}

/// How many there may be, all together, and what none may begin with. AWS's words for the latter are not on record.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    if tags.len() > MOST {
        return Err(invalid("Number of tags exceeds resource tag limit."));
    }
    let reserved = |key: &&String| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    match tags.keys().find(reserved) {
        Some(key) => Err(invalid(format!("Tag keys that begin with aws: are reserved for AWS: {key}"))),
        None => Ok(()),
    }
}

fn change(
    cloud: &Cloud,
    name: &str,
    change: impl FnOnce(&mut Function) -> Result<(), Fault>,
) -> Result<Answer, Fault> {
    cloud.world.change(|state| {
        let function = state.functions.get_mut(name).ok_or_else(|| function_not_found(name))?;
        change(function)?;
        function.revision_id = new_revision();
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(204))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    tags: Option<BTreeMap<String, String>>,
}

pub(super) fn tag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Tag = call.input()?;
    let mut constraints = Constraints::default();
    constraints.required("tags", input.tags.as_ref());
    let tags = input.tags.unwrap_or_default();
    constrain(&tags, &mut constraints);
    constraints.verdict()?;
    if tags.is_empty() {
        return Err(invalid("An error occurred and the request cannot be processed."));
    }
    change(cloud, name_in(call)?, |function| {
        let mut all = function.tags.clone();
        all.extend(tags);
        check(&all)?;
        function.tags = all;
        Ok(())
    })
}

#[derive(Deserialize)]
struct Untag {
    #[serde(rename = "tagKeys")]
    tag_keys: Option<Vec<String>>,
}

pub(super) fn untag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Untag = call.input()?;
    let keys = input.tag_keys.filter(|keys| !keys.is_empty());
    let mut constraints = Constraints::default();
    constraints.required("tagKeys", keys.as_ref());
    constraints.verdict()?;
    let keys = keys.unwrap_or_default();
    change(cloud, name_in(call)?, |function| {
        function.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let name = name_in(call)?;
    let state = cloud.world.snapshot();
    let function = state.functions.get(name).ok_or_else(|| function_not_found(name))?;
    Ok(Answer::ok(json!({ "Tags": function.tags })))
}
