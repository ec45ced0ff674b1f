//! `.env`, which the service reads when it runs on this machine. No deploy reads it.

use std::path::Path;

use super::super::lines;
use super::{Fault, Finding, MOST, Rule, Severity};

/// Looks at the text of a `.env`, which is known as `path`. Nothing in it stops a deploy, so there are only warnings.
pub(in super::super) fn local(text: &str, path: &Path) -> Vec<Finding> {
    let parsed = lines::read(text);
    let env = parsed.variables.iter().find(|variable| variable.key == "ENV").map(|variable| Fault {
        line: variable.line,
        rule: Rule::EnvInLocalFile,
        what: "ENV is set for runs on this machine, where no gateway cuts a path prefix off: a service that takes its prefix from it \
               (`root_path=/ENV`, as the article's) asks for openapi.json under a prefix that nobody strips, and /docs stays empty; \
               Callboard's own service takes no more than a name from it"
            .to_owned(),
        fix: "take the line out: a deploy sets ENV for each stage, and a run on this machine needs none".to_owned(),
    });
    let mut findings: Vec<Finding> = parsed
        .faults
        .into_iter()
        // On this machine it is meant to take text from the environment.
        .filter(|fault| fault.rule != Rule::Substitution)
        .chain(env)
        .map(|fault| fault.found(path, Severity::Warning))
        .collect();
    findings.truncate(MOST);
    findings.sort_by_key(|finding| finding.line);
    findings
}
