//! Aliases of versions, and the policies that versions and aliases have of their own.

use std::collections::HashMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::client::Waiters;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{AliasRoutingConfiguration, State};
use serde_json::Value;

use crate::account::{refusal, refused};
use crate::live::Live;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

/// A function `f` with two versions.
pub(crate) async fn with_versions() -> Live {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    lambda.publish_version().function_name("f").send().await.unwrap();
    lambda.update_function_configuration().function_name("f").description("second").send().await.unwrap();
    assert_eq!(live.settled("f").await, State::Active);
    lambda.publish_version().function_name("f").send().await.unwrap();
    live
}

fn weights(version: &str, weight: f64) -> AliasRoutingConfiguration {
    AliasRoutingConfiguration::builder().additional_version_weights(version, weight).build()
}

/// The version that an invocation by this name ran.
async fn ran(lambda: &Client, name: &str) -> String {
    let answer = lambda.invoke().function_name(name).payload(Blob::new("{}")).send().await.unwrap();
    assert_eq!(answer.function_error(), None);
    answer.executed_version().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_leads_to_a_version_and_moves_on() {
    let live = with_versions().await;
    let lambda = live.lambda();
    let made = lambda.create_alias().function_name("f").name("live").function_version("1");
    let made = made.description("what callers get").send().await.unwrap();
    assert_eq!(made.alias_arn(), Some(format!("{ARN}:live").as_str()));
    assert_eq!(ran(&lambda, "f:live").await, "1");
    let got = lambda.get_function_configuration().function_name(format!("{ARN}:live")).send().await.unwrap();
    assert_eq!(
        (got.version(), got.function_arn()),
        (Some("1"), Some(format!("{ARN}:live").as_str())),
        "the version's settings under the alias's ARN"
    );

    let move_on = || lambda.update_alias().function_name("f").name("live").function_version("2");
    assert_eq!(refusal(move_on().revision_id("wrong").send().await).1, "PreconditionFailedException");
    let moved = move_on().revision_id(made.revision_id().unwrap()).send().await.unwrap();
    assert_ne!(moved.revision_id(), made.revision_id());
    assert_eq!((moved.function_version(), moved.description()), (Some("2"), Some("what callers get")));
    assert_eq!(ran(&lambda, &format!("{ARN}:live")).await, "2");
    lambda.create_alias().function_name("f").name("newest").function_version("$LATEST").send().await.unwrap();
    assert_eq!(ran(&lambda, "f:newest").await, "$LATEST");

    let mut pages = lambda.list_aliases().function_name("f").into_paginator().page_size(1).items().send();
    let mut names = Vec::new();
    while let Some(alias) = pages.next().await {
        names.push(alias.unwrap().name.unwrap());
    }
    assert_eq!(names, ["live", "newest"]);

    let delete = |qualifier: &str| lambda.delete_function().function_name("f").qualifier(qualifier).send();
    assert_eq!(
        refusal(delete("2").await),
        refused(
            409,
            "ResourceConflictException",
            "Unable to delete version because the following aliases reference it: [live]"
        )
    );
    assert_eq!(refusal(delete("live").await).2, "Deletion of aliases is not currently supported.");
    let live = live.restart().await;
    let lambda = live.lambda();
    assert_eq!(ran(&lambda, "f:live").await, "2");
    lambda.delete_alias().function_name("f").name("live").send().await.unwrap();
    lambda.delete_function().function_name("f").qualifier("2").send().await.unwrap();
    assert_eq!(
        refusal(lambda.invoke().function_name("f:live").send().await),
        refused(404, "ResourceNotFoundException", format!("Function not found: {ARN}:live"))
    );
    let get = lambda.get_alias().function_name("f").name("live").send().await;
    assert_eq!(refusal(get).2, format!("Cannot find alias arn: {ARN}:live"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_of_two_versions_shares_out_the_invocations() {
    let live = with_versions().await;
    let lambda = live.lambda();
    let create = || lambda.create_alias().function_name("f").name("canary").function_version("1");
    create().routing_config(weights("2", 0.25)).send().await.unwrap();
    let mut counts: HashMap<String, u32> = HashMap::new();
    for _ in 0..400 {
        *counts.entry(ran(&lambda, "f:canary").await).or_default() += 1;
    }
    // 100 are expected; a deviation is 8.7, and these bounds are more than six of them away.
    assert!((45..=155).contains(&counts["2"]), "{counts:?}");
    assert_eq!(counts.len(), 2, "{counts:?}");
    let delete = lambda.delete_function().function_name("f").qualifier("2").send().await;
    assert_eq!(refusal(delete).0, 409, "the second version is in use too");

    // The version that would have come twice.
    let update = || lambda.update_alias().function_name("f").name("canary");
    assert_eq!(
        refusal(update().function_version("2").send().await).2,
        "Invalid function version 2. Function version 2 is already included in routing configuration."
    );
    let all = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(HashMap::new()));
    let whole = update().function_version("2").routing_config(all.build()).send().await.unwrap();
    assert_eq!((whole.function_version(), whole.routing_config()), (Some("2"), None));
    assert_eq!(ran(&lambda, "f:canary").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_aliases_have_policies_of_their_own() {
    let live = with_versions().await;
    let lambda = live.lambda();
    lambda.create_alias().function_name("f").name("live").function_version("1").send().await.unwrap();
    let add = |qualifier: Option<&str>| {
        let add =
            lambda.add_permission().function_name("f").statement_id("s").action("lambda:InvokeFunction");
        add.principal("apigateway.amazonaws.com").set_qualifier(qualifier.map(str::to_owned))
    };
    let get = |qualifier: &str| lambda.get_policy().function_name("f").qualifier(qualifier).send();
    for qualifier in [None, Some("1"), Some("live")] {
        let told = add(qualifier).send().await.unwrap();
        let told: Value = serde_json::from_str(told.statement().unwrap()).unwrap();
        let arn = qualifier.map_or(ARN.to_owned(), |qualifier| format!("{ARN}:{qualifier}"));
        assert_eq!(told["Resource"], arn.as_str());
    }
    assert_eq!(refusal(add(Some("live")).send().await).0, 409, "the id is there already");
    let policy = get("live").await.unwrap();
    assert_ne!(policy.revision_id(), get("1").await.unwrap().revision_id());
    assert_eq!(
        refusal(get("2").await),
        refused(404, "ResourceNotFoundException", "The resource you requested does not exist.")
    );
    assert_eq!(refusal(add(Some("9")).send().await).2, format!("Function not found: {ARN}:9"));
    assert_eq!(refusal(add(Some("no")).send().await).2, format!("Cannot find alias arn: {ARN}:no"));
    assert_eq!(
        refusal(add(Some("$LATEST")).send().await).2,
        "We currently do not support adding policies for $LATEST."
    );
    let live = live.restart().await;
    let lambda = live.lambda();
    let remove = || lambda.remove_permission().function_name("f").qualifier("live").statement_id("s");
    assert_eq!(refusal(remove().revision_id("wrong").send().await).0, 412);
    remove().revision_id(policy.revision_id().unwrap()).send().await.unwrap();
    assert_eq!(refusal(remove().send().await).2, "No policy is associated with the given resource.");
    lambda.get_policy().function_name("f").send().await.unwrap();
    lambda.get_policy().function_name("f").qualifier("1").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_waiters_of_the_sdk_come_to_their_end() {
    let live = with_versions().await;
    let lambda = live.lambda();
    let most = std::time::Duration::from_secs(5);
    lambda.wait_until_function_exists().function_name("f").wait(most).await.unwrap();
    lambda.wait_until_function_active().function_name("f").wait(most).await.unwrap();
    lambda.wait_until_function_active_v2().function_name("f").wait(most).await.unwrap();
    lambda.wait_until_function_updated().function_name("f").wait(most).await.unwrap();
    lambda.wait_until_function_updated_v2().function_name("f").wait(most).await.unwrap();
    let published = lambda.wait_until_published_version_active().function_name("f").qualifier("2");
    published.wait(most).await.unwrap();
}
