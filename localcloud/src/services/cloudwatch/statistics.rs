//! GetMetricStatistics: one metric, several statistics.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::input::{self, Dimension, Range, Time, Whole};
use super::{Source, units};
use crate::cloud::Cloud;
use crate::metrics::{Distribution, Statistic};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// How many data points one call may ask for.
const MOST_POINTS: i64 = 1440;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    start_time: Time,
    end_time: Time,
    period: Whole,
    #[serde(default)]
    statistics: Vec<String>,
    #[serde(default)]
    extended_statistics: Vec<String>,
    unit: Option<String>,
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Input = call.input()?;
    let source = Source::find(call, &input.namespace, &input.metric_name, &input.dimensions)?;
    let period = input::period(input.period, "Period")?;
    // The same sentence under another code than GetMetricData's.
    let range = Range::between(input.start_time, input.end_time, period)
        .map_err(|fault| Fault { code: "InvalidParameterValue".into(), ..fault })?;
    if let Some(unit) = &input.unit {
        units::check(unit, "Unit")?;
    }
    if input.statistics.is_empty() && input.extended_statistics.is_empty() {
        let message = "Must specify either Statistics or ExtendedStatistics";
        return Err(Fault::new(400, "InvalidParameterCombination", message));
    }
    let points = (range.to - range.from + period - 1) / period;
    if points > MOST_POINTS {
        let message = format!(
            "You have requested up to {points} datapoints, which exceeds the limit of {MOST_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        );
        return Err(Fault::new(400, "InvalidParameterCombination", message));
    }
    let mut wanted = Vec::new();
    for (index, name) in input.statistics.iter().enumerate() {
        match input::statistic(call, name, "Statistics") {
            Ok(statistic) if !matches!(statistic, Statistic::Percentile(_)) => wanted.push((name, statistic)),
            _ => {
                let member = format!("statistics.{}.member", index + 1);
                let constraint =
                    "Member must satisfy enum value set: [Average, Sum, SampleCount, Maximum, Minimum]";
                return Err(Fault::validation(Service::CloudWatch, &member, name, constraint));
            }
        }
    }
    let mut extended = Vec::new();
    for name in &input.extended_statistics {
        match input::statistic(call, name, "ExtendedStatistics")? {
            statistic @ Statistic::Percentile(_) => extended.push((name, statistic)),
            _ => {
                let message = format!("The value {name} for parameter ExtendedStatistics is not supported.");
                return Err(Fault::new(400, "InvalidParameterValue", message));
            }
        }
    }
    let datapoint = |unit: &str, at: i64, values: &Distribution| {
        let of = |wanted: &[(&String, Statistic)]| -> Map<String, Value> {
            let known = wanted.iter().filter(|(_, statistic)| values.knows(*statistic));
            known.map(|(name, statistic)| ((*name).clone(), values.statistic(*statistic).into())).collect()
        };
        let mut members = of(&wanted);
        if !extended.is_empty() {
            members.insert("ExtendedStatistics".to_owned(), Value::Object(of(&extended)));
        }
        members.insert("Timestamp".to_owned(), Value::from(at));
        members.insert("Unit".to_owned(), Value::from(unit));
        Value::Object(members)
    };
    let mut datapoints: Vec<Value> = Vec::new();
    for (unit, values) in source.read(cloud, range, period, input.unit.as_deref()) {
        datapoints.extend(values.iter().map(|(at, values)| datapoint(&unit, *at, values)));
    }
    Ok(Answer::ok(json!({ "Label": input.metric_name, "Datapoints": datapoints })))
}
