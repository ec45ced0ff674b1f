//! What of IAM an operation takes, as in AWS's Service Authorization Reference for Lambda.

use serde_json::Value;

use super::target;
use crate::access::Need;
use crate::account;
use crate::wire::Call;
use crate::wire::fault::Fault;

pub(crate) fn needs(call: &Call) -> Result<Vec<Need>, Fault> {
    let resource = match call.operation.as_str() {
        "CreateFunction" => {
            account::function_arn(&target::to_create(call.text("FunctionName").unwrap_or_default())?)
        }
        "TagResource" | "UntagResource" | "ListTags" => call.path("Resource")?.to_owned(),
        _ if call.path("FunctionName").is_ok() => target::of(call, call.text("Qualifier"))?.arn(),
        _ => "*".to_owned(),
    };
    let action = match call.operation.as_str() {
        "Invoke" | "InvokeWithResponseStream" => "InvokeFunction",
        other => other,
    };
    let mut needs = vec![Need::new(format!("lambda:{action}"), resource.clone())];
    if call.operation == "CreateFunction"
        && call.member("Tags").and_then(Value::as_object).is_some_and(|tags| !tags.is_empty())
    {
        needs.push(Need::new("lambda:TagResource", resource));
    }
    // A function must not be given a role that its maker could not use himself.
    if ["CreateFunction", "UpdateFunctionConfiguration"].contains(&call.operation.as_str())
        && let Some(role) = call.text("Role")
    {
        needs.push(Need::new("iam:PassRole", role));
    }
    Ok(needs)
}
