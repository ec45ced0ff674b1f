//! Models of bodies. What they may hold, and what a request validator checks against them, is in `gateway/schema.rs`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::patch::Patch;
use super::{Nothing, Paged, api, api_mut, bad_request, conflict, not_found};
use crate::cloud::{Cloud, short_id};
use crate::gateway::schema;
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
        check_schema(api, model.schema.as_deref())?;
        api.models.insert(model.name.clone(), model.clone());
        Ok(())
    })?;
    Ok(Answer::with_status(201, described(&model)))
}

fn check_schema(api: &RestApi, schema: Option<&str>) -> Result<(), Fault> {
    let invalid = |error: &str| {
        bad_request(format!("Invalid model specified: Validation Result: warnings : [], errors : [{error}]"))
    };
    match schema.filter(|schema| !schema.is_empty()) {
        None => Err(bad_request("Model schema must have at least 1 property or array items defined")),
        Some(schema) => match serde_json::from_str::<Value>(schema) {
            Ok(read) if read.is_object() => {
                let mistake = schema::mistake(&read, |name| api.models.contains_key(name));
                mistake.map_or(Ok(()), |mistake| Err(invalid(&mistake)))
            }
            _ => Err(invalid("Invalid model schema specified")),
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

#[derive(Deserialize)]
struct Get {
    flatten: Option<String>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Get = call.input()?;
    let name = call.path("model_name")?;
    let state = cloud.world.snapshot();
    let model = api(&state, call)?.models.get(name).ok_or_else(|| no_such_model(name))?;
    // A model that refers to no other is its own flattened form.
    if input.flatten.as_deref() == Some("true") && !references(model).is_empty() {
        return Err(call.parameter_not_offered("a flattened model of one that refers to others (flatten)"));
    }
    Ok(Answer::ok(described(model)))
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
        let api = api_mut(state, call)?;
        let mut model = api.models.get(name).ok_or_else(|| no_such_model(name))?.clone();
        for operation in &patch.operations {
            match (operation.op.as_str(), operation.segments().as_slice()) {
                ("replace", [word]) if word == "description" => model.description = operation.text(),
                ("replace", [word]) if word == "schema" => {
                    check_schema(api, operation.value.as_deref())?;
                    model.schema = operation.text();
                }
                _ => return Err(operation.unknown(&PATHS)),
            }
        }
        api.models.insert(name.to_owned(), model.clone());
        Ok::<_, Fault>(model)
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
    let other = api.models.values().find(|other| references(other).iter().any(|name| name == model));
    let other = other.map(|other| format!("model: {}", other.name));
    users.into_iter().max().map(|(_, user)| user).or(other)
}

/// The models that a model refers to, but itself.
fn references(model: &Model) -> Vec<String> {
    let schema: Value = serde_json::from_str(model.schema.as_deref().unwrap_or("{}")).unwrap_or_default();
    schema::named(&schema).into_iter().filter(|name| *name != model.name).map(str::to_owned).collect()
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
