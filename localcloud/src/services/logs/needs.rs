//! What of IAM an operation takes, as in AWS's Service Authorization Reference for CloudWatch Logs. The resource of a
//! group is the one that AWS's own denials name: the group's ARN with `:log-stream:` and the stream, if one is meant.

use serde_json::Value;

use super::name_of;
use crate::access::Need;
use crate::account;
use crate::wire::Call;
use crate::wire::fault::Fault;

pub(crate) fn needs(call: &Call) -> Result<Vec<Need>, Fault> {
    let action = format!("logs:{}", call.operation);
    let need = |group: &str, stream: &str| {
        Need::new(action.clone(), format!("{}:log-stream:{stream}", account::log_group_arn(group)))
    };
    match call.operation.as_str() {
        "GetQueryResults" | "StopQuery" | "DescribeQueries" => return Ok(vec![Need::new(action, "*")]),
        "ListTagsForResource" | "TagResource" | "UntagResource" => {
            return Ok(vec![Need::new(action, call.text("resourceArn").unwrap_or("*"))]);
        }
        "DescribeLogGroups" | "ListLogGroups" => return Ok(vec![need("", "")]),
        _ => {}
    }
    let texts = |name: &str| -> Vec<String> {
        let list = call.member(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let one = |name: &str| call.text(name).map(str::to_owned);
    let mut groups: Vec<String> = texts("logGroupNames");
    for identifier in texts("logGroupIdentifiers").into_iter().chain(one("logGroupIdentifier")) {
        groups.push(name_of(None, Some(identifier))?);
    }
    groups.extend(one("logGroupName"));
    if groups.is_empty() {
        // Without a group it will be refused; until then it is about any.
        groups.push(String::new());
    }
    let stream = call.text("logStreamName").unwrap_or_default();
    Ok(groups.iter().map(|group| need(group, stream)).collect())
}
