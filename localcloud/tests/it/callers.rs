//! Who may call a Lambda function, how many at once, and its tags.

use crate::account::{refusal, refused};
use crate::functions::{ARN, create, prepared, settled};

#[tokio::test(flavor = "multi_thread")]
async fn permissions() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    create(&lambda, &uri).await;
    let none = refused(404, "ResourceNotFoundException", "The resource you requested does not exist.");
    assert_eq!(refusal(lambda.get_policy().function_name("hello").send().await), none);
    let add = |id: &str| {
        lambda
            .add_permission()
            .function_name("hello")
            .statement_id(id)
            .action("lambda:InvokeFunction")
            .principal("apigateway.amazonaws.com")
            .source_arn("arn:aws:execute-api:us-east-1:000000000000:abc/stage/*/*")
    };
    let added = add("stage").send().await.unwrap();
    let statement: serde_json::Value = serde_json::from_str(added.statement().unwrap()).unwrap();
    assert_eq!(
        statement,
        serde_json::json!({
            "Sid": "stage",
            "Effect": "Allow",
            "Principal": { "Service": "apigateway.amazonaws.com" },
            "Action": "lambda:InvokeFunction",
            "Resource": ARN,
            "Condition": { "ArnLike": {
                "AWS:SourceArn": "arn:aws:execute-api:us-east-1:000000000000:abc/stage/*/*",
            } },
        })
    );
    assert_eq!(
        refusal(add("stage").send().await),
        refused(
            409,
            "ResourceConflictException",
            "The statement id (stage) provided already exists. Please provide a new statement id, or remove the existing statement."
        )
    );
    let stale = add("other").revision_id("wrong").send().await;
    assert_eq!(
        refusal(stale),
        refused(
            412,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"
        )
    );
    let policy = lambda.get_policy().function_name("hello").send().await.unwrap();
    let document: serde_json::Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
    assert_eq!(document["Statement"], serde_json::json!([statement]));
    let function = settled(&lambda).await;
    assert_ne!(policy.revision_id(), function.revision_id(), "the policy has a revision of its own");
    let remove = |id: &str| lambda.remove_permission().function_name("hello").statement_id(id).send();
    assert_eq!(
        refusal(remove("none").await),
        refused(404, "ResourceNotFoundException", "Statement none is not found in resource policy.")
    );
    remove("stage").await.unwrap();
    assert_eq!(refusal(lambda.get_policy().function_name("hello").send().await), none);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_reserved_concurrency() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    create(&lambda, &uri).await;
    settled(&lambda).await;
    lambda.tag_resource().resource(ARN).tags("a", "1").tags("b", "2").send().await.unwrap();
    lambda.untag_resource().resource(ARN).tag_keys("a").send().await.unwrap();
    let tags = lambda.list_tags().resource(ARN).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().get("b").map(String::as_str), Some("2"));
    assert_eq!(tags.tags().unwrap().len(), 1);
    let aliased = lambda.list_tags().resource(format!("{ARN}:alias")).send().await;
    assert_eq!(
        refusal(aliased).2,
        "Tags on function aliases and versions are not supported. Please specify a function ARN."
    );
    let reserve = |number| {
        lambda.put_function_concurrency().function_name("hello").reserved_concurrent_executions(number).send()
    };
    assert_eq!(
        refusal(reserve(901).await).2,
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."
    );
    assert_eq!(reserve(0).await.unwrap().reserved_concurrent_executions(), Some(0));
    assert_eq!(
        refusal(lambda.invoke().function_name("hello").send().await),
        refused(429, "TooManyRequestsException", "Rate Exceeded.")
    );
    lambda.delete_function_concurrency().function_name("hello").send().await.unwrap();
    let got = lambda.get_function_concurrency().function_name("hello").send().await.unwrap();
    assert_eq!(got.reserved_concurrent_executions(), None);
    account.stop().await;
}
