//! What of IAM an operation of IAM itself takes.

use crate::access::{self, Need};
use crate::account;
use crate::cloud::Cloud;
use crate::services::iam::arn_of;
use crate::wire::Call;

pub(crate) fn needs(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let state = cloud.world.snapshot();
    let path = || call.text("Path").unwrap_or("/");
    let operation = call.operation.as_str();
    let resource = if let Some(source) = call.text("PolicySourceArn") {
        source.to_owned()
    } else if let Some(name) = call.text("UserName") {
        let path = state.users.get(name).map_or_else(path, |user| user.path.as_str());
        account::arn_of_user(path, name)
    } else if let Some(name) = call.text("RoleName") {
        match state.roles.get(name) {
            Some(role) => arn_of(role),
            None => format!("arn:aws:iam::{}:role{}{name}", account::ACCOUNT_ID, path()),
        }
    } else if let Some(arn) = call.text("PolicyArn") {
        arn.to_owned()
    } else if let Some(name) = call.text("PolicyName") {
        account::policy_arn(path(), name)
    } else {
        match operation {
            // Without a name they are about whoever calls.
            "GetUser" | "ListAccessKeys" | "CreateAccessKey" | "DeleteAccessKey" => {
                access::arn_of(&state, &call.caller)
            }
            "ListUsers" => account::arn_of_user("/", ""),
            "ListRoles" => account::role_arn(""),
            "ListPolicies" => account::policy_arn("/", ""),
            _ => "*".to_owned(),
        }
    };
    vec![Need::new(format!("iam:{operation}"), resource)]
}
