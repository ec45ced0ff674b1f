//! What the image is built from, as git tells it.

use std::path::Path;
use std::process::Stdio;

use serde::Serialize;
use tokio::process::Command;

use crate::domain::one_line;

/// The state of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Abbreviated commit; `None` outside a git repository, without git, and before the first commit.
    pub commit: Option<String>,
    /// Whether there are changes that are not committed.
    pub dirty: bool,
}

impl Source {
    /// Asks git about the folder.
    pub async fn read(dir: &Path) -> Source {
        let commit = git(dir, &["rev-parse", "--short=10", "HEAD"]).await;
        let dirty = match &commit {
            Some(_) => {
                git(dir, &["status", "--porcelain", "--", "."]).await.is_none_or(|text| !text.is_empty())
            }
            None => false,
        };
        Source { commit, dirty }
    }

    /// As it goes into the function's stamp: the commit, with `+` if there are changes that are not committed.
    pub fn stamp(&self) -> Option<String> {
        self.commit.as_ref().map(|commit| if self.dirty { format!("{commit}+") } else { commit.clone() })
    }
}

async fn git(dir: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()
        .filter(|output| output.status.success())?;
    Some(one_line(&String::from_utf8_lossy(&output.stdout), 100))
}
