//! Published versions of a function.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use aws_sdk_ecr::types::ImageIdentifier;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::operation::publish_version::PublishVersionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Environment, FunctionCode, FunctionVersion, LastUpdateStatus, PackageType, State,
};
use localcloud::account::role_arn;
use localcloud::blobs::digest_of;

use crate::account::{refusal, refused};
use crate::image;
use crate::live::{Live, REPOSITORY, architecture, image_of, on_host, process_state, until, until_dead};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
/// Incompressible bytes that take an image long enough to unpack that a call made at once finds it unpacking.
const HEAVY: usize = 24 * 1024 * 1024;

async fn publish(live: &Live) -> PublishVersionOutput {
    live.lambda().publish_version().function_name("f").send().await.unwrap()
}

async fn get(live: &Live, qualifier: &str) -> GetFunctionOutput {
    live.lambda().get_function().function_name("f").qualifier(qualifier).send().await.unwrap()
}

async fn set_environment(live: &Live, value: &str) {
    let environment = Environment::builder().variables("SOME_ENV", value).build();
    let update = live.lambda().update_function_configuration().function_name("f").environment(environment);
    update.send().await.unwrap();
    assert_eq!(live.settled("f").await, State::Active);
}

fn uri(live: &Live, tag: &str) -> String {
    format!("{}/{REPOSITORY}:{tag}", live.host())
}

async fn set_image(live: &Live, tag: &str) {
    let update = live.lambda().update_function_code().function_name("f").image_uri(uri(live, tag));
    update.send().await.unwrap();
    assert_eq!(live.settled("f").await, State::Active);
}

async fn invoke(live: &Live, qualifier: &str, event: &str) -> InvokeOutput {
    let call = live.lambda().invoke().function_name("f").qualifier(qualifier).payload(Blob::new(event));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.function_error(), None, "{:?}", answer.payload());
    answer
}

async fn environment(live: &Live, qualifier: &str) -> BTreeMap<String, String> {
    let answer = invoke(live, qualifier, r#"{"do":"env"}"#).await;
    assert_eq!(answer.executed_version(), Some(qualifier));
    serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap()
}

async fn pid(live: &Live, qualifier: &str) -> u32 {
    let answer = invoke(live, qualifier, r#"{"do":"pid"}"#).await;
    on_host(&String::from_utf8_lossy(answer.payload().unwrap().as_ref()))
}

/// The versions in the order in which they are listed.
async fn listed(live: &Live) -> Vec<String> {
    let mut pages =
        live.lambda().list_versions_by_function().function_name("f").max_items(2).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.versions().len() <= 2);
        found.extend(page.versions().iter().map(|one| one.version().unwrap().to_owned()));
    }
    found
}

/// The same program in an image of its own.
fn another_image() -> crate::live::Image {
    image_of(&[image::program(), b"another"].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_keeps_what_latest_was() {
    let live = Live::with_function("f", &[("SOME_ENV", "one")]).await;
    let lambda = live.lambda();
    let before = get(&live, "$LATEST").await;
    let before = before.configuration().unwrap();
    let first = lambda.publish_version().function_name("f").description("first").send().await.unwrap();
    assert_eq!(first.function_arn(), Some(format!("{ARN}:1").as_str()));
    assert_eq!((first.version(), first.description()), (Some("1"), Some("first")));
    assert_eq!(first.state(), Some(&State::Active));
    assert_eq!(first.last_update_status(), Some(&LastUpdateStatus::Successful));
    let latest = lambda.get_function_configuration().function_name("f").send().await.unwrap();
    assert_ne!(latest.revision_id(), before.revision_id(), "publishing changes $LATEST's revision");
    assert_ne!(latest.revision_id(), first.revision_id());
    assert_eq!((latest.description(), latest.version()), (Some(""), Some("$LATEST")));

    // Nothing has changed, so there is nothing to publish.
    let again = publish(&live).await;
    assert_eq!((again.version(), again.revision_id()), (Some("1"), first.revision_id()));
    assert_eq!(listed(&live).await, ["$LATEST", "1"]);

    live.push("v2", &another_image()).await;
    set_image(&live, "v2").await;
    set_environment(&live, "two").await;
    assert_eq!(publish(&live).await.version(), Some("2"));
    let (one, two) = (get(&live, "1").await, get(&live, "2").await);
    let value = |got: &GetFunctionOutput| {
        let environment = got.configuration().unwrap().environment().unwrap();
        environment.variables().unwrap()["SOME_ENV"].clone()
    };
    assert_eq!((value(&one), value(&two)), ("one".to_owned(), "two".to_owned()));
    for (got, tag, image) in [(&one, "v1", image_of(image::program())), (&two, "v2", another_image())] {
        let resolved = format!("{}/{REPOSITORY}@{}", live.host(), digest_of(&image.manifest));
        assert_eq!(got.code().unwrap().resolved_image_uri(), Some(resolved.as_str()));
        assert_eq!(got.code().unwrap().image_uri(), Some(uri(&live, tag).as_str()));
    }
    assert_eq!(one.configuration().unwrap().revision_id(), first.revision_id());
    let by_arn = lambda.get_function_configuration().function_name(format!("{ARN}:1")).send().await.unwrap();
    assert_eq!((by_arn.description(), by_arn.version()), (Some("first"), Some("1")));

    // A description alone is a change too.
    let describe = lambda.update_function_configuration().function_name("f").description("d");
    describe.send().await.unwrap();
    live.settled("f").await;
    let third = publish(&live).await;
    assert_eq!((third.version(), third.description()), (Some("3"), Some("d")));
    let all = lambda.list_functions().function_version(FunctionVersion::All).send().await.unwrap();
    let arns: Vec<&str> = all.functions().iter().filter_map(|one| one.function_arn()).collect();
    assert_eq!(arns, ["$LATEST", "1", "2", "3"].map(|version| format!("{ARN}:{version}")));
    assert_eq!(all.functions()[1].state(), None, "lists leave the state out");
    assert_eq!(lambda.list_functions().send().await.unwrap().functions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused() {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    let stale = lambda.publish_version().function_name("f").revision_id("wrong").send().await;
    assert_eq!(
        refusal(stale),
        refused(
            412,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
    );
    let now = digest_of(&image_of(image::program()).manifest).replace("sha256:", "");
    let other = lambda.publish_version().function_name("f").code_sha256("other").send().await;
    assert_eq!(
        refusal(other),
        refused(
            400,
            "InvalidParameterValueException",
            format!(
                "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({now}). Please try again with the CodeSHA256 in $LATEST."
            )
        )
    );
    let right = lambda.publish_version().function_name("f").code_sha256(now).send().await.unwrap();
    assert_eq!(right.version(), Some("1"));
    let nobody = lambda.publish_version().function_name("nobody").send().await;
    assert_eq!(
        refusal(nobody).2,
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"
    );

    for unknown in ["7", "01", "live"] {
        let missing =
            refused(404, "ResourceNotFoundException", format!("Function not found: {ARN}:{unknown}"));
        let got = lambda.get_function().function_name("f").qualifier(unknown).send().await;
        assert_eq!(refusal(got), missing);
        let got = lambda.get_function_configuration().function_name("f").qualifier(unknown).send().await;
        assert_eq!(refusal(got), missing);
        assert_eq!(refusal(lambda.invoke().function_name("f").qualifier(unknown).send().await), missing);
    }
    let latest = lambda.delete_function().function_name("f").qualifier("$LATEST").send().await;
    assert_eq!(
        refusal(latest),
        refused(
            400,
            "InvalidParameterValueException",
            "$LATEST version cannot be deleted without deleting the function."
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_never_given_twice() {
    let live = Live::with_function("f", &[("SOME_ENV", "one")]).await;
    publish(&live).await;
    set_environment(&live, "two").await;
    publish(&live).await;
    let delete =
        |version: &'static str| live.lambda().delete_function().function_name("f").qualifier(version).send();
    delete("2").await.unwrap();
    assert_eq!(listed(&live).await, ["$LATEST", "1"]);
    // The last version is gone, so what it was can be published anew.
    assert_eq!(publish(&live).await.version(), Some("3"));
    delete("1").await.unwrap();
    delete("1").await.unwrap();
    assert_eq!(listed(&live).await, ["$LATEST", "3"]);

    live.lambda().delete_function().function_name("f").send().await.unwrap();
    let gone = live.lambda().get_function().function_name("f").qualifier("3").send().await;
    assert_eq!(refusal(gone).2, format!("Function not found: {ARN}:3"));
    assert_eq!(live.create("f", "v1", &[]).await, State::Active);
    assert_eq!(listed(&live).await, ["$LATEST"]);
    assert_eq!(publish(&live).await.version(), Some("4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_runs_what_it_was_published_with() {
    let live = Live::with_function("f", &[("SOME_ENV", "one")]).await;
    publish(&live).await;
    live.push("v2", &another_image()).await;
    set_image(&live, "v2").await;
    set_environment(&live, "two").await;
    publish(&live).await;
    let images = [image_of(image::program()), another_image(), another_image()];
    for ((qualifier, value), image) in
        [("1", "one"), ("2", "two"), ("$LATEST", "two")].into_iter().zip(images)
    {
        let seen = environment(&live, qualifier).await;
        assert_eq!(
            (seen["SOME_ENV"].as_str(), seen["AWS_LAMBDA_FUNCTION_VERSION"].as_str()),
            (value, qualifier)
        );
        assert!(seen["AWS_LAMBDA_LOG_STREAM_NAME"].contains(&format!("/[{qualifier}]")), "{seen:?}");
        let digest = digest_of(&image.manifest).replace("sha256:", "");
        let unpacked = live.account.dir.path().join("images").join(digest).join("var/task/bootstrap");
        let runs = format!("/proc/{}/exe", pid(&live, qualifier).await);
        let file = |path: &std::path::Path| {
            let found = std::fs::metadata(path).unwrap();
            (found.dev(), found.ino())
        };
        assert_eq!(file(runs.as_ref()), file(&unpacked), "{qualifier}");
    }
    assert!(live.log("f").await.iter().any(|line| line.ends_with(" Version: 1\n")));

    // Each has processes of its own, which a change of the others leaves alone.
    let (first, second) = (pid(&live, "1").await, pid(&live, "2").await);
    let latest = pid(&live, "$LATEST").await;
    set_environment(&live, "three").await;
    until_dead(latest).await;
    assert_eq!((pid(&live, "1").await, pid(&live, "2").await), (first, second));
    live.lambda().delete_function().function_name("f").qualifier("1").send().await.unwrap();
    until_dead(first).await;
    until(|| process_state(second) == Some('T')).await;
    live.lambda().delete_function().function_name("f").send().await.unwrap();
    until_dead(second).await;
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_published_with_a_change_settles_with_it() {
    let live = Live::start().await;
    let lambda = live.lambda();
    for (tag, ballast) in [("heavy", HEAVY), ("heavier", HEAVY + 1024)] {
        image::push(&live.account, REPOSITORY, tag, ballast).await;
    }
    let created = lambda
        .create_function()
        .function_name("f")
        .package_type(PackageType::Image)
        .code(FunctionCode::builder().image_uri(uri(&live, "heavy")).build())
        .role(role_arn("r"))
        .architectures(architecture().into())
        .publish(true)
        .send()
        .await
        .unwrap();
    assert_eq!((created.version(), created.function_arn()), (Some("1"), Some(ARN)));
    assert_eq!((created.state(), created.last_update_status()), (Some(&State::Pending), None));
    let conflict = |why: &str| {
        let message = format!("The operation cannot be performed at this time. {why}");
        refused(409, "ResourceConflictException", message)
    };
    assert_eq!(
        refusal(lambda.publish_version().function_name("f").send().await),
        conflict("The function is currently in the following state: Pending")
    );
    let early = lambda.invoke().function_name("f").qualifier("1").send().await;
    assert_eq!(refusal(early), conflict("The function is currently in the following state: Pending"));
    assert_eq!(live.settled("f").await, State::Active);
    let first = get(&live, "1").await;
    let first = first.configuration().unwrap();
    assert_eq!(first.state(), Some(&State::Active));
    assert_eq!(first.last_update_status(), Some(&LastUpdateStatus::Successful));
    assert_ne!(first.revision_id(), created.revision_id());
    assert_eq!(publish(&live).await.version(), Some("1"), "it is published already");

    let heavier = uri(&live, "heavier");
    let updated = lambda.update_function_code().function_name("f").image_uri(heavier).publish(true);
    let updated = updated.send().await.unwrap();
    assert_eq!((updated.version(), updated.state()), (Some("2"), Some(&State::Pending)));
    assert_eq!(updated.function_arn(), Some(format!("{ARN}:2").as_str()));
    assert_eq!(
        refusal(lambda.publish_version().function_name("f").send().await),
        conflict(&format!("An update is in progress for resource: {ARN}"))
    );
    let latest = get(&live, "$LATEST").await;
    let latest = latest.configuration().unwrap();
    assert_eq!(latest.last_update_status(), Some(&LastUpdateStatus::InProgress));
    assert_ne!(latest.revision_id(), updated.revision_id());
    assert_eq!(live.settled("f").await, State::Active);
    assert_eq!(get(&live, "2").await.configuration().unwrap().state(), Some(&State::Active));
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_outlive_a_restart_and_their_images() {
    let live = Live::with_function("f", &[("SOME_ENV", "one")]).await;
    publish(&live).await;
    live.push("v2", &another_image()).await;
    set_image(&live, "v2").await;
    let ecr = aws_sdk_ecr::Client::new(&live.sdk);
    let mut gone = ecr.batch_delete_image().repository_name(REPOSITORY);
    for tag in ["v1", "v2"] {
        gone = gone.image_ids(ImageIdentifier::builder().image_tag(tag).build());
    }
    assert!(gone.send().await.unwrap().failures().is_empty());
    assert_eq!(environment(&live, "$LATEST").await["SOME_ENV"], "one");
    ecr.delete_repository().repository_name(REPOSITORY).send().await.unwrap();

    let live = live.restart().await;
    assert_eq!(listed(&live).await, ["$LATEST", "1"]);
    for qualifier in ["1", "$LATEST"] {
        assert_eq!(environment(&live, qualifier).await["SOME_ENV"], "one");
    }
    set_environment(&live, "two").await;
    assert_eq!(environment(&live, "$LATEST").await["SOME_ENV"], "two");
    assert_eq!(publish(&live).await.version(), Some("2"));
    // A new function cannot be made from what is not there.
    let code = live.lambda().update_function_code().function_name("f").image_uri(uri(&live, "v1"));
    assert!(refusal(code.send().await).2.contains("does not exist"));
    live.account.stop().await;
}
