//! Metrics: of the functions, as they were counted here, and those that somebody put.

mod data;
mod input;
mod list;
mod points;
mod put;
mod statistics;
mod units;

use crate::cloud::Cloud;
use crate::metrics::{Distribution, Metric, Series};
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use input::{Dimension, Range};

/// Where Lambda's metrics are.
const LAMBDA: &str = "AWS/Lambda";
/// The dimension by which they are kept here.
const FUNCTION_NAME: &str = "FunctionName";

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "GetMetricData" => data::get(cloud, call),
        "PutMetricData" => put::put(cloud, call),
        "GetMetricStatistics" => statistics::get(cloud, call),
        "ListMetrics" => list::list(cloud, call),
        _ => Err(call.not_offered()),
    }
}

/// A metric that is asked for.
enum Source {
    /// Of a function.
    Function(String, Metric),
    /// Of a namespace of somebody's own.
    Custom(Series),
}

impl Source {
    /// What AWS would have values of and the local cloud has not is refused by name, so that an empty answer means what it
    /// means on AWS.
    fn find(call: &Call, namespace: &str, metric: &str, dimensions: &[Dimension]) -> Result<Source, Fault> {
        if namespace != LAMBDA {
            return match namespace.starts_with("AWS/") {
                true => Err(call.parameter_not_offered(&format!("metrics of the namespace {namespace}"))),
                false => Ok(Source::Custom(input::series(namespace, metric, dimensions))),
            };
        }
        let Some(found) = Metric::ALL.into_iter().find(|known| known.name() == metric) else {
            return Err(call.parameter_not_offered(&format!("the metric {metric} of {LAMBDA}")));
        };
        match dimensions {
            [Dimension { name, value }] if name == FUNCTION_NAME => {
                Ok(Source::Function(value.clone(), found))
            }
            other => {
                let names: Vec<&str> = other.iter().map(|dimension| dimension.name.as_str()).collect();
                Err(call.parameter_not_offered(&format!(
                    "{LAMBDA} by other dimensions than {FUNCTION_NAME} alone (here: {names:?})"
                )))
            }
        }
    }

    /// Its values by unit, in periods of so many seconds: the second in which each begins, and what was recorded in it. A
    /// unit that nothing was recorded in has no values.
    fn read(&self, cloud: &Cloud, range: Range, period: i64, unit: Option<&str>) -> Vec<(String, Vec<Part>)> {
        match self {
            Source::Function(function, metric) => {
                if unit.is_some_and(|unit| unit != metric.unit()) {
                    return Vec::new();
                }
                // Lambda's are of whole minutes, so that a shorter period has a value where a minute begins.
                let minutes = (range.from.div_euclid(60), (range.to + 59).div_euclid(60));
                let values = cloud.metrics.read(function, *metric, minutes, (period / 60).max(1));
                let values: Vec<Part> =
                    values.into_iter().map(|(minute, values)| (minute * 60, values)).collect();
                if values.is_empty() { Vec::new() } else { vec![(metric.unit().to_owned(), values)] }
            }
            Source::Custom(series) => {
                let mut found: Vec<(String, Vec<Part>)> = cloud
                    .metrics
                    .read_custom(series, (range.from, range.to), period)
                    .into_iter()
                    .filter(|(found, _)| unit.is_none_or(|unit| unit == found))
                    .collect();
                found.sort_by_key(|(unit, _)| units::place(unit));
                found
            }
        }
    }
}

/// The second in which a period begins, and what was recorded in it.
type Part = (i64, Distribution);

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(400, "ValidationError", message)
}
