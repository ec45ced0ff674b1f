//! Changes of a gateway response, with AWS's refusals (recorded).

use super::super::patch::{Operation, Patch};
use super::super::{api_mut, bad_request, check_status};
use super::{TEMPLATE, described, kind};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::GatewayResponse;

pub(in super::super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    let kind = kind(call)?;
    patch.check("updateGatewayResponseInput")?;
    let told = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        let mut response = api.gateway_responses.get(kind).cloned().unwrap_or_default();
        for operation in &patch.operations {
            apply(call, &mut response, operation)?;
        }
        api.gateway_responses.insert(kind.to_owned(), response);
        Ok::<_, Fault>(described(api, kind))
    })?;
    Ok(Answer::ok(told))
}

fn apply(call: &Call, response: &mut GatewayResponse, operation: &Operation) -> Result<(), Fault> {
    let given = |member: &str| {
        let empty = || bad_request(format!("Invalid null or empty value in {member}"));
        operation.text().ok_or_else(empty)
    };
    match operation.segments().as_slice() {
        [word] if word == "statusCode" && operation.op == "replace" => {
            let status = operation.value()?;
            check_status(call, status)?;
            response.status_code = Some(status.to_owned());
            Ok(())
        }
        [map, name] if map == "responseParameters" => {
            if operation.op != "remove" {
                given("responseParameters")?;
            }
            operation.change(&mut response.parameters, name, |_| given("responseParameters"))
        }
        [map, kind] if map == "responseTemplates" => {
            if operation.op != "remove" {
                given("responseTemplates")?;
            }
            if response.templates.is_empty() {
                // What a response that has none of its own is told to have.
                response.templates.insert("application/json".to_owned(), TEMPLATE.to_owned());
            }
            operation.change(&mut response.templates, kind, |_| given("responseTemplates"))
        }
        _ => Err(operation.invalid()),
    }
}
