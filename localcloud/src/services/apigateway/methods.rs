//! The methods of a resource.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nothing, conflict, integrations, method, no_such_method, resource_mut};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::apis::Method;

const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    authorization_type: String,
    #[serde(default)]
    api_key_required: bool,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let name = call.path("http_method")?;
    if !METHODS.contains(&name) {
        let constraint = format!("Member must satisfy enum value set: [{}]", METHODS.join(", "));
        return Err(Fault::validation(Service::ApiGateway, "putMethodInput.httpMethod", name, &constraint));
    }
    if !["NONE", "AWS_IAM"].contains(&input.authorization_type.as_str()) {
        return Err(call.parameter_not_offered("an authorizationType other than NONE and AWS_IAM"));
    }
    let created = Method {
        authorization_type: input.authorization_type,
        api_key_required: input.api_key_required,
        integration: None,
    };
    cloud.world.change(|state| {
        let resource = resource_mut(state, call)?;
        if resource.methods.contains_key(name) {
            return Err(conflict("Method already exists for this resource"));
        }
        resource.methods.insert(name.to_owned(), created.clone());
        Ok(())
    })?;
    Ok(Answer::with_status(201, described(name, &created)))
}

pub(super) fn described(name: &str, method: &Method) -> Value {
    let mut members = json!({
        "apiKeyRequired": method.api_key_required,
        "authorizationType": method.authorization_type,
        "httpMethod": name,
    });
    if let Some(integration) = &method.integration {
        members["methodIntegration"] = integrations::described(integration);
    }
    members
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    Ok(Answer::ok(described(call.path("http_method")?, method(&cloud.world.snapshot(), call)?)))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let name = call.path("http_method")?;
    cloud.world.change(|state| {
        resource_mut(state, call)?.methods.remove(name).map(drop).ok_or_else(no_such_method)
    })?;
    Ok(Answer::empty(204))
}
