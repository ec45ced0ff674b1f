//! The operations, a module for each service: parse, validate, apply, answer.

pub(crate) mod apigateway;
pub(crate) mod cloudwatch;
pub(crate) mod ec2;
pub(crate) mod ecr;
pub(crate) mod iam;
pub(crate) mod lambda;
pub(crate) mod logs;
pub(crate) mod paging;
pub(crate) mod sts;

use crate::access::{Caller, Need};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// Carries a call out, if its caller may make it.
pub(crate) async fn answer(cloud: Cloud, call: Call) -> Result<Answer, Fault> {
    admit(&cloud, &call)?;
    if call.service == Service::Lambda && call.operation == "Invoke" {
        return lambda::invoke::invoke(&cloud, &call).await;
    }
    if call.service == Service::Lambda && call.operation == "InvokeWithResponseStream" {
        return lambda::invoke_stream::invoke(&cloud, &call);
    }
    // What only reads answers from memory; what changes something waits for the disk, which must not hold up others.
    if ["Get", "List", "Describe", "Filter", "BatchGet"].iter().any(|verb| call.operation.starts_with(verb)) {
        return operation(&cloud, &call);
    }
    let done = tokio::task::spawn_blocking(move || operation(&cloud, &call)).await;
    done.unwrap_or_else(|error| Err(Fault::internal(format!("the operation was cut off: {error}"))))
}

fn admit(cloud: &Cloud, call: &Call) -> Result<(), Fault> {
    if call.caller == Caller::Owner {
        return Ok(());
    }
    let needs = needs(cloud, call)?;
    cloud.access.admit(&call.caller, &needs).map_err(|message| Fault::denied(call.service, message))
}

/// The refusal of a call that no policy of its caller allows.
pub(crate) fn denied(cloud: &Cloud, call: &Call) -> Fault {
    let first = needs(cloud, call).map(|needs| needs.into_iter().next());
    let need = first
        .ok()
        .flatten()
        .unwrap_or_else(|| Need::new(format!("{}:{}", call.service.rule_name(), call.operation), "*"));
    Fault::denied(call.service, cloud.access.refusal(&call.caller, &need))
}

/// What its caller must be allowed.
fn needs(cloud: &Cloud, call: &Call) -> Result<Vec<Need>, Fault> {
    Ok(match call.service {
        Service::Sts if call.operation == "GetAccessKeyInfo" => vec![Need::new("sts:GetAccessKeyInfo", "*")],
        // Everybody may ask who they are; for a role its trust policy says first who is asked about (`sts/assume.rs`).
        Service::Sts => Vec::new(),
        Service::Iam => iam::needs(cloud, call),
        Service::Ecr => ecr::needs(call),
        Service::Lambda => lambda::needs(call)?,
        Service::ApiGateway => apigateway::needs(call),
        Service::Logs => logs::needs(call)?,
        Service::Ec2 => vec![Need::new(format!("ec2:{}", call.operation), "*")],
        Service::CloudWatch => vec![Need::new(format!("cloudwatch:{}", call.operation), "*")],
    })
}

fn operation(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.service {
        Service::Sts => sts::answer(cloud, call),
        Service::Iam => iam::answer(cloud, call),
        Service::Ec2 => ec2::answer(cloud, call),
        Service::Ecr => ecr::answer(cloud, call),
        Service::Lambda => lambda::answer(cloud, call),
        Service::ApiGateway => apigateway::answer(cloud, call),
        Service::Logs => logs::answer(cloud, call),
        Service::CloudWatch => cloudwatch::answer(cloud, call),
    }
}
