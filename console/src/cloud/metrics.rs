//! CloudWatch's metrics of the functions.

use std::collections::HashMap;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use jiff::Timestamp;

use super::Cloud;
use super::fault::Call;
use crate::domain::{METRIC_MINUTES, Metrics, Point, Problem, Series, StageName, plain};
use crate::settings::Settings;

/// The finest resolution of Lambda's metrics, seconds.
const MINUTE: i32 = 60;
/// The whole range as one period: percentiles of minutes cannot be put together.
const WHOLE: i32 = MINUTE * METRIC_MINUTES as i32;

/// One list of data points: metric, statistic, period in seconds, and where it belongs.
struct Wanted {
    metric: &'static str,
    statistic: &'static str,
    period: i32,
    place: fn(&mut Series) -> &mut Vec<Point>,
}

const WANTED: [Wanted; 7] = [
    Wanted {
        metric: "Invocations",
        statistic: "Sum",
        period: MINUTE,
        place: |series| &mut series.invocations,
    },
    Wanted { metric: "Errors", statistic: "Sum", period: MINUTE, place: |series| &mut series.errors },
    Wanted { metric: "Throttles", statistic: "Sum", period: MINUTE, place: |series| &mut series.throttles },
    Wanted {
        metric: "ConcurrentExecutions",
        statistic: "Maximum",
        period: MINUTE,
        place: |series| &mut series.concurrency,
    },
    Wanted { metric: "Duration", statistic: "p95", period: MINUTE, place: |series| &mut series.p95_ms },
    Wanted {
        metric: "Duration",
        statistic: "p50",
        period: WHOLE,
        place: |series| &mut series.overall_p50_ms,
    },
    Wanted {
        metric: "Duration",
        statistic: "p95",
        period: WHOLE,
        place: |series| &mut series.overall_p95_ms,
    },
];

impl Cloud {
    /// The figures of stage and prod up to `now`, by one call of GetMetricData. A function that does not exist, or was
    /// never called, has none.
    pub async fn metrics(&self, settings: &Settings, now: Timestamp) -> Result<[Metrics; 2], Problem> {
        let (from, end) = Metrics::range(now);
        let functions = StageName::ALL.map(|stage| settings.function_name(stage));
        let mut queries = Vec::new();
        for (side, function) in functions.iter().enumerate() {
            for (index, wanted) in WANTED.iter().enumerate() {
                queries.push(query(&id(side, index), function, wanted));
            }
        }
        let call = self
            .inner
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_secs(from.as_second()))
            .end_time(DateTime::from_secs(end.as_second()))
            .scan_by(ScanBy::TimestampAscending);
        let mut points: HashMap<String, Vec<Point>> = HashMap::new();
        let mut token = None;
        // A page has room for 100,800 points and 500 is the most that this asks for, so there is one.
        loop {
            let answer = Box::pin(call.clone().set_next_token(token).send()).await.map_err(|error| {
                let doing = format!("read the metrics of {}", self.inner.service);
                self.fault(Call::new("cloudwatch:GetMetricData", "*", doing), error)
            })?;
            for result in answer.metric_data_results.unwrap_or_default() {
                let (id, more) = points_of(result)?;
                points.entry(id).or_default().extend(more);
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        let mut sides = [0, 1].map(|side| {
            let mut series = Series::default();
            for (index, wanted) in WANTED.iter().enumerate() {
                *(wanted.place)(&mut series) = points.remove(&id(side, index)).unwrap_or_default();
            }
            series
        });
        let [stage, prod] = &mut sides;
        Ok([Metrics::new(from, stage), Metrics::new(from, prod)])
    }
}

fn id(side: usize, index: usize) -> String {
    format!("q{side}_{index}")
}

fn query(id: &str, function: &str, wanted: &Wanted) -> MetricDataQuery {
    let dimension = Dimension::builder().name("FunctionName").value(function).build();
    let metric = Metric::builder().namespace("AWS/Lambda").metric_name(wanted.metric).dimensions(dimension);
    let stat = MetricStat::builder().metric(metric.build()).period(wanted.period).stat(wanted.statistic);
    MetricDataQuery::builder().id(id).metric_stat(stat.build()).build()
}

/// A query may fail although the call does not: then its empty list is no answer.
fn points_of(result: MetricDataResult) -> Result<(String, Vec<Point>), Problem> {
    let id = result.id.unwrap_or_default();
    if let Some(status @ (StatusCode::Forbidden | StatusCode::InternalError)) = &result.status_code {
        let said = result.messages.unwrap_or_default();
        let said: Vec<String> = said.into_iter().filter_map(|message| message.value).collect();
        let label = result.label.unwrap_or(id);
        let why = plain(&format!("CloudWatch answers {status} for {label} {}", said.join("; ")));
        return Err(Problem::new("could not read the metrics").because(why.trim_end()).fix(
            "it is tried again by itself; look at the permission cloudwatch:GetMetricData if it stays so",
        ));
    }
    let times = result.timestamps.unwrap_or_default();
    let times = times.into_iter().map(|time| time.secs());
    Ok((id, times.zip(result.values.unwrap_or_default()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::types::MessageData;

    #[test]
    fn a_query_that_failed_is_no_empty_answer() {
        let of = |status| {
            let message = MessageData::builder().code("x").value("no \u{1b}[31mway").build();
            let result = MetricDataResult::builder().id("q0_0").label("Errors").status_code(status);
            points_of(result.messages(message).timestamps(DateTime::from_secs(60)).values(2.0).build())
        };
        assert_eq!(of(StatusCode::Complete), Ok(("q0_0".to_owned(), vec![(60, 2.0)])));
        let problem = of(StatusCode::Forbidden).expect_err("a problem").to_string();
        assert!(problem.contains("Forbidden for Errors no"), "{problem}");
        assert!(!problem.contains('\u{1b}'), "{problem}");
    }
}
