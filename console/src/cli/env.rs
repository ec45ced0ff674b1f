use clap::Args;

use super::Stages;

/// `callboard env`
#[derive(Debug, Clone, Args)]
pub struct Env {
    /// Which stage
    #[arg(value_enum, default_value_t = Stages::Both)]
    pub stages: Stages,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
    /// Show the values, of the files and of what is deployed
    #[arg(long)]
    pub reveal: bool,
}
