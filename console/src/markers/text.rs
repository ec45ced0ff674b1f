use super::trace::{Trace, What};
use crate::app::short_identity;
use crate::domain::{StageName, one_line};
use crate::journal::Outcome;
use crate::logs::mask::mask;

/// The most of a failure's sentence that a marker shows, in characters.
const LONGEST_DETAIL: usize = 160;
/// The most of a marker, in characters: tags and names of AWS are at most 256.
const LONGEST: usize = 400;

/// The sentence of a change that left `traces`; the first says most. Harmless and masked.
pub(super) fn sentence(traces: &[&Trace]) -> String {
    let Some(lead) = traces.first() else { return String::new() };
    let find =
        |of: fn(&Trace) -> Option<&String>| traces.iter().find_map(|trace| of(trace)).map(String::as_str);
    let said = Said {
        stage: lead.stage,
        who: find(|trace| trace.who.as_ref()).map_or("somebody", short_identity),
        image: find(|trace| trace.tag.as_ref()).or_else(|| find(|trace| trace.digest.as_ref())),
        deployment: find(|trace| trace.deployment.as_ref()),
        version: traces.iter().find_map(|trace| trace.version),
        released: traces.iter().any(|trace| matches!(trace.what, What::Release { .. })),
    };
    mask(&one_line(&said.of(&lead.what), LONGEST)).into_owned()
}

struct Said<'a> {
    stage: Option<StageName>,
    who: &'a str,
    image: Option<&'a str>,
    deployment: Option<&'a str>,
    version: Option<u64>,
    released: bool,
}

impl Said<'_> {
    fn of(&self, what: &What) -> String {
        let stage = self.stage.map_or("no stage", StageName::as_str);
        let deployment = self.deployment.unwrap_or("unknown");
        let version =
            self.version.map_or_else(|| "a version".to_owned(), |number| format!("version {number}"));
        match what {
            What::Change { verb, outcome, detail } => self.change(stage, verb, *outcome, detail),
            What::Release { again: false } => self.done(stage, "deploy"),
            What::Release { again: true } => self.done(stage, "roll back"),
            What::Kept => format!("{stage} was as no finished change had left it: kept as {version}"),
            What::Published => format!("{stage}: {version} published outside of Callboard"),
            What::Drifted => {
                format!("{stage} changed outside of Callboard, or by a change that has not ended")
            }
            What::Deployed if self.stage.is_none() => {
                format!("gateway: dep {deployment} made; no stage answers with it now")
            }
            What::Deployed => format!("gateway of {stage} answers with dep {deployment}"),
            What::Restaged => format!("gateway of {stage} changed, answers with dep {deployment}"),
        }
    }

    fn change(&self, stage: &str, verb: &str, outcome: Outcome, detail: &str) -> String {
        let who = self.who;
        let detail = one_line(detail, LONGEST_DETAIL);
        match outcome {
            Outcome::Done => self.done(stage, verb),
            Outcome::ChecksFailed => format!("{}, checks failed: {detail}", self.done(stage, verb)),
            Outcome::Failed if self.released => format!("{}, then failed: {detail}", self.done(stage, verb)),
            Outcome::Failed => format!("{verb} of {stage} by {who} failed: {detail}"),
            Outcome::Begun if self.released => format!("{}, end not known", self.done(stage, verb)),
            Outcome::Begun => format!("{verb} of {stage} begun by {who}, not ended"),
        }
    }

    fn done(&self, stage: &str, verb: &str) -> String {
        let who = self.who;
        let image = self.image.unwrap_or("an image");
        match verb.split_once(" (").unwrap_or((verb, "")) {
            ("deploy", _) => format!("{stage} deployed {image} by {who}"),
            ("promote", _) => format!("{stage} deployed {image} by {who} (promoted)"),
            ("roll back", "") => format!("{stage} rolled back to {image} by {who}"),
            ("roll back", parts) => format!("{stage} rolled back to {image} by {who} ({parts}"),
            ("roll back gateway", _) => match self.deployment {
                Some(deployment) => {
                    format!("gateway of {stage} answers with dep {deployment}, rolled back by {who}")
                }
                None => format!("gateway of {stage} rolled back by {who}"),
            },
            ("tear down", _) => format!("{stage} torn down by {who}"),
            _ => format!("{verb} of {stage} by {who}"),
        }
    }
}
