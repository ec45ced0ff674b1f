//! What is wrong with environment files: all of it, with file and line, and never a value.
//!
//! An error is what a deploy refuses; [`super::load`] refuses for the first of them, so the two cannot differ. A warning is what
//! works here and breaks elsewhere, or works and is not meant.

mod finding;
mod local;
mod pair;
mod script;
mod warnings;

use std::path::Path;

pub use finding::{Finding, Rule, Severity};

pub(super) use finding::Fault;
pub(super) use local::local;
pub(super) use pair::{Side, pair};

use super::{lines, rules};
use crate::domain::{EnvVars, Problem, StageName};

/// Findings of one file that are kept, errors before warnings.
const MOST: usize = 200;

/// A stage's file, looked at.
pub(super) struct Examined {
    /// What a deploy would set, where there is no error.
    pub(super) env: EnvVars,
    /// In the order of the lines; bounded.
    pub(super) findings: Vec<Finding>,
    /// What the file says; `None` where it could not be read.
    pub(super) parsed: Option<lines::Parsed>,
}

impl Examined {
    /// A file of which only this is known.
    pub(super) fn unread(finding: Finding) -> Examined {
        Examined { env: EnvVars::default(), findings: vec![finding], parsed: None }
    }

    /// The environment; refused for the first error.
    pub(super) fn deployable(&self) -> Result<EnvVars, Problem> {
        match self.findings.iter().find(|finding| finding.severity == Severity::Error) {
            Some(finding) => Err(finding.problem()),
            None => Ok(self.env.clone()),
        }
    }
}

/// Looks at the text of `stage`'s file, which is known as `path`.
pub(super) fn stage(text: &str, path: &Path, stage: StageName) -> Examined {
    let parsed = lines::read(text);
    let (env, refused) = rules::environment(&parsed.variables, stage);
    let mut findings: Vec<Finding> = parsed
        .faults
        .iter()
        .cloned()
        .chain(refused)
        .map(|fault| fault.found(path, Severity::Error))
        .chain(warnings::of(text, &parsed).into_iter().map(|fault| fault.found(path, Severity::Warning)))
        .collect();
    findings.sort_by_key(|finding| finding.severity);
    findings.truncate(MOST);
    findings.sort_by_key(|finding| finding.line);
    Examined { env, findings, parsed: Some(parsed) }
}

#[cfg(test)]
mod tests;
