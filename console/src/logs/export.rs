//! What is shown, written to a file: whole or not at all, readable by its owner only, and never over one that is there.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::domain::{Problem, plain};

use super::line::Style;
use super::store::Snapshot;

/// What is written at once, bytes.
const BATCH: usize = 64 << 10;
/// Between two figures of how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What is to be saved where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// The file, as it was typed. A name that ends in `.json` or `.jsonl` asks for JSON.
    pub name: String,
    /// Whether what looks like a secret is masked.
    pub masked: bool,
}

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The file, from the root on.
    pub path: PathBuf,
    /// Its lines.
    pub lines: u64,
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Saving {
    /// So many lines are written.
    Lines(u64),
    /// It is there, or why it is not.
    Ended(Result<Saved, Problem>),
}

impl Save {
    fn style(&self) -> Style {
        let ending = Path::new(&self.name).extension().and_then(|ending| ending.to_str());
        let json = ending.is_some_and(|ending| matches!(ending, "json" | "jsonl"));
        Style { json, colour: false, masked: self.masked }
    }

    /// Writes `snapshot`, and tells how many lines are written. Blocks. Until all is on disk it is a file of another name
    /// (`.callboard-….part`) in the same folder, which goes away when this fails or is stopped.
    pub fn write(
        &self,
        snapshot: &Snapshot,
        stop: &CancellationToken,
        tell: &dyn Fn(u64),
    ) -> Result<Saved, Problem> {
        let path = place(&self.name, std::env::home_dir().as_deref())?;
        self.write_to(path, snapshot, stop, tell)
    }

    fn write_to(
        &self,
        path: PathBuf,
        snapshot: &Snapshot,
        stop: &CancellationToken,
        tell: &dyn Fn(u64),
    ) -> Result<Saved, Problem> {
        let failed = |error: &std::io::Error| failed(&path, error);
        if path.is_dir() {
            return Err(Problem::new(format!("{} is a folder", shown(&path))).fix("name a file in it"));
        }
        // Also a link that leads nowhere.
        if path.symlink_metadata().is_ok() {
            return Err(exists(&path));
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        // Made with mode 0600.
        let part = tempfile::Builder::new().prefix(".callboard-").suffix(".part").tempfile_in(folder);
        let mut out = BufWriter::with_capacity(BATCH, part.map_err(|error| failed(&error))?);
        let (style, mut line, mut lines) = (self.style(), Vec::new(), 0);
        let mut told = Instant::now();
        for entry in snapshot.parts().iter().flat_map(|part| part.entries()) {
            line.clear();
            style.write_entry(&mut line, &entry);
            out.write_all(&line).map_err(|error| failed(&error))?;
            lines += 1;
            if lines % 1024 == 0 {
                if stop.is_cancelled() {
                    return Err(Problem::new(format!("{} was not saved", shown(&path)))
                        .because("it was stopped on its way"));
                }
                if told.elapsed() >= TELL_EVERY {
                    told = Instant::now();
                    tell(lines);
                }
            }
        }
        let part = out.into_inner().map_err(|error| failed(error.error()))?;
        part.as_file().sync_all().map_err(|error| failed(&error))?;
        match part.persist_noclobber(&path) {
            Ok(_) => Ok(Saved { path, lines }),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(exists(&path)),
            Err(error) => Err(failed(&error.error)),
        }
    }
}

/// The file that is meant: `~/` is the operator's home, what has no root begins where callboard was started.
fn place(name: &str, home: Option<&Path>) -> Result<PathBuf, Problem> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Problem::new("nothing was saved").because("the file has no name").fix("name a file"));
    }
    let path = match (name.strip_prefix('~'), home) {
        (None, _) => PathBuf::from(name),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => {
            return Err(Problem::new(format!("{} is not understood", plain(name)))
                .because("only `~/` at the beginning stands for a home folder, and only where HOME is set")
                .fix("write the folder out"));
        }
    };
    if name.ends_with('/') {
        return Err(Problem::new(format!("{} is a folder", plain(name))).fix("name a file in it"));
    }
    std::path::absolute(&path).map_err(|error| failed(&path, &error))
}

fn exists(path: &Path) -> Problem {
    Problem::new(format!("{} is there already", shown(path)))
        .because("nothing is written over it")
        .fix("save under another name")
}

fn failed(path: &Path, error: &std::io::Error) -> Problem {
    let fix = match error.kind() {
        ErrorKind::NotFound => "make its folder, or save in another one",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "save in a folder that you may write to"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room, or save on another disk",
        ErrorKind::NotADirectory => "a part of its path is a file: save elsewhere",
        _ => "save under another name or in another folder",
    };
    Problem::new(format!("{} could not be saved", shown(path))).because(error).fix(fix)
}

fn shown(path: &Path) -> String {
    plain(&path.display().to_string())
}

#[cfg(test)]
mod tests;
