//! Who may call at all.

use std::time::{Duration, SystemTime};

use crate::account::{Account, config, refusal};
use crate::by_hand::signed;

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
    // Services of awsJson say 400.
    let (status, code, _) = refusal(aws_sdk_ecr::Client::new(&foreign).describe_repositories().send().await);
    assert_eq!((status, code.as_str()), (400, "UnrecognizedClientException"));
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

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_signed_with_the_secret_or_is_old_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account::open().await;
    let wrong = aws_credential_types::Credentials::new(
        localcloud::account::ACCESS_KEY_ID,
        "another-secret",
        None,
        None,
        "test",
    );
    let provider = aws_credential_types::provider::SharedCredentialsProvider::new(wrong);
    let wrong = account.config.clone().into_builder().credentials_provider(provider).build();
    let (status, code, message) = refusal(aws_sdk_lambda::Client::new(&wrong).list_functions().send().await);
    assert_eq!((status, code.as_str()), (403, "InvalidSignatureException"));
    assert!(message.starts_with("The request signature we calculated does not match"), "{message}");
    let (status, code, _) = refusal(aws_sdk_sts::Client::new(&wrong).get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));

    let http = reqwest::Client::new();
    let url = format!("{}/2015-03-31/functions", account.endpoint());
    let asked = async |path: &str, at: SystemTime| {
        let mut call = http.get(format!("{}{path}", account.endpoint()));
        for (name, value) in signed("GET", &url, "lambda", b"", at) {
            call = call.header(name, value);
        }
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let now = SystemTime::now();
    assert_eq!(asked("/2015-03-31/functions", now).await.0, 200);
    // Signed for another path, too long ago, and too far ahead.
    let minutes = |count: u64| Duration::from_secs(60 * count);
    for (path, at, word) in [
        ("/2015-03-31/functions?MaxItems=1", now, "does not match the signature you provided"),
        ("/2015-03-31/functions", now - minutes(6), "Signature expired: "),
        ("/2015-03-31/functions", now + minutes(6), "Signature not yet current: "),
    ] {
        let (status, text) = asked(path, at).await;
        assert_eq!(status, 403, "{text}");
        assert!(text.contains(word), "{text}");
    }
    account.stop().await;
}

/// What a script asks that wants to know which region it works in; nothing else of EC2 is here.
#[tokio::test(flavor = "multi_thread")]
async fn the_zones_of_the_region_and_nothing_else_of_ec2() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account::open().await;
    let http = reqwest::Client::new();
    let ask = |form: &'static str| {
        let call = http.post(account.endpoint()).header("content-type", "application/x-www-form-urlencoded");
        http.execute(crate::by_hand::sign_now(call.body(form), "ec2"))
    };
    let zones =
        ask("Action=DescribeAvailabilityZones&Version=2016-11-15").await.unwrap().text().await.unwrap();
    assert!(
        zones.contains("<availabilityZoneInfo><item>")
            && zones.contains("<regionName>us-east-1</regionName>")
    );
    for (form, what) in [
        ("Action=DescribeInstances&Version=2016-11-15", "the operation DescribeInstances of EC2"),
        ("Action=DescribeAvailabilityZones&Version=2016-11-15&ZoneName.1=x", "the parameter ZoneName"),
    ] {
        let refused = ask(form).await.unwrap();
        assert_eq!(refused.status(), 501);
        let text = refused.text().await.unwrap();
        assert!(text.contains("<Code>NotImplemented</Code>") && text.contains(what), "{text}");
    }
}
