//! The variables of a function's environment, and their rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use super::constraints::Constraints;
use super::invalid;
use crate::wire::Call;
use crate::wire::fault::Fault;

/// The keys that Lambda sets itself [FACTS §3].
const RESERVED_KEYS: [&str; 18] = [
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
/// Bytes of all keys and values together, as JSON.
const MOST: usize = 4096;
const UNABLE: &str = "Lambda was unable to configure your environment variables because the environment variables you have provided";

pub(super) fn constrain(variables: &BTreeMap<String, String>, constraints: &mut Constraints) {
    if !variables.keys().all(|key| is_key(key)) {
        // The model calls the map sensitive: it is left out of the sentence.
        constraints.sentence(
            "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
        );
    }
}

/// `[a-zA-Z]([a-zA-Z0-9_])+`
fn is_key(key: &str) -> bool {
    // Reserved keys such as `_HANDLER` get their own answer.
    RESERVED_KEYS.contains(&key)
        || (key.len() >= 2
            && key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

pub(super) fn check(variables: &BTreeMap<String, String>, call: &Call) -> Result<(), Fault> {
    let reserved: Vec<&str> = RESERVED_KEYS.into_iter().filter(|key| variables.contains_key(*key)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "{UNABLE} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let measured = serde_json::json!(variables).to_string();
    if measured.len() > MOST {
        let measured = as_given(&call.payload).unwrap_or(measured);
        // The values are in the sentence, as AWS has it: clients must not log it [FACTS §3].
        return Err(invalid(format!("{UNABLE} exceeded the 4KB limit. String measured: {measured}")));
    }
    Ok(())
}

/// The variables as JSON, in the order in which they came.
fn as_given(payload: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        environment: Environment,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Environment {
        variables: Pairs,
    }
    let Pairs(pairs) = serde_json::from_slice::<Input>(payload).ok()?.environment.variables;
    let quoted = |text: &String| serde_json::Value::from(text.as_str()).to_string();
    let members: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    Some(format!("{{{}}}", members.join(",")))
}

/// A map whose order is kept.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a map of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
