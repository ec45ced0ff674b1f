//! Tags of APIs and stages. Those of an API also say at which loopback address it answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::stages::no_such_stage;
use super::{Paged, bad_request, no_such_api};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::apis::RestApi;

/// Under which tag an API's own address is told. It cannot be set.
const URL_TAG: &str = "callboard:url";

/// The tags of an API with the one that says where it answers.
pub(super) fn told(api: &RestApi) -> BTreeMap<String, String> {
    let mut tags = api.tags.clone();
    if let Some(port) = api.port {
        tags.insert(URL_TAG.to_owned(), format!("http://127.0.0.1:{port}"));
    }
    tags
}

/// What an ARN names.
enum Owner<'a> {
    Api(&'a str),
    Stage(&'a str, &'a str),
}

fn owner(call: &Call) -> Result<Owner<'_>, Fault> {
    let arn = call.path("resource_arn")?;
    let prefix = format!("arn:aws:apigateway:{}::/restapis/", account::REGION);
    let parts: Vec<&str> = arn.strip_prefix(&prefix).unwrap_or_default().split('/').collect();
    match parts.as_slice() {
        [id] if !id.is_empty() => Ok(Owner::Api(id)),
        [id, "stages", stage] => Ok(Owner::Stage(id, stage)),
        _ => Err(bad_request("Invalid resource ARN specified in the request")),
    }
}

fn tags_mut<'a>(state: &'a mut State, owner: &Owner<'_>) -> Result<&'a mut BTreeMap<String, String>, Fault> {
    let (Owner::Api(id) | Owner::Stage(id, _)) = owner;
    let api = state.apis.get_mut(*id).ok_or_else(|| no_such_api(id))?;
    match owner {
        Owner::Api(_) => Ok(&mut api.tags),
        Owner::Stage(_, stage) => Ok(&mut api.stages.get_mut(*stage).ok_or_else(no_such_stage)?.tags),
    }
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    // AWS takes `position` and `limit` and does nothing with them.
    let _: Paged = call.input()?;
    let state = cloud.world.snapshot();
    let owner = owner(call)?;
    let (Owner::Api(id) | Owner::Stage(id, _)) = owner;
    let api = state.apis.get(id).ok_or_else(|| no_such_api(id))?;
    let tags = match owner {
        Owner::Api(_) => told(api),
        Owner::Stage(_, stage) => api.stages.get(stage).ok_or_else(no_such_stage)?.tags.clone(),
    };
    Ok(Answer::ok(json!({ "tags": tags })))
}

#[derive(Deserialize)]
struct Tag {
    tags: BTreeMap<String, String>,
}

pub(super) fn tag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Tag = call.input()?;
    if input.tags.contains_key(URL_TAG) {
        return Err(bad_request(format!("The tag {URL_TAG} is the local cloud's own")));
    }
    let owner = owner(call)?;
    cloud.world.change(|state| {
        tags_mut(state, &owner)?.extend(input.tags);
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(204))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Untag {
    tag_keys: Vec<String>,
}

pub(super) fn untag(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Untag = call.input()?;
    let owner = owner(call)?;
    cloud.world.change(|state| {
        tags_mut(state, &owner)?.retain(|key, _| !input.tag_keys.contains(key));
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(204))
}
