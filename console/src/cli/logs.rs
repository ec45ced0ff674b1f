use clap::{Args, Subcommand};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::{LogsQuery, Stages};
use crate::domain::plain;
use crate::logs::query::{Mistake, Query};

/// `callboard logs`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Logs {
    /// What to do; without it lines are printed.
    #[command(subcommand)]
    pub command: Option<LogsCommand>,
    /// Which stage
    #[arg(value_enum, default_value_t = Stages::Both)]
    pub stages: Stages,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, conflicts_with = "until")]
    pub follow: bool,
    /// From when on: so long ago (90s, 15m, 1h, 2d), or a time (2026-11-22T12:00:00Z)
    #[arg(long, value_name = "WHEN", default_value = "15m", value_parser = when)]
    pub since: When,
    /// Until when; now if left out
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub until: Option<When>,
    /// What a line must be: text, "a phrase", -text, /regex/, field:value, duration>500, level>=warn, request:ID
    #[arg(long, value_name = "QUERY", default_value = "", hide_default_value = true, allow_hyphen_values = true, value_parser = query)]
    pub filter: Query,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Show what looks like a password, a token or a key
    #[arg(long)]
    pub no_mask: bool,
    /// Leave out the markers of deploys
    #[arg(long)]
    pub no_markers: bool,
}

/// What else to do with the logs.
#[derive(Debug, Clone, Subcommand)]
pub enum LogsCommand {
    /// Ask CloudWatch Logs Insights, which searches and counts at AWS what is too much to page; AWS bills by what it scans
    Query(LogsQuery),
}

/// A point of time, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So long ago.
    Ago(SignedDuration),
    /// Then.
    At(Timestamp),
}

impl When {
    /// The point of time that is meant, epoch milliseconds.
    pub fn milliseconds(self, now: Timestamp) -> i64 {
        match self {
            When::Ago(ago) => {
                now.as_millisecond().saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)).max(0)
            }
            When::At(at) => at.as_millisecond().max(0),
        }
    }
}

pub(super) fn when(text: &str) -> Result<When, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(When::At(at));
    }
    let ago = text.parse::<Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    match ago {
        Ok(ago) if ago.is_positive() => Ok(When::Ago(ago)),
        _ => Err("so long ago (90s, 15m, 1h, 2d), or a time such as 2026-11-22T12:00:00Z".to_owned()),
    }
}

fn query(text: &str) -> Result<Query, String> {
    Query::parse(text).map_err(|mistake| pointed(text, &mistake))
}

/// What is wrong with a query, and the query with what is wrong pointed at.
pub(super) fn pointed(text: &str, mistake: &Mistake) -> String {
    let columns = |text: &str| text.chars().count();
    let before = columns(text.get(..mistake.at.start).unwrap_or_default());
    let wrong = columns(text.get(mistake.at.clone()).unwrap_or_default()).max(1);
    let message = &mistake.message;
    format!("{message}\n\n  {}\n  {}{}", plain(text), " ".repeat(before), "^".repeat(wrong))
}
