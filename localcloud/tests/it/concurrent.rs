//! Clients that do the same at the same time.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_lambda::types::{FunctionCode, PackageType, State};
use futures_util::future::join_all;
use localcloud::account::role_arn;
use localcloud::disk::{self, Policy};

use crate::account::refusal;
use crate::image::program;
use crate::live::{Live, REPOSITORY, architecture, image_of};

/// How many there are.
const CLIENTS: usize = 8;

/// Status and code of each refusal, and how many were not refused.
fn split<T, E>(
    answers: Vec<Result<T, aws_sdk_lambda::error::SdkError<E, aws_sdk_lambda::config::http::HttpResponse>>>,
) -> (usize, BTreeSet<(u16, String)>)
where
    E: aws_sdk_lambda::error::ProvideErrorMetadata + std::error::Error + 'static,
    T: std::fmt::Debug,
{
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let refused = refused.into_iter().map(refusal).map(|(status, code, _)| (status, code));
    (done.len(), refused.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_creates_and_the_others_hear_that_it_is_there() {
    let live = Live::start().await;
    live.push("v1", &image_of(program())).await;
    let create = || {
        let code = FunctionCode::builder().image_uri(format!("{}/{REPOSITORY}:v1", live.host())).build();
        let create = live.lambda().create_function().function_name("f").package_type(PackageType::Image);
        tokio::spawn(create.code(code).role(role_arn("r")).architectures(architecture().into()).send())
    };
    let answers = join_all((0..CLIENTS).map(|_| create())).await.into_iter().map(Result::unwrap).collect();
    let (done, refused) = split(answers);
    assert_eq!((done, refused), (1, [(409, "ResourceConflictException".to_owned())].into()));
    assert_eq!(live.settled("f").await, State::Active);
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_saw_the_same_revision_one_changes_the_function() {
    let live = Live::with_function("f", &[]).await;
    for round in 0..5 {
        let before = live.lambda().get_function_configuration().function_name("f").send().await.unwrap();
        let seen = before.revision_id().unwrap();
        let update = |client: usize| {
            let update = live.lambda().update_function_configuration().function_name("f");
            tokio::spawn(update.revision_id(seen).description(format!("{round} {client}")).send())
        };
        let answers = join_all((0..CLIENTS).map(update)).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        let won = answers.iter().flatten().map(|answer| answer.description().unwrap().to_owned()).next();
        let (done, refused) = split(answers);
        assert_eq!(done, 1);
        // The late ones see the new revision, or before it that an update is in progress.
        let ways: BTreeSet<_> =
            [(409, "ResourceConflictException".to_owned()), (412, "PreconditionFailedException".to_owned())]
                .into();
        assert!(refused.is_subset(&ways), "{refused:?}");
        live.settled("f").await;
        let after = live.lambda().get_function_configuration().function_name("f").send().await.unwrap();
        assert_eq!(after.description(), won.as_deref());
    }
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_that_many_write_into_one_stream() {
    let live = Live::start().await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&live.sdk);
    logs.create_log_group().log_group_name("g").send().await.unwrap();
    logs.create_log_stream().log_group_name("g").log_stream_name("s").send().await.unwrap();
    let write = |client: usize| {
        let logs = logs.clone();
        tokio::spawn(async move {
            for call in 0..20 {
                let now = jiff::Timestamp::now().as_millisecond();
                let event = |at: usize| {
                    let message = format!("{client} {call} {at}");
                    InputLogEvent::builder().timestamp(now).message(message).build().unwrap()
                };
                let put = logs.put_log_events().log_group_name("g").log_stream_name("s");
                put.set_log_events(Some((0..5).map(event).collect())).send().await.unwrap();
            }
        })
    };
    join_all((0..CLIENTS).map(write)).await.into_iter().for_each(|done| done.unwrap());
    let live = live.restart().await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&live.sdk);
    let mut pages = logs.filter_log_events().log_group_name("g").into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        found.extend(page.unwrap().events().iter().map(|event| event.message().unwrap().to_owned()));
    }
    found.sort();
    let mut expected: Vec<String> = (0..CLIENTS)
        .flat_map(|client| {
            (0..20).flat_map(move |call| (0..5).map(move |at| format!("{client} {call} {at}")))
        })
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_push_the_same_image_while_what_nothing_uses_is_collected() {
    let live = Live::start().await;
    let image = image_of(&[program(), b"the same"].concat());
    let dir = live.account.dir.path().to_owned();
    let push = async |tag: usize| live.push(&format!("v{tag}"), &image).await;
    let collect = async {
        for _ in 0..20 {
            disk::prune(&dir, &Policy::unused_now()).await.unwrap();
        }
    };
    tokio::join!(join_all((0..CLIENTS).map(push)), collect);
    let found =
        aws_sdk_ecr::Client::new(&live.sdk).describe_images().repository_name(REPOSITORY).send().await;
    let found = found.unwrap();
    assert_eq!(found.image_details().len(), 1);
    assert_eq!(found.image_details()[0].image_tags().len(), CLIENTS);
    assert_eq!(disk::status(&dir).await.unwrap().blobs.count, 3);
    assert_eq!(live.create("f", "v0", &[]).await, State::Active);
    live.account.stop().await;
}
