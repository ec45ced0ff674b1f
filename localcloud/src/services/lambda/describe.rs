//! A function as Lambda tells about it.

use serde_json::{Value, json};

use crate::account;
use crate::world::functions::{Function, Status};

/// What every answer about a function holds. `arn` is the function's as the caller asked for it.
pub(super) fn settings(function: &Function, arn: &str) -> Value {
    let configuration = &function.configuration;
    let mut logging = json!({ "LogFormat": configuration.log_format, "LogGroup": configuration.log_group });
    if configuration.log_format == "JSON" {
        logging["ApplicationLogLevel"] = "INFO".into();
        logging["SystemLogLevel"] = "INFO".into();
    }
    let mut members = json!({
        "Architectures": [configuration.architecture],
        "CodeSha256": configuration.digest.strip_prefix("sha256:").unwrap_or(&configuration.digest),
        "CodeSize": 0,
        "Description": function.description,
        "EphemeralStorage": { "Size": configuration.ephemeral_storage_mb },
        "FunctionArn": arn,
        "FunctionName": function.name,
        "LastModified": last_modified(function.last_modified_ms),
        "LoggingConfig": logging,
        "MemorySize": configuration.memory_mb,
        "PackageType": "Image",
        "RevisionId": function.revision_id,
        "Role": function.role,
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "Timeout": configuration.timeout_s,
        "TracingConfig": { "Mode": configuration.tracing_mode },
        "Version": "$LATEST",
    });
    if !configuration.environment.is_empty() {
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
pub(super) fn whole(function: &Function, arn: &str) -> Value {
    let mut members = settings(function, arn);
    status(&mut members, "State", "StateReason", "StateReasonCode", &function.state);
    if let Some(update) = &function.last_update {
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

/// The answer to GetFunction.
pub(super) fn with_code(function: &Function, arn: &str) -> Value {
    let uri = &function.configuration.image_uri;
    let without_digest = uri.split('@').next().unwrap_or(uri);
    // A colon before the last slash belongs to the host.
    let repository = match without_digest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => without_digest,
    };
    let mut members = json!({
        "Configuration": whole(function, arn),
        "Code": {
            "ImageUri": uri,
            "RepositoryType": "ECR",
            "ResolvedImageUri": format!("{repository}@{}", function.configuration.digest),
        },
    });
    if let Some(reserved) = function.reserved_concurrency {
        members["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
    }
    if !function.tags.is_empty() {
        members["Tags"] = json!(function.tags);
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
