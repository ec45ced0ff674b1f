//! CloudWatch Logs.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, OrderBy};

use crate::account::{Account, refusal, refused};

const GROUP: &str = "/aws/lambda/hello";

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

async fn group_and_stream(logs: &Client, stream: &str) {
    // The second stream of a test finds the group there.
    let _ = logs.create_log_group().log_group_name(GROUP).send().await;
    logs.create_log_stream().log_group_name(GROUP).log_stream_name(stream).send().await.unwrap();
}

async fn put(logs: &Client, stream: &str, events: &[(i64, String)]) {
    let events = events
        .iter()
        .map(|(at, text)| InputLogEvent::builder().timestamp(*at).message(text).build().unwrap())
        .collect();
    logs.put_log_events()
        .log_group_name(GROUP)
        .log_stream_name(stream)
        .set_log_events(Some(events))
        .send()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_the_order_of_their_time_over_all_streams() {
    let account = Account::open().await;
    let logs = account.logs();
    group_and_stream(&logs, "a").await;
    group_and_stream(&logs, "b").await;
    let t = now() - 1000;
    put(&logs, "a", &[(t, "one".into()), (t + 20, "three ERROR x".into())]).await;
    put(&logs, "b", &[(t + 10, "two".into()), (t + 20, "four ERROR \"y z\"".into())]).await;
    let filter = || logs.filter_log_events().log_group_name(GROUP);
    let texts = |answer: &aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput| {
        answer.events().iter().map(|event| event.message().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = filter().send().await.unwrap();
    assert_eq!(texts(&all), ["one", "two", "three ERROR x", "four ERROR \"y z\""]);
    assert_eq!(all.next_token(), None);
    let ids: Vec<&str> = all.events().iter().map(|event| event.event_id().unwrap()).collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 56), "{ids:?}");
    assert_eq!(all.events()[1].log_stream_name(), Some("b"));
    // Both ends count.
    let between = filter().start_time(t + 10).end_time(t + 10).send().await.unwrap();
    assert_eq!(texts(&between), ["two"]);
    let newest = filter().start_from_head(false).limit(1).send().await.unwrap();
    assert_eq!(texts(&newest), ["four ERROR \"y z\""]);
    let matching = filter().filter_pattern("ERROR \"\\\"y z\\\"\"").send().await.unwrap();
    assert_eq!(texts(&matching), ["four ERROR \"y z\""]);
    let one_stream = filter().log_stream_names("a").send().await.unwrap();
    assert_eq!(texts(&one_stream), ["one", "three ERROR x"]);
    let refused_pattern = refusal(filter().filter_pattern("[level, text]").send().await);
    assert_eq!(
        refused_pattern.2,
        "Callboard's local cloud does not offer space-delimited patterns in filterPattern in the operation FilterLogEvents of CloudWatch Logs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lose_nothing_and_repeat_nothing() {
    let account = Account::open().await;
    let logs = account.logs();
    group_and_stream(&logs, "a").await;
    let t = now() - 10_000;
    // Many of one time, so that the time alone could not say where a page ends.
    let events: Vec<(i64, String)> = (0..2500).map(|n| (t + n / 700, format!("event {n}"))).collect();
    put(&logs, "a", &events).await;
    for head in [true, false] {
        let mut found = Vec::new();
        let mut pages = logs
            .filter_log_events()
            .log_group_name(GROUP)
            .start_from_head(head)
            .limit(333)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            found.extend(page.unwrap().events().iter().map(|event| event.message().unwrap().to_owned()));
        }
        if !head {
            found.reverse();
        }
        assert!(found.iter().eq(events.iter().map(|(_, text)| text)), "{}", found.len());
    }
    // 1 MB a page: the second of two big halves waits.
    let big: Vec<(i64, String)> = (0..6).map(|n| (t + 1000 + n, "x".repeat(200_000))).collect();
    for chunk in big.chunks(3) {
        put(&logs, "a", chunk).await;
    }
    let page = logs.filter_log_events().log_group_name(GROUP).start_time(t + 1000).send().await.unwrap();
    assert_eq!(page.events().len(), 5);
    assert!(page.next_token().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_forward_and_backward() {
    let account = Account::open().await;
    let logs = account.logs();
    group_and_stream(&logs, "a").await;
    let t = now() - 1000;
    let events: Vec<(i64, String)> = (0..5).map(|n| (t + n, format!("{n}"))).collect();
    put(&logs, "a", &events).await;
    let get = |token: Option<String>| {
        let call = logs.get_log_events().log_group_name(GROUP).log_stream_name("a").limit(2);
        call.set_next_token(token).send()
    };
    let texts = |answer: &aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput| {
        answer.events().iter().map(|event| event.message().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let newest = get(None).await.unwrap();
    assert_eq!(texts(&newest), ["3", "4"]);
    let before = get(newest.next_backward_token.clone()).await.unwrap();
    assert_eq!(texts(&before), ["1", "2"]);
    let end = get(newest.next_forward_token.clone()).await.unwrap();
    assert!(end.events().is_empty());
    assert_eq!(end.next_forward_token, newest.next_forward_token, "at the end the token stays");
    put(&logs, "a", &[(t + 9, "late".into())]).await;
    assert_eq!(texts(&get(end.next_forward_token).await.unwrap()), ["late"]);
    let head = logs.get_log_events().log_group_name(GROUP).log_stream_name("a").start_from_head(true);
    // The end is exclusive here.
    assert_eq!(texts(&head.end_time(t + 2).send().await.unwrap()), ["0", "1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_streams_and_retention() {
    let account = Account::open().await;
    let logs = account.logs();
    group_and_stream(&logs, "a").await;
    group_and_stream(&logs, "b").await;
    let t = now() - 3 * 86_400_000;
    put(&logs, "b", &[(t, "old".into()), (t + 5, "older".into())]).await;
    put(&logs, "a", &[(now(), "young".into())]).await;
    let groups = logs.describe_log_groups().log_group_name_prefix("/aws/").send().await.unwrap();
    let group = &groups.log_groups()[0];
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/hello";
    assert_eq!(group.arn(), Some(format!("{arn}:*").as_str()));
    assert_eq!(group.log_group_arn(), Some(arn));
    assert_eq!(group.retention_in_days(), None);
    assert!(group.stored_bytes().unwrap() > 0);
    let streams = logs
        .describe_log_streams()
        .log_group_name(GROUP)
        .order_by(OrderBy::LastEventTime)
        .descending(true)
        .send()
        .await
        .unwrap();
    let names: Vec<_> = streams.log_streams().iter().map(|one| one.log_stream_name().unwrap()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(streams.log_streams()[1].first_event_timestamp(), Some(t));
    assert_eq!(streams.log_streams()[1].last_event_timestamp(), Some(t + 5));

    logs.put_retention_policy().log_group_name(GROUP).retention_in_days(1).send().await.unwrap();
    let kept = logs.filter_log_events().log_group_name(GROUP).send().await.unwrap();
    assert_eq!(kept.events().len(), 1, "what is older than the retention is not told any more");
    logs.delete_retention_policy().log_group_name(GROUP).send().await.unwrap();
    let odd = logs.put_retention_policy().log_group_name(GROUP).retention_in_days(2).send().await;
    assert_eq!(refusal(odd).1, "InvalidParameterException");
    logs.delete_log_group().log_group_name(GROUP).send().await.unwrap();
    assert_eq!(
        refusal(logs.filter_log_events().log_group_name(GROUP).send().await),
        refused(400, "ResourceNotFoundException", "The specified log group does not exist.")
    );
    group_and_stream(&logs, "a").await;
    let again = logs.filter_log_events().log_group_name(GROUP).send().await.unwrap();
    assert!(again.events().is_empty(), "a new group of the old name is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_as_recorded() {
    let account = Account::open().await;
    let logs = account.logs();
    group_and_stream(&logs, "a").await;
    assert_eq!(
        refusal(logs.create_log_stream().log_group_name(GROUP).log_stream_name("a").send().await),
        refused(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
    );
    assert_eq!(
        refusal(logs.filter_log_events().log_group_name(GROUP).limit(10_001).send().await),
        refused(
            400,
            "InvalidParameterException",
            "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
        )
    );
    assert_eq!(
        refusal(logs.filter_log_events().log_group_name(GROUP).next_token("nonsense").send().await),
        refused(400, "InvalidParameterException", "The specified nextToken is invalid.")
    );
    assert_eq!(
        refusal(logs.get_log_events().log_group_name(GROUP).log_stream_name("none").send().await),
        refused(400, "ResourceNotFoundException", "The specified log stream does not exist.")
    );
    assert_eq!(
        refusal(logs.create_log_group().log_group_name("a".repeat(513)).send().await),
        refused(
            400,
            "InvalidParameterException",
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
        )
    );
    let broken =
        logs.filter_log_events().log_group_name(GROUP).start_time(-1).filter_pattern("a".repeat(1025));
    let (_, code, message) = refusal(broken.send().await);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.starts_with("2 validation errors detected: "), "{message}");
    assert_eq!(
        refusal(logs.create_log_stream().log_group_name(GROUP).log_stream_name("").send().await).2,
        "1 validation error detected: Value '' at 'logStreamName' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
    let event = |at: i64| InputLogEvent::builder().timestamp(at).message("m").build().unwrap();
    let call = || logs.put_log_events().log_group_name(GROUP).log_stream_name("a");
    assert_eq!(
        refusal(call().log_events(event(now())).log_events(event(now() - 1000)).send().await),
        refused(
            400,
            "InvalidParameterException",
            "Log events in a single PutLogEvents request must be in chronological order."
        )
    );
    let (day, hour) = (86_400_000, 3_600_000);
    let odd = |ats: [i64; 2]| call().set_log_events(Some(ats.map(event).to_vec())).send();
    let long = odd([now() - 2 * day, now()]).await;
    let message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
    assert_eq!(refusal(long), refused(400, "InvalidParameterException", message));
    let answer = odd([now() - 14 * day - hour, now() - 14 * day + hour]).await.unwrap();
    assert_eq!(answer.rejected_log_events_info().unwrap().too_old_log_event_end_index(), Some(1));
    let answer = odd([now(), now() + 3 * hour]).await.unwrap();
    assert_eq!(answer.rejected_log_events_info().unwrap().too_new_log_event_start_index(), Some(1));
    let kept = logs.filter_log_events().log_group_name(GROUP).send().await.unwrap();
    assert_eq!(kept.events().len(), 2);
    assert_eq!(
        refusal(logs.describe_destinations().send().await).2,
        "Callboard's local cloud does not offer the operation DescribeDestinations of CloudWatch Logs"
    );
}
