//! What a function on AWS may have and none has here, for clients that read it back: they hear that there is none.

use serde::Deserialize;
use serde_json::json;

use super::constraints::Constraints;
use super::read::{Paging, limit};
use super::{function_not_found, target, user_fault};
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// No code signing configuration: packages of images cannot have one.
pub(super) fn code_signing(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let target = target::of(call, None)?;
    match cloud.world.snapshot().functions.contains_key(&target.name) {
        true => Ok(Answer::ok(json!({}))),
        false => Err(function_not_found(&target.name)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Url {
    qualifier: Option<String>,
}

/// No URL, whether or not there is such a function.
pub(super) fn url(call: &Call) -> Result<Answer, Fault> {
    let input: Url = call.input()?;
    target::of(call, input.qualifier.as_deref())?;
    Err(user_fault(404, "ResourceNotFoundException", "The resource you requested does not exist."))
}

pub(super) fn urls(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Paging = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    limit(&input, 50, &mut constraints);
    constraints.verdict()?;
    let name = target::resolve(call, None)?.name;
    match cloud.world.snapshot().functions.contains_key(&name) {
        true => Ok(Answer::ok(json!({ "FunctionUrlConfigs": [] }))),
        false => Err(user_fault(404, "ResourceNotFoundException", "Function does not exist")),
    }
}
