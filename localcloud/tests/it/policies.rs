//! Customer managed policies: on roles and users, in versions, with tags; and what lists tell of roles.

use aws_sdk_iam::types::Tag;

use crate::account::{Account, TRUST, refusal, refused};

const CONDITION: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}"#;

fn allow(action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
    )
}

async fn policy(account: &Account, name: &str, document: &str) -> String {
    let made = account.iam().create_policy().policy_name(name).policy_document(document).send().await;
    made.unwrap().policy.unwrap().arn.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_on_a_role_decides_in_its_default_version() {
    let account = Account::open().await;
    let iam = account.iam();
    account.role("r").await;
    let arn = policy(&account, "p", &allow("lambda:GetFunction")).await;
    iam.attach_role_policy().role_name("r").policy_arn(&arn).send().await.unwrap();
    let attached = iam.list_attached_role_policies().role_name("r").send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_name(), Some("p"));
    let role = "arn:aws:iam::000000000000:role/r";
    let decided = |action: &str| {
        let call = iam.simulate_principal_policy().policy_source_arn(role).action_names(action);
        async move { call.send().await.unwrap().evaluation_results()[0].eval_decision().as_str().to_owned() }
    };
    assert_eq!(decided("lambda:GetFunction").await, "allowed");

    let make = |document: String| iam.create_policy_version().policy_arn(&arn).policy_document(document);
    let second = make(allow("lambda:ListFunctions")).set_as_default(true).send().await.unwrap();
    assert_eq!(second.policy_version().unwrap().version_id(), Some("v2"));
    assert_eq!(decided("lambda:GetFunction").await, "implicitDeny");
    assert_eq!(decided("lambda:ListFunctions").await, "allowed");
    iam.set_default_policy_version().policy_arn(&arn).version_id("v1").send().await.unwrap();
    assert_eq!(decided("lambda:GetFunction").await, "allowed");
    let default = iam.delete_policy_version().policy_arn(&arn).version_id("v1").send().await;
    let message = "Cannot delete the default version of a policy.";
    assert_eq!(refusal(default), refused(409, "DeleteConflict", message));
    for _ in 3..=5 {
        make(allow("ecr:*")).send().await.unwrap();
    }
    assert_eq!(refusal(make(allow("ecr:*")).send().await).1, "LimitExceeded");
    iam.delete_policy_version().policy_arn(&arn).version_id("v2").send().await.unwrap();
    let listed = iam.list_policy_versions().policy_arn(&arn).send().await.unwrap();
    let told: Vec<(&str, bool)> = listed
        .versions()
        .iter()
        .map(|version| (version.version_id().unwrap(), version.is_default_version()))
        .collect();
    assert_eq!(told, [("v5", false), ("v4", false), ("v3", false), ("v1", true)]);

    // What is not evaluated may be on a role, which is of no use to a caller then, and on no user.
    let condition = policy(&account, "c", CONDITION).await;
    iam.attach_role_policy().role_name("r").policy_arn(&condition).send().await.unwrap();
    let simulated =
        iam.simulate_principal_policy().policy_source_arn(role).action_names("ecr:X").send().await;
    assert!(refusal(simulated).2.contains("the policy c, which cannot be evaluated here"));
    iam.create_user().user_name("kim").send().await.unwrap();
    let attached = iam.attach_user_policy().user_name("kim").policy_arn(&condition).send().await;
    assert!(refusal(attached).2.contains("the policy element Condition"));

    let entities = iam.list_entities_for_policy().policy_arn(&arn).send().await.unwrap();
    assert_eq!(entities.policy_roles()[0].role_name(), Some("r"));
    assert!(entities.policy_users().is_empty() && entities.policy_groups().is_empty());
    let only = iam.list_policies().scope("Local".into()).only_attached(true).send().await.unwrap();
    let names: Vec<_> = only.policies().iter().map(|policy| policy.policy_name().unwrap()).collect();
    assert_eq!(names, ["c", "p"]);
    assert!(refusal(iam.list_policies().send().await).2.contains("Scope other than Local"));

    let delete = || iam.delete_policy().policy_arn(&arn).send();
    assert_eq!(refusal(delete().await).2, "Cannot delete a policy attached to entities.");
    iam.detach_role_policy().role_name("r").policy_arn(&arn).send().await.unwrap();
    assert!(refusal(delete().await).2.starts_with("This policy has more than one version."));
    for version in ["v3", "v4", "v5"] {
        iam.delete_policy_version().policy_arn(&arn).version_id(version).send().await.unwrap();
    }
    delete().await.unwrap();
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_users_and_policies_have_tags_and_roles_change() {
    let account = Account::open().await;
    let iam = account.iam();
    account.role("r").await;
    iam.create_user().user_name("kim").send().await.unwrap();
    let arn = policy(&account, "p", &allow("ecr:*")).await;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    iam.tag_role().role_name("r").tags(tag("env", "stage")).tags(tag("team", "a")).send().await.unwrap();
    iam.tag_role().role_name("r").tags(tag("ENV", "prod")).send().await.unwrap();
    let listed = iam.list_role_tags().role_name("r").send().await.unwrap();
    let told: Vec<(&str, &str)> = listed.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(told, [("ENV", "prod"), ("team", "a")]);
    iam.untag_role().role_name("r").tag_keys("team").send().await.unwrap();
    assert_eq!(iam.get_role().role_name("r").send().await.unwrap().role.unwrap().tags().len(), 1);
    let twice = iam.tag_user().user_name("kim").tags(tag("a", "1")).tags(tag("A", "2")).send().await;
    assert_eq!(refusal(twice).1, "InvalidInput");
    iam.tag_user().user_name("kim").tags(tag("a", "1")).send().await.unwrap();
    assert_eq!(iam.list_user_tags().user_name("kim").send().await.unwrap().tags()[0].key(), "a");
    iam.tag_policy().policy_arn(&arn).tags(tag("a", "1")).send().await.unwrap();
    iam.untag_policy().policy_arn(&arn).tag_keys("a").send().await.unwrap();
    assert!(iam.list_policy_tags().policy_arn(&arn).send().await.unwrap().tags().is_empty());
    let nobody = iam.list_role_tags().role_name("none").send().await;
    assert_eq!(refusal(nobody).2, "The role with name none cannot be found.");

    iam.update_role().role_name("r").description("first").max_session_duration(7200).send().await.unwrap();
    let told = iam.update_role_description().role_name("r").description("second").send().await.unwrap();
    assert_eq!(told.role().unwrap().description(), Some("second"));
    iam.update_role().role_name("r").send().await.unwrap();
    let role = iam.get_role().role_name("r").send().await.unwrap().role.unwrap();
    assert_eq!((role.description(), role.max_session_duration()), (Some("second"), Some(7200)));
    // Terraform asks both before it deletes.
    let profiles = iam.list_instance_profiles_for_role().role_name("r").send().await.unwrap();
    assert!(profiles.instance_profiles().is_empty());
    assert!(iam.list_groups_for_user().user_name("kim").send().await.unwrap().groups().is_empty());
    let resource = TRUST.replace("\"Effect\"", "\"Resource\":\"*\",\"Effect\"");
    let trust = iam.update_assume_role_policy().role_name("r").policy_document(resource).send().await;
    assert_eq!(refusal(trust), refused(400, "MalformedPolicyDocument", "Has prohibited field Resource"));
    account.stop().await;
}
