//! Calls that nobody waits for.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, State};
use serde_json::{Value, json};

use crate::live::{Live, until_async};

async fn send(live: &Live, event: Value) {
    let call = live.lambda().invoke().function_name("f").invocation_type(InvocationType::Event);
    let answer = call.payload(Blob::new(event.to_string())).send().await.unwrap();
    assert_eq!(answer.status_code(), 202);
}

/// The request ids in the START lines of the log after the first, in their order.
async fn starts(live: &Live) -> Vec<String> {
    let log = live.log("f").await;
    let ids = log.iter().filter_map(|line| line.strip_prefix("START RequestId: ")?.split(' ').next());
    ids.skip(1).map(str::to_owned).collect()
}

async fn with_pauses(pause: Duration) -> Live {
    let live = Live::with_function("f", &[]).await;
    let account = live.account.restart_with(|options| options.limits.event_retries = [pause; 2]).await;
    let live = Live::of(account).await;
    assert_eq!(live.settled("f").await, State::Active);
    // From now on there is a log.
    live.invoke("f", json!({})).await;
    live
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_tried_twice_more_under_the_same_request_id() {
    let live = with_pauses(Duration::from_millis(30)).await;
    send(&live, json!({"do": "error"})).await;
    until_async(async || starts(&live).await.len() >= 3).await;
    let tries = starts(&live).await;
    assert!(tries.iter().all(|id| *id == tries[0]), "{tries:?}");
    // A fourth would have come before this ends.
    live.invoke("f", json!({"do": "sleep", "n": 500})).await;
    assert_eq!(starts(&live).await.iter().filter(|id| **id == tries[0]).count(), 3);

    // One that succeeds is run once.
    send(&live, json!({"do": "print", "n": 1})).await;
    until_async(async || live.log("f").await.iter().any(|line| line == "line 0\n")).await;
    live.invoke("f", json!({"do": "sleep", "n": 500})).await;
    assert_eq!(live.log("f").await.iter().filter(|line| *line == "line 0\n").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_function_cannot_take_waits_for_it() {
    let live = with_pauses(Duration::from_millis(30)).await;
    let reserve = live.lambda().put_function_concurrency().function_name("f");
    reserve.reserved_concurrent_executions(1).send().await.unwrap();
    let busy = live.invoke("f", json!({"do": "sleep", "n": 900}));
    let sent = async {
        until_async(async || !starts(&live).await.is_empty()).await;
        let refused =
            live.lambda().invoke().function_name("f").send().await.unwrap_err().into_service_error();
        assert!(refused.is_too_many_requests_exception(), "{refused:?}");
        send(&live, json!({"do": "print", "n": 1})).await;
    };
    tokio::join!(busy, sent);
    until_async(async || live.log("f").await.iter().any(|line| line == "line 0\n")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_does_not_hold_up_the_stop_and_goes_on_with_the_next_run() {
    let live = with_pauses(Duration::from_secs(600)).await;
    send(&live, json!({"do": "error"})).await;
    until_async(async || !starts(&live).await.is_empty()).await;
    let quick =
        |options: &mut localcloud::Options| options.limits.event_retries = [Duration::from_millis(30); 2];
    let restarted = tokio::time::timeout(Duration::from_secs(20), live.account.restart_with(quick)).await;
    let live = Live::of(restarted.expect("it stops")).await;
    until_async(async || starts(&live).await.len() >= 3).await;
    let tries = starts(&live).await;
    assert!(tries.iter().all(|id| *id == tries[0]), "{tries:?}");
}
