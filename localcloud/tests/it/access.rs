//! Users, their keys and policies, and what a call that is signed with such a key may do.

use aws_config::SdkConfig;
use localcloud::access::Decision;

use crate::account::{Account, TRUST, config_of, refusal, refused};
use crate::functions::{create, prepared, settled};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A user with this inline policy; the configuration of its clients.
async fn user(account: &Account, name: &str, policy: &str) -> SdkConfig {
    let iam = account.iam();
    iam.create_user().user_name(name).send().await.unwrap();
    put(account, name, policy).await;
    let key = iam.create_access_key().user_name(name).send().await.unwrap().access_key.unwrap();
    config_of(account.endpoint(), (key.access_key_id(), key.secret_access_key()), "us-east-1")
}

async fn put(account: &Account, name: &str, policy: &str) {
    let put = account.iam().put_user_policy().user_name(name).policy_name("own");
    put.policy_document(policy).send().await.unwrap();
}

fn allow(actions: &str, resources: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":{resources}}}]}}"#
    )
}

/// IAM's words for what no policy allows.
fn denied(status: u16, code: &str, user: &str, action: &str, resource: &str) -> (u16, String, String) {
    let message = format!(
        "User: arn:aws:iam::000000000000:user/{user} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    );
    refused(status, code, message)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_from_creation_to_deletion() {
    let account = Account::open().await;
    let iam = account.iam();
    let made = iam.create_user().user_name("kim").path("/team/").send().await.unwrap().user.unwrap();
    assert_eq!(made.arn(), "arn:aws:iam::000000000000:user/team/kim");
    assert!(made.user_id().starts_with("AIDA") && made.user_id().len() == 21);
    let again = iam.create_user().user_name("kim").send().await;
    assert_eq!(refusal(again), refused(409, "EntityAlreadyExists", "User with name kim already exists."));
    let listed = iam.list_users().send().await.unwrap();
    let names: Vec<&str> = listed.users().iter().map(|user| user.user_name()).collect();
    assert_eq!(names, ["kim", "ops"]);

    let key = iam.create_access_key().user_name("kim").send().await.unwrap().access_key.unwrap();
    assert!(key.access_key_id().starts_with("AKIA") && key.access_key_id().len() == 20);
    assert_eq!(key.secret_access_key().len(), 40);
    iam.create_access_key().user_name("kim").send().await.unwrap();
    let third = iam.create_access_key().user_name("kim").send().await;
    assert_eq!(refusal(third), refused(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"));
    let keys = iam.list_access_keys().user_name("kim").send().await.unwrap();
    assert_eq!(keys.access_key_metadata().len(), 2);

    // It is itself, and its key lives as long as it is there.
    let kim = config_of(account.endpoint(), (key.access_key_id(), key.secret_access_key()), "us-east-1");
    let caller = aws_sdk_sts::Client::new(&kim).get_caller_identity().send().await.unwrap();
    assert_eq!(caller.arn(), Some(made.arn()));
    assert_eq!(caller.user_id(), Some(made.user_id()));

    let policy = allow("\"sts:*\"", "\"*\"");
    iam.put_user_policy().user_name("kim").policy_name("own").policy_document(&policy).send().await.unwrap();
    iam.attach_user_policy().user_name("kim").policy_arn(ADMINISTRATOR).send().await.unwrap();
    let own = iam.get_user_policy().user_name("kim").policy_name("own").send().await.unwrap();
    let document = percent_encoding::percent_decode_str(own.policy_document()).decode_utf8().unwrap();
    assert_eq!(document, policy);
    assert_eq!(iam.list_user_policies().user_name("kim").send().await.unwrap().policy_names(), ["own"]);
    let attached = iam.list_attached_user_policies().user_name("kim").send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_arn(), Some(ADMINISTRATOR));

    let delete = || iam.delete_user().user_name("kim").send();
    let conflict = |message| refused(409, "DeleteConflict", message);
    assert_eq!(refusal(delete().await), conflict("Cannot delete entity, must delete access keys first."));
    for key in keys.access_key_metadata() {
        let id = key.access_key_id().unwrap();
        iam.delete_access_key().user_name("kim").access_key_id(id).send().await.unwrap();
    }
    let gone = aws_sdk_sts::Client::new(&kim).get_caller_identity().send().await;
    assert_eq!(refusal(gone).1, "InvalidClientTokenId");
    assert_eq!(refusal(delete().await), conflict("Cannot delete entity, must detach all policies first."));
    iam.detach_user_policy().user_name("kim").policy_arn(ADMINISTRATOR).send().await.unwrap();
    assert_eq!(refusal(delete().await), conflict("Cannot delete entity, must delete policies first."));
    iam.delete_user_policy().user_name("kim").policy_name("own").send().await.unwrap();
    delete().await.unwrap();
    let gone = iam.get_user().user_name("kim").send().await;
    assert_eq!(refusal(gone), refused(404, "NoSuchEntity", "The user with name kim cannot be found."));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_denies_in_its_own_words_what_no_policy_allows() {
    let account = Account::open().await;
    let kim = user(&account, "kim", &allow("\"sts:GetCallerIdentity\"", "\"*\"")).await;
    let lambda = aws_sdk_lambda::Client::new(&kim);
    assert_eq!(
        refusal(lambda.get_function().function_name("hello").qualifier("3").send().await),
        denied(
            403,
            "AccessDeniedException",
            "kim",
            "lambda:GetFunction",
            "arn:aws:lambda:us-east-1:000000000000:function:hello:3"
        )
    );
    assert_eq!(
        refusal(lambda.list_functions().send().await),
        denied(403, "AccessDeniedException", "kim", "lambda:ListFunctions", "*")
    );
    let gateway = aws_sdk_apigateway::Client::new(&kim);
    assert_eq!(
        refusal(gateway.get_resources().rest_api_id("abc").send().await),
        denied(
            403,
            "AccessDeniedException",
            "kim",
            "apigateway:GET",
            "arn:aws:apigateway:us-east-1::/restapis/abc/resources"
        )
    );
    let ecr = aws_sdk_ecr::Client::new(&kim);
    assert_eq!(
        refusal(ecr.describe_images().repository_name("hello").send().await),
        denied(
            400,
            "AccessDeniedException",
            "kim",
            "ecr:DescribeImages",
            "arn:aws:ecr:us-east-1:000000000000:repository/hello"
        )
    );
    assert_eq!(
        refusal(ecr.get_authorization_token().send().await),
        denied(400, "AccessDeniedException", "kim", "ecr:GetAuthorizationToken", "*")
    );
    let logs = aws_sdk_cloudwatchlogs::Client::new(&kim);
    assert_eq!(
        refusal(logs.filter_log_events().log_group_name("/aws/lambda/hello").send().await),
        denied(
            400,
            "AccessDeniedException",
            "kim",
            "logs:FilterLogEvents",
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/hello:log-stream:"
        )
    );
    assert_eq!(
        refusal(logs.describe_log_groups().send().await),
        denied(
            400,
            "AccessDeniedException",
            "kim",
            "logs:DescribeLogGroups",
            "arn:aws:logs:us-east-1:000000000000:log-group::log-stream:"
        )
    );
    let iam = aws_sdk_iam::Client::new(&kim);
    assert_eq!(
        refusal(iam.get_role().role_name("hello").send().await),
        denied(403, "AccessDenied", "kim", "iam:GetRole", "arn:aws:iam::000000000000:role/hello")
    );
    let metrics = aws_sdk_cloudwatch::Client::new(&kim).list_metrics().send().await;
    let (_, code, message) = refusal(metrics);
    assert_eq!(
        (code.as_str(), message),
        ("AccessDenied", denied(403, "", "kim", "cloudwatch:ListMetrics", "*").2)
    );
    // What was asked and decided can be looked up.
    let asked = account.access().asked();
    assert_eq!(asked.len(), 9);
    assert!(asked.iter().all(|one| one.user == "kim" && one.decision == Decision::ImplicitDeny));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_allows_what_it_names_and_a_denial_wins() {
    let account = Account::open().await;
    account.ecr().create_repository().repository_name("hello").send().await.unwrap();
    account.ecr().create_repository().repository_name("other").send().await.unwrap();
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"ecr:*","Resource":"arn:aws:ecr:*:*:repository/hello"},
        {"Effect":"Deny","Action":"ecr:Delete*","Resource":"*"}]}"#;
    let kim = user(&account, "kim", policy).await;
    let ecr = aws_sdk_ecr::Client::new(&kim);
    ecr.describe_repositories().repository_names("hello").send().await.unwrap();
    let both = ecr.describe_repositories().repository_names("hello").repository_names("other").send().await;
    assert!(refusal(both).2.contains("repository/other because no identity-based policy"));
    let delete = ecr.delete_repository().repository_name("hello").send().await;
    assert_eq!(
        refusal(delete),
        refused(
            400,
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:user/kim is not authorized to perform: ecr:DeleteRepository on resource: arn:aws:ecr:us-east-1:000000000000:repository/hello with an explicit deny in an identity-based policy"
        )
    );
    // Policies and keys outlive a restart.
    let account = account.restart().await;
    let kim = kim.to_builder().endpoint_url(account.endpoint()).build();
    let ecr = aws_sdk_ecr::Client::new(&kim);
    ecr.describe_repositories().repository_names("hello").send().await.unwrap();
    assert_eq!(refusal(ecr.describe_repositories().send().await).1, "AccessDeniedException");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_says_that_is_not_evaluated_is_refused_by_name() {
    let account = Account::open().await;
    let iam = account.iam();
    iam.create_user().user_name("kim").send().await.unwrap();
    let put = |document: &str| {
        iam.put_user_policy().user_name("kim").policy_name("p").policy_document(document).send()
    };
    let condition = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}"#;
    assert_eq!(
        refusal(put(condition).await).2,
        "Callboard's local cloud does not offer the policy element Condition in the operation PutUserPolicy of IAM"
    );
    assert_eq!(refusal(put("{").await), refused(400, "MalformedPolicyDocument", "Syntax errors in policy."));
    let long = allow(&format!("[{}]", vec!["\"lambda:GetFunction\""; 110].join(",")), "\"*\"");
    assert_eq!(
        refusal(put(&long).await),
        refused(409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user kim")
    );
    // Longer ones are managed policies.
    let made = iam.create_policy().policy_name("long").policy_document(&long).send().await.unwrap();
    let arn = made.policy().unwrap().arn().unwrap().to_owned();
    assert_eq!(arn, "arn:aws:iam::000000000000:policy/long");
    iam.attach_user_policy().user_name("kim").policy_arn(&arn).send().await.unwrap();
    let got = iam.get_policy().policy_arn(&arn).send().await.unwrap().policy.unwrap();
    assert_eq!(got.attachment_count(), Some(1));
    let version = iam.get_policy_version().policy_arn(&arn).version_id("v1").send().await.unwrap();
    let document = version.policy_version.unwrap().document.unwrap();
    assert_eq!(percent_encoding::percent_decode_str(&document).decode_utf8().unwrap(), long);
    let used = iam.delete_policy().policy_arn(&arn).send().await;
    assert_eq!(refusal(used), refused(409, "DeleteConflict", "Cannot delete a policy attached to entities."));
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let unknown = iam.attach_user_policy().user_name("kim").policy_arn(read_only).send().await;
    assert!(refusal(unknown).2.contains("ReadOnlyAccess"));
    let owner = iam.put_user_policy().user_name("ops").policy_name("p").policy_document(&long).send().await;
    assert!(refusal(owner).2.contains("the UserName ops"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_says_what_the_calls_will_meet() {
    let account = Account::open().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"lambda:Get*","Resource":"arn:aws:lambda:*:*:function:hello-*"},
        {"Effect":"Deny","Action":"lambda:GetPolicy","Resource":"*"}]}"#;
    let kim = user(&account, "kim", policy).await;
    let arn = "arn:aws:iam::000000000000:user/kim";
    let function = "arn:aws:lambda:us-east-1:000000000000:function:hello-stage";
    let ask = |iam: &aws_sdk_iam::Client, arn: &str| {
        iam.simulate_principal_policy()
            .policy_source_arn(arn)
            .action_names("lambda:GetFunction")
            .action_names("lambda:GetPolicy")
            .action_names("lambda:DeleteFunction")
            .resource_arns(function)
            .resource_arns("*")
            .send()
    };
    let answer = ask(&account.iam(), arn).await.unwrap();
    let told: Vec<(&str, &str, &str)> = answer
        .evaluation_results()
        .iter()
        .map(|one| (one.eval_action_name(), one.eval_resource_name().unwrap(), one.eval_decision().as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("lambda:GetFunction", function, "allowed"),
            ("lambda:GetFunction", "*", "implicitDeny"),
            ("lambda:GetPolicy", function, "explicitDeny"),
            ("lambda:GetPolicy", "*", "explicitDeny"),
            ("lambda:DeleteFunction", function, "implicitDeny"),
            ("lambda:DeleteFunction", "*", "implicitDeny"),
        ]
    );
    assert_eq!(answer.evaluation_results()[0].matched_statements()[0].source_policy_id(), Some("own"));
    // The user may not ask that of itself: nobody allowed it.
    assert_eq!(
        refusal(ask(&aws_sdk_iam::Client::new(&kim), arn).await),
        denied(403, "AccessDenied", "kim", "iam:SimulatePrincipalPolicy", arn)
    );
    let owner = ask(&account.iam(), "arn:aws:iam::000000000000:user/ops").await.unwrap();
    assert!(owner.evaluation_results().iter().all(|one| one.eval_decision().as_str() == "allowed"));
    let nobody = ask(&account.iam(), "arn:aws:iam::000000000000:user/nobody").await;
    assert_eq!(refusal(nobody), refused(404, "NoSuchEntity", "The user with name nobody cannot be found."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_made_with_a_role_that_may_be_passed_and_an_image_that_lambda_may_fetch() {
    let (account, uri) = prepared().await;
    create(&account.lambda(), &uri).await;
    settled(&account.lambda()).await;
    let opened = account.ecr().get_repository_policy().repository_name("hello").send().await.unwrap();
    assert!(opened.policy_text().unwrap().contains("LambdaECRImageRetrievalPolicy"));
    account.ecr().set_repository_policy().repository_name("hello").policy_text("{}").send().await.unwrap();
    let role = account.role("passed").await;
    let kim = user(&account, "kim", &allow("\"lambda:*\"", "\"*\"")).await;
    let lambda = aws_sdk_lambda::Client::new(&kim);
    let make = || {
        lambda
            .create_function()
            .function_name("kims")
            .package_type(aws_sdk_lambda::types::PackageType::Image)
            .code(aws_sdk_lambda::types::FunctionCode::builder().image_uri(&uri).build())
            .role(&role)
            .send()
    };
    assert_eq!(refusal(make().await), denied(403, "AccessDeniedException", "kim", "iam:PassRole", &role));
    put(&account, "kim", &allow(r#"["lambda:*","iam:PassRole","ecr:GetRepositoryPolicy"]"#, "\"*\"")).await;
    assert_eq!(
        refusal(make().await),
        refused(
            403,
            "AccessDeniedException",
            "Lambda does not have permission to access the ECR image. Check the ECR permissions."
        )
    );
    put(&account, "kim", &allow(r#"["lambda:*","iam:PassRole","ecr:*RepositoryPolicy"]"#, "\"*\"")).await;
    make().await.unwrap();
    assert!(TRUST.contains("lambda.amazonaws.com"));
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrys_token_may_what_its_holder_may() {
    use base64::Engine;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account::open().await;
    account.ecr().create_repository().repository_name("hello").send().await.unwrap();
    let policy = r#"{"Statement":[{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},
        {"Effect":"Allow","Action":"ecr:BatchCheckLayerAvailability","Resource":"arn:aws:ecr:*:*:repository/hello"}]}"#;
    let kim = user(&account, "kim", policy).await;
    let token = aws_sdk_ecr::Client::new(&kim).get_authorization_token().send().await.unwrap();
    let basic = token.authorization_data()[0].authorization_token().unwrap().to_owned();
    assert!(base64::engine::general_purpose::STANDARD.decode(&basic).unwrap().starts_with(b"AWS:"));
    let (http, endpoint) = (reqwest::Client::new(), account.endpoint().to_owned());
    let ask = |method: reqwest::Method, path: &str| {
        let request = http.request(method, format!("{endpoint}/v2/{path}"));
        request.header("authorization", format!("Basic {basic}")).send()
    };
    assert_eq!(ask(reqwest::Method::GET, "").await.unwrap().status(), 200);
    let digest = format!("sha256:{}", "0".repeat(64));
    let head = ask(reqwest::Method::HEAD, &format!("hello/blobs/{digest}")).await.unwrap();
    assert_eq!(head.status(), 404, "it may look, and there is none");
    let start = ask(reqwest::Method::POST, "hello/blobs/uploads/").await.unwrap();
    assert_eq!(start.status(), 403);
    let text = start.text().await.unwrap();
    assert!(
        text.contains("DENIED") && text.contains("is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:us-east-1:000000000000:repository/hello"),
        "{text}"
    );
}
