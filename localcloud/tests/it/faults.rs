//! Faults on purpose, as clients meet them.

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::SdkError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use localcloud::blobs::digest_of;
use localcloud::faults::{Called, Effect, PATH, Rule};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::account::{Account, refusal, refused};
use crate::by_hand::signed;
use crate::live::{Live, REPOSITORY, image_of};

fn set(account: &Account, rules: impl IntoIterator<Item = Rule>) {
    account.faults().set(rules.into_iter().collect()).unwrap();
}

fn error(status: u16, code: &str) -> Effect {
    Effect::Error { status, code: code.to_owned(), message: "on purpose".to_owned() }
}

fn called(service: &str, operation: &str, status: impl Into<Option<u16>>, fault: Option<Effect>) -> Called {
    Called { service: service.to_owned(), operation: operation.to_owned(), status: status.into(), fault }
}

/// Whether there was no answer at all.
fn is_cut<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> bool {
    answer.is_err_and(|error| error.raw_response().is_none())
}

async fn apis(account: &Account) -> usize {
    account.gateway().get_rest_apis().send().await.unwrap().items().len()
}

/// A call of ListFunctions, as a client that signs writes it.
fn list_functions(account: &Account) -> String {
    let host = account.endpoint().strip_prefix("http://").unwrap();
    let url = format!("{}/2015-03-31/functions", account.endpoint());
    let headers = signed("GET", &url, "lambda", b"", std::time::SystemTime::now());
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("GET /2015-03-31/functions HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n")
}

async fn connect(account: &Account) -> TcpStream {
    TcpStream::connect(account.endpoint().strip_prefix("http://").unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cut_has_been_done_or_not() {
    let account = Account::open().await;
    let create = || account.gateway().create_rest_api().name("svc").send();
    set(&account, [Rule::on("CreateRestApi", Effect::CutBefore)]);
    assert!(is_cut(create().await));
    assert_eq!(apis(&account).await, 0);
    set(&account, [Rule::on("apigateway:CreateRestApi", Effect::CutAfter)]);
    assert!(is_cut(create().await));
    assert_eq!(apis(&account).await, 1, "it was done all the same");
    account.faults().clear();
    create().await.unwrap();
    let one = |status, fault| called("apigateway", "CreateRestApi", status, fault);
    let read = || called("apigateway", "GetRestApis", 200, None);
    assert_eq!(
        account.faults().calls(),
        [
            one(None, Some(Effect::CutBefore)),
            read(),
            one(Some(201), Some(Effect::CutAfter)),
            read(),
            one(Some(201), None)
        ]
    );
    account.faults().clear_calls();
    assert_eq!(account.faults().calls(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_ends_without_one_byte() {
    let account = Account::open().await;
    for effect in [Effect::CutBefore, Effect::CutAfter] {
        // One connection that has served before, so that it is the call that is cut and not the connection.
        let mut stream = connect(&account).await;
        account.faults().clear();
        stream.write_all(list_functions(&account).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(br#"{"Functions":[]}"#) {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
        }
        set(&account, [Rule::on("ListFunctions", effect)]);
        stream.write_all(list_functions(&account).as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        assert_eq!(stream.read_to_end(&mut rest).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_throttles_in_its_own_words() {
    let account = Account::open().await;
    set(&account, [Rule::on("*", Effect::Throttle)]);
    let rate = |status, code| refused(status, code, "Rate exceeded");
    assert_eq!(
        refusal(account.lambda().list_functions().send().await),
        rate(429, "TooManyRequestsException")
    );
    assert_eq!(
        refusal(account.gateway().get_rest_apis().send().await),
        refused(429, "TooManyRequestsException", "Too Many Requests")
    );
    assert_eq!(refusal(account.iam().list_roles().send().await), rate(400, "Throttling"));
    assert_eq!(refusal(account.sts().get_caller_identity().send().await), rate(400, "Throttling"));
    assert_eq!(refusal(account.ecr().describe_repositories().send().await), rate(400, "ThrottlingException"));
    assert_eq!(refusal(account.logs().describe_log_groups().send().await), rate(400, "ThrottlingException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_throttled_attempts_are_survived_by_the_sdk() {
    let account = Account::open().await;
    let patient = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let config = account.config.to_builder().retry_config(patient).build();
    set(&account, [Rule::on("*", Effect::Throttle).times(2)]);
    aws_sdk_lambda::Client::new(&config).list_functions().send().await.unwrap();
    set(&account, [Rule::on("*", Effect::Throttle).times(2)]);
    aws_sdk_iam::Client::new(&config).list_roles().send().await.unwrap();
    set(&account, [Rule::on("*", Effect::Throttle).times(2)]);
    aws_sdk_ecr::Client::new(&config).describe_repositories().send().await.unwrap();
    let statuses: Vec<Option<u16>> = account.faults().calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [None, None, Some(200)].repeat(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_come_in_the_words_of_the_service_and_at_their_turn() {
    let account = Account::open().await;
    set(
        &account,
        [
            Rule::on("lambda:ListFunctions", error(500, "ServiceException")).from_nth(2).times(1),
            Rule::on("ListFunctions", error(403, "AccessDeniedException")).from_nth(2).times(2),
            Rule::on("iam:*", error(500, "ServiceFailure")),
            Rule::on("ecr:*", error(400, "ServerException")),
        ],
    );
    let list = || async { account.lambda().list_functions().send().await };
    list().await.unwrap();
    assert_eq!(refusal(list().await), refused(500, "ServiceException", "on purpose"));
    // The first rule is over; the second has counted the same calls.
    assert_eq!(refusal(list().await), refused(403, "AccessDeniedException", "on purpose"));
    list().await.unwrap();
    assert_eq!(
        refusal(account.iam().list_roles().send().await),
        refused(500, "ServiceFailure", "on purpose")
    );
    assert_eq!(
        refusal(account.ecr().describe_repositories().send().await),
        refused(400, "ServerException", "on purpose")
    );
    account.sts().get_caller_identity().send().await.unwrap();
    let standing: Vec<(u64, u64)> =
        account.faults().report().rules.iter().map(|rule| (rule.matched, rule.met)).collect();
    assert_eq!(standing, [(4, 1), (4, 1), (1, 1), (1, 1)]);
    let bad = account.faults().set(vec![Rule::on("*", Effect::Throttle), Rule::on("s3:*", Effect::Throttle)]);
    assert!(bad.unwrap_err().to_string().starts_with("rule 2, for \"s3:*\": there is no service \"s3\""));
    assert_eq!(account.faults().report().rules.len(), 4, "what was set stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_on_when_the_rules_are_cleared() {
    let account = Account::open().await;
    let logs = account.logs();
    let create = |name: &'static str| tokio::spawn(logs.create_log_group().log_group_name(name).send());
    let groups = || async { logs.describe_log_groups().send().await.unwrap().log_groups().len() };
    let rule = Rule::on("CreateLogGroup", Effect::HoldAfter);
    set(&account, [Rule::on("DeleteLogGroup", Effect::Throttle), rule.clone()]);
    let held = create("after");
    assert_eq!(account.faults().met().await, rule);
    assert_eq!(groups().await, 1, "it is done, but not answered");
    assert!(!held.is_finished());
    account.faults().clear();
    held.await.unwrap().unwrap();

    set(&account, [Rule::on("CreateLogGroup", Effect::HoldBefore)]);
    let held = create("before");
    account.faults().met().await;
    assert_eq!(groups().await, 1, "it is not done");
    // Another setting lets it go as well.
    set(&account, [Rule::on("CreateLogGroup", Effect::Throttle)]);
    held.await.unwrap().unwrap();
    assert_eq!(groups().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_call_whose_client_has_gone_is_never_done() {
    let account = Account::open().await;
    set(&account, [Rule::on("ListFunctions", Effect::HoldBefore)]);
    let mut stream = connect(&account).await;
    stream.write_all(list_functions(&account).as_bytes()).await.unwrap();
    account.faults().met().await;
    stream.shutdown().await.unwrap();
    // The local cloud closes too once it has noticed.
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    account.faults().clear();
    assert_eq!(account.faults().calls(), [called("lambda", "ListFunctions", None, Some(Effect::HoldBefore))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_push_whose_client_has_gone_is_never_done() {
    let live = Live::start().await;
    let upload = live.registry("POST", &format!("{REPOSITORY}/blobs/uploads/")).send().await.unwrap();
    let place = upload.headers()["location"].to_str().unwrap().to_owned();
    set(&live.account, [Rule::on("registry:PatchUpload", Effect::HoldBefore)]);
    // More than a server reads unasked.
    let bytes = vec![7; 1024 * 1024];
    let token = STANDARD.encode(format!("AWS:{}", live.password));
    let mut push = format!(
        "PATCH {place} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {token}\r\nContent-Length: {}\r\n\r\n",
        live.host(),
        bytes.len()
    )
    .into_bytes();
    push.extend(&bytes);
    let mut stream = connect(&live.account).await;
    stream.write_all(&push).await.unwrap();
    live.account.faults().met().await;
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    live.account.faults().clear();
    let patched = live.registry("PATCH", &place).body("hello").send().await.unwrap();
    assert_eq!(patched.headers()["range"], "0-4", "this is the first chunk");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_cuts_what_is_held() {
    let account = Account::open().await;
    set(&account, [Rule::on("CreateLogGroup", Effect::HoldBefore)]);
    let held = tokio::spawn(account.logs().create_log_group().log_group_name("g").send());
    account.faults().met().await;
    let account = account.restart().await;
    assert!(is_cut(held.await.unwrap()));
    assert!(account.logs().describe_log_groups().send().await.unwrap().log_groups().is_empty());
    assert!(account.faults().report().rules.is_empty(), "rules do not outlive the local cloud");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_call_is_done_later() {
    let account = Account::open().await;
    set(&account, [Rule::on("GetCallerIdentity", Effect::Delay { ms: 60 })]);
    let began = Instant::now();
    account.sts().get_caller_identity().send().await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(60));
    let fault = Some(Effect::Delay { ms: 60 });
    assert_eq!(account.faults().calls(), [called("sts", "GetCallerIdentity", 200, fault)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_meets_faults_too() {
    let live = Live::start().await;
    let image = image_of(b"not run here");
    live.push_blob(REPOSITORY, &image.layer).await;
    live.push_blob(REPOSITORY, &image.config).await;
    let pushed =
        || [called("registry", "StartUpload", 202, None), called("registry", "PutUpload", 201, None)];
    let calls = live.account.faults().calls();
    assert!(calls.ends_with(&[pushed(), pushed()].concat()), "{calls:?}");

    set(&live.account, [Rule::on("registry:StartUpload", error(503, "UNAVAILABLE"))]);
    let begin = || live.registry("POST", &format!("{REPOSITORY}/blobs/uploads/")).send();
    let answer = begin().await.unwrap();
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body, json!({"errors": [{"code": "UNAVAILABLE", "message": "on purpose"}]}));
    set(&live.account, [Rule::on("registry:*", Effect::Throttle)]);
    let answer = begin().await.unwrap();
    assert_eq!(answer.status(), 429);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], "TOOMANYREQUESTS");

    set(&live.account, [Rule::on("registry:PutManifest", Effect::CutAfter).times(1)]);
    let manifest = format!("{REPOSITORY}/manifests/v1");
    let put = live.registry("PUT", &manifest).header("content-type", crate::live::MANIFEST);
    assert!(put.body(image.manifest.clone()).send().await.is_err());
    let head = live.registry("HEAD", &manifest).send().await.unwrap();
    assert_eq!(head.headers()["docker-content-digest"], digest_of(&image.manifest).as_str());

    // Half a push: the bytes have come, and the answer never does.
    set(&live.account, [Rule::on("registry:PatchUpload", Effect::HoldAfter)]);
    let upload = begin().await.unwrap();
    let place = upload.headers()["location"].to_str().unwrap().to_owned();
    let patch = tokio::spawn(live.registry("PATCH", &place).body("hello").send());
    live.account.faults().met().await;
    let status = live.registry("GET", &place).send().await.unwrap();
    assert_eq!(status.headers()["range"], "0-4");
    live.account.faults().clear();
    assert_eq!(patch.await.unwrap().unwrap().status(), 201);
    for (operation, method, path) in [
        ("HeadManifest", "HEAD", manifest.clone()),
        ("GetManifest", "GET", manifest),
        ("HeadBlob", "HEAD", format!("{REPOSITORY}/blobs/{}", digest_of(&image.layer))),
        ("GetBlob", "GET", format!("{REPOSITORY}/blobs/{}", digest_of(&image.layer))),
    ] {
        set(&live.account, [Rule::on(&format!("registry:{operation}"), Effect::CutBefore)]);
        assert!(live.registry(method, &path).send().await.is_err(), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_processes_set_them_over_http() {
    let live = Live::start().await;
    let url = format!("{}{PATH}", live.account.endpoint());
    live.account.faults().clear_calls();
    let rules = json!([
        {"operation": "lambda:ListFunctions", "nth": 2, "times": 1,
         "effect": {"error": {"status": 500, "code": "ServiceException", "message": "on purpose"}}},
        {"operation": "*", "effect": "cut_after"},
    ]);
    let put = |body: String| live.http.put(&url).body(body).send();
    assert_eq!(put(rules.to_string()).await.unwrap().status(), 204);
    assert!(is_cut(live.lambda().list_functions().send().await));
    assert_eq!(refusal(live.lambda().list_functions().send().await).1, "ServiceException");
    let report: Value = live.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(report["rules"][0]["rule"], rules[0]);
    assert_eq!((&report["rules"][0]["matched"], &report["rules"][0]["met"]), (&json!(2), &json!(1)));
    assert_eq!(
        report["calls"],
        json!([
            {"service": "lambda", "operation": "ListFunctions", "status": 200, "fault": "cut_after"},
            {"service": "lambda", "operation": "ListFunctions", "status": null, "fault": rules[0]["effect"]},
        ])
    );
    for (body, why) in [
        ("[{", "EOF while parsing"),
        ("7", "invalid type: integer `7`, expected a sequence"),
        (r#"[{"operation":"*","effect":"explode"}]"#, "unknown variant `explode`"),
        (r#"[{"operation":"*"}]"#, "missing field `effect`"),
        (r#"[{"operation":"*","effect":"throttle","nht":2}]"#, "unknown field `nht`"),
        (r#"[{"operation":"registry:Push","effect":"throttle"}]"#, "the registry's operations are Ping, "),
    ] {
        let answer = put(body.to_owned()).await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        let text = answer.text().await.unwrap();
        assert!(text.starts_with("These are not faults: ") && text.contains(why), "{text}");
    }
    let foreign = live.http.delete(&url).header("origin", "https://example.org").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert_eq!(live.account.faults().report().rules.len(), 2);
    assert_eq!(live.http.delete(&url).send().await.unwrap().status(), 204);
    live.lambda().list_functions().send().await.unwrap();
    let attached = localcloud::running(live.account.dir.path()).await.unwrap();
    assert_eq!(attached.endpoint, live.account.endpoint());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_action_is_named_and_expired_credentials_are_said() {
    let account = Account::open().await;
    set(&account, [Rule::on("lambda:GetFunction", Effect::Deny), Rule::on("iam:*", Effect::Expired)]);
    let function = "arn:aws:lambda:us-east-1:000000000000:function:svc-prod";
    let owner = localcloud::account::user_arn();
    assert_eq!(
        refusal(account.lambda().get_function().function_name("svc-prod").send().await),
        refused(
            403,
            "AccessDeniedException",
            format!(
                "User: {owner} is not authorized to perform: lambda:GetFunction on resource: {function} because no \
                 identity-based policy allows the lambda:GetFunction action"
            )
        )
    );
    let said = "The security token included in the request is expired";
    assert_eq!(refusal(account.iam().list_roles().send().await), refused(403, "ExpiredToken", said));
    // Others are not concerned.
    assert!(account.lambda().list_functions().send().await.is_ok());
}
