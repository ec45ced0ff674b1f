//! The access log of a stage: a line for each request, in a log group.

use sha2::{Digest, Sha256};

use super::call::Response;
use super::context::Context;
use super::template;
use crate::account::log_group_arn;
use crate::events::LogEvents;
use crate::world::State;
use crate::world::apis::AccessLog;

/// Writes the line of a request. As on AWS, a log group that is not there gets none.
pub(super) fn write(events: &LogEvents, state: &State, context: &Context<'_>, response: &Response) {
    let Some(AccessLog { destination_arn: Some(arn), format: Some(format) }) =
        context.place.as_ref().and_then(|place| place.stage.access_log.as_ref())
    else {
        return;
    };
    let arn = arn.strip_suffix(":*").unwrap_or(arn);
    let group = arn.strip_prefix(&log_group_arn("")).unwrap_or_default();
    if !state.log_groups.contains_key(group) {
        return;
    }
    // AWS's streams are named by hashes; one for each stage does here.
    let stage = Sha256::digest(format!("{}/{}", context.api_id, context.path.stage));
    let stream: String = stage.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let line = line(format, context, response);
    events.append(group, &stream, vec![(context.received.as_millisecond(), line)]);
}

/// The format, filled in; what says nothing of this request is `-`.
fn line(format: &str, context: &Context<'_>, response: &Response) -> String {
    let line = template::render(format.trim_end(), |reference| {
        let name = reference.name.strip_prefix("context.")?;
        let value = match name {
            "status" => Some(response.status.as_u16().to_string()),
            // What a streaming answer will have sent is not known when it begins.
            "responseLength" => response.stream.is_none().then(|| response.body.len().to_string()),
            "responseLatency" => {
                let passed = jiff::Timestamp::now().as_millisecond() - context.received.as_millisecond();
                Some(passed.max(0).to_string())
            }
            "integration.status" => context.integration_latency.map(|_| response.status.as_u16().to_string()),
            // What the service Lambda said, not the function in its answer ("Variables for access logging"): it took each call
            // that got here.
            "integrationStatus" | "integration.integrationStatus" => {
                context.integration_latency.map(|_| "200".to_owned())
            }
            other => context.get(other),
        };
        Some(value.unwrap_or_else(|| "-".to_owned()))
    });
    format!("{line}\n")
}
