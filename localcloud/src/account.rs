//! The one account that the local cloud is: its id, region, keys and the ARNs of what lives in it.

/// Twelve zeros: no real AWS account has this id, so what is shown can never be mistaken for AWS.
pub const ACCOUNT_ID: &str = "000000000000";
/// The one region of the local cloud.
pub const REGION: &str = "us-east-1";
/// The access key that requests must be signed with. It is no secret: it opens nothing but this machine's loopback.
pub const ACCESS_KEY_ID: &str = "AKIALOCALCLOUD000000";
/// The secret that belongs to [`ACCESS_KEY_ID`].
pub const SECRET_ACCESS_KEY: &str = "local-cloud-secret-that-opens-only-loopback";
/// The IAM user behind [`ACCESS_KEY_ID`].
pub const USER_NAME: &str = "ops";
/// The unique id of that user.
pub const USER_ID: &str = "AIDALOCALCLOUD0000000";

/// ARN of the caller, as STS GetCallerIdentity answers it.
pub fn user_arn() -> String {
    arn_of_user("/", USER_NAME)
}

/// ARN of an IAM user; `path` begins and ends with a slash.
pub fn arn_of_user(path: &str, name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:user{path}{name}")
}

/// ARN of a Lambda function, without a qualifier.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}")
}

/// ARN of an IAM role with an empty path.
pub fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:role/{name}")
}

/// ARN of an ECR repository.
pub fn repository_arn(name: &str) -> String {
    format!("arn:aws:ecr:{REGION}:{ACCOUNT_ID}:repository/{name}")
}

/// ARN of a log group, without the trailing `:*`.
pub fn log_group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{name}")
}

/// The `SourceArn` of a call through the gateway: what a function's policy is matched against.
pub fn execute_api_arn(api_id: &str, stage: &str, method: &str, resource_path: &str) -> String {
    let path = resource_path.trim_start_matches('/');
    format!("arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{api_id}/{stage}/{method}/{path}")
}

/// ARN of a customer managed policy; `path` begins and ends with a slash.
pub fn policy_arn(path: &str, name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:policy{path}{name}")
}

/// What API Gateway's control plane calls the path of a request, such as `/restapis/abc/stages`.
pub fn gateway_arn(path: &str) -> String {
    format!("arn:aws:apigateway:{REGION}::{path}")
}

/// ARN of a session of a role, as STS GetCallerIdentity answers it.
pub fn session_arn(role: &str, session: &str) -> String {
    format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{session}")
}
