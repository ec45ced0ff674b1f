use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::{Problem, plain};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A deploy of the stage is refused.
    Error,
    /// A deploy works.
    Warning,
}

impl Severity {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// What is looked for. Its name in kebab case is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A stage's file is not there.
    FileMissing,
    /// It cannot be read, is no file, or is larger than an environment can be.
    FileUnreadable,
    /// It is not UTF-8.
    NotUtf8,
    /// A line is not `KEY=VALUE`.
    NotKeyValue,
    /// A quote is not closed before the end of the file.
    UnclosedQuote,
    /// A quote takes lines that look like variables of their own.
    SwallowedLines,
    /// `$` would take text from the environment of this machine.
    Substitution,
    /// A key is set twice.
    DuplicateKey,
    /// A key belongs to Lambda.
    ReservedKey,
    /// Lambda refuses the key.
    RefusedKey,
    /// The environment is larger than Lambda allows.
    #[serde(rename = "over-4-kb")]
    Over4Kb,
    /// `ENV` in a stage's file is another than the stage.
    WrongEnv,
    /// `ENV` in `.env`, the file of local runs: gotcha 3 of the article.
    EnvInLocalFile,
    /// A script that makes `Variables={K=V,…}` of the file for the AWS CLI, as the article's does, would break.
    BreaksInScripts,
    /// Lines end in CR LF, or a carriage return stands in one.
    CarriageReturn,
    /// The file begins with a byte order mark.
    ByteOrderMark,
    /// Blanks behind a value are dropped.
    TrailingBlanks,
    /// A value begins with `#` and is therefore a comment.
    ValueIsComment,
    /// A key is set for one stage and not for the other.
    MissingInOneStage,
}

impl Rule {
    /// Its name, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::FileMissing => "file-missing",
            Rule::FileUnreadable => "file-unreadable",
            Rule::NotUtf8 => "not-utf8",
            Rule::NotKeyValue => "not-key-value",
            Rule::UnclosedQuote => "unclosed-quote",
            Rule::SwallowedLines => "swallowed-lines",
            Rule::Substitution => "substitution",
            Rule::DuplicateKey => "duplicate-key",
            Rule::ReservedKey => "reserved-key",
            Rule::RefusedKey => "refused-key",
            Rule::Over4Kb => "over-4-kb",
            Rule::WrongEnv => "wrong-env",
            Rule::EnvInLocalFile => "env-in-local-file",
            Rule::BreaksInScripts => "breaks-in-scripts",
            Rule::CarriageReturn => "carriage-return",
            Rule::ByteOrderMark => "byte-order-mark",
            Rule::TrailingBlanks => "trailing-blanks",
            Rule::ValueIsComment => "value-is-comment",
            Rule::MissingInOneStage => "missing-in-one-stage",
        }
    }
}

/// One thing that is wrong with an environment file. It names keys and never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, from the project's root where it lies in it.
    pub path: PathBuf,
    /// The line, from 1; `None` where it is about the file as a whole.
    pub line: Option<usize>,
    /// How grave it is.
    pub severity: Severity,
    /// What was looked for.
    pub rule: Rule,
    /// What is wrong, as a sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    /// `FILE:LINE`, harmless to show.
    pub fn place(&self) -> String {
        let path = plain(&self.path.display().to_string());
        match self.line {
            Some(line) => format!("{path}:{line}"),
            None => path,
        }
    }

    /// Why a deploy is refused.
    pub fn problem(&self) -> Problem {
        let unread = matches!(self.rule, Rule::FileMissing | Rule::FileUnreadable | Rule::NotUtf8);
        let said = if unread { "cannot be read" } else { "cannot be deployed" };
        Problem::new(format!("{} {said}", self.place())).because(&self.what).fix(&self.fix)
    }
}

/// What is wrong with a line, whatever the file is called. Never holds a value.
#[derive(Debug, Clone)]
pub(in super::super) struct Fault {
    pub(in super::super) line: usize,
    pub(in super::super) rule: Rule,
    pub(in super::super) what: String,
    pub(in super::super) fix: String,
}

impl Fault {
    /// In the file at `path`.
    pub(in super::super) fn found(self, path: &Path, severity: Severity) -> Finding {
        let Fault { line, rule, what, fix } = self;
        Finding { path: path.to_owned(), line: Some(line), severity, rule, what, fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_called_the_same_everywhere() {
        let all = [
            Rule::FileMissing,
            Rule::FileUnreadable,
            Rule::NotUtf8,
            Rule::NotKeyValue,
            Rule::UnclosedQuote,
            Rule::SwallowedLines,
            Rule::Substitution,
            Rule::DuplicateKey,
            Rule::ReservedKey,
            Rule::RefusedKey,
            Rule::Over4Kb,
            Rule::WrongEnv,
            Rule::EnvInLocalFile,
            Rule::BreaksInScripts,
            Rule::CarriageReturn,
            Rule::ByteOrderMark,
            Rule::TrailingBlanks,
            Rule::ValueIsComment,
            Rule::MissingInOneStage,
        ];
        for rule in all {
            assert_eq!(serde_json::to_value(rule).expect("JSON"), rule.as_str());
        }
    }
}
