//! Moving and renaming resources.

use super::super::patch::Patch;
use super::super::{api_mut, bad_request, no_such_resource};
use super::{check, described};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{Resource, RestApi};

const PATHS: [(&str, &[&str]); 1] = [("replace", &["/parentId", "/pathPart"])];

pub(in super::super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateResourceInput")?;
    let id = call.path("resource_id")?;
    let updated = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        let mut resource = api.resources.get(id).cloned().ok_or_else(no_such_resource)?;
        for operation in &patch.operations {
            if operation.op != "replace" {
                return Err(operation.unknown(&PATHS));
            }
            match operation.path_text() {
                "/parentId" => resource.parent_id = Some(operation.value()?.to_owned()),
                "/pathPart" => resource.path_part = Some(operation.value()?.to_owned()),
                _ => return Err(operation.unknown(&PATHS)),
            }
            place(api, &resource)?;
        }
        api.resources.get(id).cloned().ok_or_else(no_such_resource)
    })?;
    Ok(Answer::ok(described(&updated, false)))
}

/// Puts the resource where it says that it is, with all that lies below it.
fn place(api: &mut RestApi, resource: &Resource) -> Result<(), Fault> {
    let (Some(parent_id), Some(part)) = (&resource.parent_id, &resource.path_part) else {
        return Err(bad_request("Root resource cannot be updated"));
    };
    let parent = api.resources.get(parent_id).ok_or_else(no_such_resource)?;
    let mut above = Some(parent);
    while let Some(one) = above {
        if one.id == resource.id {
            return Err(bad_request("Resources cannot be cyclical."));
        }
        above = one.parent_id.as_ref().and_then(|id| api.resources.get(id));
    }
    check(api, parent, part, Some(&resource.id))?;
    let path = format!("{}/{part}", parent.path.trim_end_matches('/'));
    let Some(kept) = api.resources.get_mut(&resource.id) else { return Err(no_such_resource()) };
    let before = std::mem::replace(&mut kept.path, path.clone());
    kept.parent_id.clone_from(&resource.parent_id);
    kept.path_part.clone_from(&resource.path_part);
    let below = format!("{before}/");
    for one in api.resources.values_mut() {
        if let Some(rest) = one.path.strip_prefix(&below) {
            one.path = format!("{path}/{rest}");
        }
    }
    Ok(())
}
