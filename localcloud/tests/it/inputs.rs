//! What Lambda says of inputs that break its model or its limits, and of what a deploy by Terraform sends or asks back.

use std::collections::HashMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    DeadLetterConfig, EphemeralStorage, LogType, Runtime, SnapStart, SnapStartApplyOn, VpcConfig,
};

use crate::account::{refusal, refused};
use crate::live::Live;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

fn validation(message: impl Into<String>) -> (u16, String, String) {
    refused(400, "ValidationException", message)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_broken_is_told_at_once() {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    let update = lambda.update_function_configuration().function_name("f").timeout(0).memory_size(1);
    let update = update.ephemeral_storage(EphemeralStorage::builder().size(1).build().unwrap());
    assert_eq!(
        refusal(update.send().await),
        validation(
            "3 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128; Value '1' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value greater than or equal to 512"
        )
    );
    let add =
        lambda.add_permission().function_name("f").statement_id("a b").action("s3:Get").principal("x y");
    let (_, _, message) = refusal(add.source_account("12").send().await);
    assert!(message.starts_with("4 validation errors detected: Value 'a b' at 'statementId'"), "{message}");
    let alias = lambda.create_alias().function_name("f").name("2024").function_version("one").send().await;
    assert_eq!(
        refusal(alias),
        validation(
            r"2 validation errors detected: Value '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+); Value 'one' at 'functionVersion' failed to satisfy constraint: Member must satisfy regular expression pattern: (\$LATEST(\.PUBLISHED)?|[0-9]+)"
        )
    );
    assert_eq!(
        refusal(lambda.list_functions().max_items(0).send().await),
        validation(
            "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"
        )
    );
    let call = lambda.invoke().function_name("f").log_type(LogType::from("All")).send().await;
    assert_eq!(
        refusal(call),
        validation(
            "1 validation error detected: Value 'All' at 'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]"
        )
    );
    let call = lambda.invoke().function_name("f").payload(Blob::new("{\"a\"}")).send().await;
    let (status, code, message) = refusal(call);
    assert_eq!((status, code.as_str()), (400, "InvalidRequestContentException"));
    assert!(
        message.contains("was expecting a colon to separate field name and value\n at [Source"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_bounded() {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    let tags = |count: usize, from: usize| -> HashMap<String, String> {
        (from..from + count).map(|number| (format!("key-{number}"), "value".to_owned())).collect()
    };
    let tag = |tags| lambda.tag_resource().resource(ARN).set_tags(Some(tags)).send();
    tag(tags(50, 0)).await.unwrap();
    tag(tags(50, 0)).await.unwrap();
    let limit = refused(400, "InvalidParameterValueException", "Number of tags exceeds resource tag limit.");
    assert_eq!(refusal(tag(tags(1, 50)).await), limit);
    let reserved = tag(HashMap::from([("aws:mine".to_owned(), String::new())])).await;
    assert_eq!(refusal(reserved).1, "InvalidParameterValueException");
    let long = tag(HashMap::from([("k".repeat(129), String::new())])).await;
    assert!(refusal(long).2.contains("Map keys must satisfy constraint"));
    assert_eq!(lambda.list_tags().resource(ARN).send().await.unwrap().tags().unwrap().len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_in_its_default_form_is_taken_and_the_rest_refused_by_name() {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    let update = || lambda.update_function_configuration().function_name("f");
    // As Terraform writes a function that has none of these.
    let empty = update()
        .vpc_config(
            VpcConfig::builder().set_subnet_ids(Some(vec![])).set_security_group_ids(Some(vec![])).build(),
        )
        .dead_letter_config(DeadLetterConfig::builder().target_arn("").build())
        .snap_start(SnapStart::builder().apply_on(SnapStartApplyOn::None).build())
        .kms_key_arn("")
        .set_layers(Some(vec![]))
        .set_file_system_configs(Some(vec![]));
    empty.send().await.unwrap();
    live.settled("f").await;
    for (refused, named) in [
        (update().layers("arn:aws:lambda:us-east-1:000000000000:layer:l:1").send().await, "Layers"),
        (update().kms_key_arn("arn:aws:kms:us-east-1:000000000000:key/k").send().await, "KMSKeyArn"),
        (update().vpc_config(VpcConfig::builder().subnet_ids("subnet-1").build()).send().await, "VpcConfig"),
        (
            update()
                .snap_start(SnapStart::builder().apply_on(SnapStartApplyOn::PublishedVersions).build())
                .send()
                .await,
            "SnapStart",
        ),
        (update().runtime(Runtime::Python313).send().await, "Runtime"),
        (update().handler("index.handler").send().await, "Handler"),
    ] {
        let (status, _, message) = refusal(refused);
        assert!(status == 501 && message.contains(named), "{named}: {status} {message}");
    }
    let put = lambda.put_provisioned_concurrency_config().function_name("f").qualifier("1");
    let (status, _, message) = refusal(put.provisioned_concurrent_executions(1).send().await);
    assert!(status == 501 && message.contains("PutProvisionedConcurrencyConfig"), "{message}");

    // What is asked back.
    let signing = lambda.get_function_code_signing_config().function_name("f").send().await.unwrap();
    assert!(signing.code_signing_config_arn().is_empty());
    assert_eq!(
        refusal(lambda.get_function_url_config().function_name("f").send().await),
        refused(404, "ResourceNotFoundException", "The resource you requested does not exist.")
    );
    let urls = lambda.list_function_url_configs().function_name("f").send().await.unwrap();
    assert!(urls.function_url_configs().is_empty());
    let qualified = lambda.put_function_concurrency().function_name("f:1").reserved_concurrent_executions(1);
    assert!(
        refusal(qualified.send().await)
            .2
            .starts_with("This operation is permitted on Lambda functions only.")
    );
}
