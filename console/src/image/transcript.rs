use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::domain::{Problem, harmless};

/// How much of what was said last is kept for the Problem.
const KEPT_LINES: usize = 200;
/// How many lines of an error a Problem shows.
const SHOWN_LINES: usize = 12;

/// What a build says: told line by line as it comes, written whole into a file, and of it kept what explains a failure.
pub(super) struct Transcript<'a> {
    path: PathBuf,
    output: &'a (dyn Fn(String) + Send + Sync),
    state: Mutex<State>,
}

struct State {
    file: Option<File>,
    /// From the first line that is an error.
    error: Vec<String>,
    last: VecDeque<String>,
}

impl<'a> Transcript<'a> {
    /// Begins an empty file. Only the user may read it: what a build prints is the build's own affair.
    pub(super) fn begin(
        path: &Path,
        output: &'a (dyn Fn(String) + Send + Sync),
    ) -> Result<Transcript<'a>, Problem> {
        let file = create(path).map_err(|error| {
            Problem::new(format!("the build's log {} cannot be written", path.display()))
                .because(error)
                .fix("look at the folder's permissions and the free space")
        })?;
        let state = State { file: Some(file), error: Vec::new(), last: VecDeque::new() };
        Ok(Transcript { path: path.to_owned(), output, state: Mutex::new(state) })
    }

    /// Takes in one line, and makes it harmless.
    pub(super) fn say(&self, line: &str) {
        let line = harmless(line.trim_end());
        let mut state = self.state();
        if let Some(file) = &mut state.file
            && let Err(error) = writeln!(file, "{line}")
        {
            // The build itself may well go on; it fails by itself where the disk is full for it too.
            state.file = None;
            (self.output)(format!("the log ends here: {error}"));
        }
        let first = state.error.is_empty() && is_error(&line);
        if first || (!state.error.is_empty() && state.error.len() < SHOWN_LINES) {
            state.error.push(line.clone());
        }
        state.last.push_back(line.clone());
        if state.last.len() > KEPT_LINES {
            state.last.pop_front();
        }
        drop(state);
        (self.output)(line);
    }

    /// Takes in all lines of a stream, to its end.
    pub(super) async fn hear(&self, stream: Option<impl AsyncRead + Unpin>) -> io::Result<()> {
        let Some(stream) = stream else { return Ok(()) };
        let mut lines = BufReader::new(stream).split(b'\n');
        while let Some(line) = lines.next_segment().await? {
            self.say(&String::from_utf8_lossy(&line));
        }
        Ok(())
    }

    /// The first error, up to the empty line that ends it; where nothing looks like one, the last lines.
    pub(super) fn error(&self) -> String {
        let state = self.state();
        let lines: Vec<&str> = if state.error.is_empty() {
            let skipped = state.last.len().saturating_sub(SHOWN_LINES);
            state.last.iter().skip(skipped).map(String::as_str).collect()
        } else {
            state.error.iter().map(|line| line.as_str()).take_while(|line| !said(line).is_empty()).collect()
        };
        lines.join("\n")
    }

    /// Whether one of the lines that were said, as far as they are kept, holds this.
    pub(super) fn has(&self, text: &str) -> bool {
        let state = self.state();
        state.error.iter().chain(&state.last).any(|line| line.contains(text))
    }

    /// What follows `beginning` in the last line that begins so.
    pub(super) fn rest_of(&self, beginning: &str) -> Option<String> {
        self.state().last.iter().rev().find_map(|line| line.strip_prefix(beginning).map(str::to_owned))
    }

    /// Points to the file.
    pub(super) fn pointer(&self) -> String {
        format!("the whole output is in {}", self.path.display())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file of its own each time: a build that still runs goes on writing into the one that it began.
fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Whether a line is where an error begins, in cargo's words or in a container tool's.
fn is_error(line: &str) -> bool {
    let said = said(line);
    let word = said.get(..5).unwrap_or_default();
    word.eq_ignore_ascii_case("error") && matches!(said.as_bytes().get(5), Some(b':' | b'[' | b' '))
}

/// A line without what BuildKit writes before it: `#12 3.456 `.
fn said(line: &str) -> &str {
    let number =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let Some(rest) = line.strip_prefix('#') else { return line };
    let Some((step, rest)) = rest.split_once(' ') else { return line };
    if !number(step) {
        return line;
    }
    match rest.split_once(' ') {
        Some((time, rest)) if number(time) => rest,
        None if number(rest) => "",
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_what_a_person_has_to_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("private/build.log");
        let heard = Mutex::new(0);
        let count = |_| *heard.lock().expect("a count") += 1;
        let transcript = Transcript::begin(&path, &count).expect("a transcript");
        for line in [
            "#9 [build 5/8] RUN cargo build",
            "#9 1.234 warning: unused\u{1b}[2J",
            "#9 2.000 error[E0308]: mismatched types",
            "#9 2.000  --> src/main.rs:1:2",
            "#9 2.001",
            "#9 3.000 error: could not compile `hello`",
            "ERROR: failed to solve",
        ] {
            transcript.say(line);
        }
        for number in 0..500 {
            transcript.say(&format!("after {number}"));
        }
        assert_eq!(
            transcript.error(),
            "#9 2.000 error[E0308]: mismatched types\n#9 2.000  --> src/main.rs:1:2"
        );
        let written = fs::read_to_string(&path).expect("the log");
        assert_eq!((written.lines().count(), *heard.lock().expect("a count")), (507, 507));
        assert!(written.contains("unused␛[2J"), "{written}");
        assert!(transcript.pointer().ends_with("private/build.log"));

        let transcript = Transcript::begin(&path, &count).expect("another one");
        for line in ["errors are not this", "the last word"] {
            transcript.say(line);
        }
        assert_eq!(transcript.error(), "errors are not this\nthe last word");
        assert_eq!(fs::read_to_string(&path).expect("the log").lines().count(), 2);
    }

    #[test]
    fn a_log_that_cannot_be_written_is_said_before_anything_is_built() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("build.log");
        fs::create_dir(&path).expect("a folder in its place");
        let problem = Transcript::begin(&path, &|_| ()).err().expect("a problem");
        assert_eq!(problem.summary, format!("the build's log {} cannot be written", path.display()));
    }
}
