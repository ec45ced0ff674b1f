//! Who the caller is, and roles that are taken on for a time.

mod assume;
mod tags;

use serde::Deserialize;
use serde_json::json;

use crate::access::{self, Caller};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "GetCallerIdentity" => caller_identity(cloud, call),
        "GetAccessKeyInfo" => access_key_info(cloud, call),
        "AssumeRole" => assume::assume(cloud, call),
        _ => Err(call.not_offered()),
    }
}

#[derive(Deserialize)]
struct Nothing {}

fn caller_identity(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    let state = cloud.world.snapshot();
    let id = match &call.caller {
        Caller::Owner => Some(account::USER_ID.to_owned()),
        Caller::User(name) => state.users.get(name).map(|user| user.id.clone()),
        Caller::Session { key, .. } => {
            state.sessions.get(key).map(|session| format!("{}:{}", session.role_id, session.name))
        }
    };
    Ok(Answer::ok(json!({
        "Account": account::ACCOUNT_ID,
        "Arn": access::arn_of(&state, &call.caller),
        "UserId": id,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyInfo {
    access_key_id: String,
}

/// AWS reads the account out of the key's id; here only the account's own keys are known.
fn access_key_info(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: KeyInfo = call.input()?;
    let id = input.access_key_id;
    Checks::new(Service::Sts)
        .length("accessKeyId", &id, 16, 128)
        .pattern("accessKeyId", &id, r"[\w]*")
        .end()?;
    match cloud.access.identity(&id) {
        Some(_) => Ok(Answer::ok(json!({ "Account": account::ACCOUNT_ID }))),
        None => Err(call.parameter_not_offered("access keys that this account did not give out")),
    }
}
