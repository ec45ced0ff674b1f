//! The terminal while it is ours, and given back whatever happens.

use std::io::{BufWriter, Stdout, stdout};
use std::sync::Once;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::domain::Problem;

/// What is written to the terminal at once, bytes: a whole frame of a large window. Standard output alone writes each KiB.
const FRAME: usize = 64 << 10;

/// The terminal while it is ours. Dropping it gives it back as it was.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    ours: bool,
}

impl Screen {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, mouse wheel. From now on a panic anywhere gives
    /// it back and ends the process: a screen whose world has died must not stay.
    pub fn enter() -> Result<Screen, Problem> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                report(panic);
                std::process::exit(101);
            }));
        });
        let out = BufWriter::with_capacity(FRAME, stdout());
        let terminal = Terminal::new(CrosstermBackend::new(out)).map_err(|error| problem(&error))?;
        let screen = Screen { terminal, ours: true };
        enable_raw_mode().map_err(|error| problem(&error))?;
        // Cleared, because not every terminal hands out an empty alternate screen.
        execute!(
            stdout(),
            EnterAlternateScreen,
            Clear(ClearType::All),
            EnableBracketedPaste,
            EnableMouseCapture
        )
        .map_err(|error| problem(&error))?;
        Ok(screen)
    }

    /// Draws a frame. A terminal that knows DEC mode 2026 shows it once it is whole; others pass over that.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Result<(), Problem> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)
            .and_then(|()| self.terminal.draw(draw).map(drop))
            .and_then(|()| execute!(self.terminal.backend_mut(), EndSynchronizedUpdate))
            .map_err(|error| problem(&error))
    }

    /// Columns and rows.
    pub fn size(&self) -> Result<(u16, u16), Problem> {
        let size = self.terminal.size().map_err(|error| problem(&error))?;
        Ok((size.width, size.height))
    }

    /// Puts `text` on the clipboard of the terminal that the operator sits at (OSC 52), also through SSH.
    pub fn copy(&mut self, text: &str) -> Result<(), Problem> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text)).map_err(|error| problem(&error))
    }

    /// Gives the terminal back.
    pub fn leave(&mut self) {
        if std::mem::take(&mut self.ours) {
            restore();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Each step on its own: a terminal that is gone refuses some, and the others must still be tried.
fn restore() {
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

fn problem(error: &std::io::Error) -> Problem {
    Problem::new("the terminal cannot be used")
        .because(error)
        .fix("run callboard in a terminal, or use its headless commands: callboard --help")
}
