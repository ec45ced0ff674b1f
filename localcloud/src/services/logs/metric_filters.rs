//! Metric filters: what they find is really put into CloudWatch (`events/metric_filters.rs`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_token, group, group_mut, group_name, invalid, limit, pattern, stream_name};
use crate::cloud::{Cloud, now_ms};
use crate::filter_pattern::is_selector;
use crate::services::paging::page;
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::log_groups::MetricFilter;

/// How many a group may have, as on AWS.
const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    log_group_name: String,
    filter_name: String,
    filter_pattern: String,
    metric_transformations: Vec<Transformation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transformation {
    metric_name: String,
    metric_namespace: String,
    metric_value: String,
    default_value: Option<f64>,
    unit: Option<String>,
    /// Only known so that it can be told and refused.
    dimensions: Option<BTreeMap<String, String>>,
}

impl Transformation {
    /// As AWS writes it into its sentences.
    fn written(&self) -> String {
        let or_null = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
        let dimensions = self.dimensions.as_ref().map(|all| {
            let all: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{{{}}}", all.join(", "))
        });
        format!(
            "MetricTransformation(metricName={}, metricNamespace={}, metricValue={}, defaultValue={}, unit={}, dimensions={})",
            self.metric_name,
            self.metric_namespace,
            self.metric_value,
            or_null(self.default_value.map(|value| format!("{value:?}"))),
            or_null(self.unit.clone()),
            or_null(dimensions)
        )
    }
}

/// The filter's name goes by the same rule as a stream's.
fn filter_name(checks: &mut Checks, member: &str, name: &str) {
    stream_name(checks, member, name);
}

fn metric(checks: &mut Checks, member: &str, name: &str) {
    checks.length(member, name, 0, 255).pattern(member, name, "[^:*$]*");
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let mut checks = Checks::new(Service::Logs);
    group_name(&mut checks, "logGroupName", &input.log_group_name);
    filter_name(&mut checks, "filterName", &input.filter_name);
    checks.length("filterPattern", &input.filter_pattern, 0, 1024);
    let written: Vec<String> = input.metric_transformations.iter().map(Transformation::written).collect();
    let written = format!("[{}]", written.join(", "));
    checks.count("metricTransformations", &written, input.metric_transformations.len(), 1);
    let Some(one) = input.metric_transformations.first() else {
        return checks.least("metricTransformations", 1).end().map(|()| Answer::empty(200));
    };
    metric(&mut checks, "metricTransformations.1.member.metricName", &one.metric_name);
    metric(&mut checks, "metricTransformations.1.member.metricNamespace", &one.metric_namespace);
    checks.length("metricTransformations.1.member.metricValue", &one.metric_value, 0, 100);
    checks.end()?;
    if one.dimensions.as_ref().is_some_and(|dimensions| !dimensions.is_empty()) {
        return Err(call.parameter_not_offered("the parameter metricTransformations[0].dimensions"));
    }
    let parsed = pattern::parse(call, &input.filter_pattern)?;
    let is_value = match one.metric_value.parse::<f64>() {
        Ok(number) => number.is_finite(),
        Err(_) => parsed.is_json() && is_selector(&one.metric_value),
    };
    if !is_value {
        return Err(invalid(
            "Invalid metric transformation: metricValue must be a number, or a field of the pattern such as $.size",
        ));
    }
    if one.metric_namespace.starts_with("AWS/") {
        return Err(invalid("Invalid metric transformation: metricNamespace must not begin with AWS/"));
    }
    let filter = MetricFilter {
        pattern: input.filter_pattern,
        created_ms: now_ms(),
        namespace: one.metric_namespace.clone(),
        metric: one.metric_name.clone(),
        value: one.metric_value.clone(),
        default: one.default_value,
        unit: one.unit.clone(),
    };
    cloud.world.change(|state| {
        let filters = &mut group_mut(state, &input.log_group_name)?.metric_filters;
        filters.insert(input.filter_name, filter);
        match filters.len() > MOST {
            true => Err(Fault::new(400, "LimitExceededException", "Resource limit exceeded.")),
            false => Ok(()),
        }
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name: Option<String>,
    filter_name_prefix: Option<String>,
    metric_name: Option<String>,
    metric_namespace: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) fn describe(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Describe = call.input()?;
    let mut checks = Checks::new(Service::Logs);
    if let Some(name) = &input.log_group_name {
        group_name(&mut checks, "logGroupName", name);
    }
    if let Some(prefix) = &input.filter_name_prefix {
        filter_name(&mut checks, "filterNamePrefix", prefix);
    }
    for (member, name) in [("metricName", &input.metric_name), ("metricNamespace", &input.metric_namespace)] {
        name.iter().for_each(|name| metric(&mut checks, member, name));
    }
    checks.end()?;
    if input.metric_name.is_some() != input.metric_namespace.is_some() {
        return Err(invalid("metricName and metricNamespace must be specified together."));
    }
    let state = cloud.world.snapshot();
    if let Some(name) = &input.log_group_name {
        group(&state, name)?;
    }
    let groups = state.log_groups.values();
    let groups = groups.filter(|group| input.log_group_name.as_ref().is_none_or(|name| *name == group.name));
    let all =
        groups.flat_map(|group| group.metric_filters.iter().map(move |(name, filter)| (group, name, filter)));
    let mut wanted: Vec<_> = all
        .filter(|(_, name, filter)| {
            input.filter_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
                && input.metric_name.as_ref().is_none_or(|metric| *metric == filter.metric)
                && input.metric_namespace.as_ref().is_none_or(|namespace| *namespace == filter.namespace)
        })
        .map(|(group, name, filter)| (format!("{name}:{}", group.name), described(&group.name, name, filter)))
        .collect();
    wanted.sort_by(|one, other| one.0.cmp(&other.0));
    let page = page(wanted, |(key, _)| key.clone(), input.next_token.as_deref(), limit(input.limit, 50)?)
        .ok_or_else(bad_token)?;
    let filters: Vec<Value> = page.items.into_iter().map(|(_, members)| members).collect();
    let mut members = json!({ "metricFilters": filters });
    if let Some(next) = page.next {
        members["nextToken"] = next.into();
    }
    Ok(Answer::ok(members))
}

fn described(group: &str, name: &str, filter: &MetricFilter) -> Value {
    let mut transformation = json!({
        "metricName": filter.metric,
        "metricNamespace": filter.namespace,
        "metricValue": filter.value,
    });
    if let Some(value) = filter.default {
        transformation["defaultValue"] = value.into();
    }
    if let Some(unit) = &filter.unit {
        transformation["unit"] = unit.as_str().into();
    }
    json!({
        "applyOnTransformedLogs": false,
        "creationTime": filter.created_ms,
        "filterName": name,
        "filterPattern": filter.pattern,
        "logGroupName": group,
        "metricTransformations": [transformation],
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delete {
    log_group_name: String,
    filter_name: String,
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Delete = call.input()?;
    let mut checks = Checks::new(Service::Logs);
    group_name(&mut checks, "logGroupName", &input.log_group_name);
    filter_name(&mut checks, "filterName", &input.filter_name);
    checks.end()?;
    cloud.world.change(|state| {
        let filters = &mut group_mut(state, &input.log_group_name)?.metric_filters;
        filters.remove(&input.filter_name).map(drop).ok_or_else(|| {
            Fault::new(400, "ResourceNotFoundException", "The specified metric filter does not exist.")
        })
    })?;
    Ok(Answer::empty(200))
}
