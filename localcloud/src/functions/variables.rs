//! The environment that a function's process sees: its own variables and Lambda's, nothing of the operator's.

use std::collections::BTreeMap;
use std::path::Path;

use super::image::Program;
use super::{Callee, FUNCTION_PATH};
use crate::account::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use crate::world::functions::Configuration;

/// All variables of a process. `runtime_api` is `host:port`.
pub(super) fn variables(
    callee: &Callee,
    configuration: &Configuration,
    program: &Program,
    runtime_api: &str,
    log_stream: &str,
) -> BTreeMap<String, String> {
    let version = callee.version_name();
    let memory = configuration.memory_mb.to_string();
    // Of a process without a root of its own, these two are where the image lies on this machine.
    let root = if program.isolated { Path::new("/") } else { &program.root };
    let inside = |path: &str| root.join(path).display().to_string();
    let (task_root, runtime_dir) = (inside("var/task"), inside("var/runtime"));
    let reserved = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &callee.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", &version),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &configuration.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_REGION", REGION),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_SESSION_TOKEN", "local"),
        ("LAMBDA_RUNTIME_DIR", &runtime_dir),
        ("LAMBDA_TASK_ROOT", &task_root),
    ];
    // These a function may set itself.
    let mut variables = BTreeMap::from(
        [
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
            ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", FUNCTION_PATH),
            ("TZ", ":UTC"),
            ("_AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1"),
            ("_AWS_XRAY_DAEMON_PORT", "2000"),
        ]
        .map(owned),
    );
    if configuration.log_format == "JSON" {
        variables.insert("AWS_LAMBDA_LOG_FORMAT".to_owned(), "JSON".to_owned());
    }
    variables.extend(program.environment.clone());
    variables.extend(configuration.environment.clone());
    variables.extend(reserved.map(owned));
    variables
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
