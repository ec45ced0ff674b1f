//! Log groups beside their events: tags, lists, retention, streams that are deleted, metric filters.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::Statistic;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, MetricTransformation};

use crate::account::{Account, refusal, refused};

const DAY: i64 = 86_400_000;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

async fn put(logs: &Client, group: &str, events: &[(i64, &str)]) {
    let event =
        |(at, text): &(i64, &str)| InputLogEvent::builder().timestamp(*at).message(*text).build().unwrap();
    let events = events.iter().map(event).collect();
    let call = logs.put_log_events().log_group_name(group).log_stream_name("s").set_log_events(Some(events));
    call.send().await.unwrap();
}

async fn group(logs: &Client, name: &str) {
    logs.create_log_group().log_group_name(name).send().await.unwrap();
    logs.create_log_stream().log_group_name(name).log_stream_name("s").send().await.unwrap();
}

async fn messages(logs: &Client, group: &str) -> Vec<String> {
    let found = logs.filter_log_events().log_group_name(group).send().await.unwrap();
    found.events().iter().map(|event| event.message().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_lists_and_streams_that_go() {
    let account = Account::open().await;
    let logs = account.logs();
    logs.create_log_group().log_group_name("/app/one").tags("env", "stage").send().await.unwrap();
    group(&logs, "/app/two").await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/app/one";
    logs.tag_resource().resource_arn(arn).tags("team", "a").send().await.unwrap();
    logs.untag_resource().resource_arn(arn).tag_keys("env").send().await.unwrap();
    let tags = logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().iter().collect::<Vec<_>>(), [(&"team".to_owned(), &"a".to_owned())]);
    let star = refusal(logs.list_tags_for_resource().resource_arn(format!("{arn}:*")).send().await);
    assert!(star.2.contains("Member must satisfy regular expression pattern: [\\w+=/:,.@-]*"), "{}", star.2);
    let missing = refusal(logs.list_tags_for_resource().resource_arn(format!("{arn}x")).send().await);
    assert_eq!(missing, refused(400, "ResourceNotFoundException", "The specified log group does not exist."));
    let listed = logs.list_log_groups().log_group_name_pattern("^/app|none").send().await.unwrap();
    let names: Vec<_> = listed.log_groups().iter().map(|group| group.log_group_name().unwrap()).collect();
    assert_eq!(names, ["/app/one", "/app/two"]);
    let identified = logs.describe_log_groups().log_group_identifiers(arn).send().await.unwrap();
    assert_eq!(identified.log_groups().len(), 1);

    put(&logs, "/app/two", &[(now(), "kept nowhere else")]).await;
    let delete = || logs.delete_log_stream().log_group_name("/app/two").log_stream_name("s").send();
    delete().await.unwrap();
    assert!(messages(&logs, "/app/two").await.is_empty());
    assert_eq!(refusal(delete().await).2, "The specified log stream does not exist.");
    let account = account.restart().await;
    let logs = account.logs();
    let streams = logs.describe_log_streams().log_group_name("/app/two").send().await.unwrap();
    assert!(streams.log_streams().is_empty());
    let groups = logs.describe_log_groups().log_group_name_prefix("/app/two").send().await.unwrap();
    assert_eq!(groups.log_groups()[0].stored_bytes(), Some(0));
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_deletes_what_it_does_not_keep() {
    let account = Account::open().await;
    let logs = account.logs();
    group(&logs, "g").await;
    put(&logs, "g", &[(now() - 2 * DAY, "old")]).await;
    put(&logs, "g", &[(now(), "new")]).await;
    let stored = || async {
        let groups = account.logs().describe_log_groups().log_group_name_prefix("g").send().await.unwrap();
        groups.log_groups()[0].stored_bytes().unwrap()
    };
    assert_eq!(stored().await, 2 * 29);
    logs.put_retention_policy().log_group_name("g").retention_in_days(1).send().await.unwrap();
    assert_eq!((messages(&logs, "g").await, stored().await), (vec!["new".to_owned()], 29));
    // It does not come back when the retention goes, and what is too old for it is not taken in.
    let expired = InputLogEvent::builder().timestamp(now() - 2 * DAY).message("late").build().unwrap();
    let call = logs.put_log_events().log_group_name("g").log_stream_name("s").log_events(expired);
    let rejected = call.send().await.unwrap().rejected_log_events_info.unwrap();
    assert_eq!(rejected.expired_log_event_end_index(), Some(1));
    logs.delete_retention_policy().log_group_name("g").send().await.unwrap();
    assert_eq!(messages(&logs, "g").await, ["new"]);
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metric_filters_make_values_of_events() {
    let account = Account::open().await;
    let logs = account.logs();
    group(&logs, "g").await;
    let filter = |name: &str, pattern: &str, value: &str, default: Option<f64>| {
        let transformation = MetricTransformation::builder().metric_name(name).metric_namespace("App");
        let transformation = transformation.metric_value(value).set_default_value(default).build().unwrap();
        let call = logs.put_metric_filter().log_group_name("g").filter_name(name).filter_pattern(pattern);
        call.metric_transformations(transformation).send()
    };
    filter("errors", "ERROR", "1", Some(0.0)).await.unwrap();
    filter("latency", "{ $.path = \"/api/*\" && $.ms > 1 }", "$.ms", None).await.unwrap();
    assert!(refusal(filter("x", "ERROR", "$.ms", None).await).2.contains("metricValue must be a number"));
    assert!(
        refusal(filter("x", "[a, b]", "1", None).await)
            .2
            .contains("space-delimited patterns in filterPattern")
    );
    let at = now();
    let lines = [
        (at, "ERROR one"),
        (at, "fine"),
        (at, r#"{"path":"/api/v0","ms":20.5}"#),
        (at, r#"{"path":"/api/v1","ms":4}"#),
        (at, r#"{"path":"/other","ms":100}"#),
    ];
    put(&logs, "g", &lines).await;
    let figures = |metric: &'static str| {
        let call =
            account.cloudwatch().get_metric_statistics().namespace("App").metric_name(metric).period(3600);
        let call = call
            .start_time(DateTime::from_secs(at / 1000 - 60))
            .end_time(DateTime::from_secs(at / 1000 + 60));
        let call = call.statistics(Statistic::Sum).statistics(Statistic::SampleCount);
        async move {
            let answer = call.send().await.unwrap();
            let point = &answer.datapoints()[0];
            (point.sum().unwrap(), point.sample_count().unwrap())
        }
    };
    assert_eq!(figures("errors").await, (1.0, 5.0));
    assert_eq!(figures("latency").await, (24.5, 2.0));
    let described = logs.describe_metric_filters().filter_name_prefix("l").send().await.unwrap();
    assert_eq!(described.metric_filters()[0].metric_transformations()[0].metric_value(), "$.ms");
    let groups = logs.describe_log_groups().log_group_name_prefix("g").send().await.unwrap();
    assert_eq!(groups.log_groups()[0].metric_filter_count(), Some(2));
    let delete = || logs.delete_metric_filter().log_group_name("g").filter_name("errors").send();
    delete().await.unwrap();
    assert_eq!(refusal(delete().await).2, "The specified metric filter does not exist.");
    put(&logs, "g", &[(now(), "ERROR two")]).await;
    assert_eq!(figures("errors").await, (1.0, 5.0));
    account.stop().await;
}
