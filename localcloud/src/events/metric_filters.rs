//! Values of metrics out of events, as a group's metric filters want them.

use crate::filter_pattern::{self, Pattern};
use crate::metrics::{Datum, Series, Values};
use crate::world::log_groups::{LogGroup, MetricFilter};

/// What the filters make of events (epoch milliseconds, message): each that matches gives a value at its minute, each other
/// one the default, if there is one.
pub(super) fn data(group: &LogGroup, events: &[(i64, String)]) -> Vec<Datum> {
    let of = |filter: &MetricFilter| -> Vec<Datum> {
        // Only what can be read was ever stored.
        let Ok(pattern) = Pattern::parse(&filter.pattern) else { return Vec::new() };
        let value = |message: &str| match pattern.matches(message) {
            true => filter.value.parse().ok().or_else(|| filter_pattern::number(&filter.value, message)),
            false => filter.default,
        };
        let found = events.iter().filter_map(|(at, message)| Some((*at, value(message)?)));
        found.filter(|(_, value)| value.is_finite()).map(|(at, value)| datum(filter, at, value)).collect()
    };
    group.metric_filters.values().flat_map(of).collect()
}

fn datum(filter: &MetricFilter, at_ms: i64, value: f64) -> Datum {
    let series =
        Series { namespace: filter.namespace.clone(), name: filter.metric.clone(), dimensions: Vec::new() };
    let unit = filter.unit.clone().unwrap_or_else(|| "None".to_owned());
    Datum { series, unit, at: at_ms.div_euclid(60_000) * 60, values: Values::Each(vec![(value, 1.0)]) }
}
