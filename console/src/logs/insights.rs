//! A query that CloudWatch Logs Insights carries out over the log groups of the stages.

use std::time::Duration;

use crate::cloud::{
    Cloud, FaultKind, InsightsQuery, NotStarted, QueryFigures, QueryMistake, QueryPage, QueryState,
};
use crate::domain::{Problem, StageName};

/// Between two looks at a query: at first, and at most. GetQueryResults may be called 10 times a second for each account and
/// region (FACTS §5), and others look at their queries too.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How many looks in a row may go wrong before the query is given up.
const PATIENCE: u32 = 5;

/// The field that says which log group an event is from.
pub(crate) const GROUP_FIELD: &str = "@log";

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// In Logs Insights QL.
    pub(crate) text: String,
    /// The stages and their log groups.
    pub(crate) stages: Vec<(StageName, String)>,
    /// Epoch seconds, inclusive.
    pub(crate) start_s: i64,
    /// Epoch seconds, inclusive.
    pub(crate) end_s: i64,
    /// How many rows at most.
    pub(crate) limit: Option<i32>,
}

/// A query at work.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) id: String,
    /// The stages that it asks, and their log groups.
    pub(crate) stages: Vec<(StageName, String)>,
    /// [`GROUP_FIELD`] is in the rows although nobody asked for it.
    pub(crate) group_added: bool,
}

/// What became of starting a query.
#[derive(Debug)]
pub(crate) enum Start {
    /// It is at work.
    Started(Started),
    /// None of the stages has a log group.
    NoLogs,
    /// AWS does not understand it.
    Mistake(QueryMistake),
}

/// All that a query found, or what it had found when it ended too early.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) state: QueryState,
    pub(crate) figures: QueryFigures,
    pub(crate) rows: Vec<Vec<(String, String)>>,
}

/// Starts a query over all stages at once; those without a log group are told to `missing` and left out, because AWS refuses
/// the whole query for one of them.
pub(crate) async fn start(
    cloud: &Cloud,
    asked: &Asked,
    missing: &mut (dyn FnMut(StageName) + Send),
) -> Result<Start, Problem> {
    let mut stages = asked.stages.clone();
    let mut with_group = with_group(&asked.text);
    loop {
        let groups: Vec<String> = stages.iter().map(|(_, group)| group.clone()).collect();
        let added = with_group.as_deref().filter(|_| groups.len() > 1);
        let query = InsightsQuery {
            text: added.unwrap_or(&asked.text),
            groups: &groups,
            start_s: asked.start_s,
            end_s: asked.end_s,
            limit: asked.limit,
        };
        match cloud.start_query(&query).await {
            Ok(id) => {
                let group_added = added.is_some();
                return Ok(Start::Started(Started { id, stages, group_added }));
            }
            Err(NotStarted::NoGroup(group)) => {
                stages.retain(|(stage, known)| {
                    let gone = *known == group;
                    if gone {
                        missing(*stage);
                    }
                    !gone
                });
                if stages.is_empty() {
                    return Ok(Start::NoLogs);
                }
            }
            // It may be what was added that AWS does not like here; and places are those of the query as it was given.
            Err(NotStarted::Mistake(_)) if added.is_some() => with_group = None,
            Err(NotStarted::Mistake(mistake)) => return Ok(Start::Mistake(mistake)),
            Err(NotStarted::Other(problem)) => return Err(problem),
        }
    }
}

/// The query with the log group in front of its fields, where each row is an event: so that it can be told of which stage
/// each is. `None` where rows are something else, and where the group is asked for already.
fn with_group(text: &str) -> Option<String> {
    let commands: Vec<String> = text
        .split('|')
        .filter_map(|command| {
            let lines = command.lines().map(str::trim);
            let first = lines.clone().find(|line| !line.is_empty() && !line.starts_with('#'))?;
            first.split(|c: char| !c.is_alphanumeric()).next().map(str::to_ascii_lowercase)
        })
        .collect();
    let one_for_each_event = !commands.iter().any(|command| {
        // What stands behind a | in quotes may look like a command too: then nothing is added.
        ["stats", "display", "pattern", "diff", "anomaly", "join", "lookup", "unnest", "source"]
            .contains(&command.as_str())
    });
    if !one_for_each_event || text.contains(GROUP_FIELD) {
        return None;
    }
    // Without any `fields`, AWS gives these two.
    let usual =
        if commands.iter().any(|command| command == "fields") { "" } else { ", @timestamp, @message" };
    Some(format!("fields {GROUP_FIELD}{usual} | {text}"))
}

/// Looks at a query until it has ended, telling how far it is, and gives its rows.
pub(crate) async fn follow(
    cloud: &Cloud,
    id: &str,
    tell: &mut (dyn FnMut(QueryState, QueryFigures) + Send),
) -> Result<Found, Problem> {
    let mut pause = FIRST_PAUSE;
    let page = loop {
        let page = look(cloud, id, None).await?;
        tell(page.state, page.figures);
        if !matches!(page.state, QueryState::Scheduled | QueryState::Running) {
            break page;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    };
    let QueryPage { state, figures, mut rows, mut next_token } = page;
    while let Some(token) = next_token {
        let page = look(cloud, id, Some(token)).await?;
        rows.extend(page.rows);
        next_token = page.next_token;
    }
    Ok(Found { state, figures, rows })
}

/// One page. A look that AWS throttles or does not answer is repeated: the query goes on meanwhile.
async fn look(cloud: &Cloud, id: &str, token: Option<String>) -> Result<QueryPage, Problem> {
    let mut failures = 0;
    loop {
        match cloud.query_results(id, token.clone()).await {
            Ok(page) => return Ok(page),
            Err(fault) if matches!(fault.kind, FaultKind::Throttled | FaultKind::Unanswered) => {
                failures += 1;
                if failures > PATIENCE {
                    return Err(fault.problem);
                }
                tokio::time::sleep(LONGEST_PAUSE).await;
            }
            Err(fault) => return Err(fault.problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_group_is_asked_for_where_each_row_is_an_event() {
        for (text, with) in [
            ("fields @message | sort @timestamp", Some("fields @log | fields @message | sort @timestamp")),
            (
                "filter @message like /a|b/",
                Some("fields @log, @timestamp, @message | filter @message like /a|b/"),
            ),
            ("# all\n FIELDS a\n| limit 3", Some("fields @log | # all\n FIELDS a\n| limit 3")),
            ("stats count(*) by bin(5m)", None),
            ("fields a\n|\n# not\n Stats count(*)", None),
            ("filter a = 'x | stats'", None),
            ("fields @log, a", None),
            ("display a", None),
        ] {
            assert_eq!(with_group(text).as_deref(), with, "{text}");
        }
    }
}
