//! What Lambda allows in a function's environment, checked before anything is sent.

use std::collections::BTreeMap;

use super::lines::Variable;
use super::lint::{Fault, Rule};
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

/// The function's environment, the variables and `ENV=STAGE`, and what Lambda or a deploy refuses in it.
pub(super) fn environment(variables: &[Variable], stage: StageName) -> (EnvVars, Vec<Fault>) {
    let mut map = BTreeMap::from([("ENV".to_owned(), stage.to_string())]);
    let mut faults = Vec::new();
    let mut over = None;
    for Variable { key, value, line, .. } in variables {
        faults.extend(check_key(key, *line));
        if key == "ENV" && value != stage.as_str() {
            faults.push(Fault {
                line: *line,
                rule: Rule::WrongEnv,
                what: format!(
                    "ENV is set to something else than `{stage}`, and a deploy to {stage} sets ENV={stage}"
                ),
                fix: "take the line out".to_owned(),
            });
        }
        map.insert(key.clone(), value.clone());
        if over.is_none() && measured(&map) > MOST_BYTES {
            over = Some(*line);
        }
    }
    if let Some(line) = over {
        let last = variables.last().map_or(line, |variable| variable.line);
        faults.push(Fault {
            line,
            rule: Rule::Over4Kb,
            what: format!(
                "with this variable the environment passes Lambda's limit of 4 KB: the whole file makes {} bytes of {MOST_BYTES} (its last variable is on line {last})",
                measured(&map)
            ),
            fix: "keep what is large in SSM Parameter Store, Secrets Manager or S3, and its name here"
                .to_owned(),
        });
    }
    (EnvVars(map), faults)
}

fn measured(map: &BTreeMap<String, String>) -> usize {
    serde_json::to_string(map).map_or(0, |json| json.len())
}

/// Why a function cannot have a variable of this name, where it cannot.
pub(super) fn check_key(key: &str, line: usize) -> Option<Fault> {
    let fault = |rule, what: String, fix: &str| Some(Fault { line, rule, what, fix: fix.to_owned() });
    let refused =
        |why: &str| fault(Rule::RefusedKey, format!("Lambda refuses the key {key}: {why}"), "rename it");
    if RESERVED.contains(&key) {
        let what = format!("{key} belongs to Lambda itself and cannot be set");
        return fault(Rule::ReservedKey, what, "take the line out");
    }
    if !key.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return refused("it must begin with a letter");
    }
    if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return refused("only letters, digits and _ are allowed");
    }
    if key.len() < 2 {
        return refused("it must have at least two characters");
    }
    None
}
