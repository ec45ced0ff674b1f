//! What the service reads from its environment. Every variable is optional.
//!
//! | Variable | Meaning | Unset |
//! |---|---|---|
//! | `ENV` | name of the environment, answered by `GET /api/v0`; steers nothing else | `dev`, in that answer only |
//! | `SOME_ENV`, `OTHER_ENV` | two sample values, answered by `GET /api/v0` | empty text |
//! | `CORS_ALLOW_ORIGINS` | origins as browsers send them (`https://app.example.com`), separated by commas; `*` = any | `*` |
//! | `CORS_ALLOW_METHODS` | methods, separated by commas; `*` = any | `*` |
//! | `CORS_ALLOW_HEADERS` | request headers, separated by commas; `*` = whatever the preflight asks for | `*` |
//! | `CORS_EXPOSE_HEADERS` | response headers that scripts may read, separated by commas | none |
//! | `CORS_ALLOW_CREDENTIALS` | `true` or `false`; `true` needs origins by name | `false` |
//! | `CORS_MAX_AGE` | seconds that a browser may keep a preflight's answer | `600` |
//! | `AWS_LAMBDA_LOG_LEVEL`, else `LOG_LEVEL` | `trace`, `debug`, `info`, `warn`, `error` (also Lambda's `FATAL`, which is `error` here), in any case | `info` |
//! | `PORT` | local server only: port on 127.0.0.1, `0` = any that is free | `8000` |
//!
//! The local server reads a `.env` file in the current folder, or the next one above it that has one; what the
//! environment already holds wins. A value that cannot be used ends the start with a message that names the
//! variable and never quotes the value.

use std::{env, ffi::OsString, fmt};

use tracing::level_filters::LevelFilter;

use crate::cors;

/// The level when neither `AWS_LAMBDA_LOG_LEVEL` nor `LOG_LEVEL` is set.
pub const DEFAULT_LOG_LEVEL: LevelFilter = LevelFilter::INFO;

const DEFAULT_PORT: u16 = 8000;

/// Where variables are looked up: the process's environment, or a test's own.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The settings of one running service.
pub struct Settings {
    /// `ENV`, as it was set.
    pub env: Option<String>,
    /// `SOME_ENV`, empty when unset.
    pub some_env: String,
    /// `OTHER_ENV`, empty when unset.
    pub other_env: String,
    /// What browsers of other origins may do.
    pub cors: cors::Policy,
    /// Port of the local server.
    pub port: u16,
}

/// Values may be secrets: they are never printed.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

/// A variable whose value cannot be used. It names the variable and what is expected, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Unusable {
    pub(crate) fn new(variable: &'static str, problem: impl Into<String>) -> Self {
        Self { variable, problem: problem.into() }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.problem)
    }
}

impl std::error::Error for Unusable {}

impl Settings {
    /// Reads and checks every variable but the log level, which [`log_level`] reads before the log is there.
    ///
    /// # Errors
    /// The first variable whose value cannot be used.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, Unusable> {
        Ok(Self {
            env: text(lookup, "ENV")?,
            some_env: text(lookup, "SOME_ENV")?.unwrap_or_default(),
            other_env: text(lookup, "OTHER_ENV")?.unwrap_or_default(),
            cors: cors::Policy::read(lookup)?,
            port: match text(lookup, "PORT")? {
                None => DEFAULT_PORT,
                Some(port) => port
                    .trim()
                    .parse()
                    .map_err(|_| Unusable::new("PORT", "has to be a number from 0 to 65535"))?,
            },
        })
    }
}

/// The level from which the service writes log lines.
///
/// # Errors
/// A level that is not one of those listed for the variable.
pub fn log_level(lookup: Lookup<'_>) -> Result<LevelFilter, Unusable> {
    for variable in ["AWS_LAMBDA_LOG_LEVEL", "LOG_LEVEL"] {
        let Some(level) = text(lookup, variable)? else { continue };
        return match level.trim().to_ascii_lowercase().as_str() {
            "trace" => Ok(LevelFilter::TRACE),
            "debug" => Ok(LevelFilter::DEBUG),
            "info" => Ok(LevelFilter::INFO),
            "warn" => Ok(LevelFilter::WARN),
            "error" | "fatal" => Ok(LevelFilter::ERROR),
            _ => Err(Unusable::new(variable, "has to be one of trace, debug, info, warn, error, fatal")),
        };
    }
    Ok(DEFAULT_LOG_LEVEL)
}

/// Looks a variable up in the process's environment.
pub fn from_process(variable: &str) -> Option<OsString> {
    env::var_os(variable)
}

/// Adds the variables of the nearest `.env` file to the process's environment; no such file is no error.
/// Only to be called while the process has one thread.
///
/// # Errors
/// A sentence on why the file cannot be read. It never quotes the file.
pub fn load_dot_env() -> Result<(), String> {
    match dotenvy::dotenv() {
        Ok(_) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        Err(dotenvy::Error::LineParse(_, at)) => {
            Err(format!(".env has a line that is not NAME=value (see its character {})", at + 1))
        }
        Err(dotenvy::Error::Io(error)) => Err(format!(".env cannot be read: {error}")),
        Err(_) => Err(".env cannot be used".to_owned()),
    }
}

pub(crate) fn text(lookup: Lookup<'_>, variable: &'static str) -> Result<Option<String>, Unusable> {
    lookup(variable)
        .map(|value| value.into_string().map_err(|_| Unusable::new(variable, "is not valid UTF-8")))
        .transpose()
}
