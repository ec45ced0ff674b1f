//! A function as Lambda tells about it.

use serde_json::{Value, json};

use super::target::version_name;
use crate::account;
use crate::world::functions::{Configuration, Function, Status, Version};

/// `$LATEST` of a function, or one of its versions.
#[derive(Clone, Copy)]
pub(super) struct One<'a> {
    function: &'a Function,
    number: Option<u64>,
    description: &'a str,
    role: &'a str,
    configuration: &'a Configuration,
    state: &'a Status,
    last_update: Option<&'a Status>,
    revision_id: &'a str,
    last_modified_ms: i64,
}

impl<'a> One<'a> {
    pub(super) fn latest(function: &'a Function) -> One<'a> {
        One {
            function,
            number: None,
            description: &function.description,
            role: &function.role,
            configuration: &function.configuration,
            state: &function.state,
            last_update: function.last_update.as_ref(),
            revision_id: &function.revision_id,
            last_modified_ms: function.last_modified_ms,
        }
    }

    fn version(function: &'a Function, version: &'a Version) -> One<'a> {
        One {
            function,
            number: Some(version.number),
            description: &version.description,
            role: &version.role,
            configuration: &version.configuration,
            state: &version.state,
            last_update: version.last_update.as_ref(),
            revision_id: &version.revision_id,
            last_modified_ms: version.last_modified_ms,
        }
    }

    /// The one of that number, `None` being `$LATEST`.
    pub(super) fn find(function: &'a Function, number: Option<u64>) -> Option<One<'a>> {
        match number {
            None => Some(One::latest(function)),
            Some(number) => Some(One::version(function, function.versions.get(&number)?)),
        }
    }

    /// `$LATEST` and then the versions.
    pub(super) fn all(function: &'a Function) -> impl Iterator<Item = One<'a>> {
        let versions = function.versions.values().map(move |version| One::version(function, version));
        std::iter::once(One::latest(function)).chain(versions)
    }

    /// Sorts functions by name and each one's versions by number, `$LATEST` first.
    pub(super) fn key(&self) -> String {
        format!("{} {:020}", self.function.name, self.number.unwrap_or_default())
    }

    /// The function's own ARN for `$LATEST`, as it stands in answers to callers who gave no qualifier.
    pub(super) fn arn(&self) -> String {
        match self.number {
            None => arn(self.function),
            Some(_) => self.qualified_arn(),
        }
    }

    pub(super) fn qualified_arn(&self) -> String {
        format!("{}:{}", arn(self.function), version_name(self.number))
    }
}

/// What every answer about a function holds. `arn` is the function's as the caller asked for it.
pub(super) fn settings(one: One<'_>, arn: &str) -> Value {
    let configuration = one.configuration;
    let mut logging = json!({ "LogFormat": configuration.log_format, "LogGroup": configuration.log_group });
    if configuration.log_format == "JSON" {
        logging["ApplicationLogLevel"] = "INFO".into();
        logging["SystemLogLevel"] = "INFO".into();
    }
    let mut members = json!({
        "Architectures": [configuration.architecture],
        "CodeSha256": configuration.digest.strip_prefix("sha256:").unwrap_or(&configuration.digest),
        "CodeSize": 0,
        "Description": one.description,
        "EphemeralStorage": { "Size": configuration.ephemeral_storage_mb },
        "FunctionArn": arn,
        "FunctionName": one.function.name,
        "LastModified": last_modified(one.last_modified_ms),
        "LoggingConfig": logging,
        "MemorySize": configuration.memory_mb,
        "PackageType": "Image",
        "RevisionId": one.revision_id,
        "Role": one.role,
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "Timeout": configuration.timeout_s,
        "TracingConfig": { "Mode": configuration.tracing_mode },
        "Version": version_name(one.number),
    });
    if configuration.environment_given || !configuration.environment.is_empty() {
        members["Environment"] = json!({ "Variables": configuration.environment });
    }
    if let Some(image) = &configuration.image_config {
        let mut overrides = json!({});
        if let Some(words) = &image.entry_point {
            overrides["EntryPoint"] = json!(words);
        }
        if let Some(words) = &image.command {
            overrides["Command"] = json!(words);
        }
        if let Some(dir) = &image.working_directory {
            overrides["WorkingDirectory"] = json!(dir);
        }
        members["ImageConfigResponse"] = json!({ "ImageConfig": overrides });
    }
    members
}

/// [`settings`] with the state of the function and of its last update, which lists leave out.
pub(super) fn whole(one: One<'_>, arn: &str) -> Value {
    let mut members = settings(one, arn);
    status(&mut members, "State", "StateReason", "StateReasonCode", one.state);
    if let Some(update) = one.last_update {
        let names = ("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode");
        status(&mut members, names.0, names.1, names.2, update);
    }
    members
}

fn status(members: &mut Value, value: &str, reason: &str, code: &str, status: &Status) {
    members[value] = status.value.as_str().into();
    if let Some(text) = &status.reason {
        members[reason] = text.as_str().into();
    }
    if let Some(text) = &status.code {
        members[code] = text.as_str().into();
    }
}

/// The answer to GetFunction. Tags and reserved concurrency are the function's, whichever version is asked for.
pub(super) fn with_code(one: One<'_>, arn: &str) -> Value {
    let uri = &one.configuration.image_uri;
    let without_digest = uri.split('@').next().unwrap_or(uri);
    // A colon before the last slash belongs to the host.
    let repository = match without_digest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => without_digest,
    };
    let mut members = json!({
        "Configuration": whole(one, arn),
        "Code": {
            "ImageUri": uri,
            "RepositoryType": "ECR",
            "ResolvedImageUri": format!("{repository}@{}", one.configuration.digest),
        },
    });
    if let Some(reserved) = one.function.reserved_concurrency {
        members["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
    }
    if !one.function.tags.is_empty() {
        members["Tags"] = json!(one.function.tags);
    }
    members
}

pub(super) fn arn(function: &Function) -> String {
    account::function_arn(&function.name)
}

fn last_modified(epoch_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(epoch_ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}
