//! Logs Insights queries.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::builders::StartQueryFluentBuilder;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, QueryStatus, ResultField};

use crate::account::{Account, refusal, refused};

const GROUP: &str = "/aws/lambda/hello";

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

async fn put(logs: &Client, group: &str, events: &[(i64, String)]) {
    // The second call of a test finds both there.
    let _ = logs.create_log_group().log_group_name(group).send().await;
    let _ = logs.create_log_stream().log_group_name(group).log_stream_name("s").send().await;
    for events in events.chunks(5000) {
        let events = events
            .iter()
            .map(|(at, text)| InputLogEvent::builder().timestamp(*at).message(text).build().unwrap());
        let call = logs.put_log_events().log_group_name(group).log_stream_name("s");
        call.set_log_events(Some(events.collect())).send().await.unwrap();
    }
}

/// A query over the last hour.
fn query(logs: &Client, text: &str) -> StartQueryFluentBuilder {
    let now = now() / 1000;
    logs.start_query().query_string(text).start_time(now - 3600).end_time(now)
}

async fn start(call: StartQueryFluentBuilder) -> String {
    call.send().await.unwrap().query_id.unwrap()
}

/// Asks until the query has ended.
async fn ended(logs: &Client, id: &str) -> GetQueryResultsOutput {
    loop {
        let answer = logs.get_query_results().query_id(id).send().await.unwrap();
        match answer.status().unwrap() {
            QueryStatus::Scheduled | QueryStatus::Running => tokio::task::yield_now().await,
            _ => return answer,
        }
    }
}

fn told(row: &[ResultField]) -> Vec<String> {
    let fields = row.iter().filter(|field| field.field() != Some("@ptr"));
    fields.map(|field| format!("{}={}", field.field().unwrap(), field.value().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_query_over_two_groups() {
    let account = Account::open().await;
    let logs = account.logs();
    let t = now() / 60_000 * 60_000 - 600_000;
    put(&logs, GROUP, &[(t, r#"{"level":"INFO","took":10}"#.into()), (t + 2000, "plain".into())]).await;
    put(&logs, "other", &[(t + 1000, r#"{"level":"ERROR","took":30}"#.into()), (t + 3000, "last".into())])
        .await;
    let both = |text: &str| query(&logs, text).log_group_names(GROUP).log_group_names("other");

    let answer = ended(&logs, &start(both("fields @log, @message")).await).await;
    assert_eq!(answer.status(), Some(&QueryStatus::Complete));
    assert_eq!(answer.query_language().map(|language| language.as_str()), Some("CWLI"));
    let rows: Vec<Vec<String>> = answer.results().iter().map(|row| told(row)).collect();
    assert_eq!(rows[0], ["@log=000000000000:other", "@message=last"], "newest first: {rows:?}");
    assert_eq!(rows[3], ["@log=000000000000:/aws/lambda/hello", "@message={\"level\":\"INFO\",\"took\":10}"]);
    let pointers: Vec<&str> =
        answer.results().iter().map(|row| row.last().unwrap()).map(|last| last.value().unwrap()).collect();
    assert!(answer.results().iter().all(|row| row.last().unwrap().field() == Some("@ptr")));
    assert!(
        pointers.iter().enumerate().all(|(at, pointer)| !pointers[..at].contains(pointer)),
        "{pointers:?}"
    );
    let statistics = answer.statistics().unwrap();
    assert_eq!((statistics.records_matched, statistics.records_scanned), (4.0, 4.0));
    assert_eq!((statistics.bytes_scanned, statistics.log_groups_scanned), (62.0, 2.0));

    let text = "filter ispresent(level) | stats sum(took) as total, count(*) by bin(5m) | sort total desc";
    let answer = ended(&logs, &start(both(text)).await).await;
    let bin = jiff::Timestamp::from_millisecond(t.div_euclid(300_000) * 300_000).unwrap();
    let bin = format!("bin(5m)={}", bin.strftime("%Y-%m-%d %H:%M:%S.000"));
    assert_eq!(told(&answer.results()[0]), [bin.as_str(), "total=40", "count(*)=2"]);
    assert_eq!(answer.results()[0].len(), 3, "a row of stats has no pointer");
    let statistics = answer.statistics().unwrap();
    assert_eq!((statistics.records_matched, statistics.records_scanned), (2.0, 4.0));

    // Both ends are inclusive, in seconds: the whole last second counts.
    let at = |from: i64, to: i64| {
        let call = logs.start_query().query_string("fields @message").log_group_name(GROUP);
        start(call.start_time(from / 1000).end_time(to / 1000))
    };
    assert_eq!(ended(&logs, &at(t, t + 1000).await).await.results().len(), 1);
    assert_eq!(ended(&logs, &at(t, t + 2000).await).await.results().len(), 2);
    assert_eq!(ended(&logs, &at(t + 3000, t + 9000).await).await.results().len(), 0);

    // What the retention has taken away is not found either.
    logs.put_retention_policy().log_group_name(GROUP).retention_in_days(1).send().await.unwrap();
    put(&logs, GROUP, &[(t - 2 * 86_400_000, "old".into())]).await;
    assert_eq!(ended(&logs, &at(t - 3 * 86_400_000, t).await).await.results().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_come_in_pages_and_none_is_lost() {
    let account = Account::open().await;
    let logs = account.logs();
    let t = now() - 60_000;
    let events: Vec<(i64, String)> = (0..12_000).map(|n| (t + n / 700, format!("event {n}"))).collect();
    put(&logs, GROUP, &events).await;
    let of = |text: &str| query(&logs, text).log_group_name(GROUP);
    let id = start(of("fields @message | sort @timestamp asc").limit(11_500)).await;
    assert_eq!(ended(&logs, &id).await.results().len(), 10_000);
    let (mut token, mut found) = (None, Vec::new());
    loop {
        let call = logs.get_query_results().query_id(&id).max_items(4000).set_next_token(token);
        let page = call.send().await.unwrap();
        found.extend(page.results().iter().map(|row| told(row)[0].clone()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 11_500);
    let mut sorted = found.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 11_500);
    assert_eq!(
        ended(&logs, &start(of("fields @message")).await).await.statistics().unwrap().records_matched,
        12_000.0
    );
    let few = ended(&logs, &start(of("fields @message | limit 3").limit(2)).await).await;
    assert_eq!(few.results().len(), 3, "the query's own limit holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_stopped_and_others_are_not_held_up() {
    let account = Account::open().await;
    let logs = account.logs();
    let t = now() - 60_000;
    let events: Vec<(i64, String)> =
        (0..20_000).map(|n| (t + n, format!("event {n} user=u{} took={}", n % 97, n % 31))).collect();
    put(&logs, GROUP, &events).await;
    let slow =
        "parse @message 'event * user=* took=*' as n, user, took | stats count(*), pct(took, 99) by user";
    let mut ids = Vec::new();
    // They are started faster than two at a time can be carried out.
    let one_more = loop {
        match query(&logs, slow).log_group_name(GROUP).send().await {
            Ok(started) => ids.push(started.query_id.unwrap()),
            refused => break refused,
        }
    };
    assert!(ids.len() >= 100, "{}", ids.len());
    assert_eq!(
        refusal(one_more),
        refused(400, "LimitExceededException", "Account maximum query concurrency of [100] reached.")
    );
    // It has to wait for all the others.
    let last = ids.last().unwrap();
    let waiting = logs.get_query_results().query_id(last).send().await.unwrap();
    assert_eq!((waiting.status(), waiting.results().len()), (Some(&QueryStatus::Scheduled), 0));
    assert!(logs.stop_query().query_id(last).send().await.unwrap().success());
    assert_eq!(ended(&logs, last).await.status(), Some(&QueryStatus::Cancelled));
    assert_eq!(
        refusal(logs.stop_query().query_id(last).send().await),
        refused(400, "InvalidParameterException", "Query is already ended with Cancelled status.")
    );
    // Reads go on meanwhile.
    assert_eq!(
        logs.filter_log_events().log_group_name(GROUP).limit(1).send().await.unwrap().events().len(),
        1
    );
    let first = ended(&logs, &ids[0]).await;
    assert_eq!((first.status(), first.results().len()), (Some(&QueryStatus::Complete), 97));
    for id in &ids[1..ids.len() - 1] {
        // Those that have ended meanwhile cannot be stopped.
        let _ = logs.stop_query().query_id(id).send().await;
    }
    for id in &ids {
        ended(&logs, id).await;
    }
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_told_as_recorded() {
    let account = Account::open().await;
    let logs = account.logs();
    put(&logs, GROUP, &[(now(), "x".into())]).await;
    let of = |text: &str| {
        logs.start_query().query_string(text).log_group_name(GROUP).start_time(1).end_time(now() / 1000)
    };
    let first = start(of("fields @message").end_time(2)).await;
    let second = start(of("limit 1")).await;
    for id in [&first, &second] {
        ended(&logs, id).await;
    }
    let all = logs.describe_queries().log_group_name(GROUP).send().await.unwrap();
    let ids: Vec<&str> = all.queries().iter().map(|query| query.query_id().unwrap()).collect();
    assert_eq!(ids, [second.as_str(), first.as_str()], "the newest first");
    let told = &all.queries()[1];
    assert_eq!(
        told.query_string(),
        Some("SOURCE \"/aws/lambda/hello\" START=1000 END=2999 | fields @message")
    );
    assert_eq!((told.log_group_name(), told.status()), (Some(GROUP), Some(&QueryStatus::Complete)));
    assert!(told.create_time().unwrap() > 1_700_000_000_000);
    let page = logs.describe_queries().max_results(1).send().await.unwrap();
    assert_eq!(page.queries()[0].query_id(), Some(second.as_str()));
    let page = logs.describe_queries().max_results(1).set_next_token(page.next_token).send().await.unwrap();
    assert_eq!((page.queries()[0].query_id(), page.next_token()), (Some(first.as_str()), None));
    let running = logs.describe_queries().status(QueryStatus::Running).send().await.unwrap();
    assert!(running.queries().is_empty());
    let elsewhere = logs.describe_queries().log_group_name("other").send().await.unwrap();
    assert!(elsewhere.queries().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused() {
    let account = Account::open().await;
    let logs = account.logs();
    let (status, code, message) =
        refusal(query(&logs, "fields @message").log_group_name("none").send().await);
    assert_eq!((status, code.as_str()), (400, "ResourceNotFoundException"));
    let recorded = "Log group 'none' does not exist for account ID '000000000000' (Service: AWSLogs; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: ";
    assert!(message.starts_with(recorded) && message.ends_with("; Proxy: null)"), "{message}");

    put(&logs, GROUP, &[(now(), "x".into())]).await;
    let of = |text: &str| query(&logs, text).log_group_name(GROUP);
    // One group of several that is missing is enough.
    let one = query(&logs, "limit 1").log_group_names(GROUP).log_group_names("none").send().await;
    assert!(refusal(one).2.starts_with("Log group 'none'"));
    let error = of("fields @message | pattern @message").send().await.unwrap_err();
    let Some(malformed) = SdkError::as_service_error(&error).and_then(|error| match error {
        aws_sdk_cloudwatchlogs::operation::start_query::StartQueryError::MalformedQueryException(inner) => {
            Some(inner)
        }
        _ => None,
    }) else {
        panic!("{error:?}")
    };
    let compile_error = malformed.query_compile_error().unwrap();
    assert_eq!(
        compile_error.message(),
        Some("Callboard's local cloud does not offer the command pattern of Logs Insights")
    );
    let location = compile_error.location().unwrap();
    assert_eq!((location.start_char_offset(), location.end_char_offset()), (Some(18), Some(25)));
    for (call, code) in [
        (query(&logs, "limit 1"), "InvalidParameterException"),
        (of("limit 1").log_group_names(GROUP), "InvalidParameterException"),
        (of("limit 1").limit(100_001), "InvalidParameterException"),
        (of("limit 1").start_time(5).end_time(4), "InvalidParameterException"),
        (of(&format!("filter a = '{}'", "x".repeat(10_000))), "InvalidParameterException"),
        (of("limit 1").query_language("SQL".into()), "NotImplemented"),
        (of("filter a ="), "MalformedQueryException"),
    ] {
        assert_eq!(refusal(call.send().await).1, code);
    }
    assert_eq!(
        refusal(logs.get_query_results().query_id("none").send().await),
        refused(400, "ResourceNotFoundException", "The specified query does not exist.")
    );
    assert_eq!(refusal(logs.stop_query().query_id("none").send().await).1, "ResourceNotFoundException");
}
