use jiff::Timestamp;

use super::trace::{Trace, What};
use crate::domain::{Deployment, GatewayStage, StageName};

/// What API Gateway says: each deployment, of the stage that answers with it where one does; and of a stage when it was
/// changed last. `stages` with that time.
///
/// API Gateway keeps no record of which stage answered with which deployment before.
pub(super) fn traces(deployments: &[Deployment], stages: &[(GatewayStage, Option<Timestamp>)]) -> Vec<Trace> {
    let ours = || {
        stages.iter().filter_map(|(stage, updated_at)| {
            let name = StageName::ALL.into_iter().find(|name| name.as_str() == stage.name)?;
            Some((name, stage, *updated_at))
        })
    };
    let mut traces = Vec::new();
    for deployment in deployments {
        let Some(at_ms) = deployment.created_at.map(Timestamp::as_millisecond) else { continue };
        // A stage of another name is nothing of ours.
        if stages.iter().any(|(stage, _)| {
            stage.deployment_id == deployment.id
                && StageName::ALL.iter().all(|name| name.as_str() != stage.name)
        }) {
            continue;
        }
        let made = |stage| Trace {
            deployment: Some(deployment.id.clone()),
            ..Trace::at(stage, at_ms, What::Deployed)
        };
        let before = traces.len();
        traces.extend(
            ours()
                .filter(|(_, stage, _)| stage.deployment_id == deployment.id)
                .map(|(name, ..)| made(Some(name))),
        );
        if traces.len() == before {
            traces.push(made(None));
        }
    }
    traces.extend(ours().filter_map(|(name, stage, updated_at)| {
        let trace = Trace::at(Some(name), updated_at?.as_millisecond(), What::Restaged);
        Some(Trace { deployment: Some(stage.deployment_id.clone()), ..trace })
    }));
    traces
}
