//! What outlives a stop, and who owns a folder.

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use localcloud::{Attached, LocalCloud, OpenError, Opened, Options};

use crate::account::{Account, config, options};
use crate::image;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart() {
    let account = Account::open().await;
    let endpoint = account.endpoint().to_owned();
    account.role("runner").await;
    account.ecr().create_repository().repository_name("hello").send().await.unwrap();
    let digest = image::push(&account, "hello", "v1", 0).await;
    let api = account.gateway().create_rest_api().name("svc").send().await.unwrap();
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}", api.id().unwrap());
    let url = account.gateway().get_tags().resource_arn(&arn).send().await.unwrap();
    let logs = account.logs();
    logs.create_log_group().log_group_name("g").send().await.unwrap();
    logs.create_log_stream().log_group_name("g").log_stream_name("s").send().await.unwrap();
    let now = jiff::Timestamp::now().as_millisecond();
    let event = InputLogEvent::builder().timestamp(now).message("kept").build().unwrap();
    logs.put_log_events().log_group_name("g").log_stream_name("s").log_events(event).send().await.unwrap();

    let account = account.restart().await;
    assert_eq!(account.endpoint(), endpoint, "the port is kept");
    assert!(account.iam().get_role().role_name("runner").send().await.is_ok());
    let images = account.ecr().describe_images().repository_name("hello").send().await.unwrap();
    assert_eq!(images.image_details()[0].image_digest(), Some(digest.as_str()));
    let again = account.gateway().get_tags().resource_arn(&arn).send().await.unwrap();
    assert_eq!(again.tags(), url.tags(), "so is the API's");
    let events = account.logs().filter_log_events().log_group_name("g").send().await.unwrap();
    assert_eq!(events.events()[0].message(), Some("kept"));
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_attaches_and_does_not_start_over() {
    let account = Account::open().await;
    account.role("runner").await;
    let endpoint = account.endpoint().to_owned();
    match LocalCloud::open(options(&account.dir)).await.unwrap() {
        Opened::Attached(attached) => assert_eq!(attached, Attached { endpoint: endpoint.clone() }),
        Opened::Started(_) => panic!("two local clouds on one folder"),
    }
    let fresh = LocalCloud::open(Options { fresh: true, ..options(&account.dir) }).await;
    assert!(matches!(fresh, Err(OpenError::Running(_))), "{fresh:?}");
    assert!(account.iam().get_role().role_name("runner").send().await.is_ok());
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fresh_starts_empty_and_a_stale_endpoint_file_misleads_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let started = |opened| match opened {
        Opened::Started(cloud) => *cloud,
        Opened::Attached(attached) => panic!("attached to {attached:?}"),
    };
    let first: LocalCloud = started(LocalCloud::open(options(&dir)).await.unwrap());
    let sdk = config(first.endpoint(), localcloud::account::ACCESS_KEY_ID, "us-east-1");
    aws_sdk_ecr::Client::new(&sdk).create_repository().repository_name("hello").send().await.unwrap();
    let file = dir.path().join("endpoint.json");
    let left = std::fs::read(&file).unwrap();
    first.stop().await;
    assert!(!file.exists());
    // As after a kill -9.
    std::fs::write(&file, left).unwrap();
    let second = LocalCloud::open(Options { fresh: true, ..options(&dir) }).await.unwrap();
    let second = started(second);
    let sdk = config(second.endpoint(), localcloud::account::ACCESS_KEY_ID, "us-east-1");
    let found = aws_sdk_ecr::Client::new(&sdk).describe_repositories().send().await.unwrap();
    assert!(found.repositories().is_empty());
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_said() {
    let account = Account::open().await;
    let port: u16 = account.endpoint().rsplit_once(':').unwrap().1.parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let refused = LocalCloud::open(Options { port, ..options(&dir) }).await;
    assert!(matches!(refused, Err(OpenError::Listen { port: named, .. }) if named == port), "{refused:?}");
}
