//! What a stage makes of requests: canaries, access logs, compression, a closed address.

use aws_sdk_apigateway::types::{DeploymentCanarySettings, Op};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

use crate::account::refusal;
use crate::integrations::{MockApi, patch};

async fn color(api: &MockApi) -> (String, String) {
    let told: Value = api.get("/s").await.json().await.unwrap();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    (text("version"), text("color"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_gets_its_share_until_it_is_promoted() {
    let api = MockApi::start().await;
    let template = |version: &str| {
        format!(
            r#"{{"version": "{version}", "color": "$stageVariables.color", "canary": "$context.isCanaryRequest"}}"#
        )
    };
    api.answers("GET", &template("old")).await;
    let deploy = api.gateway.create_deployment().rest_api_id(&api.id).stage_name("s");
    let old = deploy.variables("color", "blue").send().await.unwrap();
    api.answers("GET", &template("new")).await;
    let settings = DeploymentCanarySettings::builder().percent_traffic(0.0);
    let settings = settings.stage_variable_overrides("color", "green").build();
    let deploy = api.gateway.create_deployment().rest_api_id(&api.id).stage_name("s");
    let new = deploy.canary_settings(settings).send().await.unwrap();
    for _ in 0..20 {
        assert_eq!(color(&api).await, ("old".to_owned(), "blue".to_owned()));
    }
    let share = |percent| [(Op::Replace, "/canarySettings/percentTraffic", Some(percent))];
    api.update_stage("s", &share("100.0")).await;
    for _ in 0..20 {
        assert_eq!(color(&api).await, ("new".to_owned(), "green".to_owned()));
    }
    api.update_stage("s", &share("50")).await;
    // An override goes alone, and comes back.
    let blue = (Op::Remove, "/canarySettings/stageVariableOverrides/color", None);
    let told = api.update_stage("s", &[blue]).await;
    assert!(told.canary_settings().unwrap().stage_variable_overrides().is_none_or(|all| all.is_empty()));
    let green = (Op::Replace, "/canarySettings/stageVariableOverrides/color", Some("green"));
    api.update_stage("s", &[green]).await;
    let mut canary = 0;
    for _ in 0..200 {
        canary += usize::from(color(&api).await.0 == "new");
    }
    // Six standard deviations around the half: it fails once in a thousand million runs.
    assert!((58..=142).contains(&canary), "{canary} of 200");

    let delete = api.gateway.delete_deployment().rest_api_id(&api.id).deployment_id(new.id().unwrap());
    assert_eq!(refusal(delete.send().await).0, 400, "the canary answers from it");
    let copy = |from: &str, path: &str| {
        aws_sdk_apigateway::types::PatchOperation::builder().op(Op::Copy).from(from).path(path).build()
    };
    let promote = api.gateway.update_stage().rest_api_id(&api.id).stage_name("s");
    let promoted = promote
        .patch_operations(copy("/canarySettings/deploymentId", "/deploymentId"))
        .patch_operations(copy("/canarySettings/stageVariableOverrides", "/variables"))
        .patch_operations(patch(Op::Remove, "/canarySettings", None))
        .send()
        .await
        .unwrap();
    assert_eq!(promoted.deployment_id(), new.id());
    assert!(promoted.canary_settings().is_none());
    assert_eq!(color(&api).await, ("new".to_owned(), "green".to_owned()));
    let delete = api.gateway.delete_deployment().rest_api_id(&api.id).deployment_id(old.id().unwrap());
    delete.send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_logged_where_the_stage_says() {
    let api = MockApi::start().await;
    api.answers("GET", r#"{"a":1}"#).await;
    api.deploy("s").await;
    let logs = api.account.logs();
    let group = "/gateway/access";
    let arn = format!("arn:aws:logs:us-east-1:000000000000:log-group:{group}");
    let line = "$context.requestId $context.httpMethod $context.path $context.status $context.responseLength \
                $context.identity.userAgent $context.error.message";
    let settings = [
        (Op::Add, "/accessLogSettings/destinationArn", Some(arn.as_str())),
        (Op::Add, "/accessLogSettings/format", Some(line)),
    ];
    api.update_stage("s", &settings).await;
    // A group that is not there gets nothing.
    assert_eq!(api.get("/s").await.status(), 200);
    let groups = logs.describe_log_groups().send().await.unwrap();
    assert!(groups.log_groups().is_empty());
    logs.create_log_group().log_group_name(group).send().await.unwrap();
    let answer = api.get("/s?q=1").await;
    let id = answer.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
    let missing = api.get("/s/nothing").await;
    let missing = missing.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
    let told = logs.filter_log_events().log_group_name(group).send().await.unwrap();
    let lines: Vec<&str> = told.events().iter().filter_map(|event| event.message()).collect();
    assert_eq!(
        lines,
        [
            format!("{id} GET /s 200 7 - -\n"),
            format!("{missing} GET /s/nothing 403 42 - Missing Authentication Token\n")
        ]
    );
    api.update_stage("s", &[(Op::Remove, "/accessLogSettings", None)]).await;
    api.get("/s").await;
    let told = logs.filter_log_events().log_group_name(group).send().await.unwrap();
    assert_eq!(told.events().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_from_a_size_on() {
    let api = MockApi::start().await;
    let body = "x".repeat(100);
    api.answers("GET", &body).await;
    let update = |path: &'static str, value: &'static str| {
        let update = api.gateway.update_rest_api().rest_api_id(&api.id);
        update.patch_operations(patch(Op::Replace, path, Some(value))).send()
    };
    let updated = update("/minimumCompressionSize", "100").await.unwrap();
    assert_eq!(updated.minimum_compression_size(), Some(100));
    api.deploy("s").await;
    let url = format!("{}/s", api.url().await);
    let get = |accepted| api.http.get(&url).header("accept-encoding", accepted).send();
    let packed = get("gzip").await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let mut plain = String::new();
    GzDecoder::new(&packed.bytes().await.unwrap()[..]).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, body);
    let plain = get("br").await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_eq!(plain.text().await.unwrap(), body);
    assert_eq!(refusal(update("/minimumCompressionSize", "-1").await).0, 400);
    update("/minimumCompressionSize", "").await.unwrap();
    api.deploy("s").await;
    assert!(!get("gzip").await.unwrap().headers().contains_key("content-encoding"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_closed_answers_nothing_else() {
    let api = MockApi::start().await;
    api.answers("GET", "{}").await;
    api.deploy("s").await;
    let close = patch(Op::Replace, "/disableExecuteApiEndpoint", Some("true"));
    let closed = api.gateway.update_rest_api().rest_api_id(&api.id).patch_operations(close).send().await;
    assert!(closed.unwrap().disable_execute_api_endpoint());
    assert_eq!(api.get("/s").await.status(), 200, "it takes a deployment");
    api.deploy("s").await;
    let answer = api.get("/s").await;
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap().as_str()),
        (403, r#"{"message":"Forbidden"}"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_may_have_limits_of_its_own_and_a_head_has_a_size() {
    let api = MockApi::start().await;
    api.answers("GET", "{}").await;
    api.method("POST", r#"{"statusCode": 200}"#).await;
    api.answers("POST", "{}").await;
    api.deploy("s").await;
    let path = |setting: &str| format!("/~1/GET/throttling/{setting}");
    let (rate, burst) = (path("rateLimit"), path("burstLimit"));
    let limits = [(Op::Replace, rate.as_str(), Some("0.0001")), (Op::Replace, burst.as_str(), Some("1"))];
    let told = api.update_stage("s", &limits).await;
    assert_eq!(told.method_settings().unwrap()["~1/GET"].throttling_burst_limit(), 1);
    let url = format!("{}/s", api.url().await);
    assert_eq!([api.get("/s").await, api.get("/s").await].map(|answer| answer.status().as_u16()), [200, 429]);
    assert_eq!(api.http.post(&url).send().await.unwrap().status(), 200);
    let head = api.http.post(&url).header("x-large", "x".repeat(10_240)).send().await.unwrap();
    assert_eq!(head.status(), 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_says_itself_may_tell_of_the_request() {
    use aws_sdk_apigateway::types::GatewayResponseType::MissingAuthenticationToken;
    let api = MockApi::start().await;
    api.answers("GET", "{}").await;
    let template = r#"{"said": $context.error.messageString, "kind": "$context.error.responseType", "stage": "$context.stage",
        "path": "$context.path", "resource": "$context.resourcePath", "color": "$stageVariables.color"}"#;
    let put = api.gateway.put_gateway_response().rest_api_id(&api.id);
    put.response_type(MissingAuthenticationToken)
        .status_code("404")
        .response_parameters("gatewayresponse.header.X-Query", "method.request.querystring.q")
        .response_parameters("gatewayresponse.header.X-Stage", "context.stage")
        .response_templates("application/json", template)
        .send()
        .await
        .unwrap();
    let deploy =
        api.gateway.create_deployment().rest_api_id(&api.id).stage_name("s").variables("color", "blue");
    deploy.send().await.unwrap();
    let answer = api.get("/s/nothing?q=1").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["x-query"], "1");
    assert_eq!(answer.headers()["x-stage"], "s");
    let told: Value = answer.json().await.unwrap();
    let expected = serde_json::json!({"said": "Missing Authentication Token", "kind": "MISSING_AUTHENTICATION_TOKEN",
        "stage": "s", "path": "/s/nothing", "resource": "", "color": "blue"});
    assert_eq!(told, expected);
}
