//! STS and IAM.

use aws_sdk_iam::types::Tag;

use crate::account::{Account, TRUST, refusal, refused};

const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_is_the_local_user() {
    let account = Account::open().await;
    let caller = account.sts().get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some("000000000000"));
    assert_eq!(caller.arn(), Some("arn:aws:iam::000000000000:user/ops"));
    assert!(caller.user_id().is_some_and(|id| id.starts_with("AIDA")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_from_creation_to_deletion() {
    let account = Account::open().await;
    let iam = account.iam();
    let tag = Tag::builder().key("test").value("a + c").build().unwrap();
    let created = iam
        .create_role()
        .role_name("hello")
        .path("/team/")
        .assume_role_policy_document(TRUST)
        .description("a <b> & c")
        .tags(tag.clone())
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(created.arn(), "arn:aws:iam::000000000000:role/team/hello");
    assert!(created.role_id().starts_with("AROA") && created.role_id().len() == 21);
    assert_eq!(created.max_session_duration(), None);

    let got = iam.get_role().role_name("hello").send().await.unwrap().role.unwrap();
    assert_eq!(got.max_session_duration(), Some(3600));
    assert!(got.role_last_used().is_some());
    assert_eq!(got.description(), Some("a <b> & c"));
    assert_eq!(got.tags(), [tag]);
    // The SDK leaves it as it comes: URL-encoded.
    let document = got.assume_role_policy_document().unwrap();
    let decoded = percent_encoding::percent_decode_str(document).decode_utf8().unwrap();
    assert!(document.starts_with("%7B%22Version%22") && decoded == TRUST, "{document}");

    iam.attach_role_policy().role_name("hello").policy_arn(BASIC).send().await.unwrap();
    let own = r#"{"Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}"#;
    iam.put_role_policy().role_name("hello").policy_name("own").policy_document(own).send().await.unwrap();
    let attached = iam.list_attached_role_policies().role_name("hello").send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_name(), Some("AWSLambdaBasicExecutionRole"));
    assert_eq!(attached.attached_policies()[0].policy_arn(), Some(BASIC));
    assert_eq!(iam.list_role_policies().role_name("hello").send().await.unwrap().policy_names(), ["own"]);

    let conflict = |message| refused(409, "DeleteConflict", message);
    let delete = || iam.delete_role().role_name("hello").send();
    assert_eq!(refusal(delete().await), conflict("Cannot delete entity, must detach all policies first."));
    iam.detach_role_policy().role_name("hello").policy_arn(BASIC).send().await.unwrap();
    assert_eq!(refusal(delete().await), conflict("Cannot delete entity, must delete policies first."));
    iam.delete_role_policy().role_name("hello").policy_name("own").send().await.unwrap();
    delete().await.unwrap();
    assert_eq!(
        refusal(iam.get_role().role_name("hello").send().await),
        refused(404, "NoSuchEntity", "The role with name hello cannot be found.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_as_recorded() {
    let account = Account::open().await;
    let iam = account.iam();
    let broken = iam.create_role().role_name("r").assume_role_policy_document("{").send().await;
    assert_eq!(refusal(broken), refused(400, "MalformedPolicyDocument", "This policy contains invalid Json"));
    account.role("r").await;
    let again = iam.create_role().role_name("r").assume_role_policy_document(TRUST).send().await;
    assert_eq!(refusal(again), refused(409, "EntityAlreadyExists", "Role with name r already exists."));
    let again = iam.create_role().role_name("R").assume_role_policy_document(TRUST).send().await;
    assert_eq!(refusal(again).1, "EntityAlreadyExists", "case does not tell names apart");
    for (kind, who, told) in [
        ("Service", "foo.example", r#""SERVICE":"foo.example""#),
        ("AWS", "arn:aws:iam::000000000000:role/nope", r#""AWS":"arn:aws:iam::000000000000:role/nope""#),
    ] {
        let trust = TRUST.replacen("Service", kind, 1).replace("lambda.amazonaws.com", who);
        let stranger = iam.create_role().role_name("s").assume_role_policy_document(trust).send().await;
        let message = format!("Invalid principal in policy: {told}");
        assert_eq!(refusal(stranger), refused(400, "MalformedPolicyDocument", &message));
    }
    let trust = TRUST
        .replacen("Service", "AWS", 1)
        .replace("lambda.amazonaws.com", "arn:aws:iam::000000000000:role/r");
    iam.update_assume_role_policy().role_name("r").policy_document(trust).send().await.unwrap();
    let attach = |arn: &str| iam.attach_role_policy().role_name("r").policy_arn(arn).send();
    assert_eq!(
        refusal(attach("longpolicynamebutnoarn").await),
        refused(400, "ValidationError", "Invalid ARN:  Could not be parsed!")
    );
    assert_eq!(
        refusal(attach("arn:aws:iam::000000000000:policy/own123").await),
        refused(
            404,
            "NoSuchEntity",
            "Policy arn:aws:iam::000000000000:policy/own123 does not exist or is not attachable."
        )
    );
    // Known to AWS, not offered here; and a parameter that would change what happens.
    assert_eq!(
        refusal(iam.list_groups().send().await),
        refused(
            501,
            "NotImplemented",
            "Callboard's local cloud does not offer the operation ListGroups of IAM"
        )
    );
    let bounded = iam
        .create_role()
        .role_name("b")
        .assume_role_policy_document(TRUST)
        .permissions_boundary("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .send()
        .await;
    assert_eq!(
        refusal(bounded).2,
        "Callboard's local cloud does not offer the parameter PermissionsBoundary in the operation CreateRole of IAM"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_come_in_pages() {
    let account = Account::open().await;
    for name in ["a", "b", "c"] {
        account.role(name).await;
    }
    let mut pages = account.iam().list_roles().max_items(2).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        found.push(page.unwrap().roles().iter().map(|role| role.role_name().to_owned()).collect::<Vec<_>>());
    }
    assert_eq!(found, [vec!["a", "b"], vec!["c"]]);
}
