use clap::Args;

use super::Stages;
use super::logs::{When, pointed, when};
use crate::logs::invocations;
use crate::logs::query::Query;

/// `callboard invocations`
#[derive(Debug, Clone, Args)]
pub struct Invocations {
    /// Which stage
    #[arg(value_enum, default_value_t = Stages::Both)]
    pub stages: Stages,
    /// From when on: so long ago (90s, 15m, 1h, 2d), or a time (2026-11-22T12:00:00Z)
    #[arg(long, value_name = "WHEN", default_value = "15m", value_parser = when)]
    pub since: When,
    /// Until when; now if left out
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub until: Option<When>,
    /// What an invocation must be: text, /regex/, status>=500, duration>1000, outcome:timeout, cold:true, request:ID
    #[arg(long, value_name = "QUERY", default_value = "", hide_default_value = true, value_parser = query, allow_hyphen_values = true)]
    pub filter: Query,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// The figures of each stage instead of its invocations
    #[arg(long)]
    pub summary: bool,
}

fn query(text: &str) -> Result<Query, String> {
    invocations::ask(text).map_err(|mistake| pointed(text, &mistake))
}
