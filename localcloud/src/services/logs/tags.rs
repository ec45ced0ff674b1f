//! Tags of log groups, by the older operations that name a group and the newer ones that name a resource.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{group, group_mut, group_name, invalid, missing};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// How many a group may have, as on AWS.
const MOST: usize = 50;

/// One of the two ways to name a group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    log_group_name: Option<String>,
    resource_arn: Option<String>,
}

const WHOSE: [&str; 2] = ["logGroupName", "resourceArn"];

impl Whose {
    fn name(self, call: &Call) -> Result<String, Fault> {
        let by_arn = call.operation.ends_with("Resource");
        let mut checks = Checks::new(Service::Logs);
        match self {
            Whose { log_group_name: Some(name), resource_arn: None } if !by_arn => {
                group_name(&mut checks, "logGroupName", &name);
                checks.end()?;
                Ok(name)
            }
            Whose { log_group_name: None, resource_arn: Some(arn) } if by_arn => {
                checks
                    .length("resourceArn", &arn, 1, 1011)
                    .pattern("resourceArn", &arn, r"[\w+=/:,.@-]*")
                    .end()?;
                match arn.strip_prefix(account::log_group_arn("").as_str()) {
                    Some(name) => Ok(name.to_owned()),
                    None if arn.starts_with("arn:aws:logs:") => Err(missing("group")),
                    None => Err(invalid("The ARN is not that of a resource of CloudWatch Logs.")),
                }
            }
            _ => {
                let member = if by_arn { "resourceArn" } else { "logGroupName" };
                Err(Fault::validation(Service::Logs, member, "null", "Member must not be null"))
            }
        }
    }
}

/// The tags with further ones.
pub(super) fn checked(
    mut tags: BTreeMap<String, String>,
    more: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut checks = Checks::new(Service::Logs);
    for (key, value) in &more {
        checks.length("tags", key, 1, 128).pattern("tags", key, r"([\p{L}\p{Z}\p{N}_.:/=+\-@]+)");
        checks.length("tags", value, 0, 256).pattern("tags", value, r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)");
    }
    checks.end()?;
    tags.extend(more);
    match tags.len() > MOST {
        true => {
            Err(Fault::new(400, "TooManyTagsException", format!("A resource can have up to {MOST} tags.")))
        }
        false => Ok(tags),
    }
}

#[derive(Deserialize)]
struct Nothing {}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (whose, Nothing {}): (Whose, Nothing) = call.inputs(&WHOSE)?;
    let name = whose.name(call)?;
    let state = cloud.world.snapshot();
    Ok(Answer::ok(json!({ "tags": group(&state, &name)?.tags })))
}

#[derive(Deserialize)]
struct Added {
    tags: BTreeMap<String, String>,
}

pub(super) fn tag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (whose, Added { tags: more }): (Whose, Added) = call.inputs(&WHOSE)?;
    let name = whose.name(call)?;
    cloud.world.change(|state| {
        let tags = &mut group_mut(state, &name)?.tags;
        *tags = checked(std::mem::take(tags), more)?;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    tags: Option<Vec<String>>,
    tag_keys: Option<Vec<String>>,
}

pub(super) fn untag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (whose, gone): (Whose, Removed) = call.inputs(&WHOSE)?;
    let name = whose.name(call)?;
    let (member, gone) = match call.operation.as_str() {
        "UntagResource" => ("tagKeys", gone.tag_keys),
        _ => ("tags", gone.tags),
    };
    let null = || Fault::validation(Service::Logs, member, "null", "Member must not be null");
    let gone = gone.ok_or_else(null)?;
    cloud.world.change(|state| {
        group_mut(state, &name)?.tags.retain(|key, _| !gone.contains(key));
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(200))
}
