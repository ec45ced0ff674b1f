//! GetMetricData.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{self, Dimension, Range, Time, Truth, Whole};
use super::points::{self, Part, Point};
use super::{Source, invalid, units};
use crate::cloud::Cloud;
use crate::metrics::Statistic;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// How many queries one call may have.
const MOST_QUERIES: usize = 500;
/// How many data points one page has at most.
const MOST_POINTS: i64 = 100_800;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    metric_data_queries: Vec<Query>,
    start_time: Time,
    end_time: Time,
    scan_by: Option<String>,
    next_token: Option<String>,
    max_datapoints: Option<Whole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    id: String,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    return_data: Option<Truth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: MetricName,
    period: Whole,
    stat: String,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricName {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

/// A query that can be carried out.
struct Asked<'a> {
    id: &'a str,
    stat: &'a MetricStat,
    label: Option<&'a str>,
    source: Source,
    /// Seconds.
    period: i64,
    statistic: Statistic,
    /// What there is of it by unit, the one that is told first.
    found: Vec<(String, Vec<super::Part>)>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Input = call.input()?;
    let mut asked = asked(call, &input.metric_data_queries)?;
    Range::between(input.start_time, input.end_time, 60)?;
    for one in &mut asked {
        let range = Range::between(input.start_time, input.end_time, one.period)?;
        one.found = one.source.read(cloud, range, one.period, one.stat.unit.as_deref());
    }
    let ascending = match input.scan_by.as_deref() {
        Some("TimestampAscending") => true,
        None | Some("TimestampDescending") => false,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [TimestampDescending, TimestampAscending]";
            return Err(Fault::validation(Service::CloudWatch, "scanBy", other, constraint));
        }
    };
    let most = match input.max_datapoints {
        None => MOST_POINTS,
        Some(Whole(most @ 1..=MOST_POINTS)) => most,
        Some(Whole(other)) => {
            let constraint = format!("Member must have value between 1 and {MOST_POINTS}, inclusive");
            return Err(Fault::validation(
                Service::CloudWatch,
                "maxDatapoints",
                &other.to_string(),
                &constraint,
            ));
        }
    };
    let place = match input.next_token.as_deref() {
        None => None,
        Some(token) => Some(
            points::read_token(token)
                .ok_or_else(|| Fault::new(400, "InvalidNextToken", "The next token specified is invalid."))?,
        ),
    };
    let read = |query: usize| -> Vec<Point> {
        let one: &Asked<'_> = &asked[query];
        let values = one.found.first().map(|(_, values)| values.as_slice()).unwrap_or_default();
        let known = values.iter().filter(|(_, values)| values.knows(one.statistic));
        known.map(|(at, values)| (*at, values.statistic(one.statistic))).collect()
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let (parts, next) = points::page(asked.len(), read, ascending, most, place);
    let results: Value = parts
        .into_iter()
        .map(|Part { query, points, whole }| {
            let (timestamps, values): (Vec<i64>, Vec<f64>) = points.into_iter().unzip();
            let mut members = json!({
                "Id": asked[query].id,
                "Label": label(&asked[query], &asked),
                "Timestamps": timestamps,
                "Values": values,
                "StatusCode": if whole { "Complete" } else { "PartialData" },
            });
            if let Some(messages) = messages(&asked[query].found) {
                members["Messages"] = messages;
            }
            members
        })
        .collect();
    let next = next.map(points::write_token);
    Ok(Answer::ok(json!({ "MetricDataResults": results, "NextToken": next, "Messages": [] })))
}

/// Without a unit in the query one is chosen, and that there are others is told (as recorded of AWS).
fn messages(found: &[(String, Vec<super::Part>)]) -> Option<Value> {
    if found.len() < 2 {
        return None;
    }
    let units: Vec<&str> = found.iter().map(|(unit, _)| unit.as_str()).collect();
    let text = format!("Multiple units returned: '[{}]'", units.join(", "));
    Some(json!([{ "Code": "MultipleUnits", "Value": text }]))
}

/// Checks all queries; those that are only material for expressions give no data.
fn asked<'a>(call: &Call, queries: &'a [Query]) -> Result<Vec<Asked<'a>>, Fault> {
    if queries.is_empty() {
        return Err(invalid("The collection MetricDataQueries must not be empty."));
    }
    if queries.len() > MOST_QUERIES {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        )));
    }
    let ids: BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    if ids.len() < queries.len() {
        return Err(invalid("The values for parameter id in MetricDataQueries are not unique."));
    }
    let mut asked = Vec::new();
    for (index, query) in queries.iter().enumerate() {
        let parameter = format!("MetricDataQueries.member.{}", index + 1);
        let named = query.id.starts_with(|first: char| first.is_ascii_lowercase())
            && query.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !named {
            return Err(invalid(format!(
                "The value {} for parameter {parameter}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                query.id
            )));
        }
        let stat = match (&query.metric_stat, &query.expression) {
            (Some(stat), None) => stat,
            (_, Some(_)) => {
                return Err(
                    call.parameter_not_offered(&format!("the Expression of the query {:?}", query.id))
                );
            }
            (None, None) => {
                return Err(invalid(format!(
                    "Either {parameter}.MetricStat or {parameter}.Expression must be specified."
                )));
            }
        };
        if query.label.as_deref().is_some_and(|label| label.contains("${")) {
            return Err(call.parameter_not_offered(&format!("the dynamic Label of the query {:?}", query.id)));
        }
        let metric = &stat.metric;
        if let Some(unit) = &stat.unit {
            units::check(unit, &format!("{parameter}.MetricStat.Unit"))?;
        }
        let source = Source::find(call, &metric.namespace, &metric.metric_name, &metric.dimensions)?;
        let period = input::period(stat.period, &format!("{parameter}.MetricStat.Period"))?;
        let statistic = input::statistic(call, &stat.stat, &format!("{parameter}.MetricStat.Stat"))?;
        if query.return_data == Some(Truth(false)) {
            continue;
        }
        let label = query.label.as_deref().filter(|label| !label.is_empty());
        asked.push(Asked { id: &query.id, stat, label, source, period, statistic, found: Vec::new() });
    }
    Ok(asked)
}

/// A query's own label, or its metric's name and what else tells it from the other queries (recorded of AWS: `metric1`,
/// and `metric1 Average` where the statistics differ, then the period where that does; the place of the dimension is ours).
fn label(one: &Asked<'_>, all: &[Asked<'_>]) -> String {
    if let Some(label) = one.label {
        return label.to_owned();
    }
    let values = |asked: &Asked<'_>| -> Vec<String> {
        asked.stat.metric.dimensions.iter().map(|dimension| dimension.value.clone()).collect()
    };
    let mut words = Vec::new();
    if all.iter().any(|other| values(other) != values(one)) {
        words.extend(values(one));
    }
    words.push(one.stat.metric.metric_name.clone());
    if all.iter().any(|other| other.stat.stat != one.stat.stat) {
        words.push(one.stat.stat.clone());
    }
    if all.iter().any(|other| other.period != one.period) {
        words.push(one.period.to_string());
    }
    words.join(" ")
}
