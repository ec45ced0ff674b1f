//! A terminal for tests: a real pty, a person's eyes (vt100) and hands.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// A program in a pty.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Terminal {
    /// Starts `command` in a terminal of this many columns and rows.
    pub(crate) fn start(command: CommandBuilder, cols: u16, rows: u16) -> Terminal {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (send, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            // The read fails when the program has ended and its side of the pty is closed.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            master: pair.master,
            child,
            writer,
            output,
            parser: vt100::Parser::new(some(rows), some(cols), 0),
            raw: vec![],
        }
    }

    /// What is on the screen now.
    pub(crate) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Waits until the screen shows what is looked for.
    pub(crate) fn until(&mut self, what: &str, within: Duration, seen: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + within;
        while !seen(&self.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("never saw {what}; the screen is:\n{}", self.screen())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the program ended before {what}; the screen was:\n{}", self.screen())
                }
            }
        }
    }

    /// Waits until the screen shows this text.
    pub(crate) fn until_text(&mut self, text: &str, within: Duration) {
        self.until(&format!("{text:?}"), within, |screen| screen.contains(text));
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.writer
            .write_all(keys.as_bytes())
            .and_then(|()| self.writer.flush())
            .expect("the program reads keys");
    }

    /// Changes the window's size.
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) {
        self.master
            .resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })
            .expect("the pty is resized");
        self.parser.screen_mut().set_size(some(rows), some(cols));
    }

    /// The program's process id.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Waits until the program has ended, and takes in all that it wrote.
    pub(crate) fn end(mut self) -> Ended {
        loop {
            match self.output.recv_timeout(Duration::from_secs(60)) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it has not ended; the screen is:\n{}", self.screen());
                }
            }
        }
        let status = self.child.wait().expect("the program ends");
        Ended { status, screen: self.screen(), raw: String::from_utf8_lossy(&self.raw).into_owned() }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A program that has ended already cannot be killed.
        let _ = self.child.kill();
    }
}

fn some(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has rows and columns")
}

/// A program that has ended.
pub(crate) struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What was on the screen at the end.
    pub screen: String,
    /// Every byte that it wrote.
    pub raw: String,
}

impl Ended {
    /// Fails unless the terminal was given back: alternate screen left, cursor shown, paste and mouse modes off.
    pub(crate) fn assert_clean(&self) {
        for (on, off) in [("?1049h", "?1049l"), ("?25l", "?25h"), ("?2004h", "?2004l"), ("?1000h", "?1000l")]
        {
            if let Some(last_on) = self.raw.rfind(on) {
                assert!(
                    self.raw.rfind(off).is_some_and(|last_off| last_off > last_on),
                    "{off} is missing at the end"
                );
            }
        }
    }
}
