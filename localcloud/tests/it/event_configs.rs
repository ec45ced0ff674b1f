//! Calls that nobody waits for, and how they are tried.

use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{DestinationConfig, InvocationType, OnFailure};

use crate::account::{refusal, refused};
use crate::live::Live;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_put_changed_listed_and_deleted() {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    let none = |arn: &str| {
        let message = format!("The function {arn} doesn't have an EventInvokeConfig");
        refused(404, "ResourceNotFoundException", message)
    };
    let get = || lambda.get_function_event_invoke_config().function_name("f");
    assert_eq!(refusal(get().send().await), none(&format!("{ARN}:$LATEST")));
    let put = || lambda.put_function_event_invoke_config().function_name("f");
    assert_eq!(
        refusal(put().send().await).2,
        "You must specify at least one of error handling or destination setting."
    );
    assert_eq!(
        refusal(put().maximum_retry_attempts(3).maximum_event_age_in_seconds(59).send().await),
        refused(
            400,
            "ValidationException",
            "2 validation errors detected: Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 2; Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60"
        )
    );
    let queue = OnFailure::builder().destination("arn:aws:sqs:us-east-1:000000000000:q").build();
    let elsewhere = put().destination_config(DestinationConfig::builder().on_failure(queue).build());
    assert_eq!(refusal(elsewhere.send().await).0, 501);

    let made = put().maximum_retry_attempts(1).maximum_event_age_in_seconds(60).send().await.unwrap();
    assert_eq!(made.function_arn(), Some(format!("{ARN}:$LATEST").as_str()));
    assert!(made.last_modified().is_some());
    let update = lambda.update_function_event_invoke_config().function_name("f").maximum_retry_attempts(0);
    let updated = update.send().await.unwrap();
    assert_eq!(
        (updated.maximum_retry_attempts(), updated.maximum_event_age_in_seconds()),
        (Some(0), Some(60)),
        "what is not given stays"
    );
    assert_eq!(refusal(put().qualifier("7").maximum_retry_attempts(0).send().await).0, 404);
    lambda.publish_version().function_name("f").send().await.unwrap();
    put().qualifier("1").maximum_retry_attempts(2).send().await.unwrap();
    let mut pages = lambda
        .list_function_event_invoke_configs()
        .function_name("f")
        .into_paginator()
        .page_size(1)
        .items()
        .send();
    let mut arns = Vec::new();
    while let Some(config) = pages.next().await {
        arns.push(config.unwrap().function_arn.unwrap());
    }
    assert_eq!(arns, [format!("{ARN}:$LATEST"), format!("{ARN}:1")]);

    let live = live.restart().await;
    let lambda = live.lambda();
    let kept = lambda.get_function_event_invoke_config().function_name("f").send().await.unwrap();
    assert_eq!(kept.maximum_retry_attempts(), Some(0));
    let delete = || lambda.delete_function_event_invoke_config().function_name("f:1").send();
    delete().await.unwrap();
    assert_eq!(refusal(delete().await), none(&format!("{ARN}:1")));
}

/// Waits until an invocation has ended.
async fn logged(live: &Live, request_id: &str) {
    let end = format!("END RequestId: {request_id}\n");
    let mut poll = tokio::time::interval(std::time::Duration::from_millis(10));
    let logged = async {
        while !live.log("f").await.contains(&end) {
            poll.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), logged).await.expect("it was never run");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_runs_under_the_id_that_its_caller_was_told() {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    let call = lambda.invoke().function_name("f").invocation_type(InvocationType::Event);
    let taken = call.payload(Blob::new(r#"{"do":"print","n":1}"#)).send().await.unwrap();
    assert_eq!(taken.status_code(), 202);
    logged(&live, taken.request_id().unwrap()).await;

    // One that waits for its second attempt does not hold up the end.
    let call = lambda.invoke().function_name("f").invocation_type(InvocationType::Event);
    let failing = call.payload(Blob::new(r#"{"do":"error"}"#)).send().await.unwrap();
    logged(&live, failing.request_id().unwrap()).await;
    let live = live.restart().await;
    let lambda = live.lambda();

    // An event is accepted even where nothing may run: it is the delivery that fails.
    let reserve = lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(0);
    reserve.send().await.unwrap();
    let call = lambda.invoke().function_name("f").invocation_type(InvocationType::Event);
    assert_eq!(call.send().await.unwrap().status_code(), 202);
    let large = lambda.invoke().function_name("f").invocation_type(InvocationType::Event);
    let large = large.payload(Blob::new(format!("\"{}\"", "x".repeat(1024 * 1024)))).send().await;
    assert_eq!(
        refusal(large).2,
        "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    );
    let dry =
        lambda.invoke().function_name("f").invocation_type(InvocationType::DryRun).send().await.unwrap();
    assert_eq!((dry.status_code(), dry.executed_version()), (204, None));
}
