//! Which deployment answers a request: the stage's own, or its canary's for a share of the requests.

use std::borrow::Cow;

use super::context::Place;
use crate::world::apis::{RestApi, Stage};

/// The place that answers. `chance` is a number from 0 up to but not including 100; a canary of 100 percent gets all of them
/// and one of 0 percent none.
pub(super) fn place<'a>(api: &'a RestApi, stage: &'a Stage, chance: f64) -> Option<Place<'a>> {
    if let Some(canary) = &stage.canary
        && chance < canary.percent
    {
        let mut variables = stage.variables.clone();
        variables.extend(canary.overrides.clone());
        let deployment = api.deployments.get(&canary.deployment_id)?;
        return Some(Place { stage, deployment, variables: Cow::Owned(variables), canary: Some(true) });
    }
    Some(Place {
        stage,
        deployment: api.deployments.get(&stage.deployment_id)?,
        variables: Cow::Borrowed(&stage.variables),
        canary: stage.canary.as_ref().map(|_| false),
    })
}
