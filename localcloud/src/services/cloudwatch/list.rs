//! ListMetrics.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{FUNCTION_NAME, LAMBDA};
use crate::cloud::{Cloud, now_ms};
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
    let wanted = |function: &str, name: &str| {
        input.namespace.as_deref().is_none_or(|namespace| namespace == LAMBDA)
            && input.metric_name.as_deref().is_none_or(|wanted| wanted == name)
            && input.dimensions.iter().all(|filter| {
                filter.name == FUNCTION_NAME && filter.value.as_deref().is_none_or(|value| value == function)
            })
    };
    let known = cloud.metrics.known(from);
    let known = known.into_iter().filter(|(function, metric)| wanted(function, metric.name()));
    // A blank is part of no function's name and sorts before all that is.
    let key =
        |(function, metric): &(String, _)| format!("{function} {}", crate::metrics::Metric::name(*metric));
    let page = page(known, key, input.next_token.as_deref(), PAGE)
        .ok_or_else(|| Fault::new(400, "InvalidParameterValue", "Invalid nextToken"))?;
    let metrics: Value = page
        .items
        .iter()
        .map(|(function, metric)| {
            json!({
                "Namespace": LAMBDA,
                "MetricName": metric.name(),
                "Dimensions": [{ "Name": FUNCTION_NAME, "Value": function }],
            })
        })
        .collect();
    Ok(Answer::ok(json!({ "Metrics": metrics, "NextToken": page.next })))
}
