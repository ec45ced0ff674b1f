//! Who the caller is.

use serde_json::json;

use crate::access::{self, Caller};
use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "GetCallerIdentity" => {
            #[derive(serde::Deserialize)]
            struct Input {}
            let Input {} = call.input()?;
            let state = cloud.world.snapshot();
            let id = match &call.caller {
                Caller::Owner => Some(account::USER_ID),
                Caller::User(name) => state.users.get(name).map(|user| user.id.as_str()),
            };
            Ok(Answer::ok(json!({
                "Account": account::ACCOUNT_ID,
                "Arn": access::arn_of(&state, &call.caller),
                "UserId": id,
            })))
        }
        _ => Err(call.not_offered()),
    }
}
