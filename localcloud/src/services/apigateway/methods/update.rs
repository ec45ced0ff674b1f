//! Changes of a method, with AWS's refusals (recorded).

use super::super::patch::{Operation, Patch};
use super::super::{no_such_method, no_such_resource};
use super::{authorization, check, described};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::Method;

pub(in super::super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateMethodInput")?;
    let name = call.path("http_method")?;
    let told = cloud.world.change(|state| {
        let id = call.path("resource_id")?;
        let api = state.apis.get_mut(call.path("restapi_id")?).ok_or_else(no_such_resource)?;
        let resource = api.resources.get(id).ok_or_else(no_such_resource)?;
        let mut method = resource.methods.get(name).cloned().ok_or_else(no_such_method)?;
        for operation in &patch.operations {
            apply(call, &mut method, operation)?;
        }
        check(api, &method)?;
        let told = described(name, &method);
        let resource = api.resources.get_mut(id).ok_or_else(no_such_resource)?;
        resource.methods.insert(name.to_owned(), method);
        Ok::<_, Fault>(told)
    })?;
    Ok(Answer::ok(told))
}

fn apply(call: &Call, method: &mut Method, operation: &Operation) -> Result<(), Fault> {
    let segments = operation.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let [
        "operationName" | "apiKeyRequired" | "authorizationType" | "authorizerId" | "requestValidatorId",
    ] = words.as_slice()
    {
        operation.replaces()?;
    }
    match words.as_slice() {
        ["operationName"] => method.operation_name = operation.text(),
        ["apiKeyRequired"] => method.api_key_required = operation.is_on(),
        ["authorizationType"] => method.authorization_type = authorization(operation.value()?)?,
        // Of no use to methods that ask no authorizer (recorded).
        ["authorizerId"] => {}
        ["authorizationScopes", ..] => {
            return Err(call.parameter_not_offered(&format!("the patch path {}", operation.path_text())));
        }
        ["requestValidatorId"] => method.request_validator_id = operation.text(),
        ["requestParameters", name] => {
            operation.change(&mut method.request_parameters, name, |operation| Ok(operation.is_on()))?;
        }
        ["requestModels", kind] => {
            operation
                .change(&mut method.request_models, kind, |operation| Ok(operation.value()?.to_owned()))?;
        }
        _ => return Err(operation.invalid()),
    }
    Ok(())
}
