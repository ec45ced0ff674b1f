//! The file's own form, and what is wrong with it, by line.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::checks::{Checks, Cors, Custom, custom};
use super::logs::Logs;
use super::{
    Architecture, BuildSettings, Builder, CheckSettings, CloudKind, ContainerTool, FunctionSettings,
    Settings, StageSettings, Tracing,
};
use crate::domain::{Problem, StageName, one_line};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(deserialize_with = "name")]
    name: String,
    cloud: Option<CloudKind>,
    region: Option<String>,
    profile: Option<String>,
    #[serde(default, deserialize_with = "account")]
    account: Option<String>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    function: Function,
    #[serde(default)]
    build: Build,
    #[serde(default)]
    logs: Logs,
    #[serde(default)]
    gateway: Gateway,
    #[serde(default)]
    checks: Checks,
    #[serde(default)]
    cors: Cors,
    #[serde(default, deserialize_with = "custom")]
    check: Vec<Custom>,
    #[serde(default)]
    stage: Stages,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Stages {
    stage: Stage,
    prod: Stage,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Function {
    #[serde(deserialize_with = "memory")]
    memory: Option<i32>,
    #[serde(deserialize_with = "timeout")]
    timeout: Option<i32>,
    architecture: Option<Architecture>,
    tracing: Option<Tracing>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Build {
    builder: Builder,
    service_dir: PathBuf,
    #[serde(deserialize_with = "repository")]
    image: Option<String>,
    package: String,
    binary: Option<String>,
    profile: String,
    dockerfile: PathBuf,
    tool: Option<ContainerTool>,
}

impl Default for Build {
    fn default() -> Build {
        Build {
            builder: Builder::Native,
            service_dir: PathBuf::from("."),
            image: None,
            package: "service".to_owned(),
            binary: None,
            profile: "release".to_owned(),
            dockerfile: PathBuf::from("Dockerfile"),
            tool: None,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Gateway {
    cors_on_errors: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Stage {
    env_file: Option<PathBuf>,
    read_only: bool,
    #[serde(deserialize_with = "address")]
    url: Option<String>,
}

/// Reads `text`, the content of `path`, whose folder is `root`.
pub(super) fn parse(text: &str, path: &Path, root: PathBuf) -> Result<Settings, Problem> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        let place = match line {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        };
        Problem::new(format!("{place} is not valid"))
            .because(one_line(error.message(), 300))
            .fix("correct that line, or take it out: only `name` must be there")
    })?;
    let stage = |name: StageName, said: Stage| StageSettings {
        env_file: root.join(said.env_file.unwrap_or_else(|| PathBuf::from(format!(".env.{name}")))),
        read_only: said.read_only,
        url: said.url,
    };
    let service_dir = root.join(file.build.service_dir);
    Ok(Settings {
        cloud: file.cloud.unwrap_or(CloudKind::Local),
        region: file.region,
        profile: file.profile,
        account: file.account,
        read_only: file.read_only,
        function: FunctionSettings {
            memory_mb: file.function.memory,
            timeout_s: file.function.timeout,
            architecture: file.function.architecture,
            tracing: file.function.tracing,
        },
        build: BuildSettings {
            builder: file.build.builder,
            image: file.build.image.unwrap_or_else(|| file.name.clone()),
            dockerfile: service_dir.join(file.build.dockerfile),
            service_dir,
            binary: file.build.binary.unwrap_or_else(|| file.build.package.clone()),
            package: file.build.package,
            profile: file.build.profile,
            tool: file.build.tool,
        },
        logs: file.logs.into(),
        cors_on_errors: file.gateway.cors_on_errors,
        checks: CheckSettings::of(file.checks, file.cors, file.check),
        name: file.name,
        stage: stage(StageName::Stage, file.stage.stage),
        prod: stage(StageName::Prod, file.stage.prod),
        root,
    })
}

// The name is that of a Lambda function (64 characters with `-stage`), an IAM role (64 with `-lambda-ex`) and an ECR
// repository (lower case), so it must please all three.
fn name<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let name = String::deserialize(input)?;
    let letters = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
    if letters && ends && !name.contains("--") && name.len() <= 54 {
        Ok(name)
    } else {
        Err(serde::de::Error::custom(
            "`name` must be 1 to 54 lower-case letters, digits and single `-`, beginning with a letter",
        ))
    }
}

fn account<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(input)?;
    match id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(Some(id)),
        false => Err(serde::de::Error::custom("`account` is the 12 digits of an AWS account, in quotes")),
    }
}

// ECR's own rule for a repository's name.
fn repository<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(input)?;
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let part = |text: &str| text.split(['.', '_', '-']).all(word);
    if (2..=256).contains(&name.len()) && name.split('/').all(part) {
        Ok(Some(name))
    } else {
        Err(serde::de::Error::custom(
            "`image` must be 2 to 256 lower-case letters and digits, with single `.`, `_`, `-` or `/` between them",
        ))
    }
}

// Where a stage is called. Plain `http` goes to this machine only.
fn address<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(input)?;
    let wrong =
        |why: &str| Err(serde::de::Error::custom(format!("`url` {why}, such as https://api.example.com/v1")));
    let Ok(url) = url::Url::parse(&text) else { return wrong("is no URL") };
    let loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&url.host_str().unwrap_or_default());
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return wrong("begins with https:// (http:// to this machine only)");
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return wrong("has host, port and path only");
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

fn memory<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i32>, D::Error> {
    within(input, 128, 10_240, "`memory` is in megabytes, 128 to 10240")
}

fn timeout<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i32>, D::Error> {
    within(input, 1, 900, "`timeout` is in seconds, 1 to 900")
}

fn within<'de, D: Deserializer<'de>>(
    input: D,
    least: i32,
    most: i32,
    rule: &str,
) -> Result<Option<i32>, D::Error> {
    let value = i32::deserialize(input)?;
    if (least..=most).contains(&value) { Ok(Some(value)) } else { Err(serde::de::Error::custom(rule)) }
}
