//! What Lambda allows in a function's environment, checked before anything is sent.

use std::collections::BTreeMap;

use super::{Fault, Variable};
use crate::domain::{EnvVars, StageName};

// Lambda measures the map as JSON ("String measured: {…}" in its own refusal).
const MOST_BYTES: usize = 4096;

// AWS Lambda developer guide, "Defined runtime environment variables": those that a function may not set.
const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// The function's environment: the variables and `ENV=STAGE`.
pub(super) fn environment(variables: Vec<Variable>, stage: StageName) -> Result<EnvVars, Fault> {
    let mut map = BTreeMap::from([("ENV".to_owned(), stage.to_string())]);
    let mut last = 1;
    let mut over = None;
    for Variable { key, value, line } in variables {
        check_key(&key, line)?;
        if key == "ENV" && value != stage.as_str() {
            return Err(Fault {
                line,
                what: format!(
                    "ENV is set to something else than `{stage}`, and a deploy to {stage} sets ENV={stage}"
                ),
                fix: "take the line out".to_owned(),
            });
        }
        map.insert(key, value);
        last = line;
        if over.is_none() && measured(&map) > MOST_BYTES {
            over = Some(line);
        }
    }
    match over {
        Some(line) => Err(Fault {
            line,
            what: format!(
                "with this variable the environment passes Lambda's limit of 4 KB: the whole file makes {} bytes of {MOST_BYTES} (its last variable is on line {last})",
                measured(&map)
            ),
            fix: "keep what is large in SSM Parameter Store, Secrets Manager or S3, and its name here"
                .to_owned(),
        }),
        None => Ok(EnvVars(map)),
    }
}

fn measured(map: &BTreeMap<String, String>) -> usize {
    serde_json::to_string(map).map_or(0, |json| json.len())
}

fn check_key(key: &str, line: usize) -> Result<(), Fault> {
    let fault = |what: String, fix: &str| Err(Fault { line, what, fix: fix.to_owned() });
    if RESERVED.contains(&key) {
        return fault(format!("{key} belongs to Lambda itself and cannot be set"), "take the line out");
    }
    if !key.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return fault(format!("Lambda refuses the key {key}: it must begin with a letter"), "rename it");
    }
    if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return fault(
            format!("Lambda refuses the key {key}: only letters, digits and _ are allowed"),
            "rename it",
        );
    }
    if key.len() < 2 {
        return fault(
            format!("Lambda refuses the key {key}: it must have at least two characters"),
            "rename it",
        );
    }
    Ok(())
}
