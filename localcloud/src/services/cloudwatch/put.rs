//! PutMetricData.

use serde::Deserialize;

use super::input::{Dimension, Number, Time, Whole, series};
use super::units;
use crate::cloud::{Cloud, now_ms};
use crate::metrics::{Datum, Values};
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// How many data one call may bring, values each of them, and dimensions a metric may have.
const MOST_DATA: usize = 1000;
const MOST_VALUES: usize = 150;
const MOST_DIMENSIONS: usize = 30;
/// How late and how early values may be, seconds: two weeks, and two hours.
const LATEST: i64 = 14 * 24 * 3600;
const EARLIEST: i64 = 2 * 3600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    namespace: String,
    #[serde(default)]
    metric_data: Vec<One>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    timestamp: Option<Time>,
    value: Option<Number>,
    values: Option<Vec<Number>>,
    counts: Option<Vec<Number>>,
    statistic_values: Option<Set>,
    unit: Option<String>,
    storage_resolution: Option<Whole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Set {
    sample_count: Number,
    sum: Number,
    minimum: Number,
    maximum: Number,
}

fn invalid(message: String) -> Fault {
    Fault::new(400, "InvalidParameterValue", message)
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Input = call.input()?;
    let mut checks = Checks::new(Service::CloudWatch);
    checks.length("namespace", &input.namespace, 1, 255).pattern("namespace", &input.namespace, "[^:].*");
    for (index, one) in input.metric_data.iter().enumerate() {
        let place = format!("metricData.{}.member", index + 1);
        checks.length(&format!("{place}.metricName"), &one.metric_name, 1, 255);
        for (index, dimension) in one.dimensions.iter().enumerate() {
            let place = format!("{place}.dimensions.{}.member", index + 1);
            checks.length(&format!("{place}.name"), &dimension.name, 1, 255);
            checks.length(&format!("{place}.value"), &dimension.value, 1, 1024);
        }
    }
    checks.end()?;
    if input.namespace.starts_with("AWS/") {
        return Err(invalid(format!("The value {} for parameter Namespace is invalid.", input.namespace)));
    }
    if input.metric_data.is_empty() {
        return Err(Fault::new(400, "MissingParameter", "The parameter MetricData is required."));
    }
    if input.metric_data.len() > MOST_DATA {
        let message = format!("The collection MetricData must not have a size greater than {MOST_DATA}.");
        return Err(invalid(message));
    }
    let now = now_ms().div_euclid(1000);
    let numbered = input.metric_data.iter().enumerate();
    let data: Result<Vec<Datum>, Fault> = numbered
        .map(|(index, one)| datum(&input.namespace, one, &format!("MetricData.member.{}", index + 1), now))
        .collect();
    cloud.metrics.put(&data?)?;
    Ok(Answer::empty(200))
}

fn datum(namespace: &str, one: &One, place: &str, now: i64) -> Result<Datum, Fault> {
    if one.dimensions.len() > MOST_DIMENSIONS {
        return Err(invalid(format!(
            "The collection {place}.Dimensions must not have a size greater than {MOST_DIMENSIONS}."
        )));
    }
    let unit = one.unit.clone().unwrap_or_else(|| "None".to_owned());
    units::check(&unit, &format!("{place}.Unit"))?;
    let at = one.timestamp.map_or(now, |time| time.0);
    if at < now - LATEST {
        let message =
            format!("The parameter {place}.Timestamp must specify a time within the past two weeks.");
        return Err(invalid(message));
    }
    if at > now + EARLIEST {
        let message = format!(
            "The parameter {place}.Timestamp must specify a time no more than two hours in the future."
        );
        return Err(invalid(message));
    }
    let at = match one.storage_resolution {
        Some(Whole(1)) => at,
        None | Some(Whole(60)) => at - at.rem_euclid(60),
        Some(Whole(other)) => {
            return Err(invalid(format!(
                "The value {other} for parameter {place}.StorageResolution is invalid: it must be 1 or 60."
            )));
        }
    };
    let series = series(namespace, &one.metric_name, &one.dimensions);
    Ok(Datum { series, unit, at, values: values(one, place)? })
}

fn values(one: &One, place: &str) -> Result<Values, Fault> {
    let both = |one: &str, other: &str| {
        let message = format!(
            "The parameters {place}.{one} and {place}.{other} are mutually exclusive and you have specified both."
        );
        Err(Fault::new(400, "InvalidParameterCombination", message))
    };
    match (&one.value, &one.values, &one.statistic_values) {
        (Some(_), Some(_), _) => both("Value", "Values"),
        (Some(_), _, Some(_)) => both("Value", "StatisticValues"),
        (_, Some(_), Some(_)) => both("Values", "StatisticValues"),
        (Some(value), None, None) => {
            Ok(Values::Each(vec![(number(*value, &format!("{place}.Value"))?, 1.0)]))
        }
        (None, Some(values), None) => each(values, one.counts.as_deref(), place),
        (None, None, Some(set)) => set_of(set, &format!("{place}.StatisticValues")),
        (None, None, None) => {
            let message = format!(
                "At least one of the parameters {place}.Value, {place}.Values and {place}.StatisticValues must be specified."
            );
            Err(Fault::new(400, "MissingParameter", message))
        }
    }
}

fn each(values: &[Number], counts: Option<&[Number]>, place: &str) -> Result<Values, Fault> {
    if values.len() > MOST_VALUES {
        return Err(invalid(format!(
            "The collection {place}.Values must not have a size greater than {MOST_VALUES}."
        )));
    }
    if counts.is_some_and(|counts| counts.len() != values.len()) {
        return Err(invalid(format!(
            "The parameters {place}.Values and {place}.Counts must be of the same size."
        )));
    }
    let mut all = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let value = number(*value, &format!("{place}.Values.member.{}", index + 1))?;
        let times = match counts.and_then(|counts| counts.get(index)) {
            None => 1.0,
            Some(count) => number(*count, &format!("{place}.Counts.member.{}", index + 1))?,
        };
        if times < 0.0 {
            return Err(invalid(format!(
                "The value {times} for parameter {place}.Counts.member.{} is invalid.",
                index + 1
            )));
        }
        all.push((value, times));
    }
    Ok(Values::Each(all))
}

fn set_of(set: &Set, place: &str) -> Result<Values, Fault> {
    let count = number(set.sample_count, &format!("{place}.SampleCount"))?;
    let sum = number(set.sum, &format!("{place}.Sum"))?;
    let least = number(set.minimum, &format!("{place}.Minimum"))?;
    let most = number(set.maximum, &format!("{place}.Maximum"))?;
    if count <= 0.0 {
        return Err(invalid(format!("The parameter {place}.SampleCount must be greater than 0.")));
    }
    if least > most {
        let message = format!("The parameter {place}.Maximum must be greater than {place}.Minimum.");
        return Err(invalid(message));
    }
    Ok(Values::Set { count, sum, least, most })
}

/// Neither infinite nor beyond what CloudWatch takes.
fn number(number: Number, parameter: &str) -> Result<f64, Fault> {
    match number.0.is_finite() && number.0.abs() <= 2_f64.powi(360) {
        true => Ok(number.0),
        false => Err(invalid(format!("The value {} for parameter {parameter} is invalid.", number.0))),
    }
}
