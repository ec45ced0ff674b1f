//! `.env.STAGE` files: read, checked against Lambda's rules by line, compared with what is deployed.
//!
//! The syntax is dotenvy's, the one that the service itself reads its local `.env` with, less one thing: `$NAME` is
//! refused. dotenvy would take its value from this process's environment, so what is deployed would depend on the
//! operator's shell. Written as `\$`, or between single quotes, a dollar sign is a dollar sign.

mod diff;
mod file;
mod lines;
pub mod lint;
mod project;
mod rules;

use std::path::Path;

pub use diff::{diff, state};
pub use lint::{Finding, Rule, Severity};
pub use project::{EnvFiles, StageFile};

use crate::domain::{EnvVars, Problem, StageName};
use crate::settings::Settings;
use lint::Side;

/// The environment that a deploy of `stage` gives the function: what the file at `path` says, and `ENV=STAGE`.
///
/// A Problem names file and line and never a value. It is the first error that the lint finds ([`Severity::Error`]).
pub fn load(path: &Path, stage: StageName) -> Result<EnvVars, Problem> {
    match file::read(path, path) {
        Ok(text) => parse(&text, path, stage),
        Err(finding) => Err(finding.problem()),
    }
}

/// As [`load`], of a text that stands for the file at `path`.
pub fn parse(text: &str, path: &Path, stage: StageName) -> Result<EnvVars, Problem> {
    lint::stage(text, path, stage).deployable()
}

/// All that is wrong with the project's environment files: both stages', and `.env` in the project's root and in the service's
/// folder. It touches the disk, so it is not for the thread that draws.
pub fn lint_project(settings: &Settings) -> Vec<Finding> {
    EnvFiles::read(settings).findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(text: &str) -> Result<EnvVars, Problem> {
        parse(text, Path::new(".env.stage"), StageName::Stage)
    }

    fn keys(env: &EnvVars) -> Vec<(&str, &str)> {
        env.0.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }

    #[test]
    fn what_the_file_says_and_the_stage_itself() {
        let env = stage(
            "\u{feff}# sample\nSOME_ENV=some\n\nexport OTHER_ENV='it is $5' # why\nTWO=\"a\nb\"\r\nEMPTY= ",
        )
        .expect("valid");
        assert_eq!(
            keys(&env),
            [
                ("EMPTY", ""),
                ("ENV", "stage"),
                ("OTHER_ENV", "it is $5"),
                ("SOME_ENV", "some"),
                ("TWO", "a\nb")
            ]
        );
    }

    #[test]
    fn each_fault_names_its_line_and_no_value() {
        let long = format!("FIRST_KEY=1\nBIG_KEY={}\n", "s3cret".repeat(800));
        for (text, line, word) in [
            ("GOOD_KEY=1\n\n# c\nnot a pair s3cret\n", 4, "KEY=VALUE"),
            ("GOOD_KEY=1\nBAD_KEY=\"s3cret\nmore\n", 2, "quote"),
            ("GOOD_KEY='a\nb'\nAWS_REGION=s3cret\n", 3, "AWS_REGION"),
            ("X=s3cret\n", 1, "two characters"),
            ("A.B=s3cret\n", 1, "letters"),
            ("_AB=s3cret\n", 1, "letter"),
            ("SOME=1\nSOME=s3cret\n", 2, "line 1"),
            ("ENV=s3cret\n", 1, "ENV"),
            ("SOME=1\nPASS=s3cret$HOME\n", 2, "$"),
            ("PASS=\"s3cret${HOME}\"\n", 1, "$"),
            (long.as_str(), 2, "4 KB"),
        ] {
            let problem = stage(text).expect_err(text);
            assert!(problem.summary.starts_with(&format!(".env.stage:{line} ")), "{text:?}: {problem}");
            assert!(problem.to_string().contains(word), "{text:?}: {problem}");
            assert!(!problem.to_string().contains("s3cret"), "{text:?}: {problem}");
            assert!(!problem.hint.is_empty(), "{text:?}: {problem}");
        }
    }

    #[test]
    fn a_dollar_sign_can_be_written() {
        let env = stage("ONE=a\\$b\nTWO='$a'\nENV=stage\n").expect("valid");
        assert_eq!(keys(&env), [("ENV", "stage"), ("ONE", "a$b"), ("TWO", "$a")]);
    }
}
