//! Logs Insights: queries that are started, asked after, and stopped.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{bad_token, group, invalid, kept_since, name_of};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::insights::{self, Mistake};
use crate::queries::{Group, MOST_AT_ONCE, NotStopped, Standing, Status, Wanted};
use crate::services::paging::page;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Answer, Call, Service};

/// The only language that is offered: Logs Insights QL.
const LANGUAGE: &str = "CWLI";
/// Log groups of one query, characters of one, and rows of one, at most (StartQuery, botocore's model).
const MOST_GROUPS: usize = 50;
const MOST_CHARACTERS: usize = 10_000;
const MOST_ROWS: usize = 100_000;
/// Rows of one page of GetQueryResults, and queries of one of DescribeQueries, at most.
const PAGE_ROWS: usize = 10_000;
const PAGE_QUERIES: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    query_language: Option<String>,
    log_group_name: Option<String>,
    log_group_names: Option<Vec<String>>,
    log_group_identifiers: Option<Vec<String>>,
    start_time: i64,
    end_time: i64,
    query_string: String,
    limit: Option<i64>,
}

/// Both ends of the time range are inclusive, in seconds [FACTS §5].
pub(super) fn start(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Start = call.input()?;
    language(call, input.query_language.as_deref())?;
    let names = match (input.log_group_name, input.log_group_names, input.log_group_identifiers) {
        (Some(name), None, None) => vec![name],
        (None, Some(names), None) => names,
        (None, None, Some(identifiers)) => identifiers
            .into_iter()
            .map(|identifier| name_of(None, Some(identifier)))
            .collect::<Result<_, _>>()?,
        _ => {
            return Err(invalid(
                "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified",
            ));
        }
    };
    if names.is_empty() || names.len() > MOST_GROUPS {
        return Err(invalid(format!("A query reads 1 to {MOST_GROUPS} log groups")));
    }
    if input.query_string.chars().count() > MOST_CHARACTERS {
        let constraint = format!("Member must have length less than or equal to {MOST_CHARACTERS}");
        return Err(Fault::validations(Service::Logs, &[broken("queryString", "…", &constraint)]));
    }
    if input.start_time < 0 || input.end_time < input.start_time {
        return Err(invalid("The time range is not one: startTime must not be behind endTime, nor below 0"));
    }
    let limit = input.limit.map(|limit| number(Some(limit), "limit", MOST_ROWS)).transpose()?;
    let (state, now) = (cloud.world.snapshot(), now_ms());
    let mut groups: Vec<Group> = Vec::new();
    for name in names {
        let since = kept_since(group(&state, &name).map_err(|_| no_group(&name))?, now);
        if !groups.iter().any(|known| *known.name == *name) {
            groups.push(Group { name: name.into(), since });
        }
    }
    let query = insights::compile(&input.query_string).map_err(malformed)?;
    let sources: Vec<String> = groups.iter().map(|group| format!("\"{}\"", group.name)).collect();
    let text = format!(
        "SOURCE {} START={}000 END={}999 | {}",
        sources.join(", "),
        input.start_time,
        input.end_time,
        input.query_string
    );
    let wanted = Wanted {
        groups,
        start: input.start_time.saturating_mul(1000),
        end: input.end_time.saturating_mul(1000).saturating_add(999),
        text,
        query,
        limit,
    };
    match cloud.queries.start(cloud.events.clone(), wanted, now) {
        Some(id) => Ok(Answer::ok(json!({ "queryId": id }))),
        None => Err(Fault::new(
            400,
            "LimitExceededException",
            format!("Account maximum query concurrency of [{MOST_AT_ONCE}] reached."),
        )),
    }
}

fn language(call: &Call, asked: Option<&str>) -> Result<(), Fault> {
    match asked {
        None | Some(LANGUAGE) => Ok(()),
        Some(_) => Err(call.parameter_not_offered("a queryLanguage other than CWLI")),
    }
}

/// A number of items between 1 and `most`; `most` unless asked.
fn number(wanted: Option<i64>, member: &str, most: usize) -> Result<usize, Fault> {
    let Some(wanted) = wanted else { return Ok(most) };
    match usize::try_from(wanted) {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => {
            let constraint = format!("Member must have value between 1 and {most}");
            Err(Fault::validations(Service::Logs, &[broken(member, &wanted.to_string(), &constraint)]))
        }
    }
}

/// What the service behind the API adds to its errors, as recorded.
fn suffix(code: &str) -> String {
    let id = uuid::Uuid::new_v4();
    format!("(Service: AWSLogs; Status Code: 400; Error Code: {code}; Request ID: {id}; Proxy: null)")
}

fn no_group(name: &str) -> Fault {
    let code = "ResourceNotFoundException";
    let account = account::ACCOUNT_ID;
    let suffix = suffix(code);
    Fault::new(400, code, format!("Log group '{name}' does not exist for account ID '{account}' {suffix}"))
}

fn malformed(mistake: Mistake) -> Fault {
    let code = "MalformedQueryException";
    let Mistake { at, message } = mistake;
    let error = json!({
        "location": { "startCharOffset": at.start, "endCharOffset": at.end },
        "message": message,
    });
    Fault::new(400, code, format!("{message} {}", suffix(code))).with("queryCompileError", error)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    query_id: String,
    next_token: Option<String>,
    max_items: Option<i64>,
}

/// While a query runs, the rows that are certain already; once it has ended, its rows in pages.
pub(super) fn results(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Results = call.input()?;
    let most = number(input.max_items, "maxItems", PAGE_ROWS)?;
    let from = match input.next_token.as_deref() {
        None => 0,
        Some(token) => read_token(token).ok_or_else(bad_token)?,
    };
    let (query, rows, all) = cloud.queries.results(&input.query_id, from, most).ok_or_else(unknown)?;
    let row = |row: &insights::Row| {
        row.iter().map(|(field, value)| json!({ "field": &**field, "value": &**value })).collect::<Vec<_>>()
    };
    let mut members = json!({
        "queryLanguage": LANGUAGE,
        "results": rows.iter().map(row).collect::<Vec<_>>(),
        "statistics": {
            "recordsMatched": query.figures.matched as f64,
            "recordsScanned": query.figures.scanned as f64,
            "estimatedRecordsSkipped": 0.0,
            "bytesScanned": query.figures.bytes as f64,
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": query.groups.len() as f64,
        },
        "status": query.status.as_str(),
    });
    let next = from + rows.len();
    if query.status == Status::Complete && next < all {
        members["nextToken"] = URL_SAFE_NO_PAD.encode(next.to_string()).into();
    }
    Ok(Answer::ok(members))
}

fn read_token(token: &str) -> Option<usize> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?.parse().ok()
}

fn unknown() -> Fault {
    Fault::new(400, "ResourceNotFoundException", "The specified query does not exist.")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    query_id: String,
}

pub(super) fn stop(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Stop = call.input()?;
    match cloud.queries.stop(&input.query_id) {
        Ok(()) => Ok(Answer::ok(json!({ "success": true }))),
        Err(NotStopped::Unknown) => Err(unknown()),
        Err(NotStopped::Ended(status)) => {
            Err(invalid(format!("Query is already ended with {} status.", status.as_str())))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name: Option<String>,
    status: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    query_language: Option<String>,
}

pub(super) fn describe(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Describe = call.input()?;
    language(call, input.query_language.as_deref())?;
    let status = match input.status.as_deref() {
        None => None,
        Some(name) => {
            let known = Status::ALL.into_iter().find(|status| status.as_str() == name);
            let constraint = "Member must be one of the statuses of a query";
            let fault = || Fault::validations(Service::Logs, &[broken("status", name, constraint)]);
            Some(known.ok_or_else(fault)?)
        }
    };
    let most = number(input.max_results, "maxResults", PAGE_QUERIES)?;
    let asked = |query: &Standing| {
        status.is_none_or(|status| status == query.status)
            && input
                .log_group_name
                .as_deref()
                .is_none_or(|name| query.groups.iter().any(|group| **group == *name))
    };
    let all = cloud.queries.all();
    // The newest has the least key.
    let key = |query: &&Standing| format!("{:020}", u64::MAX - query.number);
    let page = page(all.iter().filter(|query| asked(query)), key, input.next_token.as_deref(), most)
        .ok_or_else(bad_token)?;
    let mut members = Map::new();
    members.insert("queries".to_owned(), page.items.into_iter().map(described).collect());
    if let Some(next) = page.next {
        members.insert("nextToken".to_owned(), next.into());
    }
    Ok(Answer::ok(Value::Object(members)))
}

fn described(query: &Standing) -> Value {
    let mut members = json!({
        "createTime": query.created,
        "queryId": query.id,
        "queryLanguage": LANGUAGE,
        "queryString": query.text,
        "status": query.status.as_str(),
    });
    if let [only] = query.groups.as_slice() {
        members["logGroupName"] = (**only).into();
    }
    members
}
