//! ListMetrics.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{FUNCTION_NAME, LAMBDA};
use crate::cloud::{Cloud, now_ms};
use crate::metrics::Series;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};

/// How many metrics one page has.
const PAGE: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Filter>,
    recently_active: Option<String>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: String,
    value: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Input = call.input()?;
    let from = match input.recently_active.as_deref() {
        None => 0,
        Some("PT3H") => now_ms().div_euclid(60_000) - 180,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [PT3H]";
            return Err(Fault::validation(Service::CloudWatch, "recentlyActive", other, constraint));
        }
    };
    let of_functions = cloud.metrics.known(from).into_iter().map(|(function, metric)| Series {
        namespace: LAMBDA.to_owned(),
        name: metric.name().to_owned(),
        dimensions: vec![(FUNCTION_NAME.to_owned(), function)],
    });
    let mut known: Vec<Series> = cloud.metrics.known_custom(from * 60);
    known.extend(of_functions);
    known.sort();
    let wanted = |series: &Series| {
        input.namespace.as_ref().is_none_or(|namespace| *namespace == series.namespace)
            && input.metric_name.as_ref().is_none_or(|name| *name == series.name)
            && input.dimensions.iter().all(|filter| {
                series.dimensions.iter().any(|(name, value)| {
                    *name == filter.name && filter.value.as_ref().is_none_or(|wanted| wanted == value)
                })
            })
    };
    // What comes before another in this order has the smaller key: no name has a character below the separators.
    let key = |series: &Series| {
        let dimensions: Vec<String> =
            series.dimensions.iter().map(|(name, value)| format!("{name}\u{1}{value}")).collect();
        format!("{}\u{0}{}\u{0}{}", series.namespace, series.name, dimensions.join("\u{0}"))
    };
    let page = page(known.into_iter().filter(wanted), key, input.next_token.as_deref(), PAGE)
        .ok_or_else(|| Fault::new(400, "InvalidParameterValue", "Invalid nextToken"))?;
    let metrics: Value = page
        .items
        .into_iter()
        .map(|series| {
            let dimensions: Value = series
                .dimensions
                .iter()
                .map(|(name, value)| json!({ "Name": name, "Value": value }))
                .collect();
            json!({ "Namespace": series.namespace, "MetricName": series.name, "Dimensions": dimensions })
        })
        .collect();
    Ok(Answer::ok(json!({ "Metrics": metrics, "NextToken": page.next })))
}
