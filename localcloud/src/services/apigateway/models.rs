//! Models of bodies. What a request validator checks against them is `gateway/schema.rs`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::patch::Patch;
use super::{Nothing, Paged, api, api_mut, bad_request, conflict, not_found};
use crate::cloud::{Cloud, short_id};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{Model, RestApi};

const PATHS: [(&str, &[&str]); 1] = [("replace", &["/description", "/schema"])];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: String,
    content_type: String,
    description: Option<String>,
    schema: Option<String>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Create = call.input()?;
    if input.name.is_empty() {
        return Err(bad_request("Model name must be non-empty"));
    }
    if !input.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(bad_request(format!("Model name must be alphanumeric: {}", input.name)));
    }
    check_schema(input.schema.as_deref())?;
    let model = Model {
        id: short_id(6),
        name: input.name,
        description: input.description.filter(|text| !text.is_empty()),
        schema: input.schema,
        content_type: input.content_type,
    };
    cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        if api.models.contains_key(&model.name) {
            return Err(conflict("Model name already exists for this REST API"));
        }
        api.models.insert(model.name.clone(), model.clone());
        Ok(())
    })?;
    Ok(Answer::with_status(201, described(&model)))
}

fn check_schema(schema: Option<&str>) -> Result<(), Fault> {
    let invalid = |error: &str| {
        bad_request(format!("Invalid model specified: Validation Result: warnings : [], errors : [{error}]"))
    };
    match schema.filter(|schema| !schema.is_empty()) {
        None => Err(bad_request("Model schema must have at least 1 property or array items defined")),
        Some(schema) => match serde_json::from_str::<serde_json::Map<String, Value>>(schema) {
            Ok(_) => Ok(()),
            Err(_) => Err(invalid("Invalid model schema specified")),
        },
    }
}

fn described(model: &Model) -> Value {
    let mut members = json!({ "contentType": model.content_type, "id": model.id, "name": model.name });
    if let Some(text) = &model.description {
        members["description"] = text.as_str().into();
    }
    if let Some(text) = &model.schema {
        members["schema"] = text.as_str().into();
    }
    members
}

fn no_such_model(name: &str) -> Fault {
    not_found(format!("Invalid model name specified: {name}"))
}

/// `flatten` is answered as it is: no model here refers to another.
#[derive(Deserialize)]
struct Get {
    #[serde(rename = "flatten")]
    _flatten: Option<String>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let _: Get = call.input()?;
    let name = call.path("model_name")?;
    let state = cloud.world.snapshot();
    Ok(Answer::ok(described(api(&state, call)?.models.get(name).ok_or_else(|| no_such_model(name))?)))
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paged = call.input()?;
    let state = cloud.world.snapshot();
    let models = api(&state, call)?.models.values();
    Ok(Answer::ok(input.page(models, |model| model.name.clone(), described)?))
}

pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateModelInput")?;
    let name = call.path("model_name")?;
    let updated = cloud.world.change(|state| {
        let model = api_mut(state, call)?.models.get_mut(name).ok_or_else(|| no_such_model(name))?;
        for operation in &patch.operations {
            match (operation.op.as_str(), operation.segments().as_slice()) {
                ("replace", [word]) if word == "description" => model.description = operation.text(),
                ("replace", [word]) if word == "schema" => {
                    check_schema(operation.value.as_deref())?;
                    model.schema = operation.text();
                }
                _ => return Err(operation.unknown(&PATHS)),
            }
        }
        Ok::<_, Fault>(model.clone())
    })?;
    Ok(Answer::ok(described(&updated)))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let name = call.path("model_name")?;
    cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        if !api.models.contains_key(name) {
            return Err(no_such_model(name));
        }
        if let Some(user) = user(api, name) {
            return Err(conflict(format!("Cannot delete model '{name}', is referenced in {user}")));
        }
        api.models.remove(name);
        Ok(())
    })?;
    Ok(Answer::empty(202))
}

/// What uses a model; of several, the one with the last path.
fn user(api: &RestApi, model: &str) -> Option<String> {
    let mut users = Vec::new();
    for resource in api.resources.values() {
        for (name, method) in &resource.methods {
            if method.request_models.values().any(|used| used == model) {
                users.push((&resource.path, format!("method request: {}/{name}", resource.path)));
            }
            for (status, response) in &method.responses {
                if response.models.iter().flatten().any(|(_, used)| used == model) {
                    users.push((
                        &resource.path,
                        format!("method response: {}/{name}/{status}", resource.path),
                    ));
                }
            }
        }
    }
    users.into_iter().max().map(|(_, user)| user)
}

/// The models that a method names have to be there.
pub(super) fn check_named<'a>(
    api: &RestApi,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), Fault> {
    match names.into_iter().find(|name| !api.models.contains_key(*name)) {
        Some(name) => Err(bad_request(format!("Invalid model identifier specified: {name}"))),
        None => Ok(()),
    }
}
