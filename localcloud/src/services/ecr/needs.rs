//! What of IAM an operation takes, as in AWS's Service Authorization Reference for ECR.

use serde_json::Value;

use crate::access::Need;
use crate::account;
use crate::wire::Call;

pub(crate) fn needs(call: &Call) -> Vec<Need> {
    let action = format!("ecr:{}", call.operation);
    let of = |name: &str| Need::new(action.clone(), account::repository_arn(name));
    if let Some(name) = call.text("repositoryName") {
        return vec![of(name)];
    }
    match call.operation.as_str() {
        "DescribeRepositories" => match call.member("repositoryNames").and_then(Value::as_array) {
            Some(names) if !names.is_empty() => names.iter().filter_map(Value::as_str).map(of).collect(),
            _ => vec![of("*")],
        },
        "ListTagsForResource" | "TagResource" | "UntagResource" => {
            vec![Need::new(action, call.text("resourceArn").unwrap_or("*"))]
        }
        _ => vec![Need::new(action, "*")],
    }
}
