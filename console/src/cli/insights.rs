use clap::Args;

use super::logs::when;
use super::{Stages, When};

/// `callboard logs query`
#[derive(Debug, Clone, Args)]
pub struct LogsQuery {
    /// What is asked, in the query language of Logs Insights: 'filter @type = "REPORT" | stats avg(@duration) by bin(5m)'
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub query: String,
    /// Which stage; both are asked in one query
    #[arg(value_enum, default_value_t = Stages::Both)]
    pub stages: Stages,
    /// From when on: so long ago (90s, 15m, 1h, 2d), or a time (2026-11-22T12:00:00Z)
    #[arg(long, value_name = "WHEN", default_value = "1h", value_parser = when)]
    pub since: When,
    /// Until when; now if left out
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub until: Option<When>,
    /// How many rows at most, where the query has no `limit` of its own; AWS gives 10000 if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=100_000))]
    pub limit: Option<i32>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Show what looks like a password, a token or a key
    #[arg(long)]
    pub no_mask: bool,
}
