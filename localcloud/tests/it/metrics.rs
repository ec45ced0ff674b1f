//! CloudWatch's metrics of the functions, through the real SDK (CBOR) and as the two other protocols write them.

use std::time::Duration;

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, DimensionFilter, Metric, MetricDataQuery, MetricStat, RecentlyActive, StandardUnit, Statistic,
    StatusCode,
};
use localcloud::faults::{Effect, Rule};
use serde_json::{Value, json};

use crate::account::{Account, refusal, refused};
use crate::by_hand::sign_now;
use crate::live::Live;

fn seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn dimension(function: &str) -> Dimension {
    Dimension::builder().name("FunctionName").value(function).build()
}

fn query(id: &str, function: &str, metric: &str, stat: &str) -> MetricDataQuery {
    let metric =
        Metric::builder().namespace("AWS/Lambda").metric_name(metric).dimensions(dimension(function)).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat(stat).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

/// From an hour before `from` until everything of now is in it.
async fn data(account: &Account, from: i64, queries: Vec<MetricDataQuery>) -> GetMetricDataOutput {
    let call = account.cloudwatch().get_metric_data().set_metric_data_queries(Some(queries));
    let call = call.start_time(DateTime::from_secs(from - 3600)).end_time(DateTime::from_secs(seconds() + 1));
    call.send().await.unwrap()
}

/// Label and sum of the values, by query.
fn sums(answer: &GetMetricDataOutput) -> Vec<(String, f64)> {
    let told = |result: &aws_sdk_cloudwatch::types::MetricDataResult| {
        assert_eq!(result.status_code(), Some(&StatusCode::Complete));
        assert_eq!(result.timestamps().len(), result.values().len());
        assert!(result.timestamps().iter().all(|at| at.secs() % 60 == 0));
        (result.label().unwrap().to_owned(), result.values().iter().sum())
    };
    answer.metric_data_results().iter().map(told).collect()
}

async fn figures(account: &Account, from: i64) -> Vec<f64> {
    let wanted = [
        ("Invocations", "Sum"),
        ("Errors", "Sum"),
        ("Errors", "SampleCount"),
        ("Throttles", "Sum"),
        ("Duration", "SampleCount"),
    ];
    let queries = wanted.iter().enumerate();
    let queries = queries.map(|(at, (metric, stat))| query(&format!("m{at}"), "f", metric, stat)).collect();
    sums(&data(account, from, queries).await).into_iter().map(|(_, sum)| sum).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_counted_once_and_stays_counted_over_a_restart() {
    let from = seconds();
    let live = Live::with_function("f", &[]).await;
    assert_eq!(figures(&live.account, from).await, [0.0; 5], "nothing was called");
    for (what, n) in [("echo", 0), ("echo", 0), ("error", 0), ("exit", 3), ("sleep", 60_000), ("echo", 0)] {
        live.invoke("f", json!({"do": what, "n": n})).await;
    }
    let lambda = live.lambda();
    let reserve = lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(0);
    reserve.send().await.unwrap();
    for _ in 0..2 {
        assert_eq!(refusal(lambda.invoke().function_name("f").send().await).0, 429);
    }
    let expected = [6.0, 3.0, 6.0, 2.0, 6.0];
    assert_eq!(figures(&live.account, from).await, expected);

    // The time-out is the longest that a call can take, and to the microsecond.
    let longest = vec![
        query("longest", "f", "Duration", "Maximum"),
        query("most", "f", "Duration", "p100"),
        query("least", "f", "Duration", "Minimum"),
        query("together", "f", "ConcurrentExecutions", "Maximum"),
    ];
    let answer = data(&live.account, from, longest).await;
    let most = |id: usize| {
        let values = answer.metric_data_results()[id].values();
        values.iter().copied().fold(f64::MIN, f64::max)
    };
    assert_eq!((most(0), most(1), most(3)), (1000.0, 1000.0, 1.0));
    assert!(most(2) < 1000.0);

    let live = live.restart().await;
    assert_eq!(figures(&live.account, from).await, expected);
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_the_same_time_are_concurrent_executions() {
    let from = seconds();
    let live = Live::with_function("f", &[]).await;
    // Each waits for the others at most as long as a function may run.
    let calls = (0..3).map(|_| live.invoke("f", json!({"do": "sleep", "n": 500})));
    futures_util::future::join_all(calls).await;
    let answer = data(&live.account, from, vec![query("c", "f", "ConcurrentExecutions", "Maximum")]).await;
    let most = answer.metric_data_results()[0].values().iter().copied().fold(0.0, f64::max);
    assert_eq!(most, 3.0);
    live.account.stop().await;
}

/// As recorded of AWS: test_lambda_invoke_error, test_get_metric_data_with_zero_and_labels, …_with_no_results.
#[tokio::test(flavor = "multi_thread")]
async fn labels_and_empty_results_are_those_of_aws() {
    let from = seconds();
    let live = Live::with_function("f", &[]).await;
    live.invoke("f", json!({"do": "error"})).await;
    let one = |metric| data(&live.account, from, vec![query("m1", "f", metric, "Sum")]);
    assert_eq!(sums(&one("Invocations").await), [("Invocations".to_owned(), 1.0)]);
    let answer = one("Errors").await;
    assert_eq!(sums(&answer), [("Errors".to_owned(), 1.0)]);
    assert_eq!((answer.messages().len(), answer.next_token()), (0, None));
    let stats = ["Average", "Sum", "Minimum", "Maximum"];
    let queries = stats.map(|stat| query(&format!("result_{stat}"), "f", "Errors", stat)).to_vec();
    let told = sums(&data(&live.account, from, queries).await);
    assert_eq!(told, stats.map(|stat| (format!("Errors {stat}"), 1.0)));

    let metric = Metric::builder().namespace("mine").metric_name("things").build();
    let mine = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
    let mine = MetricDataQuery::builder().id("result").label("Mine").metric_stat(mine).build();
    let nobody = query("nobody", "nobody", "Errors", "Sum");
    let unit = query("unit", "f", "Errors", "Sum");
    let stat = unit.metric_stat().unwrap().clone();
    let stat = MetricStat::builder().metric(stat.metric.unwrap()).period(60).stat("Sum");
    let unit =
        MetricDataQuery::builder().id("unit").metric_stat(stat.unit(StandardUnit::Bytes).build()).build();
    let answer = data(&live.account, from, vec![mine, nobody, unit]).await;
    assert!(answer.metric_data_results().iter().all(|result| result.values().is_empty()));
    assert_eq!(sums(&answer)[0], ("Mine".to_owned(), 0.0));
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_listed_and_told_as_statistics() {
    let from = seconds();
    let live = Live::with_function("f", &[]).await;
    assert!(live.account.cloudwatch().list_metrics().send().await.unwrap().metrics().is_empty());
    for what in ["echo", "error", "echo"] {
        live.invoke("f", json!({"do": what})).await;
    }
    let cloudwatch = live.account.cloudwatch();
    let filter = |value: &str| DimensionFilter::builder().name("FunctionName").value(value).build();
    let list = || cloudwatch.list_metrics().namespace("AWS/Lambda");
    let all = list().dimensions(filter("f")).recently_active(RecentlyActive::Pt3H).send().await.unwrap();
    let names: Vec<_> = all.metrics().iter().map(|metric| metric.metric_name().unwrap()).collect();
    assert_eq!(names, ["ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"]);
    assert_eq!(all.metrics()[0].dimensions(), [dimension("f")]);
    assert_eq!(list().metric_name("Errors").send().await.unwrap().metrics().len(), 1);
    assert!(list().dimensions(filter("g")).send().await.unwrap().metrics().is_empty());
    assert!(cloudwatch.list_metrics().namespace("mine").send().await.unwrap().metrics().is_empty());

    let errors = cloudwatch.get_metric_statistics().namespace("AWS/Lambda").metric_name("Errors");
    let errors =
        errors.dimensions(dimension("f")).statistics(Statistic::Sum).statistics(Statistic::SampleCount);
    let errors =
        errors.start_time(DateTime::from_secs(from - 3600)).end_time(DateTime::from_secs(seconds() + 1));
    let hours = errors.clone().period(7200).send().await.unwrap();
    assert_eq!(hours.label(), Some("Errors"));
    let [hours] = hours.datapoints() else { panic!("one period: {hours:?}") };
    assert_eq!((hours.sum(), hours.sample_count(), hours.average()), (Some(1.0), Some(3.0), None));
    assert_eq!(hours.unit(), Some(&StandardUnit::Count));
    assert_eq!(hours.timestamp().unwrap().secs(), (from - 3600) / 60 * 60, "periods begin at the start");
    let none = errors.clone().period(60).set_statistics(None).send().await;
    assert_eq!(refusal(none).1, "InvalidParameterCombination");
    let many = errors.period(60).start_time(DateTime::from_secs(from - 2 * 86_400)).send().await;
    assert!(refusal(many).2.contains("exceeds the limit of 1440"));
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_or_not_offered_is_named() {
    let account = Account::open().await;
    let cloudwatch = account.cloudwatch();
    let call = |queries: Vec<MetricDataQuery>| {
        let call = cloudwatch.get_metric_data().set_metric_data_queries(Some(queries));
        call.start_time(DateTime::from_secs(0)).end_time(DateTime::from_secs(seconds()))
    };
    let errors = || query("e", "f", "Errors", "Sum");
    let stat = |stat: &str| call(vec![query("e", "f", "Errors", stat)]).send();
    let said = refusal(call(vec![errors()]).end_time(DateTime::from_secs(0)).send().await);
    let message = "The parameter StartTime must be less than the parameter EndTime.";
    assert_eq!(said, refused(400, "ValidationError", message));
    assert_eq!(refusal(call(vec![errors()]).next_token("x").send().await).1, "InvalidNextToken");
    assert_eq!(refusal(call(vec![errors()]).max_datapoints(0).send().await).1, "ValidationError");
    assert!(refusal(call(vec![errors(), errors()]).send().await).2.contains("not unique"));
    assert!(refusal(call(vec![query("E", "f", "Errors", "Sum")]).send().await).2.contains("pattern"));
    assert_eq!(refusal(stat("p101").await).1, "ValidationError");
    for (answer, what) in [
        (stat("tm90").await, "the statistic \"tm90\""),
        (stat("TM(10%:90%)").await, "the statistic \"TM(10%:90%)\""),
        (
            call(vec![query("i", "f", "IteratorAge", "Sum")]).send().await,
            "the metric IteratorAge of AWS/Lambda",
        ),
        (
            call(vec![MetricDataQuery::builder().id("x").expression("e/2").build()]).send().await,
            "the Expression of the query \"x\"",
        ),
    ] {
        let (status, code, message) = refusal(answer);
        assert_eq!((status, code.as_str()), (501, "NotImplemented"));
        assert!(message.contains(what), "{message}");
    }
    let gateway = Metric::builder().namespace("AWS/ApiGateway").metric_name("Count").build();
    let gateway = MetricStat::builder().metric(gateway).period(60).stat("Sum").build();
    let gateway = MetricDataQuery::builder().id("g").metric_stat(gateway).build();
    assert!(refusal(call(vec![gateway]).send().await).2.contains("namespace AWS/ApiGateway"));
    let alarms = refusal(cloudwatch.describe_alarms().send().await);
    assert_eq!((alarms.0, alarms.1.as_str()), (501, "NotImplemented"));
    assert!(alarms.2.contains("DescribeAlarms of CloudWatch"), "{}", alarms.2);

    account.faults().set(vec![Rule::on("cloudwatch:GetMetricData", Effect::Throttle).times(1)]).unwrap();
    assert_eq!(refusal(call(vec![errors()]).send().await), refused(400, "Throttling", "Rate exceeded"));
    assert!(call(vec![errors()]).send().await.is_ok());
    assert_eq!(account.faults().calls().last().unwrap().service, "cloudwatch");
    account.stop().await;
}

/// AWS CLI 2.9 sends forms; JSON is what SDKs without CBOR send.
#[tokio::test(flavor = "multi_thread")]
async fn forms_and_json_are_understood_too() {
    let live = Live::with_function("f", &[]).await;
    live.invoke("f", json!({"do": "error"})).await;
    let post = |kind: &str, body: String| {
        let call = live.http.post(live.account.endpoint());
        call.header("content-type", kind).timeout(Duration::from_secs(30)).body(body)
    };
    let send = |call: reqwest::RequestBuilder| live.http.execute(sign_now(call, "monitoring"));
    let end = jiff::Timestamp::from_second(seconds() + 60).unwrap();
    let start = jiff::Timestamp::from_second(end.as_second() - 3600).unwrap();
    let form = format!(
        "Action=GetMetricData&Version=2010-08-01&MetricDataQueries.member.1.Id=e&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS%2FLambda&MetricDataQueries.member.1.MetricStat.Metric.MetricName=Errors&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=FunctionName&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=f&MetricDataQueries.member.1.MetricStat.Period=60&MetricDataQueries.member.1.MetricStat.Stat=Sum&MetricDataQueries.member.1.ReturnData=true&StartTime={start}&EndTime={end}"
    );
    let form_kind = "application/x-www-form-urlencoded";
    let text = send(post(form_kind, form.clone())).await.unwrap().text().await.unwrap();
    assert!(
        text.starts_with("<GetMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">")
    );
    assert!(text.contains("<Label>Errors</Label>") && text.contains("<Values><member>1.0</member></Values>"));
    let at = text.split("<Timestamps><member>").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(at.parse::<jiff::Timestamp>().unwrap().as_second() % 60, 0);
    let wrong = send(post(form_kind, form.replace("Stat=Sum", "Stat=Most"))).await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("<Code>ValidationError</Code>"));

    let input = json!({"Namespace": "AWS/Lambda", "MetricName": "Errors", "Period": 60, "Statistics": ["Sum"],
        "Dimensions": [{"Name": "FunctionName", "Value": "f"}], "StartTime": start.as_second(), "EndTime": end.as_second()});
    let as_json = |input: &Value| {
        post("application/x-amz-json-1.0", input.to_string())
            .header("x-amz-target", "GraniteServiceVersion20100801.GetMetricStatistics")
    };
    let answer = send(as_json(&input)).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-amz-json-1.0");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["Datapoints"][0]["Sum"], json!(1.0));
    assert!(answer["Datapoints"][0]["Timestamp"].as_i64().unwrap() >= start.as_second());
    let mut wrong = input;
    wrong["Statistics"] = json!([]);
    let answer = send(as_json(&wrong)).await.unwrap();
    assert_eq!(answer.headers()["x-amzn-query-error"], "InvalidParameterCombination;Sender");
    let of_type = answer.json::<Value>().await.unwrap()["__type"].clone();
    assert_eq!(of_type, "com.amazonaws.cloudwatch.v2010_08_01#InvalidParameterCombinationException");

    // CBOR, as the SDK does not show it: an empty map.
    let url = |operation: &str| {
        format!("{}/service/GraniteServiceVersion20100801/operation/{operation}", live.account.endpoint())
    };
    let cbor = |url: String, version: &'static str| {
        let call = live.http.post(url).header("smithy-protocol", version);
        call.header("content-type", "application/cbor").body(vec![0xa0])
    };
    let answer = send(cbor(url("GetMetricData"), "rpc-v2-cbor")).await.unwrap();
    assert_eq!(answer.headers()["smithy-protocol"], "rpc-v2-cbor");
    assert_eq!(answer.headers()["x-amzn-query-error"], "ValidationError;Sender");
    let body = answer.bytes().await.unwrap();
    let named = b"com.amazon.coral.validate#ValidationException";
    assert!(body.windows(named.len()).any(|part| part == named));
    for refused in [
        cbor(url("GetMetricData"), "rpc-v3-cbor"),
        cbor(url("").replace("Granite", "Sandstone"), "rpc-v2-cbor"),
    ] {
        assert_eq!(send(refused).await.unwrap().status(), 501);
    }
    live.account.stop().await;
}
