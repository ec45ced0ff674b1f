//! `callboard local` and what follows it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `callboard local`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Local {
    /// The loopback port; the one used last if left out and free, else any
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// What to do with it, instead of running it
    #[command(subcommand)]
    pub command: Option<LocalCommand>,
}

/// What is asked of the local cloud, or of its folder.
#[derive(Debug, Clone, Subcommand)]
pub enum LocalCommand {
    /// Have the local cloud fail on purpose: errors, throttling, cut and held connections, late log events (docs/faults.md)
    Faults(Faults),
    /// Show what it keeps on disk, and whether it runs
    Status {
        /// One JSON document on stdout
        #[arg(long)]
        json: bool,
    },
    /// Remove what nothing uses: images that no repository names, unpacked images that no function runs
    Prune(LocalPrune),
    /// Start over: everything in the local account goes
    Reset(LocalReset),
}

/// `callboard local prune`
#[derive(Debug, Clone, Args)]
pub struct LocalPrune {
    /// Also the oldest log events, so that so many MB stay
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(..=1_048_576))]
    pub logs: Option<u64>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// `callboard local reset`
#[derive(Debug, Clone, Args)]
pub struct LocalReset {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// `callboard local faults`
#[derive(Debug, Clone, Args)]
pub struct Faults {
    /// `list` if left out
    #[command(subcommand)]
    pub command: Option<FaultsCommand>,
}

/// What to do with the rules.
#[derive(Debug, Clone, Subcommand)]
pub enum FaultsCommand {
    /// Show the rules, the delivery of log events and the calls that came
    List {
        /// One JSON document on stdout
        #[arg(long)]
        json: bool,
    },
    /// Replace the rules and the delivery of log events
    Set {
        /// A JSON list of rules, or a document with `rules` and `delivery`
        #[arg(value_name = "FAULTS.json")]
        file: PathBuf,
    },
    /// Take all rules away, and have log events come at once
    Clear,
}
