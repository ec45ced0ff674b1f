//! CloudWatch Logs Insights: queries that AWS carries out.

use std::ops::Range;

use aws_sdk_cloudwatchlogs::operation::start_query::StartQueryError;
use aws_sdk_cloudwatchlogs::types::{QueryStatistics, QueryStatus};

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{Problem, one_line};

/// A query as it is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InsightsQuery<'a> {
    /// In Logs Insights QL.
    pub(crate) text: &'a str,
    /// The names of the log groups.
    pub(crate) groups: &'a [String],
    /// Epoch seconds, both inclusive.
    pub(crate) start_s: i64,
    /// Epoch seconds, inclusive.
    pub(crate) end_s: i64,
    /// How many rows at most.
    pub(crate) limit: Option<i32>,
}

/// What AWS does not understand in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryMistake {
    /// In AWS's words.
    pub(crate) message: String,
    /// Where, in characters of the query, where AWS says so.
    pub(crate) at: Option<Range<usize>>,
}

/// Why a query was not started.
#[derive(Debug, Clone)]
pub(crate) enum NotStarted {
    /// This log group does not exist; none was asked.
    NoGroup(String),
    /// It cannot be read.
    Mistake(QueryMistake),
    /// Anything else.
    Other(Problem),
}

/// Where a query stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryState {
    /// It waits for its turn.
    Scheduled,
    /// It is at work.
    Running,
    /// All rows are there.
    Complete,
    /// AWS could not carry it out.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// It took longer than AWS lets it take.
    TimedOut,
    /// AWS says something that is not known here.
    Unknown,
}

/// What a query has read so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct QueryFigures {
    /// Events that its filters let through.
    pub(crate) matched: f64,
    /// Events that were read.
    pub(crate) scanned: f64,
    /// Bytes of them: what AWS bills by.
    pub(crate) bytes: f64,
}

/// One page of what a query found: partial while it runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueryPage {
    pub(crate) state: QueryState,
    pub(crate) figures: QueryFigures,
    /// The fields of each row and their values: foreign text.
    pub(crate) rows: Vec<Vec<(String, String)>>,
    /// There is more: ask again with this.
    pub(crate) next_token: Option<String>,
}

impl Cloud {
    /// Starts a query over its log groups and gives its id.
    pub(crate) async fn start_query(&self, query: &InsightsQuery<'_>) -> Result<String, NotStarted> {
        let call = self
            .inner
            .logs
            .start_query()
            .query_string(query.text)
            .set_log_group_names(Some(query.groups.to_vec()))
            .start_time(query.start_s)
            .end_time(query.end_s)
            .set_limit(query.limit);
        let first = query.groups.first().map(String::as_str).unwrap_or_default();
        let error = match Box::pin(call.send()).await {
            Ok(answer) => {
                return answer.query_id.ok_or_else(|| {
                    NotStarted::Other(
                        Problem::new("could not query the logs").because("AWS gave no id of the query"),
                    )
                });
            }
            Err(error) => error,
        };
        if let Some(StartQueryError::MalformedQueryException(malformed)) = error.as_service_error() {
            return Err(NotStarted::Mistake(mistake(malformed)));
        }
        let missing = match error.as_service_error() {
            Some(StartQueryError::ResourceNotFoundException(missing)) => {
                missing_group(missing.message().unwrap_or_default(), query.groups)
            }
            _ => None,
        };
        match missing {
            Some(group) => Err(NotStarted::NoGroup(group)),
            None => {
                let call = self.group_call("logs:StartQuery", "query the log group", first);
                Err(NotStarted::Other(self.fault(call, error).problem))
            }
        }
    }

    /// What a query has found so far, or a page of all that it found.
    pub(crate) async fn query_results(&self, id: &str, token: Option<String>) -> Result<QueryPage, Fault> {
        let call = self.inner.logs.get_query_results().query_id(id).set_next_token(token);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(Call::new("logs:GetQueryResults", "*", "read the results of the query"), error)
        })?;
        let state = match answer.status {
            Some(QueryStatus::Scheduled) => QueryState::Scheduled,
            Some(QueryStatus::Running) => QueryState::Running,
            Some(QueryStatus::Complete) => QueryState::Complete,
            Some(QueryStatus::Failed) => QueryState::Failed,
            Some(QueryStatus::Cancelled) => QueryState::Cancelled,
            Some(QueryStatus::Timeout) => QueryState::TimedOut,
            _ => QueryState::Unknown,
        };
        let rows = answer.results.unwrap_or_default().into_iter().map(|row| {
            let fields = row.into_iter();
            fields.map(|one| (one.field.unwrap_or_default(), one.value.unwrap_or_default())).collect()
        });
        Ok(QueryPage {
            state,
            figures: figures(answer.statistics.as_ref()),
            rows: rows.collect(),
            next_token: answer.next_token,
        })
    }

    /// Stops a query, so that it scans no more. One that has ended already is as good.
    pub(crate) async fn stop_query(&self, id: &str) -> Result<(), Problem> {
        let call = self.inner.logs.stop_query().query_id(id);
        let answer = Box::pin(call.send()).await;
        let error = match answer {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let over = error.as_service_error().is_some_and(|error| error.is_invalid_parameter_exception());
        let fault = self.fault(Call::new("logs:StopQuery", "*", "stop the query"), error);
        if over || fault.kind == FaultKind::NotFound { Ok(()) } else { Err(fault.problem) }
    }
}

fn figures(statistics: Option<&QueryStatistics>) -> QueryFigures {
    statistics.map_or(QueryFigures::default(), |figures| QueryFigures {
        matched: figures.records_matched,
        scanned: figures.records_scanned,
        bytes: figures.bytes_scanned,
    })
}

fn mistake(error: &aws_sdk_cloudwatchlogs::types::error::MalformedQueryException) -> QueryMistake {
    let compile_error = error.query_compile_error();
    let message = compile_error.and_then(|inner| inner.message()).or(error.message()).unwrap_or_default();
    // What the service behind the API adds for its own people.
    let message = message.split(" (Service: ").next().unwrap_or_default();
    let at = compile_error.and_then(|inner| inner.location()).and_then(|location| {
        let start = usize::try_from(location.start_char_offset()?).ok()?;
        let end = location.end_char_offset().and_then(|end| usize::try_from(end).ok()).unwrap_or(start);
        Some(start..end.max(start))
    });
    QueryMistake { message: one_line(message, 800), at }
}

/// AWS names one: "Log group 'NAME' does not exist for account ID …" (FACTS §5). With one group it can be no other.
fn missing_group(message: &str, groups: &[String]) -> Option<String> {
    let named = groups.iter().find(|group| message.contains(&format!("'{group}'")));
    match groups {
        [only] => Some(only.clone()),
        _ => named.cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_group_is_the_one_that_is_named() {
        let groups = ["/aws/lambda/hello-stage".to_owned(), "/aws/lambda/hello-prod".to_owned()];
        let message =
            "Log group '/aws/lambda/hello-prod' does not exist for account ID '1' (Service: AWSLogs)";
        assert_eq!(missing_group(message, &groups).as_deref(), Some("/aws/lambda/hello-prod"));
        assert_eq!(missing_group("something else", &groups), None);
        assert_eq!(missing_group("something else", &groups[..1]).as_deref(), Some("/aws/lambda/hello-stage"));
    }
}
