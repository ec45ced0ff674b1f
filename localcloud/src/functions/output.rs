//! What a function prints, line by line into its log stream, and the platform's own lines between.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::unix::pipe;

use crate::events::LogEvents;

/// Bytes of a log event: a longer line becomes several events.
const MAX_LINE: usize = 256 * 1024;
/// Bytes of the log that an Invoke with `LogType: Tail` answers.
const TAIL: usize = 4096;
/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;
/// Reads at a time, at most: a process that never stops writing must not hold up its invocation's end.
const MAX_READS: usize = 16;

/// The log stream of an execution environment, fed by its process's stdout and stderr.
pub(super) struct Output {
    events: LogEvents,
    group: String,
    stream: String,
    pipe: pipe::Receiver,
    state: Mutex<State>,
}

struct State {
    /// The beginning of a line that has not ended yet.
    partial: Vec<u8>,
    /// The end of the invocation's log, while it is wanted.
    tail: Option<Vec<u8>>,
    buffer: Box<[u8]>,
}

impl Output {
    pub(super) fn new(events: LogEvents, group: &str, stream: &str, pipe: pipe::Receiver) -> Output {
        let state = State { partial: Vec::new(), tail: None, buffer: vec![0; CHUNK].into() };
        Output { events, group: group.to_owned(), stream: stream.to_owned(), pipe, state: Mutex::new(state) }
    }

    /// Logs what is printed until the process and whatever it started have closed their end.
    pub(super) async fn follow(&self) {
        loop {
            if self.pipe.readable().await.is_err() {
                return;
            }
            let mut state = self.lock();
            if self.read(&mut state) {
                self.log_rest(&mut state);
                return;
            }
        }
    }

    /// Starts to keep what an invocation logs, if its end is wanted.
    pub(super) fn begin(&self, keep_tail: bool, lines: Vec<String>) {
        let mut state = self.lock();
        state.tail = keep_tail.then(Vec::new);
        self.log(&mut state, lines);
    }

    /// Logs what the process has printed so far, then the platform's lines. The answer is the log's end, if wanted.
    pub(super) fn finish(&self, lines: Vec<String>) -> Option<Vec<u8>> {
        let mut state = self.lock();
        self.read(&mut state);
        self.log_rest(&mut state);
        self.log(&mut state, lines);
        state.tail.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs the whole lines that are there now. The answer is whether the pipe is at its end.
    fn read(&self, state: &mut State) -> bool {
        let mut lines = Vec::new();
        let mut ended = false;
        for _ in 0..MAX_READS {
            match self.pipe.try_read(&mut state.buffer) {
                Ok(0) => {
                    ended = true;
                    break;
                }
                Ok(read) => {
                    split(&mut state.partial, &state.buffer[..read], &mut lines);
                    // There was no more than that.
                    if read < CHUNK {
                        break;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    ended = true;
                    break;
                }
            }
        }
        self.log(state, lines);
        ended
    }

    fn log_rest(&self, state: &mut State) {
        if !state.partial.is_empty() {
            let rest = std::mem::take(&mut state.partial);
            self.log(state, vec![text(&rest)]);
        }
    }

    fn log(&self, state: &mut State, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        if let Some(tail) = &mut state.tail {
            for line in &lines {
                tail.extend_from_slice(line.as_bytes());
                if !line.ends_with('\n') {
                    tail.push(b'\n');
                }
            }
            let surplus = tail.len().saturating_sub(TAIL);
            tail.drain(..surplus);
        }
        let now = jiff::Timestamp::now().as_millisecond();
        self.events.append(&self.group, &self.stream, lines.into_iter().map(|line| (now, line)).collect());
    }
}

/// Splits what was read into lines, each with its line feed as Lambda leaves it; `partial` keeps what has none yet.
fn split(partial: &mut Vec<u8>, read: &[u8], lines: &mut Vec<String>) {
    for piece in read.split_inclusive(|byte| *byte == b'\n') {
        let mut rest = piece;
        while partial.len() + rest.len() > MAX_LINE {
            let (now, later) = rest.split_at(MAX_LINE - partial.len());
            partial.extend_from_slice(now);
            lines.push(text(&std::mem::take(partial)));
            rest = later;
        }
        partial.extend_from_slice(rest);
        if piece.ends_with(b"\n") && !partial.is_empty() {
            lines.push(text(&std::mem::take(partial)));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_bounded_and_always_text() {
        let (mut partial, mut lines) = (Vec::new(), Vec::new());
        split(&mut partial, b"one\ntw", &mut lines);
        split(&mut partial, b"o\n\n\xff\x1b[31m\nrest", &mut lines);
        assert_eq!(lines, ["one\n", "two\n", "\n", "\u{fffd}\u{1b}[31m\n"]);
        assert_eq!(partial, b"rest");

        let (mut partial, mut lines) = (Vec::new(), Vec::new());
        let mut long = vec![b'x'; 2 * MAX_LINE + 10];
        long.push(b'\n');
        split(&mut partial, &long, &mut lines);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [MAX_LINE, MAX_LINE, 11]);
        assert!(partial.is_empty());
    }
}
