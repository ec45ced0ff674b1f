//! The members that CreateFunction and UpdateFunctionConfiguration share, and their rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::invalid;
use crate::cloud::{Cloud, now_ms};
use crate::services::iam::role_by_arn;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Call, Service};
use crate::world::State;
use crate::world::functions::{Configuration, ImageConfig};
use crate::world::roles::Role;

const ROLE_PATTERN: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";

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

/// What may be set; what is absent stays.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Settings {
    pub(super) role: Option<String>,
    pub(super) description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Environment>,
    tracing_config: Option<TracingConfig>,
    image_config: Option<WireImageConfig>,
    ephemeral_storage: Option<EphemeralStorage>,
    logging_config: Option<LoggingConfig>,
    snap_start: Option<SnapStart>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireImageConfig {
    entry_point: Option<Vec<String>>,
    command: Option<Vec<String>>,
    working_directory: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LoggingConfig {
    log_format: Option<String>,
    log_group: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: String,
}

impl Settings {
    /// What can be said without looking at the account.
    pub(super) fn check(&self, call: &Call) -> Result<(), Fault> {
        let mut errors = Vec::new();
        if let Some(role) = &self.role
            && !is_role_arn(role)
        {
            let constraint = format!("Member must satisfy regular expression pattern: {ROLE_PATTERN}");
            errors.push(broken("role", role, &constraint));
        }
        between(&mut errors, "timeout", self.timeout, 1, 900);
        between(&mut errors, "memorySize", self.memory_size, 128, 10_240);
        between(
            &mut errors,
            "ephemeralStorage.size",
            self.ephemeral_storage.as_ref().map(|one| one.size),
            512,
            10_240,
        );
        if let Some(description) = &self.description
            && description.len() > 256
        {
            errors.push(broken(
                "description",
                description,
                "Member must have length less than or equal to 256",
            ));
        }
        if let Some(TracingConfig { mode }) = &self.tracing_config {
            one_of(&mut errors, "tracingConfig.mode", mode, &["Active", "PassThrough"]);
        }
        if let Some(logging) = &self.logging_config
            && let Some(format) = &logging.log_format
        {
            one_of(&mut errors, "loggingConfig.logFormat", format, &["JSON", "Text"]);
        }
        if let Some(environment) = &self.environment
            && !environment.variables.keys().all(|key| is_key(key))
        {
            // AWS shows the whole map here, values and all.
            errors.push(
                "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
                    .to_owned(),
            );
        }
        if !errors.is_empty() {
            return Err(Fault::validations(Service::Lambda, &errors));
        }
        if let Some(environment) = &self.environment {
            check_environment(&environment.variables)?;
        }
        if let Some(logging) = &self.logging_config {
            let levels = [&logging.application_log_level, &logging.system_log_level];
            if levels.into_iter().flatten().any(|level| level != "INFO") {
                return Err(call.parameter_not_offered("a log level other than INFO (LoggingConfig)"));
            }
        }
        if self.snap_start.as_ref().is_some_and(|snap| snap.apply_on != "None") {
            return Err(call.parameter_not_offered("SnapStart"));
        }
        Ok(())
    }

    /// Puts what is set into a configuration.
    pub(super) fn apply(self, configuration: &mut Configuration) {
        if let Some(seconds) = self.timeout.and_then(|value| u32::try_from(value).ok()) {
            configuration.timeout_s = seconds;
        }
        if let Some(megabytes) = self.memory_size.and_then(|value| u32::try_from(value).ok()) {
            configuration.memory_mb = megabytes;
        }
        if let Some(storage) = self.ephemeral_storage.and_then(|one| u32::try_from(one.size).ok()) {
            configuration.ephemeral_storage_mb = storage;
        }
        if let Some(environment) = self.environment {
            configuration.environment = environment.variables;
        }
        if let Some(tracing) = self.tracing_config {
            configuration.tracing_mode = tracing.mode;
        }
        if let Some(image) = self.image_config {
            let whole = ImageConfig {
                entry_point: image.entry_point.filter(|words| !words.is_empty()),
                command: image.command.filter(|words| !words.is_empty()),
                working_directory: image.working_directory.filter(|dir| !dir.is_empty()),
            };
            configuration.image_config = (whole != ImageConfig::default()).then_some(whole);
        }
        if let Some(logging) = self.logging_config {
            if let Some(format) = logging.log_format {
                configuration.log_format = format;
            }
            if let Some(group) = logging.log_group {
                configuration.log_group = group;
            }
        }
    }
}

/// The role must exist and let Lambda take it on.
pub(super) fn check_role(cloud: &Cloud, state: &State, arn: &str) -> Result<(), Fault> {
    let known = |role: &Role| cloud.faults.iam().knows_role(role.created_ms, now_ms());
    let assumable =
        role_by_arn(state, arn).is_some_and(|role| trusts_lambda(&role.trust_policy) && known(role));
    match assumable {
        true => Ok(()),
        false => Err(invalid("The role defined for the function cannot be assumed by Lambda.")),
    }
}

fn trusts_lambda(policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
    each(&policy["Statement"]).any(|statement| {
        statement["Effect"] == "Allow"
            && each(&statement["Principal"]["Service"]).any(|service| service == "lambda.amazonaws.com")
            && each(&statement["Action"])
                .any(|action| ["sts:AssumeRole", "sts:*", "*"].iter().any(|wanted| action == *wanted))
    })
}

/// One thing or a list of them, as policies have it.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return false };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&byte);
    (partition.is_empty() || partition.starts_with("aws"))
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix("role").is_some_and(|name| name.len() > 1 && name.bytes().all(fits))
}

/// `[a-zA-Z]([a-zA-Z0-9_])+`
fn is_key(key: &str) -> bool {
    // Reserved keys such as `_HANDLER` get their own answer.
    RESERVED_KEYS.contains(&key)
        || (key.len() >= 2
            && key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn check_environment(variables: &BTreeMap<String, String>) -> Result<(), Fault> {
    const UNABLE: &str = "Lambda was unable to configure your environment variables because the environment variables you have provided";
    let reserved: Vec<&str> = RESERVED_KEYS.into_iter().filter(|key| variables.contains_key(*key)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "{UNABLE} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let measured = serde_json::json!(variables).to_string();
    if measured.len() > 4096 {
        // The values are in the sentence, as AWS has it: clients must not log it [FACTS §3].
        return Err(invalid(format!("{UNABLE} exceeded the 4KB limit. String measured: {measured}")));
    }
    Ok(())
}

fn between(errors: &mut Vec<String>, member: &str, value: Option<i64>, least: i64, most: i64) {
    let Some(value) = value else { return };
    let constraint = match value {
        _ if value < least => format!("Member must have value greater than or equal to {least}"),
        _ if value > most => format!("Member must have value less than or equal to {most}"),
        _ => return,
    };
    errors.push(broken(member, &value.to_string(), &constraint));
}

fn one_of(errors: &mut Vec<String>, member: &str, value: &str, all: &[&str]) {
    if !all.contains(&value) {
        let constraint = format!("Member must satisfy enum value set: [{}]", all.join(", "));
        errors.push(broken(member, value, &constraint));
    }
}

/// The one architecture of `Architectures`, which is a list all the same.
pub(super) fn architecture(wanted: Option<Vec<String>>) -> Result<Option<String>, Fault> {
    let Some(wanted) = wanted else { return Ok(None) };
    let shown = format!("[{}]", wanted.join(", "));
    if wanted.len() > 1 {
        let constraint = "Member must have length less than or equal to 1";
        return Err(Fault::validation(Service::Lambda, "architectures", &shown, constraint));
    }
    if wanted.iter().any(|one| !["x86_64", "arm64"].contains(&one.as_str())) {
        let constraint = "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]";
        return Err(Fault::validation(Service::Lambda, "architectures", &shown, constraint));
    }
    Ok(wanted.into_iter().next())
}
