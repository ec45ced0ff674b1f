//! What a command writes. A reader that has gone away (`callboard status | head -1`) is no error: what would have been
//! written is dropped, and the command goes on to its end.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::domain::{Problem, harmless};

/// Writes a line to stdout.
pub(super) fn line(text: impl AsRef<str>) -> Result<(), Problem> {
    bytes(format!("{}\n", text.as_ref()).as_bytes())
}

/// Writes one JSON document to stdout.
pub(super) fn json(document: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Problem::new("the answer cannot be written as JSON").because(error))?;
    line(text)
}

/// Writes bytes to stdout.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Problem::new("stdout cannot be written to").because(error))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr, for a person; that it cannot be written is nobody's loss.
pub(super) fn aside(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr().lock(), "{}", text.as_ref());
}

/// Says on stderr what failed, why, and what to do.
pub(super) fn complain(problem: &Problem) {
    let mut text = format!("callboard: {}", harmless(&problem.summary));
    for (word, part) in [("why", &problem.detail), ("do", &problem.hint)] {
        if !part.is_empty() {
            text.push_str(&format!("\n  {word}: {}", harmless(part).replace('\n', "\n      ")));
        }
    }
    aside(text);
}
