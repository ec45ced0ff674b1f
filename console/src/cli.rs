//! The command line: types only.

mod check;
mod env;
mod insights;
mod invocations;
mod local;
mod logs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::{Intent, Parts, StageName, Target};
use crate::settings::{Builder, CloudKind};
use crate::view::ThemeName;

pub use check::Check;
pub use env::Env;
pub use insights::LogsQuery;
pub use invocations::Invocations;
pub use local::{Faults, FaultsCommand, Local, LocalCommand, LocalPrune, LocalReset};
pub use logs::{Logs, LogsCommand, When};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, or not confirmed
  2  the command line is wrong, or a confirmation cannot be asked for
  3  checks failed, or the doctor found something to mend
  4  `plan` or --dry-run found changes, or `env` a difference between file and function
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM";

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
    /// Say on leaving the terminal screen how long its frames took
    #[arg(long, global = true)]
    pub frame_times: bool,
}

/// What to do without the terminal screen.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Build, push and deploy the service to a stage, and check it
    Deploy(Deploy),
    /// Give prod the image that stage runs, with prod's own environment; nothing is built
    Promote(Promote),
    /// Give a stage the image and the environment that it ran before
    Rollback(Rollback),
    /// Delete a stage; what the stages share goes with the last one
    Teardown(Teardown),
    /// List the images that the repository holds, and delete old ones
    Images(Images),
    /// Say what a deploy would change, and change nothing (exit code 4 when there is something)
    Plan(Plan),
    /// Look at the gateway, run smoke and CORS checks and look at the documentation (exit code 3 when one fails)
    Check(Check),
    /// Say what runs where
    Status(Status),
    /// Look at settings, credentials, permissions, builder, files and gateway, and say what to mend (exit code 3)
    Doctor(Doctor),
    /// Compare the environment files with what is deployed (exit code 4 when they differ), and say what is wrong with them
    Env(Env),
    /// Print log lines of one stage or both, merged by time; --follow goes on; `logs query` asks Logs Insights
    Logs(Logs),
    /// List the invocations that the logs tell of, with outcome, HTTP status, duration and memory, or their figures
    Invocations(Invocations),
    /// Run the local cloud in the foreground, for the AWS CLI and other clients; look after its folder; have it fail on purpose
    Local(Local),
    /// List the changes that were made from this folder
    Journal(Journal),
    /// Write a shell completion script
    Completions(Completions),
}

/// How a change is confirmed and told.
#[derive(Debug, Clone, Args)]
pub struct Confirmation {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Say what would change, and change nothing (exit code 4 when there is something)
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// One JSON document on stdout; progress goes to stderr
    #[arg(long)]
    pub json: bool,
}

/// `callboard deploy`
#[derive(Debug, Clone, Args)]
pub struct Deploy {
    /// stage or prod
    pub stage: StageName,
    /// Who builds the image, instead of what callboard.toml says
    #[arg(long, value_name = "native|container", value_parser = builder)]
    pub builder: Option<Builder>,
    /// Go back to what ran before when the deploy fails or a check does
    #[arg(long)]
    pub rollback_on_failure: bool,
    /// How it is confirmed and told.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `callboard promote`
#[derive(Debug, Clone, Args)]
pub struct Promote {
    /// Go back to what ran before when the promotion fails or a check does
    #[arg(long)]
    pub rollback_on_failure: bool,
    /// How it is confirmed and told.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `callboard rollback`
#[derive(Debug, Clone, Args)]
pub struct Rollback {
    /// stage or prod
    pub stage: StageName,
    /// `previous`, a version's number, an image's tag or digest; with --gateway a deployment's id
    #[arg(long, value_name = "WHAT", default_value = "previous")]
    pub to: Target,
    /// The image alone; the environment stays
    #[arg(long)]
    pub image_only: bool,
    /// The environment alone; the image stays
    #[arg(long, conflicts_with = "image_only")]
    pub env_only: bool,
    /// The gateway's stage, to an earlier deployment of the API; the function stays
    #[arg(long, conflicts_with_all = ["image_only", "env_only"])]
    pub gateway: bool,
    /// How it is confirmed and told.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

impl Rollback {
    /// What is asked for.
    pub fn intent(&self) -> Intent {
        let stage = self.stage;
        if self.gateway {
            let deployment = match &self.to {
                Target::Previous => None,
                other => Some(other.to_string()),
            };
            return Intent::RollBackGateway { stage, deployment };
        }
        let parts = match (self.image_only, self.env_only) {
            (true, _) => Parts::Image,
            (_, true) => Parts::Env,
            _ => Parts::Both,
        };
        Intent::RollBack { stage, to: self.to.clone(), parts }
    }
}

/// `callboard teardown`
#[derive(Debug, Clone, Args)]
pub struct Teardown {
    /// stage or prod
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub stage: Option<StageName>,
    /// Both stages, the API, the role and the repository with its images
    #[arg(long)]
    pub all: bool,
    /// Delete the log groups too; on a terminal it is asked
    #[arg(long)]
    pub logs: bool,
    /// Keep the log groups, and do not ask
    #[arg(long, conflicts_with = "logs")]
    pub keep_logs: bool,
    /// How it is confirmed and told.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `callboard images`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Images {
    /// What to do; without it the images are listed.
    #[command(subcommand)]
    pub command: Option<ImagesCommand>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// What to do with the images.
#[derive(Debug, Clone, Subcommand)]
pub enum ImagesCommand {
    /// Delete old images; those that a stage runs or ran last are never deleted
    Prune(Prune),
}

/// `callboard images prune`
#[derive(Debug, Clone, Args)]
pub struct Prune {
    /// How many of the newest images are kept
    #[arg(long, value_name = "N")]
    pub keep: usize,
    /// How it is confirmed and told.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `callboard plan`
#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// stage or prod
    pub stage: StageName,
    /// Who builds the image, instead of what callboard.toml says
    #[arg(long, value_name = "native|container", value_parser = builder)]
    pub builder: Option<Builder>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// `callboard doctor`
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
    /// Print the least IAM policy for this service, account and region instead; with --read-only the one for looking only
    #[arg(long, conflicts_with = "json")]
    pub policy: bool,
}

/// `callboard status`
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// `callboard journal`
#[derive(Debug, Clone, Args)]
pub struct Journal {
    /// How many of the newest changes
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
    /// The `aws` commands that would have done the same, below each change
    #[arg(long)]
    pub commands: bool,
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

fn builder(text: &str) -> Result<Builder, String> {
    [Builder::Native, Builder::Container]
        .into_iter()
        .find(|builder| builder.as_str() == text)
        .ok_or_else(|| "it is `native` or `container`".to_owned())
}
