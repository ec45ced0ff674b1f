use std::io::{ErrorKind, Read};
use std::path::Path;

use super::lint::{Finding, Rule, Severity};

/// Bytes that an environment file may have: 32 times what Lambda takes. Nothing larger is read into memory.
const MOST_BYTES: u64 = 128 << 10;

/// The text of the file at `path`, which is known as `shown`. What is not a file (a pipe, a folder) is not waited for.
pub(super) fn read(path: &Path, shown: &Path) -> Result<String, Finding> {
    let found = |rule, what: String, fix: &str| Finding {
        path: shown.to_owned(),
        line: None,
        severity: Severity::Error,
        rule,
        what,
        fix: fix.to_owned(),
    };
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => found(
            Rule::FileMissing,
            "there is no such file".to_owned(),
            "write the stage's environment into it, one KEY=VALUE a line; an empty file is fine",
        ),
        _ => found(Rule::FileUnreadable, error.to_string(), "it must be a file that you may read"),
    };
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        let what = "it is not a file".to_owned();
        return Err(found(Rule::FileUnreadable, what, "it must be a file that you may read"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MOST_BYTES {
        let what = "it is larger than 128 KiB, and Lambda takes an environment of 4 KB".to_owned();
        return Err(found(
            Rule::FileUnreadable,
            what,
            "name the right file in callboard.toml, [stage.STAGE] env_file",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        let what = "it is not UTF-8".to_owned();
        Finding { line: Some(line), ..found(Rule::NotUtf8, what, "save it as UTF-8") }
    })
}
