//! Functions that nobody calls for long.

use std::time::{Duration, Instant};

use aws_sdk_lambda::types::{InvocationType, State};
use serde_json::json;

use crate::account::{refusal, refused};
use crate::live::{Live, on_host, until_async, until_dead};

/// Waits until the function is in that state; its reason code.
async fn reaches(live: &Live, state: State) -> Option<String> {
    let waiting = async {
        loop {
            let found = live.lambda().get_function_configuration().function_name("f").send().await.unwrap();
            if found.state() == Some(&state) {
                return found.state_reason_code().map(|code| code.as_str().to_owned());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it never came to be so")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_function_is_inactive_and_its_next_call_fails_and_wakes_it() {
    let live = Live::with_function("f", &[]).await;
    let account = live.account.restart_with(|options| options.idle_after = Duration::from_millis(1500)).await;
    let live = Live::of(account).await;
    let process = on_host(&live.invoke("f", json!({"do": "pid"})).await.payload);
    assert_eq!(reaches(&live, State::Inactive).await.as_deref(), Some("Idle"));
    until_dead(process).await;
    let pending = refused(
        409,
        "CodeArtifactUserPendingException",
        "Lambda is initializing your function. It will be ready to invoke shortly.",
    );
    assert_eq!(refusal(live.lambda().invoke().function_name("f").send().await), pending);
    assert_eq!(reaches(&live, State::Active).await, None);
    assert_eq!(live.invoke("f", json!({"a": 1})).await.payload, r#"{"a":1}"#);

    // A call that nobody waits for is kept until the function is ready.
    assert_eq!(reaches(&live, State::Inactive).await.as_deref(), Some("Idle"));
    let call = live.lambda().invoke().function_name("f").invocation_type(InvocationType::Event);
    let event = r#"{"do":"print","n":1}"#.as_bytes().to_vec();
    assert_eq!(call.payload(event.into()).send().await.unwrap().status_code(), 202);
    until_async(async || live.log("f").await.iter().any(|line| line == "line 0\n")).await;

    // And one that is changed is Active again.
    assert_eq!(reaches(&live, State::Inactive).await.as_deref(), Some("Idle"));
    let update = live.lambda().update_function_configuration().function_name("f").description("d");
    update.send().await.unwrap();
    assert_eq!(reaches(&live, State::Active).await, None);
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_the_last_call_is_kept() {
    let idle_after = Duration::from_secs(2);
    let live = Live::with_function("f", &[]).await;
    let account = live.account.restart_with(|options| options.idle_after = idle_after).await;
    let live = Live::of(account).await;
    // Until nothing but the last call keeps it from being idle.
    let made = Instant::now();
    while made.elapsed() < idle_after {
        live.invoke("f", json!({})).await;
    }
    let account = live.account.restart_with(|options| options.idle_after = idle_after).await;
    let live = Live::of(account).await;
    // It looks for idle functions twice in this time.
    let started = Instant::now();
    while started.elapsed() < idle_after / 2 {
        let found = live.lambda().get_function_configuration().function_name("f").send().await.unwrap();
        assert_eq!(found.state(), Some(&State::Active));
    }
    assert_eq!(reaches(&live, State::Inactive).await.as_deref(), Some("Idle"));
    live.account.stop().await;
}
