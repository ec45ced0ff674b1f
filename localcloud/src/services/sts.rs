//! Who the caller is.

use serde_json::json;

use crate::account;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

pub(crate) fn answer(call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "GetCallerIdentity" => {
            #[derive(serde::Deserialize)]
            struct Input {}
            let Input {} = call.input()?;
            Ok(Answer::ok(json!({
                "Account": account::ACCOUNT_ID,
                "Arn": account::user_arn(),
                "UserId": account::USER_ID,
            })))
        }
        _ => Err(call.not_offered()),
    }
}
