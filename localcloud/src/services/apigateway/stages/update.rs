//! Changes of a stage, with AWS's refusals (recorded).

use super::super::patch::{Operation, Patch};
use super::super::{api_mut, bad_request, method_settings};
use super::{check_deployment, check_variables, described, no_such_stage};
use crate::account::log_group_arn;
use crate::cloud::{Cloud, now_ms};
use crate::services::apigateway::deployments::check_percent;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::apis::{AccessLog, Canary, RestApi, Stage};

/// The paths that UpdateStage knows, in AWS's own (not quite regular) words.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

pub(in super::super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateStageInput")?;
    let name = call.path("stage_name")?;
    let updated = cloud.world.change(|state| {
        let api = api_mut(state, call)?;
        let mut stage = api.stages.get(name).cloned().ok_or_else(no_such_stage)?;
        for operation in &patch.operations {
            apply(call, api, &mut stage, operation)?;
        }
        check_variables(&stage.variables)?;
        if let Some(canary) = &stage.canary {
            check_variables(&canary.overrides)?;
        }
        stage.updated_ms = now_ms();
        api.stages.insert(name.to_owned(), stage.clone());
        Ok::<_, Fault>(stage)
    })?;
    Ok(Answer::ok(described(&updated)))
}

fn apply(call: &Call, api: &RestApi, stage: &mut Stage, operation: &Operation) -> Result<(), Fault> {
    let path = operation.path_text();
    let segments = operation.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let not_offered = || Err(call.parameter_not_offered(&format!("the patch path {path}")));
    match (operation.op.as_str(), words.as_slice()) {
        ("copy", _) => promote(stage, operation)?,
        ("replace" | "add", ["variables", name]) => {
            stage.variables.insert((*name).to_owned(), operation.value()?.to_owned());
        }
        ("remove", ["variables", name]) => {
            stage.variables.remove(*name);
        }
        ("replace", ["description"]) => stage.description = Some(operation.value()?.to_owned()),
        ("replace", ["deploymentId"]) => {
            let id = operation.value()?;
            check_deployment(api, id)?;
            stage.deployment_id = id.to_owned();
        }
        ("replace", ["tracingEnabled"]) => stage.tracing_enabled = operation.is_on(),
        ("replace", ["canarySettings", rest @ ..]) if canary(api, stage, rest, operation)? => {}
        ("remove", ["canarySettings"]) => stage.canary = None,
        ("remove", ["canarySettings", "stageVariableOverrides", name])
            if stage.canary.as_mut().is_some_and(|canary| canary.overrides.remove(*name).is_some()) => {}
        ("add" | "replace", ["accessLogSettings", member]) => {
            access_log(call, stage, member, operation)?;
        }
        ("remove", ["accessLogSettings"]) => stage.access_log = None,
        // Nothing to turn off.
        ("replace", ["cacheClusterEnabled"]) if !operation.is_on() => {}
        ("replace", ["clientCertificateId" | "documentationVersion"]) if operation.text().is_none() => {}
        (
            "replace",
            ["cacheClusterEnabled" | "cacheClusterSize" | "clientCertificateId" | "documentationVersion"],
        ) => return not_offered(),
        ("remove", [_, _]) if stage.method_settings.remove(path.trim_start_matches('/')).is_some() => {}
        ("remove", _) => {
            return Err(bad_request(format!(
                "Cannot remove method setting {} because there is no method setting for this method ",
                path.trim_start_matches('/')
            )));
        }
        ("replace", [_, _, _, _]) if method_settings::set(call, &mut stage.method_settings, operation)? => {}
        ("add", ["description" | "deploymentId" | "tracingEnabled"] | ["canarySettings", ..]) => {
            return Err(bad_request(format!("Invalid add operation with path: {path}")));
        }
        ("replace" | "add", _) => {
            return Err(bad_request(format!(
                "Invalid method setting path: {path}. Must be one of: [{PATHS}]"
            )));
        }
        (op, _) => return Err(call.parameter_not_offered(&format!("{op} of {path}"))),
    }
    Ok(())
}

/// Changes the canary, which there is from then on; `false` when it has no such setting.
fn canary(api: &RestApi, stage: &mut Stage, words: &[&str], operation: &Operation) -> Result<bool, Fault> {
    let new = Canary { deployment_id: stage.deployment_id.clone(), ..Canary::default() };
    let mut changed = stage.canary.clone().unwrap_or(new);
    match words {
        ["deploymentId"] => {
            let id = operation.value()?;
            check_deployment(api, id)?;
            changed.deployment_id = id.to_owned();
        }
        ["percentTraffic"] => {
            changed.percent = operation.value()?.parse().unwrap_or(f64::NAN);
            check_percent(changed.percent)?;
        }
        ["useStageCache"] => changed.use_stage_cache = operation.is_on(),
        ["stageVariableOverrides", name] => {
            changed.overrides.insert((*name).to_owned(), operation.value()?.to_owned());
        }
        _ => return Ok(false),
    }
    stage.canary = Some(changed);
    Ok(true)
}

/// Makes what is the canary's the stage's own; the canary stays (recorded).
fn promote(stage: &mut Stage, operation: &Operation) -> Result<(), Fault> {
    let (path, from) = (operation.path_text(), operation.from.as_deref().unwrap_or("null"));
    let canary = || bad_request("Promotion not available. Canary does not exist.");
    match (from, path) {
        ("/canarySettings/deploymentId", "/deploymentId") => {
            stage.deployment_id = stage.canary.as_ref().ok_or_else(canary)?.deployment_id.clone();
        }
        ("/canarySettings/stageVariableOverrides", "/variables") => {
            let overrides = stage.canary.as_ref().ok_or_else(canary)?.overrides.clone();
            stage.variables.extend(overrides);
        }
        _ => {
            return Err(bad_request(format!(
                "Invalid copy operation with path: {path} and from {from}. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]"
            )));
        }
    }
    Ok(())
}

fn access_log(call: &Call, stage: &mut Stage, member: &str, operation: &Operation) -> Result<(), Fault> {
    let value = operation.value()?;
    let log = stage.access_log.get_or_insert_with(AccessLog::default);
    match member {
        "destinationArn" if value.starts_with(&log_group_arn("")) => {
            log.destination_arn = Some(value.to_owned());
        }
        "destinationArn" if value.starts_with("arn:aws:firehose:") => {
            return Err(call.parameter_not_offered("access logs to Firehose"));
        }
        "destinationArn" => {
            return Err(bad_request(
                "Invalid ARN specified in the request. ARNs must start with 'arn:aws:logs' and be of a log group in this account and region",
            ));
        }
        "format" if value.trim_end().contains(['\n', '\r']) => {
            return Err(bad_request(
                "Access Log format must be single line, new line character is allowed only at end of the format",
            ));
        }
        "format" => log.format = Some(value.to_owned()),
        _ => {
            let path = operation.path_text();
            return Err(bad_request(format!(
                "Invalid method setting path: {path}. Must be one of: [{PATHS}]"
            )));
        }
    }
    Ok(())
}
