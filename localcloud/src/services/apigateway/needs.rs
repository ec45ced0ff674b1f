//! What of IAM an operation takes: the request's own method, on its path.

use crate::access::Need;
use crate::account;
use crate::wire::Call;

pub(crate) fn needs(call: &Call) -> Vec<Need> {
    let (method, path) = &call.target;
    vec![Need::new(format!("apigateway:{method}"), account::gateway_arn(path))]
}
