use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use super::transcript::Transcript;
use crate::domain::Problem;

/// A program in a process group of its own, so that what it started ends with it.
pub(super) struct Group {
    child: Child,
    program: String,
}

impl Group {
    /// Starts it; `missing` explains that there is no such program.
    pub(super) fn start(
        command: &mut Command,
        missing: impl FnOnce(String) -> Problem,
    ) -> Result<Group, Problem> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        match command.process_group(0).spawn() {
            Ok(child) => Ok(Group { child, program }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(missing(format!("{program}: {error}")))
            }
            Err(error) => Err(Problem::new(format!("{program} cannot be started")).because(error)),
        }
    }

    /// Hears what it says on both streams, and waits for its end.
    pub(super) async fn heard(mut self, transcript: &Transcript<'_>) -> Result<ExitStatus, Problem> {
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        tokio::try_join!(transcript.hear(stdout), transcript.hear(stderr))
            .map_err(|error| self.unreadable(error))?;
        self.ended().await
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Result<ExitStatus, Problem> {
        let program = &self.program;
        let ended = self.child.wait().await;
        ended.map_err(|error| Problem::new(format!("{program} cannot be waited for")).because(error))
    }

    /// The process, to take its streams.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// What is said where its streams break.
    pub(super) fn unreadable(&self, error: io::Error) -> Problem {
        Problem::new(format!("what {} says cannot be read", self.program)).because(error)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // `id` is None once it was waited for: its number may be another's by then.
        let group =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // It fails only when the group is gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
