//! What a plan was made from, as far as somebody else could change it before it is applied.

use super::world::{World, settling};
use crate::domain::{Function, Intent, StageName};

/// The facts that must still hold when the plan is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    facts: Vec<(&'static str, Fact)>,
    gateway_stage: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fact {
    Absent,
    /// A change of it is on its way, so its revision is still to change.
    Settling,
    At(String),
}

impl Seen {
    /// The facts that a plan for `intent` stands on. Deleting and promoting look at the other stage too.
    pub(super) fn of(intent: &Intent, world: &World) -> Seen {
        let function = ("the function", revision(world.function.as_ref()));
        let other = ("the other stage's function", revision(world.other.as_ref()));
        let api = ("the REST API", id(world.api.as_ref().map(|api| &api.id)));
        let deployments = |name: StageName| {
            let stage = world.stages.iter().find(|stage| stage.name == name.as_str());
            id(stage.map(|stage| &stage.deployment_id))
        };
        let stage = ("the gateway's stage", deployments(intent.stage()));
        let beside = ("the gateway's other stage", deployments(intent.stage().other()));
        let facts = match intent {
            Intent::Deploy { .. } => vec![function, api, stage],
            Intent::Promote => vec![function, other, api, stage],
            Intent::RollBack { .. } => vec![function],
            Intent::RollBackGateway { .. } => vec![api, stage],
            Intent::TearDown { .. } => vec![function, other, api, stage, beside],
            Intent::Prune { .. } => vec![function, other],
        };
        Seen { facts, gateway_stage: world.stage.is_some() }
    }

    /// Whether there is anything that could be called.
    pub(super) fn has_gateway_stage(&self) -> bool {
        self.gateway_stage
    }

    /// What has changed since, as a sentence; `None` when nothing has.
    pub(super) fn moved(&self, now: &Seen) -> Option<String> {
        let moved = |((_, planned), (_, now)): &(&(&str, Fact), &(&str, Fact))| match (planned, now) {
            (Fact::Settling, Fact::At(_)) => false,
            (planned, now) => planned != now,
        };
        let first = self.facts.iter().zip(&now.facts).find(moved);
        first.map(|((what, _), _)| format!("{what} was changed by somebody else"))
    }
}

fn revision(function: Option<&Function>) -> Fact {
    match function {
        None => Fact::Absent,
        Some(function) if settling(function) => Fact::Settling,
        Some(function) => Fact::At(function.revision_id.clone()),
    }
}

fn id(id: Option<&String>) -> Fact {
    id.map_or(Fact::Absent, |id| Fact::At(id.clone()))
}
