//! Metrics of the functions, read. Nobody can put any: what is told was counted here.

mod data;
mod input;
mod list;
mod points;
mod statistics;

use crate::cloud::Cloud;
use crate::metrics::{Distribution, Metric};
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
        "GetMetricStatistics" => statistics::get(cloud, call),
        "ListMetrics" => list::list(cloud, call),
        _ => Err(call.not_offered()),
    }
}

/// A metric that is asked for.
enum Source {
    /// Of a function.
    Function(String, Metric),
    /// Of a namespace of somebody's own: nothing was ever put there.
    Nothing,
}

impl Source {
    /// What AWS would have values of and the local cloud has not is refused by name, so that an empty answer means what it
    /// means on AWS.
    fn find(call: &Call, namespace: &str, metric: &str, dimensions: &[Dimension]) -> Result<Source, Fault> {
        if namespace != LAMBDA {
            return match namespace.starts_with("AWS/") {
                true => Err(call.parameter_not_offered(&format!("metrics of the namespace {namespace}"))),
                false => Ok(Source::Nothing),
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

    /// Its values in periods of that many minutes: the second in which each begins, and what was recorded in it. A unit
    /// that is not the metric's own has no values.
    fn read(&self, cloud: &Cloud, range: Range, period: i64, unit: Option<&str>) -> Vec<(i64, Distribution)> {
        let Source::Function(function, metric) = self else { return Vec::new() };
        if unit.is_some_and(|unit| unit != metric.unit()) {
            return Vec::new();
        }
        let values = cloud.metrics.read(function, *metric, (range.from, range.to), period);
        values.into_iter().map(|(minute, values)| (minute * 60, values)).collect()
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(400, "ValidationError", message)
}
