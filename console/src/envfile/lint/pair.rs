//! Keys that one stage has and the other has not.

use std::path::PathBuf;

use super::super::{lines::Parsed, rules};
use super::{Finding, MOST, Rule, Severity};
use crate::domain::StageName;

/// One of the two files.
pub(in super::super) struct Side<'a> {
    pub(in super::super) stage: StageName,
    pub(in super::super) path: PathBuf,
    pub(in super::super) parsed: &'a Parsed,
}

/// What `lacking` does not set and `having` does, of what can be set at all. A line `# KEY=` says that a key is left out on purpose. `ENV` is set by every
/// deploy.
pub(in super::super) fn pair(lacking: &Side<'_>, having: &Side<'_>) -> Vec<Finding> {
    if !lacking.parsed.understood || !having.parsed.understood {
        return Vec::new();
    }
    let (stage, other) = (lacking.stage, having.path.display());
    let set = |key: &str| lacking.parsed.variables.iter().any(|variable| variable.key == key);
    let missing = having.parsed.variables.iter().filter(|variable| {
        let key = variable.key.as_str();
        let settable = key != "ENV" && rules::check_key(key, variable.line).is_none();
        settable && !set(key) && !lacking.parsed.commented_out.contains(key)
    });
    missing
        .take(MOST)
        .map(|variable| Finding {
            path: lacking.path.clone(),
            line: None,
            severity: Severity::Warning,
            rule: Rule::MissingInOneStage,
            what: format!(
                "{key} is not set here, and {other}:{line} sets it: {stage} runs without it",
                key = variable.key,
                line = variable.line
            ),
            fix: format!("set it here too, or write `# {}=` here if it is left out on purpose", variable.key),
        })
        .collect()
}
