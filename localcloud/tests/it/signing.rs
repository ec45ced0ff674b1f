//! Who may call at all.

use crate::account::{Account, config, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn other_credentials_are_refused_by_every_protocol() {
    let account = Account::open().await;
    let foreign = config(account.endpoint(), "AKIAIOSFODNN7EXAMPLE", "us-east-1");
    let (status, code, message) =
        refusal(aws_sdk_sts::Client::new(&foreign).get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (403, "InvalidClientTokenId"));
    assert!(message.contains("Callboard's local cloud, not AWS"), "{message}");
    let (status, code, _) = refusal(aws_sdk_lambda::Client::new(&foreign).list_functions().send().await);
    assert_eq!((status, code.as_str()), (403, "UnrecognizedClientException"));
    let (status, code, _) = refusal(aws_sdk_ecr::Client::new(&foreign).describe_repositories().send().await);
    assert_eq!((status, code.as_str()), (403, "UnrecognizedClientException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_region_is_refused() {
    let account = Account::open().await;
    let elsewhere = config(account.endpoint(), localcloud::account::ACCESS_KEY_ID, "eu-west-1");
    let (status, code, message) =
        refusal(aws_sdk_lambda::Client::new(&elsewhere).list_functions().send().await);
    assert_eq!((status, code.as_str()), (403, "InvalidSignatureException"));
    assert!(message.contains("'eu-west-1'"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_calls_foreign_hosts_and_foreign_origins_are_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account::open().await;
    let http = reqwest::Client::new();
    let url = format!("{}/restapis", account.endpoint());
    let unsigned = http.get(&url).send().await.unwrap();
    assert_eq!(unsigned.status(), 403);
    assert_eq!(unsigned.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
    assert!(unsigned.headers().contains_key("x-amzn-requestid"));
    let rebound = http.get(&url).header("host", "evil.example:80").send().await.unwrap();
    assert_eq!(rebound.status(), 421);
    let registry = format!("{}/v2/", account.endpoint());
    let rebound = http.get(&registry).header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 421);
    let page = http.get(&url).header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(page.status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_named() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account::open().await;
    let answer = reqwest::Client::new()
        .post(account.endpoint())
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIALOCALCLOUD000000/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
        )
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .header("content-type", "application/x-amz-json-1.0")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 501);
    let text = answer.text().await.unwrap();
    assert!(text.contains("ListTables") && text.contains("dynamodb"), "{text}");
}
