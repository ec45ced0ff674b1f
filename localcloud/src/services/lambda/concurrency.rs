//! Reserved concurrency.

use serde::Deserialize;
use serde_json::json;

use super::constraints::Constraints;
use super::read::CONCURRENT_EXECUTIONS;
use super::target::Target;
use super::{function_not_found, invalid, target};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// What must stay for functions without a reservation.
const LEAST_UNRESERVED: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    reserved_concurrent_executions: Option<i64>,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    let member = "reservedConcurrentExecutions";
    constraints.required(member, input.reserved_concurrent_executions.as_ref());
    constraints.between(member, input.reserved_concurrent_executions, 0, i64::MAX);
    constraints.verdict()?;
    let target = unqualified(call)?;
    // More than fits is too many in any case.
    let wanted = u32::try_from(input.reserved_concurrent_executions.unwrap_or_default()).unwrap_or(u32::MAX);
    cloud.world.change(|state| {
        let others: u32 = state
            .functions
            .values()
            .filter(|function| function.name != target.name)
            .filter_map(|function| function.reserved_concurrency)
            .sum();
        let function =
            state.functions.get_mut(&target.name).ok_or_else(|| function_not_found(&target.name))?;
        if others.saturating_add(wanted) > CONCURRENT_EXECUTIONS - LEAST_UNRESERVED {
            // The one fault of Lambda's that comes without `Type` (as recorded).
            return Err(Fault::new(
                400,
                "InvalidParameterValueException",
                format!(
                    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
                ),
            ));
        }
        function.reserved_concurrency = Some(wanted);
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "ReservedConcurrentExecutions": wanted })))
}

fn unqualified(call: &Call) -> Result<Target, Fault> {
    let target = target::of(call, None)?;
    match target.qualifier {
        None => Ok(target),
        Some(_) => Err(invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
        )),
    }
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let target = target::of(call, None)?;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&target.name).ok_or_else(|| function_not_found(&target.name))?;
    Ok(Answer::ok(match function.reserved_concurrency {
        Some(reserved) => json!({ "ReservedConcurrentExecutions": reserved }),
        None => json!({}),
    }))
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let target = unqualified(call)?;
    cloud.world.change(|state| {
        let function =
            state.functions.get_mut(&target.name).ok_or_else(|| function_not_found(&target.name))?;
        function.reserved_concurrency = None;
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(204))
}
