//! The command line: types only.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::StageName;
use crate::settings::CloudKind;
use crate::view::ThemeName;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, or not confirmed
  2  the command line is wrong, or a confirmation cannot be asked for
  3  checks failed
  4  `plan` found changes";

/// The console for one API service on AWS Lambda and API Gateway. Without a command: the terminal screen.
#[derive(Debug, Parser)]
#[command(name = "callboard", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Which cloud to operate, instead of what callboard.toml says
    #[arg(long, global = true, value_name = "local|aws", value_parser = cloud_kind)]
    pub cloud: Option<CloudKind>,
    /// AWS profile
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// The settings, instead of the nearest callboard.toml upward from here
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Start the local cloud empty: deletes what it holds
    #[arg(long, global = true)]
    pub fresh: bool,
    /// Change nothing in the cloud, whatever is asked
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Colours of the terminal screen; the environment variable NO_COLOR turns them off
    #[arg(long, global = true, value_enum, default_value_t = ThemeName::Dark)]
    pub theme: ThemeName,
}

/// What to do without the terminal screen.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Build, push and deploy the service to a stage, and check it
    Deploy(Deploy),
    /// Say what a deploy would change, and change nothing (exit code 4 when there is something)
    Plan(Plan),
    /// Run the smoke and CORS checks (exit code 3 when one fails)
    Check(Check),
    /// Say what runs where
    Status(Status),
    /// Run the local cloud in the foreground, for the AWS CLI and other clients
    Local(Local),
    /// List the changes that were made from this folder
    Journal(Journal),
    /// Write a shell completion script
    Completions(Completions),
}

/// `callboard deploy`
#[derive(Debug, Clone, Args)]
pub struct Deploy {
    /// stage or prod
    pub stage: StageName,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// One JSON document on stdout; progress goes to stderr
    #[arg(long)]
    pub json: bool,
}

/// `callboard plan`
#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// stage or prod
    pub stage: StageName,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// `callboard check`
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Which stage
    #[arg(value_enum)]
    pub stages: Stages,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// `callboard status`
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// `callboard local`
#[derive(Debug, Clone, Args)]
pub struct Local {
    /// The loopback port; the one used last if left out and free, else any
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
}

/// `callboard journal`
#[derive(Debug, Clone, Args)]
pub struct Journal {
    /// How many of the newest changes
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// `callboard completions`
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// One stage or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stages {
    /// Where a change is tried
    Stage,
    /// What customers use
    Prod,
    /// Both
    Both,
}

impl Stages {
    /// The stages that are meant.
    pub fn names(self) -> &'static [StageName] {
        match self {
            Stages::Stage => &[StageName::Stage],
            Stages::Prod => &[StageName::Prod],
            Stages::Both => &StageName::ALL,
        }
    }
}

fn cloud_kind(text: &str) -> Result<CloudKind, String> {
    [CloudKind::Local, CloudKind::Aws]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| "it is `local` or `aws`".to_owned())
}
