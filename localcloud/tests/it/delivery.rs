//! Log events delivered late, out of order and in odd pages, as clients meet them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use localcloud::faults::{Delivery, Effect, PATH, Rule};
use localcloud::{LocalCloud, Opened, Options};
use serde_json::{Value, json};

use crate::account::Account;
use crate::live::Live;

const GROUP: &str = "/aws/lambda/hello";

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Every event that FilterLogEvents tells, and how many pages there were and how many of them were empty.
async fn told(logs: &Client) -> (Vec<FilteredLogEvent>, usize, usize) {
    let mut told = (Vec::new(), 0, 0);
    let mut pages = logs.filter_log_events().log_group_name(GROUP).into_paginator().send();
    while let Some(page) = pages.next().await {
        let events = page.unwrap().events.unwrap();
        told.1 += 1;
        told.2 += usize::from(events.is_empty());
        told.0.extend(events);
    }
    told
}

fn numbered(at: i64, count: i64) -> Vec<(i64, String)> {
    (0..count).map(|number| (at + number / 100, number.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_late_and_out_of_order_and_none_is_lost() {
    let account = Account::open().await;
    let logs = account.logs();
    account.faults().deliver(Delivery::late(600, 7)).unwrap();
    let written = now();
    account.log_events().append(GROUP, "a", numbered(written - 1000, 3000));
    assert!(account.log_events().pending() > 0);
    // Whoever asks all the time sees each event from its ingestion time on, and never before.
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut arrivals: Vec<i64> = Vec::new();
    while seen.len() < 3000 {
        let events = told(&logs).await.0;
        let asked = now();
        for event in &events {
            assert!(event.ingestion_time().unwrap() <= asked, "{event:?}");
            if seen.insert(event.event_id().unwrap().to_owned()) {
                arrivals.push(event.message().unwrap().parse().unwrap());
            }
        }
        let order = |event: &FilteredLogEvent| {
            (event.timestamp(), event.ingestion_time(), event.event_id().unwrap().to_owned())
        };
        assert!(events.is_sorted_by_key(order));
    }
    assert!(now() >= written + 500, "some were to be late");
    let whole = told(&logs).await.0;
    assert_eq!(whole.len(), 3000, "and each comes once");
    let delays: Vec<i64> = whole.iter().map(|event| event.ingestion_time().unwrap() - written).collect();
    assert!(delays.iter().all(|delay| *delay <= 600 + 1000), "{delays:?}");
    assert!(!arrivals.is_sorted(), "and not in the order in which they were written");
    assert_eq!(account.log_events().pending(), 0);
    // What is written from now on is there at once.
    account.faults().deliver(Delivery::default()).unwrap();
    account.log_events().append(GROUP, "a", vec![(now(), "prompt".to_owned())]);
    assert_eq!(told(&logs).await.0.len(), 3001);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_delays_the_same_events() {
    let account = Account::open().await;
    let mut runs = Vec::new();
    for stream in ["first", "second"] {
        account.faults().deliver(Delivery::late(200, 11)).unwrap();
        account.log_events().append(GROUP, stream, numbered(now(), 50));
        account.log_events().delivered().await;
        let page = account.logs().get_log_events().log_group_name(GROUP).log_stream_name(stream);
        let events = page.start_from_head(true).send().await.unwrap().events.unwrap();
        assert_eq!(events.len(), 50);
        let first = events.iter().filter_map(|event| event.ingestion_time()).min().unwrap();
        let mut late: Vec<(i64, String)> = events
            .iter()
            .map(|event| (event.ingestion_time().unwrap() - first, event.message().unwrap().to_owned()))
            .collect();
        late.sort();
        runs.push(late);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_small_and_every_third_is_empty_and_nothing_is_lost() {
    let account = Account::open().await;
    let logs = account.logs();
    account.log_events().append(GROUP, "a", numbered(now() - 1000, 500));
    let odd = Delivery { empty_every: Some(3), page_events: Some(70), ..Delivery::default() };
    account.faults().deliver(odd).unwrap();
    let (events, pages, empty) = told(&logs).await;
    let texts: Vec<&str> = events.iter().map(|event| event.message().unwrap()).collect();
    assert!(texts.iter().copied().eq((0..500).map(|number| number.to_string())), "{} events", texts.len());
    // Eight full ones, and after each two of them one that is empty.
    assert_eq!((pages, empty), (11, 3));
    let newest = logs.filter_log_events().log_group_name(GROUP).start_from_head(false);
    let first = newest.clone().send().await.unwrap();
    assert!(first.events().is_empty(), "the twelfth page");
    let second = newest.set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((second.events().len(), second.events()[0].message()), (70, Some("499")));
    let stream = logs.get_log_events().log_group_name(GROUP).log_stream_name("a").send().await.unwrap();
    assert_eq!(stream.events().len(), 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_in_three_is_throttled() {
    let account = Account::open().await;
    account.log_events().append(GROUP, "a", numbered(now(), 1));
    let rule = Rule::on("FilterLogEvents", Effect::Throttle).from_nth(3).every(3);
    account.faults().set(vec![rule]).unwrap();
    let mut refused = Vec::new();
    for _ in 0..9 {
        refused.push(account.logs().filter_log_events().log_group_name(GROUP).send().await.is_err());
    }
    assert_eq!(refused, [false, false, true].repeat(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_outlives_a_stop() {
    let account = Account::open().await;
    account.faults().deliver(Delivery::late(600_000, 3)).unwrap();
    account.log_events().append(GROUP, "a", numbered(now(), 1000));
    assert!(account.log_events().pending() > 900);
    let account = account.restart().await;
    assert_eq!(account.faults().delivery(), Delivery::default());
    let pending = account.log_events().pending();
    let seen = told(&account.logs()).await.0.len();
    assert!(pending > 900 && seen >= 1000 - pending, "{pending} pending, {seen} seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    // Room for ten events of one byte.
    let options = Options { log_budget: 10 * 27, ..Options::new(dir.path()) };
    let Opened::Started(cloud) = LocalCloud::open(options).await.unwrap() else { panic!("attached") };
    cloud.log_events().append(GROUP, "a", (0..25).map(|_| (now(), "x".to_owned())).collect());
    let config = crate::account::config(cloud.endpoint(), localcloud::account::ACCESS_KEY_ID, "us-east-1");
    assert_eq!(told(&Client::new(&config)).await.0.len(), 10);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_processes_set_it_over_http() {
    let live = Live::start().await;
    let url = format!("{}{PATH}", live.account.endpoint());
    let put = |body: Value| live.http.put(&url).body(body.to_string()).send();
    let delivery = json!({"max_delay_ms": 45_000, "seed": 7, "empty_every": 3});
    let rule = json!({"operation": "FilterLogEvents", "nth": 10, "every": 10, "effect": "throttle"});
    let both = json!({"rules": [rule], "delivery": delivery});
    assert_eq!(put(both).await.unwrap().status(), 204);
    let report: Value = live.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&report["delivery"], &report["rules"][0]["rule"]), (&delivery, &rule));
    for (body, why) in [
        (json!({"delivery": {"max_delay_ms": 600_001}}), "max_delay_ms is at most 600000"),
        (json!({"delivery": {"max_delay": 1}}), "unknown field `max_delay`"),
        (json!({"rule": []}), "unknown field `rule`"),
        (json!({"rules": [{"operation": "*", "every": 0, "effect": "throttle"}]}), "every is at least 1"),
    ] {
        let answer = put(body).await.unwrap();
        assert_eq!(answer.status(), 400);
        let text = answer.text().await.unwrap();
        assert!(text.starts_with("These are not faults: ") && text.contains(why), "{text}");
    }
    assert_eq!(
        live.account.faults().delivery(),
        Delivery { empty_every: Some(3), ..Delivery::late(45_000, 7) }
    );
    // A list is rules and nothing else: it takes the place of all that was set.
    assert_eq!(put(json!([rule])).await.unwrap().status(), 204);
    assert_eq!(live.account.faults().delivery(), Delivery::default());
    live.account.faults().deliver(Delivery::late(1, 1)).unwrap();
    assert_eq!(live.http.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(live.account.faults().delivery(), Delivery::default());
    assert_eq!(live.account.faults().report().rules, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_events_pass_through_quickly() {
    let account = Account::open().await;
    account.faults().deliver(Delivery::late(1000, 5)).unwrap();
    let begin = Instant::now();
    let at = now();
    for batch in 0..100 {
        account.log_events().append(GROUP, "a", numbered(at + batch, 1000));
    }
    let written = begin.elapsed();
    account.log_events().delivered().await;
    assert_eq!(account.log_events().pending(), 0);
    // Far more than it takes without optimisation, and far less than anything that is not linear would take.
    assert!(written < Duration::from_secs(20), "{written:?}");
}
