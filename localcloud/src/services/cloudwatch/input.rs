//! What the inputs have in common. The query protocol writes numbers, times and truths as text.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error};

use super::invalid;
use crate::metrics::{Series, Statistic};
use crate::wire::Call;
use crate::wire::fault::Fault;

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Whole(pub(super) i64);

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number(pub(super) f64);

/// A time: whole seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Time(pub(super) i64);

/// True or false.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Truth(pub(super) bool);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Bool(bool),
    Whole(i64),
    Float(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole, D::Error> {
        let read = match Written::deserialize(deserializer)? {
            Written::Whole(number) => Some(number),
            Written::Text(text) => text.parse().ok(),
            Written::Float(_) | Written::Bool(_) => None,
        };
        read.map(Whole).ok_or_else(|| D::Error::custom("a member, expected a whole number"))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        let read = match Written::deserialize(deserializer)? {
            Written::Whole(number) => Some(number as f64),
            Written::Float(number) => Some(number),
            // `NaN` and the infinities are numbers too: who may not have them says so.
            Written::Text(text) => text.parse().ok(),
            Written::Bool(_) => None,
        };
        read.map(Number).ok_or_else(|| D::Error::custom("a member, expected a number"))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let read = match Written::deserialize(deserializer)? {
            Written::Whole(seconds) => Some(seconds),
            Written::Float(seconds) => Some(seconds.floor() as i64),
            Written::Text(text) => text.parse().ok().map(Timestamp::as_second),
            Written::Bool(_) => None,
        };
        // What jiff can tell is what can be told again.
        read.filter(|seconds| Timestamp::from_second(*seconds).is_ok())
            .map(Time)
            .ok_or_else(|| D::Error::custom("a member, expected a time"))
    }
}

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Truth, D::Error> {
        let read = match Written::deserialize(deserializer)? {
            Written::Bool(truth) => Some(truth),
            Written::Text(text) => text.parse().ok(),
            Written::Whole(_) | Written::Float(_) => None,
        };
        read.map(Truth).ok_or_else(|| D::Error::custom("a member, expected true or false"))
    }
}

/// A name and a value that a metric is kept by.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dimension {
    pub(super) name: String,
    pub(super) value: String,
}

/// A series of somebody's own by what a call says of it.
pub(super) fn series(namespace: &str, name: &str, dimensions: &[Dimension]) -> Series {
    let dimensions = dimensions.iter().map(|dimension| (dimension.name.clone(), dimension.value.clone()));
    let mut dimensions: Vec<(String, String)> = dimensions.collect();
    dimensions.sort();
    Series { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
}

/// Seconds since the epoch: the first, and the one after the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Range {
    /// The start is rounded down to its minute, as AWS does for what is younger than 15 days, or to the period where that is
    /// shorter; the end is exclusive.
    pub(super) fn between(start: Time, end: Time, period: i64) -> Result<Range, Fault> {
        if start.0 >= end.0 {
            return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
        }
        Ok(Range { from: start.0 - start.0.rem_euclid(period.min(60)), to: end.0 })
    }
}

/// A period in seconds.
pub(super) fn period(seconds: Whole, parameter: &str) -> Result<i64, Fault> {
    match seconds.0 {
        seconds @ (1 | 5 | 10 | 20 | 30) => Ok(seconds),
        seconds if seconds > 0 && seconds % 60 == 0 => Ok(seconds),
        _ => Err(invalid(format!("The parameter {parameter} must be 1, 5, 10, 20, 30 or a multiple of 60."))),
    }
}

/// A statistic by its name.
pub(super) fn statistic(call: &Call, name: &str, parameter: &str) -> Result<Statistic, Fault> {
    let percent = || {
        let digits = name.strip_prefix('p')?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        digits.parse::<f64>().ok().filter(|percent| plain && (0.0..=100.0).contains(percent))
    };
    match name {
        "SampleCount" => return Ok(Statistic::SampleCount),
        "Average" => return Ok(Statistic::Average),
        "Sum" => return Ok(Statistic::Sum),
        "Minimum" => return Ok(Statistic::Minimum),
        "Maximum" => return Ok(Statistic::Maximum),
        _ => {}
    }
    if let Some(percent) = percent() {
        return Ok(Statistic::Percentile(percent));
    }
    let lower = name.to_ascii_lowercase();
    let known = ["tm", "wm", "tc", "ts", "pr", "iqm"].iter().any(|start| {
        lower.strip_prefix(start).is_some_and(|rest| {
            rest.is_empty() && *start == "iqm"
                || rest.starts_with(|first: char| first == '(' || first.is_ascii_digit())
        })
    });
    match known {
        true => Err(call.parameter_not_offered(&format!("the statistic {name:?}"))),
        false => Err(invalid(format!("The value {name} for parameter {parameter} is not supported."))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_times_and_truths_are_read_from_every_protocol() {
        for written in [json!(60), json!("60")] {
            assert_eq!(serde_json::from_value::<Whole>(written).unwrap(), Whole(60));
        }
        for written in [
            json!(1_700_000_000),
            json!(1_700_000_000.9),
            json!("2023-11-14T22:13:20Z"),
            json!("2023-11-14T23:13:20.5+01:00"),
        ] {
            assert_eq!(serde_json::from_value::<Time>(written).unwrap(), Time(1_700_000_000));
        }
        for written in [json!(false), json!("false")] {
            assert_eq!(serde_json::from_value::<Truth>(written).unwrap(), Truth(false));
        }
        for wrong in [json!(6.5), json!("six"), json!(true), json!([])] {
            assert!(serde_json::from_value::<Whole>(wrong).is_err());
        }
        for wrong in [json!("yesterday"), json!(1e30), json!(true)] {
            assert!(serde_json::from_value::<Time>(wrong).is_err());
        }
    }

    #[test]
    fn a_range_begins_with_its_minute_or_period_and_its_end_is_exclusive() {
        let between = |start, end, period| {
            Range::between(Time(start), Time(end), period).map(|range| (range.from, range.to))
        };
        assert_eq!(between(119, 240, 60).unwrap(), (60, 240));
        assert_eq!(between(120, 241, 300).unwrap(), (120, 241));
        assert_eq!(between(119, 240, 5).unwrap(), (115, 240));
        assert!(between(120, 120, 60).is_err());
    }
}
