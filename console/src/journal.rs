//! `.callboard/journal.jsonl`: every change that was made from this checkout, one JSON object a line.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::Problem;
use crate::settings::Settings;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it began.
    pub at: Timestamp,
    /// What was done: `deploy`, `promote`, `roll back`, `roll back gateway`, `tear down`, `prune images`.
    pub what: String,
    /// To which stage: `stage`, `prod` or `both`.
    pub stage: String,
    /// `local` or `aws`.
    pub cloud: String,
    /// Account, twelve digits.
    pub account: String,
    /// Region.
    pub region: String,
    /// ARN of who did it.
    pub who: String,
    /// What ran before; `None` when nothing did.
    pub from: Option<Version>,
    /// What runs now; `None` when the change failed before it was known.
    pub to: Option<Version>,
    /// How it ended.
    pub outcome: Outcome,
    /// The sentence behind an outcome that is not `done`.
    pub detail: String,
    /// Milliseconds.
    pub took_ms: u64,
    /// The `aws` commands that would have done the same, in their order; values of the environment are left out.
    #[serde(default)]
    pub commands: Vec<String>,
}

/// An image, as a stage runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its tag, where one is known.
    pub tag: Option<String>,
    /// Its digest, where one is known.
    pub digest: Option<String>,
    /// Number of the function's published version that holds it, where one is known.
    #[serde(default)]
    pub number: Option<u64>,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has begun, and nothing was written of its end: it runs, or was left or killed in the middle.
    Begun,
    /// Wholly, and the checks passed.
    Done,
    /// Wholly, and a check failed.
    ChecksFailed,
    /// Not wholly: a step failed, or the operator stopped it.
    Failed,
}

impl Outcome {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Begun => "begun, not ended",
            Outcome::Done => "done",
            Outcome::ChecksFailed => "checks failed",
            Outcome::Failed => "failed",
        }
    }
}

/// What the journal holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// The newest entries, newest last.
    pub entries: Vec<Entry>,
    /// Numbers of the lines (from 1) that are no entries: one torn by a crash, or written by hand.
    pub unreadable: Vec<usize>,
}

impl Journal {
    // The line of an end takes the place of the line of its beginning.
    fn take(&mut self, entry: Entry) {
        let begun = |known: &&mut Entry| {
            known.outcome == Outcome::Begun
                && (known.at, &known.what, &known.stage) == (entry.at, &entry.what, &entry.stage)
        };
        match self.entries.iter_mut().rev().find(begun) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }
}

/// Appends an entry; it is on disk when this returns.
pub fn append(settings: &Settings, entry: &Entry) -> Result<(), Problem> {
    write(settings, entry).map_err(|error| {
        Problem::new("the change could not be written to the journal")
            .because(format!("{}: {error}", path(settings).display()))
            .fix("look at the folder's permissions and the free space")
    })
}

/// The newest `limit` entries. No journal is an empty one.
pub fn read(settings: &Settings, limit: usize) -> Result<Journal, Problem> {
    let path = path(settings);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Journal::default()),
        Err(error) => {
            return Err(Problem::new(format!("{} cannot be read", path.display())).because(error));
        }
    };
    let mut journal = Journal::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(entry) => journal.take(entry),
            Err(_) => journal.unreadable.push(index + 1),
        }
    }
    journal.entries.drain(..journal.entries.len().saturating_sub(limit));
    Ok(journal)
}

fn path(settings: &Settings) -> PathBuf {
    settings.private_dir().join("journal.jsonl")
}

fn write(settings: &Settings, entry: &Entry) -> std::io::Result<()> {
    std::fs::create_dir_all(settings.private_dir())?;
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path(settings))?;
    file.lock()?;
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    // A line that a crash tore must not swallow this one.
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != [b'\n'] {
            line.insert(0, b'\n');
        }
    }
    file.write_all(&line)?;
    file.sync_all()
}
