//! Metrics that somebody puts.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, StandardUnit, Statistic, StatisticSet,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

use crate::account::{Account, refusal};
use crate::by_hand::sign_now;

fn seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn datum(name: &str, value: f64) -> MetricDatum {
    MetricDatum::builder().metric_name(name).value(value).build()
}

async fn put(account: &Account, data: Vec<MetricDatum>) {
    account.cloudwatch().put_metric_data().namespace("App").set_metric_data(Some(data)).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_told_and_kept() {
    let account = Account::open().await;
    let at = seconds();
    let region = Dimension::builder().name("Region").value("north").build();
    let timed = |value: f64| {
        let made = MetricDatum::builder().metric_name("Latency").unit(StandardUnit::Milliseconds);
        made.timestamp(DateTime::from_secs(at)).dimensions(region.clone()).value(value).build()
    };
    put(&account, (1..=100).map(|value| timed(f64::from(value))).collect()).await;
    put(&account, vec![datum("Latency", -4.0), datum("Other", 1.0)]).await;
    let account = account.restart().await;
    let cloudwatch = account.cloudwatch();
    let call = || {
        let call = cloudwatch.get_metric_statistics().namespace("App").metric_name("Latency").period(3600);
        call.start_time(DateTime::from_secs(at - 60)).end_time(DateTime::from_secs(at + 120))
    };
    let of_north =
        call().dimensions(region.clone()).statistics(Statistic::Average).extended_statistics("p90");
    let answer = of_north.send().await.unwrap();
    let [point] = answer.datapoints() else { panic!("{answer:?}") };
    assert_eq!((point.average(), point.unit()), (Some(50.5), Some(&StandardUnit::Milliseconds)));
    let p90 = point.extended_statistics().unwrap()["p90"];
    assert!((p90 - 90.0).abs() <= 0.45, "{p90}");
    let plain = call().statistics(Statistic::Minimum).send().await.unwrap();
    assert_eq!(plain.datapoints()[0].minimum(), Some(-4.0), "other dimensions are another metric");
    let listed = cloudwatch.list_metrics().namespace("App").send().await.unwrap();
    let told: Vec<(&str, usize)> = listed
        .metrics()
        .iter()
        .map(|metric| (metric.metric_name().unwrap(), metric.dimensions().len()))
        .collect();
    assert_eq!(told, [("Latency", 0), ("Latency", 1), ("Other", 0)]);

    // A short period has values where a minute begins; a metric of high resolution at every second.
    let fine = MetricDatum::builder().metric_name("Fine").storage_resolution(1);
    let fine = |shift| fine.clone().timestamp(DateTime::from_secs(at - at % 60 + shift)).value(1.0).build();
    put(&account, vec![fine(1), fine(2), fine(31)]).await;
    let query = |name: &str| {
        let metric = Metric::builder().namespace("App").metric_name(name).build();
        let stat = MetricStat::builder().metric(metric).period(30).stat("Sum").build();
        MetricDataQuery::builder().id(name.to_lowercase()).metric_stat(stat).build()
    };
    let data =
        cloudwatch.get_metric_data().metric_data_queries(query("Fine")).metric_data_queries(query("Other"));
    let data = data.start_time(DateTime::from_secs(at - at % 60)).end_time(DateTime::from_secs(at + 120));
    let answer = data.send().await.unwrap();
    assert_eq!(answer.metric_data_results()[0].values(), [1.0, 2.0]);
    assert_eq!(answer.metric_data_results()[1].values(), [1.0]);
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_and_what_is_wrong() {
    let account = Account::open().await;
    let at = seconds();
    let set = StatisticSet::builder().sample_count(4.0).sum(10.0).minimum(1.0).maximum(5.0).build();
    put(&account, vec![MetricDatum::builder().metric_name("Set").statistic_values(set).build()]).await;
    let cloudwatch = account.cloudwatch();
    let call = cloudwatch.get_metric_statistics().namespace("App").metric_name("Set").period(60);
    let call = call.start_time(DateTime::from_secs(at - 60)).end_time(DateTime::from_secs(at + 120));
    let answer = call.statistics(Statistic::Average).extended_statistics("p50").send().await.unwrap();
    let point = &answer.datapoints()[0];
    assert_eq!(point.average(), Some(2.5));
    assert!(point.extended_statistics().is_none_or(|all| all.is_empty()), "how they are spread is not known");
    let wrong = |namespace: &str, datum: MetricDatum| {
        cloudwatch.put_metric_data().namespace(namespace).metric_data(datum).send()
    };
    let old = MetricDatum::builder()
        .metric_name("x")
        .value(1.0)
        .timestamp(DateTime::from_secs(at - 15 * 86_400))
        .build();
    for (answer, code, what) in [
        (wrong("AWS/Lambda", datum("x", 1.0)).await, "InvalidParameterValue", "AWS/Lambda"),
        (wrong("App", old).await, "InvalidParameterValue", "within the past two weeks"),
        (
            wrong("App", MetricDatum::builder().metric_name("x").build()).await,
            "MissingParameter",
            "MetricData.member.1.Value",
        ),
        (wrong("App", datum("x", 1e300)).await, "InvalidParameterValue", "is invalid"),
        (wrong("App", datum("", 1.0)).await, "ValidationError", "metricData.1.member.metricName"),
    ] {
        let (status, said, message) = refusal(answer);
        assert_eq!((status, said.as_str()), (400, code), "{message}");
        assert!(message.contains(what), "{message}");
    }
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_may_come_gzipped() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account::open().await;
    let pack = |text: &str| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    let http = reqwest::Client::new();
    let send = |body: Vec<u8>| {
        let call = http.post(account.endpoint()).header("content-type", "application/x-www-form-urlencoded");
        http.execute(sign_now(call.header("content-encoding", "gzip").body(body), "monitoring"))
    };
    let form = "Action=PutMetricData&Version=2010-08-01&Namespace=App&MetricData.member.1.MetricName=m&MetricData.member.1.Value=2.5";
    assert_eq!(send(pack(form)).await.unwrap().status(), 200);
    let listed = account.cloudwatch().list_metrics().send().await.unwrap();
    assert_eq!(listed.metrics()[0].metric_name(), Some("m"));
    assert_eq!(send(form.as_bytes().to_vec()).await.unwrap().status(), 400, "it is not gzip");
    let bomb = send(pack(&"x".repeat(5 * 1024 * 1024))).await.unwrap();
    assert_eq!(bomb.status(), 413);
    account.stop().await;
}
