//! The members that CreateFunction and UpdateFunctionConfiguration share, and their rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::constraints::{Constraints, is_word};
use super::{environment, invalid};
use crate::cloud::{Cloud, now_ms};
use crate::services::iam::role_by_arn;
use crate::wire::Call;
use crate::wire::fault::Fault;
use crate::world::State;
use crate::world::functions::{Configuration, ImageConfig};
use crate::world::roles::Role;

const ROLE_PATTERN: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";

/// What AWS lists when it refuses a runtime (as recorded).
const RUNTIMES: [&str; 25] = [
    "nodejs20.x",
    "python3.14",
    "provided.al2023",
    "python3.12",
    "python3.13",
    "nodejs24.x",
    "nodejs22.x",
    "java25",
    "python3.10",
    "python3.11",
    "java21",
    "ruby3.3",
    "ruby3.4",
    "ruby3.2",
    "python3.8",
    "python3.9",
    "java17",
    "nodejs16.x",
    "dotnet10",
    "dotnet8",
    "java11",
    "dotnet6",
    "nodejs18.x",
    "provided.al2",
    "java8.al2",
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
    runtime: Option<String>,
    handler: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: Option<String>,
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
    size: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LoggingConfig {
    log_format: Option<String>,
    log_group: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
}

impl LoggingConfig {
    fn constrain(&self, constraints: &mut Constraints) {
        constraints.one_of("loggingConfig.logFormat", self.log_format.as_deref(), &["JSON", "Text"]);
        let application = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
        let level = self.application_log_level.as_deref();
        constraints.one_of("loggingConfig.applicationLogLevel", level, &application);
        let level = self.system_log_level.as_deref();
        constraints.one_of("loggingConfig.systemLogLevel", level, &["DEBUG", "INFO", "WARN"]);
        if let Some(group) = &self.log_group {
            constraints.length("loggingConfig.logGroup", group, 1, 512);
            let fits = is_word(group, b".-_/#");
            constraints.pattern("loggingConfig.logGroup", group, fits, r"[\.\-_/#A-Za-z0-9]+");
        }
    }
}

impl WireImageConfig {
    fn constrain(&self, constraints: &mut Constraints) {
        let lists = [("imageConfig.entryPoint", &self.entry_point), ("imageConfig.command", &self.command)];
        for (member, words) in lists {
            if let Some(words) = words {
                constraints.size(member, &format!("[{}]", words.join(", ")), words.len(), 0, 1500);
            }
        }
        if let Some(directory) = &self.working_directory {
            constraints.length("imageConfig.workingDirectory", directory, 0, 1000);
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: Option<String>,
}

impl Settings {
    /// What the service's model asks.
    pub(super) fn constrain(&self, constraints: &mut Constraints) {
        if let Some(role) = &self.role {
            constraints.pattern("role", role, is_role_arn(role), ROLE_PATTERN);
        }
        constraints.between("timeout", self.timeout, 1, 900);
        constraints.between("memorySize", self.memory_size, 128, 10_240);
        if let Some(EphemeralStorage { size }) = &self.ephemeral_storage {
            constraints.required("ephemeralStorage.size", size.as_ref());
            constraints.between("ephemeralStorage.size", *size, 512, 10_240);
        }
        if let Some(description) = &self.description {
            constraints.length("description", description, 0, 256);
        }
        let mode = self.tracing_config.as_ref().and_then(|tracing| tracing.mode.as_deref());
        constraints.one_of("tracingConfig.mode", mode, &["Active", "PassThrough"]);
        let apply_on = self.snap_start.as_ref().and_then(|snap| snap.apply_on.as_deref());
        constraints.one_of("snapStart.applyOn", apply_on, &["PublishedVersions", "None"]);
        if let Some(logging) = &self.logging_config {
            logging.constrain(constraints);
        }
        if let Some(image) = &self.image_config {
            image.constrain(constraints);
        }
        if let Some(Environment { variables }) = &self.environment {
            environment::constrain(variables, constraints);
        }
    }

    /// What can be said beyond that without looking at the account.
    pub(super) fn check(&self, call: &Call) -> Result<(), Fault> {
        if let Some(runtime) = self.runtime.as_deref().filter(|runtime| !runtime.is_empty()) {
            return Err(match RUNTIMES.contains(&runtime) {
                true => {
                    call.parameter_not_offered("the parameter Runtime: functions here are container images")
                }
                false => invalid(format!(
                    "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a valid ARN",
                    RUNTIMES.join(", ")
                )),
            });
        }
        if self.handler.as_ref().is_some_and(|handler| !handler.is_empty()) {
            return Err(
                call.parameter_not_offered("the parameter Handler: functions here are container images")
            );
        }
        if let Some(Environment { variables }) = &self.environment {
            environment::check(variables, call)?;
        }
        if let Some(logging) = &self.logging_config {
            let levels = [&logging.application_log_level, &logging.system_log_level];
            if levels.into_iter().flatten().any(|level| level != "INFO") {
                return Err(call.parameter_not_offered("a log level other than INFO (LoggingConfig)"));
            }
        }
        let apply_on = self.snap_start.as_ref().and_then(|snap| snap.apply_on.as_deref());
        match apply_on {
            None | Some("None") => Ok(()),
            Some(_) => Err(call.parameter_not_offered("SnapStart")),
        }
    }

    /// Puts what is set into a configuration.
    pub(super) fn apply(self, configuration: &mut Configuration) {
        if let Some(seconds) = self.timeout.and_then(|value| u32::try_from(value).ok()) {
            configuration.timeout_s = seconds;
        }
        if let Some(megabytes) = self.memory_size.and_then(|value| u32::try_from(value).ok()) {
            configuration.memory_mb = megabytes;
        }
        let storage = self.ephemeral_storage.and_then(|one| one.size);
        if let Some(storage) = storage.and_then(|size| u32::try_from(size).ok()) {
            configuration.ephemeral_storage_mb = storage;
        }
        if let Some(environment) = self.environment {
            configuration.environment = environment.variables;
            configuration.environment_given = true;
        }
        if let Some(mode) = self.tracing_config.and_then(|tracing| tracing.mode) {
            configuration.tracing_mode = mode;
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

/// The architectures of a function, which are a list of one.
pub(super) fn constrain_architectures(wanted: Option<&[String]>, constraints: &mut Constraints) {
    let Some(wanted) = wanted else { return };
    let shown = format!("[{}]", wanted.join(", "));
    constraints.size("architectures", &shown, wanted.len(), 1, 1);
    if wanted.iter().any(|one| !["x86_64", "arm64"].contains(&one.as_str())) {
        let constraint = "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]";
        constraints.broken("architectures", &shown, constraint);
    }
}
