use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Stages;
use crate::domain::CheckKind;

/// `callboard check`
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Which stage
    #[arg(value_enum)]
    pub stages: Stages,
    /// Only these: gateway, smoke, cors, docs (all if left out)
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = check_kind)]
    pub only: Vec<CheckKind>,
    /// Run again and again, so long apart (30s, 5m), until Ctrl-C
    #[arg(long, value_name = "TIME", value_parser = pause)]
    pub every: Option<Duration>,
    /// Write a JUnit report to this file too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// One JSON document on stdout; with --every one line a run
    #[arg(long)]
    pub json: bool,
}

fn check_kind(text: &str) -> Result<CheckKind, String> {
    CheckKind::ALL
        .into_iter()
        .find(|kind| kind.title().eq_ignore_ascii_case(text))
        .ok_or_else(|| "one of gateway, smoke, cors, docs".to_owned())
}

fn pause(text: &str) -> Result<Duration, String> {
    let wrong = || "a time such as 30s or 5m, 1 second at least".to_owned();
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).ok().filter(|time| *time >= Duration::from_secs(1)).ok_or_else(wrong)
}
