//! The operations, a module for each service: parse, validate, apply, answer.

pub(crate) mod apigateway;
pub(crate) mod cloudwatch;
pub(crate) mod ecr;
pub(crate) mod iam;
pub(crate) mod lambda;
pub(crate) mod logs;
pub(crate) mod paging;
pub(crate) mod sts;

use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// Carries a call out.
pub(crate) async fn answer(cloud: Cloud, call: Call) -> Result<Answer, Fault> {
    if call.service == Service::Lambda && call.operation == "Invoke" {
        return lambda::invoke::invoke(&cloud, &call).await;
    }
    // What only reads answers from memory; what changes something waits for the disk, which must not hold up others.
    if ["Get", "List", "Describe", "Filter", "BatchGet"].iter().any(|verb| call.operation.starts_with(verb)) {
        return operation(&cloud, &call);
    }
    let done = tokio::task::spawn_blocking(move || operation(&cloud, &call)).await;
    done.unwrap_or_else(|error| Err(Fault::internal(format!("the operation was cut off: {error}"))))
}

fn operation(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.service {
        Service::Sts => sts::answer(call),
        Service::Iam => iam::answer(cloud, call),
        Service::Ecr => ecr::answer(cloud, call),
        Service::Lambda => lambda::answer(cloud, call),
        Service::ApiGateway => apigateway::answer(cloud, call),
        Service::Logs => logs::answer(cloud, call),
        Service::CloudWatch => cloudwatch::answer(cloud, call),
    }
}
