//! The signals that ask a program to end.

use super::Exit;
use crate::domain::Problem;

/// Waits for Ctrl-C, SIGTERM or SIGHUP, as often as it is asked.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on these signals no longer end the process by themselves.
    #[cfg(unix)]
    pub(super) fn take() -> Result<Signals, Problem> {
        use tokio::signal::unix::{SignalKind, signal};
        let take =
            |kind| signal(kind).map_err(|error| Problem::new("signals cannot be waited for").because(error));
        Ok(Signals {
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
            hangup: take(SignalKind::hangup())?,
        })
    }

    /// From here on Ctrl-C no longer ends the process by itself.
    #[cfg(not(unix))]
    pub(super) fn take() -> Result<Signals, Problem> {
        Ok(Signals {})
    }

    /// Returns when one has come, be it while nobody waited: how a command that is ended by it ends.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
            _ = self.hangup.recv() => Exit::HungUp,
        }
    }

    /// Returns when one has come: how a command that is ended by it ends.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) -> Exit {
        let _ = tokio::signal::ctrl_c().await;
        Exit::Interrupted
    }
}
