//! Roles that are taken on through STS: temporary credentials that sign, are decided about, and expire.

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::types::{Credentials as Given, Tag};
use localcloud::access::Decision;

use crate::account::{Account, TRUST, config_of, refusal, refused};

const ROLE: &str = "arn:aws:iam::000000000000:role/deployer";

fn trusting(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":{{"AWS":"{principal}"}}}}]}}"#
    )
}

async fn role(account: &Account, name: &str, trust: &str) {
    let made = account.iam().create_role().role_name(name).assume_role_policy_document(trust).send().await;
    made.unwrap();
}

async fn allow(account: &Account, role: &str, action: &str) {
    let policy = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#);
    let put = account.iam().put_role_policy().role_name(role).policy_name("own").policy_document(policy);
    put.send().await.unwrap();
}

/// The configuration of clients that call with what STS gave.
fn with(account: &Account, given: &Given, token: Option<&str>) -> SdkConfig {
    let token = token.map(str::to_owned);
    let credentials =
        Credentials::new(given.access_key_id(), given.secret_access_key(), token, None, "session");
    let provider = SharedCredentialsProvider::new(credentials);
    account.config.to_builder().endpoint_url(account.endpoint()).credentials_provider(provider).build()
}

async fn assume(sts: &aws_sdk_sts::Client, arn: &str) -> Given {
    let answer = sts.assume_role().role_arn(arn).role_session_name("release").send().await.unwrap();
    answer.credentials.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_itself_and_may_what_its_role_may_until_it_expires() {
    let account = Account::open().await;
    role(&account, "deployer", &trusting("000000000000")).await;
    allow(&account, "deployer", "ecr:DescribeRepositories").await;
    let given = assume(&account.sts(), ROLE).await;
    assert!(given.access_key_id().starts_with("ASIA") && given.access_key_id().len() == 20);
    let config = with(&account, &given, Some(given.session_token()));
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    assert_eq!(caller.arn(), Some("arn:aws:sts::000000000000:assumed-role/deployer/release"));
    assert!(caller.user_id().unwrap().starts_with("AROA") && caller.user_id().unwrap().ends_with(":release"));
    let ecr = aws_sdk_ecr::Client::new(&config);
    ecr.describe_repositories().send().await.unwrap();
    let message = "User: arn:aws:sts::000000000000:assumed-role/deployer/release is not authorized to perform: ecr:CreateRepository on resource: arn:aws:ecr:us-east-1:000000000000:repository/r because no identity-based policy allows the ecr:CreateRepository action";
    let denied = ecr.create_repository().repository_name("r").send().await;
    assert_eq!(refusal(denied), refused(400, "AccessDeniedException", message));
    let asked = account.access().asked();
    assert_eq!((asked[0].user.as_str(), asked[0].decision), ("deployer/release", Decision::Allowed));
    let nobody = aws_sdk_iam::Client::new(&config).get_user().send().await;
    assert_eq!(refusal(nobody).1, "AccessDenied");
    allow(&account, "deployer", "iam:GetUser").await;
    let nobody = aws_sdk_iam::Client::new(&config).get_user().send().await;
    let message = "Must specify userName when calling with non-User credentials";
    assert_eq!(refusal(nobody), refused(400, "ValidationError", message));

    // The key and its secret are not enough.
    for token in [None, Some("IQoJanother")] {
        let half = aws_sdk_ecr::Client::new(&with(&account, &given, token));
        assert_eq!(refusal(half.describe_repositories().send().await).1, "UnrecognizedClientException");
        let half = aws_sdk_sts::Client::new(&with(&account, &given, token));
        assert_eq!(refusal(half.get_caller_identity().send().await).1, "InvalidClientTokenId");
    }
    // It outlives a restart, and its time comes.
    let account = account.restart_with_state(|state| assert_eq!(state.sessions.len(), 1)).await;
    let config = with(&account, &given, Some(given.session_token()));
    aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    let over = |state: &mut localcloud::world::State| {
        state.sessions.values_mut().for_each(|session| session.expires_ms -= 3_600_000);
    };
    let account = account.restart_with_state(over).await;
    let config = with(&account, &given, Some(given.session_token()));
    let message = "The security token included in the request is expired";
    let late = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    assert_eq!(refusal(late), refused(403, "ExpiredToken", message));
    let late = aws_sdk_lambda::Client::new(&config).list_functions().send().await;
    assert_eq!(refusal(late), refused(403, "ExpiredTokenException", message));
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_must_trust_its_caller_and_its_own_policies_must_be_known() {
    let account = Account::open().await;
    let (iam, sts) = (account.iam(), account.sts());
    let ask =
        |sts: &aws_sdk_sts::Client, arn: &str| sts.assume_role().role_arn(arn).role_session_name("s1").send();
    let denied = |who: &str, role: &str| {
        let message = format!(
            "User: arn:aws:iam::000000000000:user/{who} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/{role}"
        );
        refused(403, "AccessDenied", message)
    };
    assert_eq!(refusal(ask(&sts, ROLE).await), denied("ops", "deployer"), "it is not there");
    role(&account, "lambdas", TRUST).await;
    let arn = "arn:aws:iam::000000000000:role/lambdas";
    assert_eq!(refusal(ask(&sts, arn).await), denied("ops", "lambdas"));

    // Who is named needs nothing more; who is only of the account needs a policy of its own.
    iam.create_user().user_name("kim").send().await.unwrap();
    let key = iam.create_access_key().user_name("kim").send().await.unwrap().access_key.unwrap();
    let kim = config_of(account.endpoint(), (key.access_key_id(), key.secret_access_key()), "us-east-1");
    let kim = aws_sdk_sts::Client::new(&kim);
    role(&account, "deployer", &trusting("arn:aws:iam::000000000000:user/kim")).await;
    ask(&kim, ROLE).await.unwrap();
    assert_eq!(refusal(ask(&sts, ROLE).await), denied("ops", "deployer"));
    let trust = iam.update_assume_role_policy().role_name("deployer");
    trust.policy_document(trusting("arn:aws:iam::000000000000:root")).send().await.unwrap();
    ask(&sts, ROLE).await.unwrap();
    assert!(
        refusal(ask(&kim, ROLE).await)
            .2
            .contains("no identity-based policy allows the sts:AssumeRole action")
    );

    // A policy whose text is not known cannot decide.
    let attach = |arn: &str| iam.attach_role_policy().role_name("deployer").policy_arn(arn).send();
    attach("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").await.unwrap();
    ask(&sts, ROLE).await.unwrap();
    attach("arn:aws:iam::aws:policy/ReadOnlyAccess").await.unwrap();
    let (status, _, message) = refusal(ask(&sts, ROLE).await);
    assert_eq!(status, 501);
    assert!(message.contains("the policy ReadOnlyAccess, which cannot be evaluated here"), "{message}");
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_and_tags_of_sessions_and_sessions_from_sessions() {
    let account = Account::open().await;
    let sts = account.sts();
    role(&account, "deployer", &trusting("000000000000")).await;
    role(&account, "second", &trusting("000000000000")).await;
    allow(&account, "deployer", "sts:*").await;
    let ask = |sts: &aws_sdk_sts::Client, arn: &str| sts.assume_role().role_arn(arn).role_session_name("s1");
    let (status, code, message) = refusal(ask(&sts, ROLE).duration_seconds(60).send().await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(message.contains("Value '60' at 'durationSeconds'"), "{message}");
    let long = refusal(ask(&sts, ROLE).duration_seconds(7200).send().await);
    let most = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert_eq!(long, refused(400, "ValidationError", most));
    let tag = |key: &str| Tag::builder().key(key).value("v").build().unwrap();
    let first = ask(&sts, ROLE).tags(tag("Team")).transitive_tag_keys("team").send().await.unwrap();
    let given = first.credentials.unwrap();
    let lasts = given.expiration().secs() - jiff::Timestamp::now().as_second();
    assert!((3590..=3600).contains(&lasts), "{lasts}");
    let chained = aws_sdk_sts::Client::new(&with(&account, &given, Some(given.session_token())));
    let second = "arn:aws:iam::000000000000:role/second";
    let taken = refusal(ask(&chained, second).tags(tag("TEAM")).send().await);
    assert_eq!((taken.0, taken.1.as_str()), (400, "InvalidParameterValue"));
    assert!(taken.2.contains("conflicts with a transitive tag key from the calling session"), "{}", taken.2);
    ask(&chained, second).tags(tag("other")).send().await.unwrap();
    account.iam().update_role().role_name("second").max_session_duration(7200).send().await.unwrap();
    let long = refusal(ask(&chained, second).duration_seconds(7200).send().await);
    assert!(long.2.contains("1 hour session limit"), "{}", long.2);
    ask(&sts, second).duration_seconds(7200).send().await.unwrap();
    account.stop().await;
}
