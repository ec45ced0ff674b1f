//! The paths of an API.

mod update;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nothing, Paged, api, api_mut, bad_request, conflict, methods, no_such_resource, resource};
use crate::cloud::{Cloud, short_id};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{Resource, RestApi};

pub(super) use update::update;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    path_part: String,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    let parent_id = call.path("parent_id")?;
    let created = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        let parent = api.resources.get(parent_id).ok_or_else(no_such_resource)?;
        check(api, parent, &input.path_part, None)?;
        let path = format!("{}/{}", parent.path.trim_end_matches('/'), input.path_part);
        let created = Resource {
            id: short_id(6),
            parent_id: Some(parent.id.clone()),
            path_part: Some(input.path_part),
            path,
            methods: BTreeMap::new(),
        };
        api.resources.insert(created.id.clone(), created.clone());
        Ok::<_, Fault>(created)
    })?;
    Ok(Answer::with_status(201, described(&created, false)))
}

fn is_variable(part: &str) -> bool {
    part.starts_with('{') && part.ends_with('}')
}

fn is_greedy(part: &str) -> bool {
    part.starts_with('{') && part.ends_with("+}")
}

/// Refuses a path part below a parent; `own` is the resource that is to have it, if there is one already.
fn check(api: &RestApi, parent: &Resource, part: &str, own: Option<&str>) -> Result<(), Fault> {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:$".contains(&byte))
    };
    let inner = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let whole = match inner {
        Some(name) => plain(name.strip_suffix('+').unwrap_or(name)),
        None => plain(part),
    };
    if !whole {
        return Err(bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        ));
    }
    if let Some(greedy) = parent.path_part.as_deref().filter(|part| is_greedy(part)) {
        return Err(bad_request(format!(
            "Cannot create a child of a resource with a greedy path variable: {greedy}"
        )));
    }
    let siblings = || {
        let children = api
            .resources
            .values()
            .filter(|one| one.parent_id.as_deref() == Some(&parent.id) && Some(one.id.as_str()) != own);
        children.filter_map(|one| one.path_part.as_deref())
    };
    if siblings().any(|sibling| sibling == part) {
        return Err(conflict(format!("Another resource with the same parent already has this name: {part}")));
    }
    if is_variable(part)
        && let Some(sibling) = siblings().find(|sibling| is_variable(sibling))
    {
        return Err(bad_request(format!(
            "A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed"
        )));
    }
    Ok(())
}

/// Without `embed=methods` only the names of the methods are told.
fn described(resource: &Resource, with_methods: bool) -> Value {
    let mut members = json!({ "id": resource.id, "path": resource.path });
    if let (Some(parent), Some(part)) = (&resource.parent_id, &resource.path_part) {
        members["parentId"] = parent.as_str().into();
        members["pathPart"] = part.as_str().into();
    }
    if !resource.methods.is_empty() {
        let tell = |name: &str, method| match with_methods {
            true => methods::described(name, method),
            false => json!({}),
        };
        let methods: serde_json::Map<String, Value> =
            resource.methods.iter().map(|(name, method)| (name.clone(), tell(name, method))).collect();
        members["resourceMethods"] = Value::Object(methods);
    }
    members
}

#[derive(Deserialize)]
struct Embed {
    #[serde(default)]
    embed: Vec<String>,
}

impl Embed {
    fn methods(&self) -> bool {
        self.embed.iter().any(|one| one == "methods")
    }
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Embed = call.input()?;
    Ok(Answer::ok(described(resource(&cloud.world.snapshot(), call)?, input.methods())))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (embed, paged): (Embed, Paged) = call.inputs(&["embed"])?;
    let state = cloud.world.snapshot();
    let mut resources: Vec<&Resource> = api(&state, call)?.resources.values().collect();
    resources.sort_by(|one, other| one.path.cmp(&other.path));
    let tell = |resource: &Resource| described(resource, embed.methods());
    Ok(Answer::ok(paged.page(resources, |one| one.path.clone(), tell)?))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let id = call.path("resource_id")?;
    cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        if id == api.root_resource_id {
            return Err(bad_request("Root resource cannot be deleted"));
        }
        let gone = api.resources.remove(id).ok_or_else(no_such_resource)?;
        let below = format!("{}/", gone.path);
        api.resources.retain(|_, one| !one.path.starts_with(&below));
        Ok(())
    })?;
    Ok(Answer::empty(202))
}
