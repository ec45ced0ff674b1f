//! Log groups and their events.

use super::fault::Call;
use super::log_events::TakeEvents;
use super::permit::Permit;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{LogLine, StageName};

/// Which events of a log group are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRange<'a> {
    /// The log group's name.
    pub group: &'a str,
    /// From this time on, inclusive, epoch milliseconds.
    pub start_ms: i64,
    /// Up to this time, inclusive, epoch milliseconds; without one up to the newest.
    pub end_ms: Option<i64>,
    /// Pages begin with the newest event rather than with the oldest.
    pub newest_first: bool,
}

impl LogRange<'_> {
    /// All events of `group` from `start_ms` on, oldest first.
    pub fn from(group: &str, start_ms: i64) -> LogRange<'_> {
        LogRange { group, start_ms, end_ms: None, newest_first: false }
    }
}

/// One page of a log group's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// Sorted by time, in the order that was asked for; a page may be empty although more follow.
    pub events: Vec<LogEvent>,
    /// There is more: ask again with this.
    pub next_token: Option<String>,
    /// `false` before the function's first invocation: then there is nothing to read yet.
    pub group_exists: bool,
}

/// One event as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Epoch milliseconds, as the service stamped it.
    pub timestamp_ms: i64,
    /// Epoch milliseconds of its arrival at CloudWatch.
    pub ingested_ms: i64,
    /// Unique in the group.
    pub event_id: String,
    /// Log stream.
    pub stream: String,
    /// Foreign text, control characters and all.
    pub message: String,
}

impl LogEvent {
    /// As a line of the stage whose log group it came from.
    pub(crate) fn into_line(self, stage: StageName) -> LogLine {
        LogLine {
            stage,
            timestamp_ms: self.timestamp_ms,
            ingested_ms: self.ingested_ms,
            event_id: self.event_id,
            stream: self.stream,
            message: self.message,
        }
    }
}

impl Cloud {
    pub(super) fn group_call(&self, action: &'static str, doing: &str, group: &str) -> Call<'static> {
        let account = self.inner.identity.get().map_or("*", |identity| identity.account.as_str());
        let arn = format!("arn:aws:logs:{}:{account}:log-group:{group}:*", self.region());
        Call::new(action, arn, format!("{doing} {group}"))
    }

    /// How many bytes a log group holds; `None` when there is no such group.
    pub(crate) async fn log_group_size(&self, group: &str) -> Result<Option<u64>, Fault> {
        let call = self.inner.logs.describe_log_groups().log_group_name_prefix(group).limit(50);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.group_call("logs:DescribeLogGroups", "look for the log group", group), error)
        })?;
        let found = answer.log_groups.unwrap_or_default();
        let found = found.into_iter().find(|one| one.log_group_name.as_deref() == Some(group));
        Ok(found
            .map(|group| group.stored_bytes.and_then(|size| u64::try_from(size).ok()).unwrap_or_default()))
    }

    /// Deletes a log group with its lines; one that is gone already is as good.
    pub(crate) async fn delete_log_group(&self, permit: &Permit<'_>, group: &str) -> Result<(), Fault> {
        let call = self.inner.logs.delete_log_group().log_group_name(group);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.group_call("logs:DeleteLogGroup", "delete the log group", group), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(()),
            other => other?,
        };
        permit.did(&["logs", "delete-log-group", "--log-group-name", group]);
        Ok(())
    }

    /// One page of FilterLogEvents. Go on with `next_token` until there is none, even past empty pages. All that this
    /// process reads shares one rate under the region's quota: a call may wait for its turn.
    pub async fn log_page(&self, range: &LogRange<'_>, token: Option<String>) -> Result<LogPage, Fault> {
        self.inner.log_reads.next().await;
        let group = range.group;
        let call = self
            .inner
            .logs
            .filter_log_events()
            .log_group_name(group)
            .start_time(range.start_ms)
            .set_end_time(range.end_ms)
            // Left out, it means true (FACTS §5).
            .set_start_from_head(range.newest_first.then_some(false))
            .set_next_token(token);
        let take = TakeEvents::default();
        let answer = Box::pin(call.customize().interceptor(take.clone()).send()).await.map_err(|error| {
            self.fault(self.group_call("logs:FilterLogEvents", "read the log group", group), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => {
                return Ok(LogPage { events: Vec::new(), next_token: None, group_exists: false });
            }
            other => other?,
        };
        let mut answer = take.answer();
        let next_token = answer.next_token.take();
        Ok(LogPage { events: answer.into_events(), next_token, group_exists: true })
    }
}
