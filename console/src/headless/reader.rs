//! Whoever reads standard output.

/// Returns once nobody reads standard output any more. What is written tells that too, but a filter may let nothing through.
#[cfg(unix)]
pub(super) async fn gone() {
    use std::io::IsTerminal;
    use std::time::Duration;

    use tokio::time::{MissedTickBehavior, interval};

    /// Between two looks: nobody misses a command that goes on for so long.
    const EVERY: Duration = Duration::from_secs(1);

    let out = std::io::stdout();
    // Of a terminal that goes away SIGHUP tells.
    if out.is_terminal() {
        return std::future::pending().await;
    }
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if is_gone(&out) {
            return;
        }
    }
}

/// Windows does not tell; what is written does.
#[cfg(not(unix))]
pub(super) async fn gone() {
    std::future::pending().await
}

/// Whether `out` is a pipe or a socket whose other end is closed.
#[cfg(unix)]
fn is_gone(out: &impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    // macOS tells of the end only where it is asked for something; Linux always does.
    let mut asked = [PollFd::new(out, PollFlags::OUT)];
    let at_once = Timespec::default();
    poll(&mut asked, Some(&at_once)).is_ok() && asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_tells_that_its_reader_is_gone_and_a_file_never() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        assert!(!is_gone(&writer));
        drop(reader);
        assert!(is_gone(&writer));
        assert!(!is_gone(&tempfile::tempfile().expect("a file")));
    }
}
